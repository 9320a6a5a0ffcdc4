import BurrowBase
import BurrowMedia

/// Decodes units into pictures that wait to be pulled, all of them, in the order of presentation.
final class StandaloneVideoDecoder {
    /// Pictures that may wait before units are turned away.
    private static let limit = 4
    /// What may come out at once: the picture of a unit and those the codec kept.
    private static let burst = 4

    // The codec keeps memory of its own.
    private let pool = PicturePool(limit: EngineLimits.lentPictures + limit + burst)
    private let decoder: H264Decoder
    private var pictures = FIFO<Picture>()
    private(set) var report = MediaReport()

    /// `description` is an `AVCDecoderConfigurationRecord`, or empty for Annex B.
    init(_ description: Span<UInt8>) throws(MediaError) {
        let configuration = description.isEmpty ? nil : try AVCDecoderConfiguration.parse(description)
        decoder = try H264Decoder(pool: pool, configuration: configuration)
    }

    /// `isLast` lets out what the codec keeps for later. False when too much waits to be pulled.
    func push(_ unit: Span<UInt8>, timestamp: Int64, isLast: Bool) throws(EngineError) -> Bool {
        guard !unit.isEmpty else { throw EngineError(.invalidArgument, "an empty frame is no picture") }
        guard pictures.count < Self.limit else { return false }
        let begin = SystemCall.now()
        defer {
            report.codecTime = report.codecTime + (SystemCall.now() - begin)
            report.dropped = UInt64(clamping: decoder.pictureCountWithoutMemory)
        }
        report.frames &+= 1
        report.bytes &+= UInt64(clamping: unit.count)
        do throws(MediaError) {
            if let picture = try decoder.decode(unit, timestamp: timestamp).picture { append(picture) }
        } catch {
            report.damaged &+= 1
            throw EngineError(error)
        }
        while isLast, let picture = decoder.flush() { append(picture) }
        return true
    }

    private func append(_ picture: Picture) {
        report.width = UInt32(clamping: picture.width)
        report.height = UInt32(clamping: picture.height)
        pictures.append(picture)
    }

    /// The next picture.
    func next() -> Picture? {
        pictures.popFirst()
    }
}
