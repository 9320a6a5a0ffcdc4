import BurrowBase
import CBurrowMedia

/// OpenH264 as a decoder of baseline, main and high profile, of Annex B (`avc3`) or of units behind their lengths
/// (`avc1`). Baseline pictures come out with their unit; those of main and high one or two units later.
///
/// After damage it guesses the missing parts and shows what it has for half a second, then waits for a key picture.
@safe package final class H264Decoder: VideoDecoder {
    /// A peer chooses the size of a unit; 4096x4096 without any compression is less than four times this.
    package static let unitLimit = 8 * 1024 * 1024
    /// How long guessed pictures are shown, in microseconds.
    private static let concealmentLimit: Int64 = 500_000
    /// Of the states the library reports, those after which nothing can be expected of it.
    private static let brokenStates: Int32 = 0x1000 | 0x2000 | 0x4000
    /// Not an error: the picture comes later.
    private static let pendingState: Int32 = 0x01

    package private(set) var needsKeyFrame = true
    /// Pictures that had no memory to go to, because too many are out.
    package private(set) var pictureCountWithoutMemory = 0
    private let pool: PicturePool
    private let configuration: AVCDecoderConfiguration?
    private let color: PictureColor
    private var decoder: OpaquePointer
    /// What is given to the library: the units it should see, in Annex B.
    private var stream: [UInt8] = []
    /// Whether `stream` begins with parameter sets that came in a unit of their own.
    private var hasSetsAhead = false
    private var streamColor: PictureColor?
    private var damagedSince: Int64?
    /// Until a key picture came, or came again after the decoder gave up.
    private var isWaiting = true

    /// A decoder for Annex B, or with a description for `avc1`. `color` is what pictures have whose stream says nothing
    /// of it. Throws when the description is of a kind that cannot be decoded.
    package init(
        pool: PicturePool,
        configuration: AVCDecoderConfiguration? = nil,
        color: PictureColor = .standard
    ) throws(MediaError) {
        for bytes in configuration?.sequenceParameterSets ?? [] {
            let set = try SequenceParameterSet.parse(bytes.span)
            if let refusal = set.refusal { throw refusal }
            streamColor = set.color
        }
        guard let created = unsafe cburrow_h264_decoder_create() else {
            throw MediaError(.codec, "no decoder for H.264")
        }
        unsafe decoder = created
        self.pool = pool
        self.configuration = configuration
        self.color = color
    }

    deinit {
        unsafe cburrow_h264_decoder_destroy(decoder)
    }

    package func decode(_ unit: Span<UInt8>, timestamp: Int64) throws(MediaError) -> DecodedPicture {
        let content: H264AccessUnit
        do {
            content = try gather(unit)
        } catch {
            hasSetsAhead = false
            noteDamage(at: timestamp)
            throw error
        }
        guard !content.isEmpty else { return DecodedPicture(picture: nil) }
        if content.isKey {
            isWaiting = false
        } else if isWaiting {
            return DecodedPicture(picture: nil)
        }
        var lent = unsafe cburrow_h264_picture()
        let status = unsafe cburrow_h264_decoder_decode(
            decoder,
            stream,
            stream.count,
            UInt64(bitPattern: timestamp),
            &lent
        )
        if status & Self.brokenStates != 0 {
            try restart()
            throw MediaError(.codec, "decoder state \(status)")
        }
        return try unsafe outcome(
            of: content,
            status: status & ~Self.pendingState,
            lent,
            timestamp: timestamp
        )
    }

    private func outcome(
        of content: H264AccessUnit,
        status: Int32,
        _ lent: cburrow_h264_picture,
        timestamp: Int64
    ) throws(MediaError) -> DecodedPicture {
        if status == 0 {
            if content.isKey { (damagedSince, needsKeyFrame) = (nil, false) }
        } else if content.isReference {
            noteDamage(at: timestamp)
        }
        guard unsafe status == 0 || lent.width > 0 else {
            if content.isKey { isWaiting = true }
            throw MediaError(.malformed, "decoder state \(status)")
        }
        if let damagedSince,
            timestamp.subtractingReportingOverflow(damagedSince).partialValue > Self.concealmentLimit
        {
            isWaiting = true
            return DecodedPicture(picture: nil, isConcealed: true)
        }
        return DecodedPicture(picture: unsafe copy(lent), isConcealed: damagedSince != nil || status != 0)
    }

    private func noteDamage(at timestamp: Int64) {
        needsKeyFrame = true
        if damagedSince == nil { damagedSince = timestamp }
    }

    /// All slices of a picture say the same about it (H.264 §7.4.1), so the first one tells.
    package func isDisposable(_ unit: Span<UInt8>) -> Bool {
        if let configuration {
            var units = LengthPrefixedUnits(unit, lengthSize: configuration.lengthSize)
            while let next = try? units.nextUnit() {
                if let answer = next.isDisposableSlice { return answer }
            }
        } else {
            var units = AnnexB(unit)
            while let next = units.nextUnit() {
                if let answer = next.isDisposableSlice { return answer }
            }
        }
        return false
    }

    package func flush() -> Picture? {
        while unsafe cburrow_h264_decoder_waiting(decoder) > 0 {
            var lent = unsafe cburrow_h264_picture()
            let before = unsafe cburrow_h264_decoder_waiting(decoder)
            _ = unsafe cburrow_h264_decoder_flush(decoder, &lent)
            if let picture = unsafe copy(lent) { return picture }
            guard unsafe cburrow_h264_decoder_waiting(decoder) < before else { return nil }
        }
        return nil
    }

    package func reset() {
        // Without a decoder nothing would ever be shown again, so the old one stays if there is no new one.
        try? restart()
    }

    private func restart() throws(MediaError) {
        (isWaiting, needsKeyFrame, damagedSince) = (true, true, nil)
        guard let created = unsafe cburrow_h264_decoder_create() else {
            throw MediaError(.codec, "no decoder for H.264")
        }
        unsafe cburrow_h264_decoder_destroy(decoder)
        unsafe decoder = created
    }

    /// The sender answered the damage by pictures that refer to none this decoder lacks: what comes now is whole.
    package func acceptRecovery() {
        (damagedSince, needsKeyFrame) = (nil, isWaiting)
    }

    /// For `H264Encoder.recover` and `acknowledge` at the sender.
    package var position: H264Position {
        var raw = cburrow_h264_position()
        unsafe cburrow_h264_decoder_position(decoder, &raw)
        return H264Position(
            keyNumber: Int(raw.idr_id),
            pictureNumber: Int(raw.frame_number),
            longTermNumber: raw.is_marked != 0 ? Int(raw.marked_frame_number) : nil
        )
    }

    private func copy(_ lent: cburrow_h264_picture) -> Picture? {
        let (width, height) = unsafe (Int(lent.width), Int(lent.height))
        guard width > 0 else { return nil }
        let timestamp = Int64(bitPattern: unsafe lent.timestamp)
        let color = streamColor ?? color
        guard let picture = pool.picture(width: width, height: height, timestamp: timestamp, color: color)
        else {
            pictureCountWithoutMemory += 1
            return nil
        }
        var (from, to) = unsafe (cburrow_image(), PictureView(picture).image)
        unsafe (from.width, from.height, from.format) = (lent.width, lent.height, to.format)
        unsafe (from.stride0, from.stride1, from.stride2) = (lent.stride_y, lent.stride_uv, lent.stride_uv)
        unsafe from.plane0 = UnsafeMutablePointer(mutating: lent.y)
        unsafe from.plane1 = UnsafeMutablePointer(mutating: lent.u)
        unsafe from.plane2 = UnsafeMutablePointer(mutating: lent.v)
        return unsafe cburrow_image_to_i420(&from, &to) == 0 ? picture : nil
    }
}

