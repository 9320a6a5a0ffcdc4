/// How the frames of a rendition's track are packed.
package enum Container: Equatable, Sendable {
    /// A timestamp in microseconds as a varint, then the codec's bytes. The only one we write.
    case legacy
    /// Properties, then the codec's bytes (draft-ietf-moq-loc).
    case loc
    /// Fragments of ISO/IEC 14496-12; the bytes are their common beginning, `ftyp` and `moov`.
    case cmaf(initialisation: [UInt8])
}
