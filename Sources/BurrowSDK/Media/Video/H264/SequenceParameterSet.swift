import BurrowBase

/// What a decoder and a catalogue need of an H.264 sequence parameter set (ITU-T H.264 §7.3.2.1.1, §E.1.1).
package struct SequenceParameterSet: Equatable, Sendable {
    package var profile: UInt8
    /// constraint_set0_flag is the highest bit.
    package var constraints: UInt8
    package var level: UInt8
    package var id: Int
    /// 1 is 4:2:0, the only one this library decodes; 0 grey, 2 and 3 with more chroma.
    package var chromaFormat: Int
    package var bitDepth: Int
    package var referenceFrames: Int
    package var isProgressive: Bool
    /// What is shown: without the cropped edges.
    package var width: Int
    package var height: Int
    /// What is coded: whole macroblocks.
    package var codedWidth: Int
    package var codedHeight: Int
    /// Nil when the stream says nothing about it.
    package var color: PictureColor?
    /// Pictures the decoder may have to keep to bring them into order; nil when the stream does not say.
    package var reorderedFrames: Int?

    /// Reads a whole NAL unit, its header included. Throws for anything malformed or beyond what the standard or
    /// `Picture.sizeLimit` allows; what is well-formed but cannot be decoded is for `refusal` to say.
    package static func parse(_ unit: Span<UInt8>) throws(MediaError) -> SequenceParameterSet {
        do {
            return try read(unit)
        } catch .tooLarge {
            throw MediaError(.limit, "sequence parameter set beyond limits")
        } catch {
            throw MediaError(.malformed, "sequence parameter set \(error)")
        }
    }

    /// Why the decoder does not take such a stream; nil when it does.
    package var refusal: MediaError? {
        if let refusal = H264.refusal(profile: profile, level: level) { return refusal }
        if !isProgressive { return MediaError(.unsupported, "interlaced video") }
        if bitDepth != 8 { return MediaError(.unsupported, "samples of \(bitDepth) bits") }
        if chromaFormat != 1 { return MediaError(.unsupported, "chroma format \(chromaFormat)") }
        let macroblocks = codedWidth / 16 * (codedHeight / 16)
        if macroblocks > Self.macroblockLimit { return MediaError(.limit, "picture of \(width)x\(height)") }
        if macroblocks * max(referenceFrames, 1) > Self.bufferLimit {
            return MediaError(.limit, "\(referenceFrames) references of \(width)x\(height)")
        }
        return nil
    }

    /// The most macroblocks of one picture, and of all a decoder keeps, at level 5.2 (H.264 table A-1): memory that a
    /// peer can make us take.
    static let macroblockLimit = 36_864
    static let bufferLimit = 184_320

    private static func read(_ unit: Span<UInt8>) throws(DecodeError) -> SequenceParameterSet {
        guard unit.count >= 4, unit[0] & 0x1f == NALUnit.Kind.sequenceParameterSet.rawValue else {
            throw .malformed
        }
        var bits = BitReader(unit.extracting(droppingFirst: 1))
        let profile = UInt8(truncatingIfNeeded: try bits.bits(8))
        let constraints = UInt8(truncatingIfNeeded: try bits.bits(8))
        let level = UInt8(truncatingIfNeeded: try bits.bits(8))
        let id = try bits.unsigned(upTo: 31)
        let samples = try readSamples(&bits, profile: profile)
        _ = try bits.unsigned(upTo: 12)  // log2_max_frame_num_minus4
        try skipOrderCount(&bits)
        let references = try bits.unsigned(upTo: 16)
        _ = try bits.bit()  // gaps_in_frame_num_value_allowed_flag
        let macroblocks = Picture.sizeLimit / 16
        let columns = try bits.unsigned(upTo: macroblocks - 1) + 1
        var rows = try bits.unsigned(upTo: macroblocks - 1) + 1
        let isProgressive = try bits.bit()
        if !isProgressive {
            rows *= 2
            _ = try bits.bit()  // mb_adaptive_frame_field_flag
        }
        _ = try bits.bit()  // direct_8x8_inference_flag
        guard rows <= macroblocks else { throw .tooLarge }
        var set = SequenceParameterSet(
            profile: profile,
            constraints: constraints,
            level: level,
            id: id,
            chromaFormat: samples.format,
            bitDepth: samples.depth,
            referenceFrames: references,
            isProgressive: isProgressive,
            width: columns * 16,
            height: rows * 16,
            codedWidth: columns * 16,
            codedHeight: rows * 16
        )
        if try bits.bit() { try set.readCropping(&bits) }
        if try bits.bit() { try set.readUsability(&bits) }
        return set
    }

    private static func readSamples(
        _ bits: inout BitReader,
        profile: UInt8
    ) throws(DecodeError) -> (format: Int, depth: Int) {
        guard H264.hasChromaFormat(profile: profile) else { return (1, 8) }
        let format = try bits.unsigned(upTo: 3)
        if format == 3 { _ = try bits.bit() }  // separate_colour_plane_flag
        let depth = try bits.unsigned(upTo: 6) + 8
        let chromaDepth = try bits.unsigned(upTo: 6) + 8
        _ = try bits.bit()  // qpprime_y_zero_transform_bypass_flag
        if try bits.bit() {
            for list in 0..<(format == 3 ? 12 : 8) where try bits.bit() {
                try skipScalingList(&bits, count: list < 6 ? 16 : 64)
            }
        }
        return (format, max(depth, chromaDepth))
    }

    private static func skipScalingList(_ bits: inout BitReader, count: Int) throws(DecodeError) {
        var (last, next) = (8, 8)
        for _ in 0..<count {
            if next != 0 {
                let delta = try bits.signed()
                guard (-128...127).contains(delta) else { throw .malformed }
                next = (last + delta + 256) % 256
            }
            last = next == 0 ? last : next
        }
    }

    private static func skipOrderCount(_ bits: inout BitReader) throws(DecodeError) {
        switch try bits.unsigned(upTo: 2) {
        case 0:
            _ = try bits.unsigned(upTo: 12)  // log2_max_pic_order_cnt_lsb_minus4
        case 1:
            _ = try bits.bit()  // delta_pic_order_always_zero_flag
            _ = try bits.signed()  // offset_for_non_ref_pic
            _ = try bits.signed()  // offset_for_top_to_bottom_field
            for _ in 0..<(try bits.unsigned(upTo: 255)) { _ = try bits.signed() }
        default:
            break
        }
    }

    private mutating func readCropping(_ bits: inout BitReader) throws(DecodeError) {
        let unitX = chromaFormat == 1 || chromaFormat == 2 ? 2 : 1
        let unitY = (chromaFormat == 1 ? 2 : 1) * (isProgressive ? 1 : 2)
        let left = try bits.unsigned(upTo: Picture.sizeLimit) * unitX
        let right = try bits.unsigned(upTo: Picture.sizeLimit) * unitX
        let top = try bits.unsigned(upTo: Picture.sizeLimit) * unitY
        let bottom = try bits.unsigned(upTo: Picture.sizeLimit) * unitY
        guard left + right < width, top + bottom < height else { throw .malformed }
        width -= left + right
        height -= top + bottom
    }

    /// The video usability information, as far as the colours and the bounds of reordering.
    private mutating func readUsability(_ bits: inout BitReader) throws(DecodeError) {
        // aspect_ratio_idc 255 brings its own numbers.
        if try bits.bit(), try bits.bits(8) == 255 { _ = try bits.bits(32) }
        if try bits.bit() { _ = try bits.bit() }  // overscan
        if try bits.bit() { try readSignal(&bits) }
        if try bits.bit() {  // chroma_loc_info_present_flag
            _ = try bits.unsigned(upTo: 5)
            _ = try bits.unsigned(upTo: 5)
        }
        if try bits.bit() {  // timing_info_present_flag
            _ = try bits.bits(32)
            _ = try bits.bits(32)
            _ = try bits.bit()
        }
        let hasRates = try bits.bit()
        if hasRates { try skipRates(&bits) }
        let hasClassRates = try bits.bit()
        if hasClassRates { try skipRates(&bits) }
        if hasRates || hasClassRates { _ = try bits.bit() }  // low_delay_hrd_flag
        _ = try bits.bit()  // pic_struct_present_flag
        guard try bits.bit() else { return }  // bitstream_restriction_flag
        _ = try bits.bit()
        for _ in 0..<4 { _ = try bits.unsigned(upTo: 16) }
        reorderedFrames = try bits.unsigned(upTo: 16)
    }

    private mutating func readSignal(_ bits: inout BitReader) throws(DecodeError) {
        _ = try bits.bits(3)  // video_format
        let range: PictureColor.Range = try bits.bit() ? .full : .limited
        var matrix = PictureColor.standard.matrix
        if try bits.bit() {
            _ = try bits.bits(16)  // colour_primaries, transfer_characteristics
            if try bits.bits(8) == 1 { matrix = .bt709 }
        }
        color = PictureColor(matrix, range)
    }

    /// Bit rates and buffers of a hypothetical decoder (§E.1.2).
    private func skipRates(_ bits: inout BitReader) throws(DecodeError) {
        let count = try bits.unsigned(upTo: 31) + 1
        _ = try bits.bits(8)
        for _ in 0..<count {
            _ = try bits.unsigned()
            _ = try bits.unsigned()
            _ = try bits.bit()
        }
        _ = try bits.bits(20)
    }
}