extension NALUnit {
    /// Of a slice whether no other picture refers to it, of parameter sets that something does; nil of what says nothing.
    fileprivate var isDisposableSlice: Bool? {
        switch kind {
        case .slice: !isReference
        case .partitionA, .keySlice, .sequenceParameterSet, .pictureParameterSet: false
        default: nil
        }
    }
}

extension H264Decoder {
    /// Fills `stream` with what the library needs of `unit`: parameter sets and slices. The rest, which it would only
    /// skip or which belongs to extensions, stays out.
    private func gather(_ unit: Span<UInt8>) throws(MediaError) -> H264AccessUnit {
        guard unit.count <= Self.unitLimit else {
            throw MediaError(.limit, "access unit of \(unit.count) bytes")
        }
        if !hasSetsAhead || stream.count > AVCDecoderConfiguration.sizeLimit {
            stream.removeAll(keepingCapacity: true)
        }
        var needsSets = stream.isEmpty
        var content = H264AccessUnit()
        if let configuration {
            var units = LengthPrefixedUnits(unit, lengthSize: configuration.lengthSize)
            while let next = try units.nextUnit() {
                if next.kind == .sequenceParameterSet { needsSets = false }
                if next.kind == .keySlice && needsSets {
                    insertSets(configuration)
                    needsSets = false
                }
                try take(next, of: unit, &content)
            }
        } else {
            var units = AnnexB(unit)
            var isAnything = false
            while let next = units.nextUnit() {
                isAnything = true
                try take(next, of: unit, &content)
            }
            guard isAnything || unit.isEmpty else {
                throw MediaError(.malformed, "access unit without a start code")
            }
        }
        hasSetsAhead = content.isEmpty && !stream.isEmpty
        return content
    }

    private func take(_ next: NALUnit, of unit: Span<UInt8>, _ content: inout H264AccessUnit)
        throws(MediaError)
    {
        switch next.kind {
        case .sequenceParameterSet, .pictureParameterSet, .slice, .keySlice: break
        default: return
        }
        if next.kind == .sequenceParameterSet && hasSetsAhead {
            // It takes the place of what came before, however often it comes.
            stream.removeAll(keepingCapacity: true)
            hasSetsAhead = false
        }
        try content.note(next, of: unit)
        if next.kind == .sequenceParameterSet, let set = content.parameterSet {
            if let refusal = set.refusal {
                isWaiting = true
                throw refusal
            }
            streamColor = set.color
        }
        append(unit.extracting(next.range))
    }

    private func insertSets(_ configuration: AVCDecoderConfiguration) {
        for set in configuration.sequenceParameterSets { append(set.span) }
        for set in configuration.pictureParameterSets { append(set.span) }
    }

    private func append(_ unit: Span<UInt8>) {
        for _ in 0..<3 { stream.append(0) }
        stream.append(1)
        unsafe unit.withUnsafeBytes { unsafe stream.append(contentsOf: $0) }
    }
}
