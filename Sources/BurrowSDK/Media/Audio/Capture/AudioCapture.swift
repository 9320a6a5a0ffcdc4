package import BurrowBase

/// From what a microphone delivers to packets: conversion, framing, time, mute, level, encoding.
///
/// `push` encodes as many packets as the sound fills, `next` hands them out. How a host cuts its sound into chunks
/// makes no difference. Nothing allocates a packet in steady state; a new format does.
package final class AudioCapture {
    /// The longest chunk in milliseconds.
    package static let longestChunk = 1_000
    /// The most packets that wait to be taken: a chunk's, at the shortest packets, and what may be left of another.
    private static let packetLimit = 128
    /// How many of the host's frames are converted at once.
    private static let piece = 480
    /// Muting takes this many frames of 48 kHz, lest it clicks.
    private static let fade = 240

    /// Silence instead of the microphone, from the next packet on. Packets go on, so that time does.
    package var isMuted = false

    private let encoder: any AudioEncoder
    private let allocator: SliceAllocator
    private var reader: PCMReader?
    private var queue: PCMQueue
    private var timeline = CaptureTimeline()
    private var voice = VoiceDetector()
    /// 1 when not muted, 0 when muted, on its way in between.
    private var gain: Float = 1
    private var samples: [Float]
    private var packet: [UInt8]
    private var packets = FIFO<CapturedAudio>()
    private var counters = AudioCaptureStatistics()
    /// Of readers of earlier formats.
    private var formerInvalidSamples = 0

    package init(encoder: any AudioEncoder, allocator: SliceAllocator) {
        self.encoder = encoder
        self.allocator = allocator
        let longest = AudioEncoderSettings.Duration.milliseconds60.frames
        samples = [Float](repeating: 0, count: longest * encoder.channels)
        packet = [UInt8](repeating: 0, count: encoder.packetCapacity)
        // A packet that is not full, and what a piece of 8 kHz becomes.
        queue = PCMQueue(limit: (longest + Self.piece * 7) * encoder.channels)
    }

    package var settings: AudioEncoderSettings { encoder.settings }

    package var statistics: AudioCaptureStatistics {
        var result = counters
        result.invalidSamples = formerInvalidSamples + (reader?.invalidSamples ?? 0)
        result.gaps = timeline.gaps
        result.jumpsBack = timeline.jumpsBack
        return result
    }

    /// Changes how the next packet is encoded. On error nothing has changed.
    package func apply(_ settings: AudioEncoderSettings) throws(MediaError) {
        try encoder.apply(settings)
    }

    /// Whether `push` would take a chunk of this format and time, for a caller that hands it to another thread.
    package static func validate(
        byteCount: Int,
        format: PCMFormat,
        timestamp: Int64,
        now: Int64
    ) throws(MediaError) {
        try format.validate()
        guard byteCount % format.bytesPerFrame == 0 else {
            throw MediaError(.invalidArgument, "\(byteCount) bytes are not whole audio frames")
        }
        let frames = byteCount / format.bytesPerFrame
        guard frames <= format.rate * longestChunk / 1000 else {
            throw MediaError(.limit, "audio chunk of \(frames) frames is longer than a second")
        }
        try CaptureTimeline.validate(timestamp, now: now)
    }

    /// Takes a chunk whose first sample was captured at `timestamp`. Both times are media time in microseconds.
    ///
    /// A chunk that begins where the one before it ended needs no exact timestamp. Time jumps forward across a hole
    /// of more than 100 ms, which counts as a gap; it never goes back. What is more than a second ahead of `now` is
    /// not taken and counted.
    package func push(
        _ bytes: RawSpan,
        format: PCMFormat,
        timestamp: Int64,
        now: Int64
    ) throws(MediaError) {
        do {
            try Self.validate(byteCount: bytes.byteCount, format: format, timestamp: timestamp, now: now)
        } catch {
            counters.refusedChunks += 1
            throw error
        }
        guard bytes.byteCount > 0 else { return }
        if reader?.format != format { try change(to: format) }
        guard let reader else { return }
        let size = format.bytesPerFrame
        let frames = bytes.byteCount / size
        switch try timeline.place(frames, at: timestamp, now: now) {
        case .follows: break
        case .isAhead:
            counters.framesAhead += frames
            return
        case .begins:
            if timeline.isRunning { try completePacket() }
            timeline.begin(frames, at: timestamp)
        }
        for start in stride(from: 0, to: frames, by: Self.piece) {
            let end = min(start + Self.piece, frames)
            _ = try reader.read(bytes.extracting((start * size)..<(end * size)), into: &queue)
            try encodeWhatIsComplete()
        }
    }

    /// What the next packet lacks, in frames of 48 kHz; what the resampler withholds counts as missing.
    package var missingFrames: Int {
        let wanted = encoder.settings.duration.frames
        return max(wanted - queue.count / encoder.channels, 0)
    }

    /// The next packet, the oldest first.
    package func next() -> CapturedAudio? {
        packets.popFirst()
    }

    /// Nothing follows for now: what does not fill a packet is filled up with silence. The next chunk begins anew. At the
    /// end there is silence enough for what the encoder holds back to come out before it.
    package func finish(isEnd: Bool = false) throws(MediaError) {
        let tail = isEnd && timeline.isRunning ? encoder.lookahead * encoder.channels : 0
        try completePacket(tail: tail)
        timeline.stop()
    }

    private func change(to format: PCMFormat) throws(MediaError) {
        let new = try PCMReader(format, channels: encoder.channels)
        if let reader {
            _ = try reader.flush(into: &queue)
            formerInvalidSamples += reader.invalidSamples
        }
        reader = new
        timeline.changeRate(to: format.rate)
    }

    /// Fills up what waits and encodes it.
    private func completePacket(tail: Int = 0) throws(MediaError) {
        if let reader { _ = try reader.flush(into: &queue) }
        if tail > 0 { queue.appendSilence(tail) }
        let size = encoder.settings.duration.frames * encoder.channels
        let rest = queue.count % size
        if rest > 0 { queue.appendSilence(size - rest) }
        try encodeWhatIsComplete()
    }

    private func encodeWhatIsComplete() throws(MediaError) {
        while queue.count >= encoder.settings.duration.frames * encoder.channels { try encodeOne() }
    }

    private func encodeOne() throws(MediaError) {
        let duration = encoder.settings.duration
        let frames = duration.frames
        let count = frames * encoder.channels
        let timestamp = timeline.take(frames)
        queue.take(count, into: &samples)
        let isMuted = applyGain(frames)
        let level = Self.level(samples, count, isMuted: isMuted, with: &voice, channels: encoder.channels)
        let length = try Self.encode(samples, count, with: encoder, into: &packet)
        if packets.count == Self.packetLimit {
            _ = packets.popFirst()
            counters.packetsLost += 1
        }
        counters.packets += 1
        counters.bytes += length
        packets.append(
            CapturedAudio(
                timestamp: timestamp,
                duration: duration.microseconds,
                payload: Self.copy(packet, length, allocator),
                level: level,
                isSilence: length <= 2,
                isMuted: isMuted
            )
        )
    }

    /// Fades towards silence or back; says whether nothing is left to hear.
    private func applyGain(_ frames: Int) -> Bool {
        let target: Float = isMuted ? 0 : 1
        guard gain != target || isMuted else { return false }
        let wasSilent = gain == 0 && isMuted
        let step: Float = (isMuted ? -1 : 1) / Float(Self.fade)
        let channels = encoder.channels
        for frame in 0..<frames {
            gain = min(max(gain + step, 0), 1)
            for channel in 0..<channels { samples[frame * channels + channel] *= gain }
        }
        return wasSilent
    }

    private static func level(
        _ samples: [Float],
        _ count: Int,
        isMuted: Bool,
        with voice: inout VoiceDetector,
        channels: Int
    ) -> AudioLevel {
        let heard = samples.span.extracting(0..<min(count, samples.count))
        // The detector hears silence, too, so that it knows what came before.
        let isVoice = voice.hear(heard, channels: channels)
        return isMuted
            ? .silence : AudioLevel(attenuation: AudioLevel.attenuation(of: heard), isVoice: isVoice)
    }

    private static func copy(_ packet: [UInt8], _ length: Int, _ allocator: SliceAllocator) -> Slice {
        allocator.copy(packet.span.extracting(0..<min(length, packet.count)))
    }

    private static func encode(
        _ samples: [Float],
        _ count: Int,
        with encoder: any AudioEncoder,
        into packet: inout [UInt8]
    ) throws(MediaError) -> Int {
        var span = packet.mutableSpan
        return try encoder.encode(samples.span.extracting(0..<count), into: &span)
    }
}
