import BurrowBase
package import BurrowMedia

/// An encoder or a decoder in the hands of a host, without a room. It works on the thread that pushes, and keeps what came
/// of it until that is pulled.
package final class HostCodec: HandleObject, PictureLender {
    enum Work {
        case audioEncoder(StandaloneAudioEncoder)
        case videoEncoder(StandaloneVideoEncoder)
        case audioDecoder(StandaloneAudioDecoder)
        case videoDecoder(StandaloneVideoDecoder)
    }

    package static var kind: HandleKind { .codec }

    let engine: Engine
    private let work: Exclusive<Work>
    private let isEncoder: Bool
    /// What encoders made.
    private let encoded: FrameExchange
    private let report = Guarded(MediaReport())
    private let isClosed = Guarded(false)
    private let lent = Guarded(0)

    init(_ engine: Engine, _ work: Work, _ encoded: FrameExchange) {
        self.engine = engine
        self.work = Exclusive(work)
        self.encoded = encoded
        isEncoder =
            switch work {
            case .audioEncoder, .videoEncoder: true
            case .audioDecoder, .videoDecoder: false
            }
    }

    package func lastReferenceGone() {
        encoded.discard()
    }

    func takeBack(_ loan: PictureLoan) {
        lent.withLock { $0 -= 1 }
    }

    // MARK: One thread at a time

    /// What does the work. Has to be followed by `end`.
    private func begin() throws(EngineError) -> Work {
        try engine.checkRunning()
        guard let work = work.take() else { throw EngineError(.busy, "another thread uses this codec") }
        guard !isClosed.withLock({ $0 }) else {
            self.work.giveBack()
            throw EngineError(.closed, "the codec is over")
        }
        return work
    }

    private func end(_ work: Work) {
        let figures = work.report
        report.withLock { $0 = figures }
        self.work.giveBack()
    }

    private static func wrong(_ what: String) -> EngineError {
        EngineError(.wrongKind, "only \(what)")
    }

    // MARK: Encoders

    /// Encodes samples; `timestamp` 0 lets them follow those before. False when too much waits to be pulled.
    package func push(
        _ bytes: RawSpan,
        _ format: PCMFormat,
        timestamp: Int64
    ) throws(EngineError) -> Bool {
        let work = try begin()
        defer { end(work) }
        guard case .audioEncoder(let encoder) = work else { throw Self.wrong("audio encoders take samples") }
        return try encoder.push(bytes, format, timestamp: timestamp)
    }

    /// Encodes a picture; `timestamp` 0 puts it behind the one before. False when too much waits to be pulled.
    package func push(_ view: PictureView, timestamp: Int64) throws(EngineError) -> Bool {
        let work = try begin()
        defer { end(work) }
        guard case .videoEncoder(let encoder) = work else { throw Self.wrong("video encoders take pictures") }
        return try encoder.push(view, timestamp: timestamp)
    }

    /// The next packet or unit, or `nil` when there is none now.
    package func pullFrame() throws(EngineError) -> HostTrack.Frame? {
        try engine.checkRunning()
        guard isEncoder else { throw Self.wrong("encoders give frames") }
        switch encoded.pull() {
        case .frame(let loan, _):
            let handle = HandleTable.shared.insert(loan.buffer, owner: engine.number)
            guard handle != 0 else {
                loan.buffer.lastReferenceGone()
                throw EngineError(.limit, "too many handles")
            }
            return HostTrack.Frame(loan: loan, handle: handle)
        // Marks come from the network only.
        case .mark, .nothing: return nil
        case .ended: throw EngineError(.closed, "the encoder is over")
        }
    }

    package func setEncoding(_ encoding: Encoding) throws(EngineError) {
        let work = try begin()
        defer { end(work) }
        switch work {
        case .audioEncoder(let encoder):
            try encoding.checkAudio()
            try encoder.apply(encoding)
        case .videoEncoder(let encoder):
            try encoding.checkVideo()
            try encoder.apply(encoding)
        case .audioDecoder, .videoDecoder: throw Self.wrong("encoders have an encoding")
        }
    }

    package func requestKeyFrame() throws(EngineError) {
        let work = try begin()
        defer { end(work) }
        guard case .videoEncoder(let encoder) = work else {
            throw Self.wrong("video encoders make key frames")
        }
        encoder.requestKey()
    }

    // MARK: Decoders

    /// Decodes a packet or a unit. False when too much waits to be pulled.
    package func push(
        _ bytes: Span<UInt8>,
        timestamp: Int64,
        duration: Int64,
        flags: FrameFlags
    ) throws(EngineError) -> Bool {
        let work = try begin()
        defer { end(work) }
        switch work {
        case .audioDecoder(let decoder):
            let isAfterLoss = flags.contains(.discontinuity)
            return try decoder.push(bytes, timestamp: timestamp, duration: duration, isAfterLoss: isAfterLoss)
        case .videoDecoder(let decoder):
            return try decoder.push(bytes, timestamp: timestamp, isLast: flags.contains(.endOfGroup))
        case .audioEncoder, .videoEncoder: throw Self.wrong("decoders take frames")
        }
    }

    /// Fills `bytes` with samples, or returns `nil` when not as many are decoded.
    package func pull(
        _ format: PCMFormat,
        into bytes: inout MutableRawSpan
    ) throws(EngineError) -> AudioSink.Pulled? {
        let work = try begin()
        defer { end(work) }
        guard case .audioDecoder(let decoder) = work else { throw Self.wrong("audio decoders give samples") }
        return try decoder.pull(format, into: &bytes)
    }

    /// The next picture in the order of presentation, or `nil` when there is none now.
    package func pullPicture() throws(EngineError) -> HostTrack.LentPicture? {
        let work = try begin()
        defer { end(work) }
        guard case .videoDecoder(let decoder) = work else { throw Self.wrong("video decoders give pictures") }
        let mayLend = lent.withLock { (lent) -> Bool in
            guard lent < EngineLimits.lentPictures else { return false }
            lent += 1
            return true
        }
        guard mayLend else { return nil }
        let loan = PictureLoan()
        guard let picture = decoder.next() else {
            takeBack(loan)
            return nil
        }
        loan.lend(picture, by: self)
        let handle = HandleTable.shared.insert(loan, owner: engine.number)
        guard handle != 0 else {
            loan.lastReferenceGone()
            throw EngineError(.limit, "too many handles")
        }
        return HostTrack.LentPicture(picture: picture, handle: handle)
    }

    // MARK: Both

    /// Ends an encoder, whose last packet is completed and can still be pulled, or a decoder.
    package func close() throws(EngineError) {
        let work = try begin()
        defer { end(work) }
        isClosed.withLock { $0 = true }
        defer { encoded.end() }
        if case .audioEncoder(let encoder) = work { try encoder.finish() }
    }

    package func readMedia() -> MediaReport {
        report.withLock { $0 }
    }
}

extension HostCodec.Work {
    fileprivate var report: MediaReport {
        switch self {
        case .audioEncoder(let encoder): encoder.report
        case .videoEncoder(let encoder): encoder.report
        case .audioDecoder(let decoder): decoder.report
        case .videoDecoder(let decoder): decoder.report
        }
    }
}
