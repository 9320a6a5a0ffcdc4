package import BurrowBase
import CBurrowMedia

/// OpenH264 as an encoder of constrained baseline in Annex B, with the parameter sets before each key picture.
///
/// Its settings are those that did best at 150 kbit/s to 4 Mbit/s with pictures of people; the shim says which and why.
@safe package final class H264Encoder: VideoEncoder {
    /// Bits per second this encoder can be asked for.
    package static let bitRates = 10_000...50_000_000
    package static let frameRates: ClosedRange<Float> = 1...60

    package let settings: VideoEncoderSettings
    package let codec: String
    /// The sequence and picture parameter set, as before each key picture.
    package let parameterSets: Slice
    package private(set) var bitRate: Int
    package private(set) var frameRate: Float
    private let encoder: OpaquePointer
    private let allocator: SliceAllocator
    /// What the rate control takes for the time, in microseconds, and the timestamp it stands for.
    private var clock: Int64 = 0
    private var lastTimestamp: Int64?

    package init(_ settings: VideoEncoderSettings, allocator: SliceAllocator) throws(MediaError) {
        try settings.check()
        guard let created = unsafe Self.create(settings) else {
            throw MediaError(.codec, "encoder refused \(settings.width)x\(settings.height)")
        }
        do {
            parameterSets = try unsafe Self.parameterSets(of: created, allocator)
            codec = try Self.codec(parameterSets)
        } catch {
            unsafe cburrow_h264_encoder_destroy(created)
            throw error
        }
        unsafe encoder = created
        self.settings = settings
        self.allocator = allocator
        (bitRate, frameRate) = (settings.bitRate, settings.frameRate)
    }

    deinit {
        unsafe cburrow_h264_encoder_destroy(encoder)
    }

    private static func create(_ settings: VideoEncoderSettings) -> OpaquePointer? {
        var raw = cburrow_h264_settings()
        raw.width = Int32(clamping: settings.width)
        raw.height = Int32(clamping: settings.height)
        raw.frame_rate = settings.frameRate
        raw.bit_rate = Int32(clamping: settings.bitRate)
        raw.max_bit_rate = mostBits(for: settings.bitRate)
        raw.temporal_layers = Int32(clamping: settings.temporalLayers)
        raw.min_qp = Int32(clamping: settings.quantizers.lowerBound)
        raw.max_qp = Int32(clamping: settings.quantizers.upperBound)
        raw.long_term_period = Int32(clamping: settings.longTermPeriod ?? 0)
        raw.full_range = settings.color.range == .full ? 1 : 0
        // ISO/IEC 23091-2: 1 is BT.709, 6 is BT.601 with 525 lines; the same numbers in all three tables.
        let code: Int32 = settings.color.matrix == .bt709 ? 1 : 6
        (raw.primaries, raw.transfer, raw.matrix) = (code, code, code)
        return unsafe cburrow_h264_encoder_create(&raw)
    }

    /// A little more than the target, beyond which pictures are left out.
    private static func mostBits(for bitRate: Int) -> Int32 { Int32(clamping: bitRate / 10 * 11) }

    private static func parameterSets(
        of encoder: OpaquePointer,
        _ allocator: SliceAllocator
    ) throws(MediaError) -> Slice {
        var unit = cburrow_h264_unit()
        let status = unsafe cburrow_h264_encoder_parameter_sets(encoder, &unit)
        guard status == 0, unit.size > 0 else {
            throw MediaError(.codec, "encoder without parameter sets: \(status)")
        }
        return unsafe allocator.allocate(unit.size) { (target) in
            unsafe cburrow_h264_encoder_copy(encoder, target)
        }
    }

    private static func codec(_ parameterSets: Slice) throws(MediaError) -> String {
        var units = AnnexB(parameterSets.span)
        while let unit = units.nextUnit() {
            guard unit.kind == .sequenceParameterSet else { continue }
            return H264(form: .avc3, try .parse(parameterSets.span.extracting(unit.range))).codec
        }
        throw MediaError(.codec, "encoder without a sequence parameter set")
    }

    package func encode(_ picture: Picture, asKey: Bool) throws(MediaError) -> VideoAccessUnit? {
        guard (picture.width, picture.height) == (settings.width, settings.height) else {
            throw MediaError(
                .invalidArgument,
                "encoder of another size than \(picture.width)x\(picture.height)"
            )
        }
        advance(to: picture.timestamp)
        if asKey { try unsafe check(cburrow_h264_encoder_force_key(encoder)) }
        var unit = cburrow_h264_unit()
        let status = unsafe cburrow_h264_encoder_encode(
            encoder,
            picture.start(of: .y),
            picture.start(of: .u),
            picture.start(of: .v),
            Int32(clamping: picture.lumaStride),
            Int32(clamping: picture.chromaStride),
            clock / 1000,
            &unit
        )
        try check(status)
        guard unit.size > 0 else { return nil }
        let payload = unsafe allocator.allocate(unit.size) { (target) in
            unsafe cburrow_h264_encoder_copy(encoder, target)
        }
        return VideoAccessUnit(
            payload: payload,
            timestamp: picture.timestamp,
            isKey: unit.is_key != 0,
            temporalLayer: Int(unit.temporal_id)
        )
    }

    /// The rate control spreads its bits over time, so a pause or a jump of the host's clock must not look like hours
    /// to fill, nor time stand still.
    private func advance(to timestamp: Int64) {
        defer { lastTimestamp = timestamp }
        guard let lastTimestamp else { return }
        let (elapsed, overflow) = timestamp.subtractingReportingOverflow(lastTimestamp)
        clock &+= overflow ? 1_000_000 : min(max(elapsed, 1000), 1_000_000)
    }

    package func setTarget(bitRate: Int, frameRate: Float) throws(MediaError) {
        guard Self.bitRates.contains(bitRate) else {
            throw MediaError(.invalidArgument, "\(bitRate) bits per second")
        }
        guard Self.frameRates.contains(frameRate) else {
            throw MediaError(.invalidArgument, "\(frameRate) pictures a second")
        }
        if frameRate != self.frameRate {
            try unsafe check(cburrow_h264_encoder_set_frame_rate(encoder, frameRate))
            self.frameRate = frameRate
        }
        if bitRate != self.bitRate {
            let most = Self.mostBits(for: bitRate)
            try unsafe check(cburrow_h264_encoder_set_bit_rate(encoder, Int32(clamping: bitRate), most))
            self.bitRate = bitRate
        }
    }

    /// Answers a loss at the only receiver by pictures that refer to a long-term one it has said to have, instead of a
    /// key picture. `position` is its decoder's after the loss, `lastGood` the number of its last whole picture.
    package func recover(at position: H264Position, lastGood: Int) throws(MediaError) {
        let (id, last) = (UInt32(clamping: position.keyNumber), Int32(clamping: lastGood))
        try unsafe check(
            cburrow_h264_encoder_recover(encoder, id, last, Int32(clamping: position.pictureNumber))
        )
    }

    /// The only receiver has, or could not decode, the long-term reference its decoder's `position` tells of.
    package func acknowledge(_ position: H264Position, succeeded: Bool) throws(MediaError) {
        guard let marked = position.longTermNumber else { return }
        let id = UInt32(clamping: position.keyNumber)
        try unsafe check(
            cburrow_h264_encoder_acknowledge(encoder, id, Int32(clamping: marked), succeeded ? 1 : 0)
        )
    }

    private func check(_ status: Int32) throws(MediaError) {
        guard status == 0 else { throw MediaError(.codec, "encoder failed with \(status)") }
    }
}

