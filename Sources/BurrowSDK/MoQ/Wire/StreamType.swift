/// The first varint on a bidirectional stream.
package enum BidirectionalStreamType: UInt64, CaseIterable, Sendable {
    /// Reserved; no peer uses it.
    case session = 0
    case announce = 1
    case subscribe
    case fetch
    case probe
    case goaway
    case track
    /// lite-02 only, on the client's first stream.
    case clientSetup = 0x20
    /// What the server answers there.
    case serverSetup = 0x21
}

/// The first varint on a unidirectional stream.
package enum UnidirectionalStreamType: UInt64, CaseIterable, Sendable {
    case group = 0
    case setup = 1
}
