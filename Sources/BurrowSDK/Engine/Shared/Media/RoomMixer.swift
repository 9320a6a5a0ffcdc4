import BurrowBase
import BurrowMedia
import Synchronization

/// Sums the audio tracks of one room for a loudspeaker.
@safe final class RoomMixer: @unchecked Sendable {
    private struct Voice {
        let sink: AudioSink
        var gain: MixerGain
    }

    private let sinks = Guarded<[AudioSink]>([])

    // Belong to the thread that holds `isMixing`.
    private let isMixing = Atomic(false)
    private var voices: [Voice] = []
    private var mixer = Mixer(channels: 2)
    private var writer: PCMWriter?
    private let mixed = SampleBuffer(count: 2 * Mixer.longest)

    init() {}

    func add(_ sink: AudioSink) {
        sinks.withLock { $0.append(sink) }
    }

    func remove(_ sink: AudioSink) {
        sinks.withLock { (sinks) in sinks.removeAll { $0 === sink } }
    }

    /// Fills `bytes`; `nil` while another thread does.
    func mix(
        _ format: PCMFormat,
        into bytes: inout MutableRawSpan,
        now: Instant
    ) throws(EngineError) -> PullFlags? {
        guard !isMixing.exchange(true, ordering: .acquiring) else { return nil }
        defer { isMixing.store(false, ordering: .releasing) }
        updateVoices()
        do throws(MediaError) {
            if writer?.format != format { writer = try PCMWriter(format, channels: 2) }
            guard let writer else { return nil }
            let frames = bytes.byteCount / format.bytesPerFrame
            var flags: PullFlags = .silent
            while true {
                let needed = min(writer.needed(for: frames), Mixer.longest)
                guard needed > 0 else { break }
                flags = flags.joined(with: mix(needed, now))
                try mixed.read(needed * 2) { (span) throws(MediaError) in try writer.write(span) }
            }
            _ = writer.read(into: &bytes)
            return flags
        } catch {
            throw EngineError(error)
        }
    }

    /// Takes over who is there; allocates only when that changed.
    private func updateVoices() {
        sinks.withLock { (sinks) in
            guard sinks.count != voices.count || !zip(sinks, voices).allSatisfy({ $0 === $1.sink }) else {
                return
            }
            let old = voices
            voices = sinks.map { (sink) in
                old.first { $0.sink === sink } ?? Voice(sink: sink, gain: MixerGain(sink.gain))
            }
        }
    }

    /// Sums `frames` of all tracks.
    private func mix(_ frames: Int, _ now: Instant) -> PullFlags {
        var flags: PullFlags = .silent
        mixer.begin(frames: frames)
        for index in voices.indices {
            voices[index].gain.target = voices[index].sink.gain
            _ = voices[index].sink.pull(frames: frames, now: now) { (samples, channels, pulled) in
                flags = flags.joined(with: pulled)
                mixer.add(samples, channels: channels, gain: &voices[index].gain)
            }
        }
        _ = mixed.write(frames * 2) { mixer.finish(into: &$0) }
        return flags
    }
}
