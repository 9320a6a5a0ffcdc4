import BurrowBase
import BurrowMedia

/// Decodes packets into samples that wait to be pulled. Without a clock: nothing is stretched, and what is missing is made
/// up only when the host says so.
final class StandaloneAudioDecoder {
    /// Frames of 48 kHz that may wait before packets are turned away.
    private static let limit = 48_000
    private static let channels = 2

    /// What one packet became.
    private struct Piece {
        var frames: Int
        var timestamp: Int64
        var isConcealed: Bool
    }

    private let decoder: OpusDecoder
    private var samples = [Float](
        repeating: 0,
        count: OpusDecoder.longestPacket * StandaloneAudioDecoder.channels
    )
    // Two packets more: one may be made up from the next.
    private var queue = PCMQueue(limit: (limit + 2 * OpusDecoder.longestPacket) * channels)
    private var writer: PCMWriter?
    /// What was not pulled yet, also when it left the queue for the writer.
    private var pieces = FIFO<Piece>()
    /// Frames of all pieces that were not pulled, and those of the first that were.
    private var waiting = 0
    private var pulled = 0
    /// What is left of a frame of 48 kHz that the host's rate cuts, in the host's.
    private var remainder = 0
    private var lastFrames = 960
    /// Where the last packet ended.
    private var next: Int64 = 0
    private(set) var report = MediaReport()

    /// `description` is an `OpusHead`, or empty.
    init(_ description: Span<UInt8>) throws(MediaError) {
        if !description.isEmpty { _ = try OpusHead.decode(description) }
        decoder = try OpusDecoder(channels: Self.channels)
    }

    /// An empty packet stands for a lost one, of `duration` or as long as the last. `isAfterLoss` says that the packet
    /// before this one was lost: it is made from what this one says of it. False when too much waits to be pulled.
    func push(
        _ packet: Span<UInt8>,
        timestamp: Int64,
        duration: Int64,
        isAfterLoss: Bool
    ) throws(EngineError) -> Bool {
        guard queue.count < Self.limit * Self.channels else { return false }
        let begin = SystemCall.now()
        defer { report.codecTime = report.codecTime + (SystemCall.now() - begin) }
        do throws(MediaError) {
            if packet.isEmpty {
                try conceal(frames(of: duration), timestamp: timestamp == 0 ? next : timestamp)
            } else {
                if isAfterLoss { try recover(packet, timestamp: timestamp) }
                try decode(packet, timestamp: timestamp)
            }
            return true
        } catch {
            report.damaged &+= 1
            throw EngineError(error)
        }
    }

    private func decode(_ packet: Span<UInt8>, timestamp: Int64) throws(MediaError) {
        let frames = try Self.run(&samples) { (span) throws(MediaError) in
            try decoder.decode(packet, into: &span)
        }
        lastFrames = frames
        report.frames &+= 1
        report.bytes &+= UInt64(clamping: packet.count)
        append(frames, timestamp: timestamp == 0 ? next : timestamp, isConcealed: false)
    }

    private func recover(_ packet: Span<UInt8>, timestamp: Int64) throws(MediaError) {
        let isRedundant = decoder.carriesRedundancy(packet)
        let frames = try Self.run(&samples) { (span) throws(MediaError) in
            try decoder.recover(from: packet, frames: lastFrames, into: &span)
        }
        let time = timestamp == 0 ? next : timestamp &- Self.microseconds(frames)
        append(frames, timestamp: time, isConcealed: !isRedundant)
        if isRedundant {
            report.recovered = report.recovered + .microseconds(Self.microseconds(frames))
        } else {
            report.concealed = report.concealed + .microseconds(Self.microseconds(frames))
        }
    }

    private func conceal(_ frames: Int, timestamp: Int64) throws(MediaError) {
        let made = try Self.run(&samples) { (span) throws(MediaError) in
            try decoder.conceal(frames: frames, into: &span)
        }
        append(made, timestamp: timestamp, isConcealed: true)
        report.concealed = report.concealed + .microseconds(Self.microseconds(made))
    }

    /// Whole steps of 2.5 ms, the only ones the codec can invent.
    private func frames(of duration: Int64) -> Int {
        guard duration > 0 else { return lastFrames }
        let steps = Int(min(duration, 120_000)) / 2500
        return min(max(steps, 1) * OpusDecoder.granularity, OpusDecoder.longestPacket)
    }

    private static func run(
        _ samples: inout [Float],
        _ body: (inout MutableSpan<Float>) throws(MediaError) -> Int
    ) throws(MediaError) -> Int {
        var span = samples.mutableSpan
        return try body(&span)
    }

    private func append(_ frames: Int, timestamp: Int64, isConcealed: Bool) {
        queue.append(samples, count: frames * Self.channels)
        pieces.append(Piece(frames: frames, timestamp: timestamp, isConcealed: isConcealed))
        waiting += frames
        next = timestamp &+ Self.microseconds(frames)
    }

    private static func microseconds(_ frames: Int) -> Int64 {
        Int64(frames) * 1_000_000 / 48_000
    }

    // MARK: Pulling

    /// Fills `bytes`, or returns `nil` when not as much is decoded.
    func pull(_ format: PCMFormat, into bytes: inout MutableRawSpan) throws(EngineError) -> AudioSink.Pulled?
    {
        do throws(MediaError) {
            if writer?.format != format {
                writer = try PCMWriter(format, channels: Self.channels)
                remainder = 0
                // What was converted for the old format and not pulled is gone.
                _ = consume(waiting - queue.count / Self.channels)
            }
            guard let writer else { return nil }
            let frames = bytes.byteCount / format.bytesPerFrame
            while writer.needed(for: frames) > 0 {
                let count = min(writer.needed(for: frames) * Self.channels, queue.count, samples.count)
                guard count > 0 else { return nil }
                queue.take(count, into: &samples)
                try Self.write(samples, count, to: writer)
            }
            _ = writer.read(into: &bytes)
            return advance(frames, format.rate)
        } catch {
            throw EngineError(error)
        }
    }

    private static func write(_ samples: [Float], _ count: Int, to writer: PCMWriter) throws(MediaError) {
        try writer.write(samples.span.extracting(0..<min(count, samples.count)))
    }

    /// Says of which pieces the samples were that the host just took.
    private func advance(_ frames: Int, _ rate: Int) -> AudioSink.Pulled {
        var result = AudioSink.Pulled(flags: [], timestamp: next)
        if let first = pieces.first { result.timestamp = first.timestamp &+ Self.microseconds(pulled) }
        let taken = frames * 48_000 + remainder
        remainder = taken % rate
        if consume(taken / rate) { result.flags = .concealed }
        report.played = report.played + .microseconds(Self.microseconds(taken / rate))
        return result
    }

    /// Lets go of the oldest frames; says whether some of them were made up.
    private func consume(_ frames: Int) -> Bool {
        var (left, isConcealed) = (frames, false)
        while left > 0, let first = pieces.first {
            isConcealed = isConcealed || first.isConcealed
            let taken = min(left, first.frames - pulled)
            left -= taken
            waiting -= taken
            pulled += taken
            guard pulled == first.frames else { break }
            _ = pieces.popFirst()
            pulled = 0
        }
        return isConcealed
    }
}
