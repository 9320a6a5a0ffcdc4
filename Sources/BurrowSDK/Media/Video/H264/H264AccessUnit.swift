/// What is in an access unit, as far as those care who decode it or pass it on.
package struct H264AccessUnit: Equatable, Sendable {
    /// No slices.
    package private(set) var isEmpty = true
    /// Whether a decoder can begin here, if it has the parameter sets.
    package private(set) var isKey = false
    /// Whether damage to it would spread: others may refer to it.
    package private(set) var isReference = false
    /// The last one in it: the profile, size and colours from here on.
    package private(set) var parameterSet: SequenceParameterSet?

    package init() {}

    /// Looks through an access unit in Annex B, for a host's encoder that brings no description. Throws when the
    /// parameter set in it is not one.
    package init(annexB unit: Span<UInt8>) throws(MediaError) {
        self.init()
        var units = AnnexB(unit)
        while let next = units.nextUnit() { try note(next, of: unit) }
    }

    mutating func note(_ next: NALUnit, of unit: Span<UInt8>) throws(MediaError) {
        switch next.kind {
        case .slice, .keySlice:
            isEmpty = false
            isKey = isKey || next.kind == .keySlice
            isReference = isReference || next.isReference
        case .sequenceParameterSet:
            parameterSet = try SequenceParameterSet.parse(unit.extracting(next.range))
        default:
            break
        }
    }
}