extension VideoEncoderSettings {
    fileprivate func check() throws(MediaError) {
        guard width.isMultiple(of: 2), height.isMultiple(of: 2), width >= 16, height >= 16 else {
            throw MediaError(.invalidArgument, "encoder of \(width)x\(height)")
        }
        // Level 5.2 has 36,864 macroblocks.
        guard width <= Picture.sizeLimit, height <= Picture.sizeLimit,
            (width + 15) / 16 * ((height + 15) / 16) <= 36_864
        else { throw MediaError(.limit, "encoder of \(width)x\(height)") }
        guard H264Encoder.bitRates.contains(bitRate) else {
            throw MediaError(.invalidArgument, "\(bitRate) bits per second")
        }
        guard H264Encoder.frameRates.contains(frameRate) else {
            throw MediaError(.invalidArgument, "\(frameRate) pictures a second")
        }
        guard (1...4).contains(temporalLayers) else {
            throw MediaError(.invalidArgument, "\(temporalLayers) temporal layers")
        }
        guard quantizers.lowerBound >= 1, quantizers.upperBound <= 51 else {
            throw MediaError(.invalidArgument, "quantisers \(quantizers)")
        }
    }
}

/// Where a decoder is in a stream of this library's encoder, for it to recover from a loss by a long-term reference.
package struct H264Position: Equatable, Sendable {
    /// Of the last key picture (idr_pic_id).
    package var keyNumber: Int
    /// Of the last picture (frame_num).
    package var pictureNumber: Int
    /// Of the long-term reference that the last picture became; nil when it became none.
    package var longTermNumber: Int?

    package init(keyNumber: Int, pictureNumber: Int, longTermNumber: Int? = nil) {
        self.keyNumber = keyNumber
        self.pictureNumber = pictureNumber
        self.longTermNumber = longTermNumber
    }
}
