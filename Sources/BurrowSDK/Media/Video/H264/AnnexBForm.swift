package import BurrowBase

/// Brings access units into the one form that hosts with codecs of their own give and take: Annex B, with the parameter
/// sets in front of each key picture.
///
/// Encoders in hardware often give the sets once, as a unit of their own; streams of `avc1` have them in a description.
package struct AnnexBForm {
    /// A unit with at least one slice.
    package struct Unit {
        package var payload: Slice
        package var isKey: Bool
        /// Whether others may refer to it.
        package var isReference: Bool
        /// What a key picture is decoded with; `nil` when it was never told.
        package var parameterSet: SequenceParameterSet?
    }

    private let configuration: AVCDecoderConfiguration?
    /// What came last in the stream, in Annex B.
    private var sets: [UInt8] = []
    private var parameterSet: SequenceParameterSet?
    private var scratch: [UInt8] = []

    /// For Annex B, or with a description for `avc1`.
    package init(_ configuration: AVCDecoderConfiguration? = nil) {
        self.configuration = configuration
    }

    /// Refuses what is no access unit of H.264, and what no decoder here takes.
    package static func check(_ unit: Span<UInt8>) throws(MediaError) {
        var units = AnnexB(unit)
        guard units.nextUnit() != nil else {
            throw MediaError(.malformed, "access unit without a start code")
        }
        let content = try H264AccessUnit(annexB: unit)
        if let refusal = content.parameterSet?.refusal { throw refusal }
    }

    /// `nil` for a unit without a slice, the parameter sets in which are kept for the next key picture.
    package mutating func convert(_ unit: Slice, _ allocator: SliceAllocator) throws(MediaError) -> Unit? {
        if let configuration { return try convert(unit, configuration, allocator) }
        let content = try gather(unit)
        guard !content.isEmpty else { return nil }
        var payload = unit
        if content.isKey, content.parameterSet == nil, !sets.isEmpty {
            scratch.removeAll(keepingCapacity: true)
            scratch.append(contentsOf: sets)
            unsafe scratch.append(contentsOf: UnsafeRawBufferPointer(start: unit.start, count: unit.count))
            payload = Self.copy(scratch, allocator)
        }
        return made(payload, content)
    }

    private func made(_ payload: Slice, _ content: H264AccessUnit) -> Unit {
        Unit(
            payload: payload,
            isKey: content.isKey,
            isReference: content.isReference,
            parameterSet: content.isKey ? parameterSet : nil
        )
    }

    /// Looks through Annex B and keeps the sets in it.
    private mutating func gather(_ unit: Slice) throws(MediaError) -> H264AccessUnit {
        let bytes = unit.span
        var content = H264AccessUnit()
        var units = AnnexB(bytes)
        while let next = units.nextUnit() {
            try content.note(next, of: bytes)
            guard next.kind == .sequenceParameterSet || next.kind == .pictureParameterSet else { continue }
            if next.kind == .sequenceParameterSet {
                sets.removeAll(keepingCapacity: true)
                parameterSet = content.parameterSet
            }
            guard sets.count + next.range.count + 4 <= AVCDecoderConfiguration.sizeLimit else { continue }
            Self.append(bytes.extracting(next.range), to: &sets)
        }
        return content
    }

    private mutating func convert(
        _ unit: Slice,
        _ configuration: AVCDecoderConfiguration,
        _ allocator: SliceAllocator
    ) throws(MediaError) -> Unit? {
        let bytes = unit.span
        var content = H264AccessUnit()
        scratch.removeAll(keepingCapacity: true)
        var units = LengthPrefixedUnits(bytes, lengthSize: configuration.lengthSize)
        while let next = try units.nextUnit() {
            if next.kind == .keySlice, !content.isKey, content.parameterSet == nil {
                for set in configuration.sequenceParameterSets + configuration.pictureParameterSets {
                    Self.append(set.span, to: &scratch)
                }
            }
            try content.note(next, of: bytes)
            Self.append(bytes.extracting(next.range), to: &scratch)
        }
        guard !content.isEmpty else { return nil }
        if content.isKey {
            parameterSet = content.parameterSet ?? parameterSet
            if parameterSet == nil, let first = configuration.sequenceParameterSets.first {
                parameterSet = try SequenceParameterSet.parse(first.span)
            }
        }
        return made(Self.copy(scratch, allocator), content)
    }

    private static func append(_ unit: Span<UInt8>, to stream: inout [UInt8]) {
        for _ in 0..<3 { stream.append(0) }
        stream.append(1)
        unsafe unit.withUnsafeBytes { unsafe stream.append(contentsOf: $0) }
    }

    private static func copy(_ bytes: [UInt8], _ allocator: SliceAllocator) -> Slice {
        allocator.copy(bytes.span)
    }
}
