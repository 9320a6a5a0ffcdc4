/// What became of protected frames, for the host.
package struct ProtectionCounts: Equatable, Sendable {
    /// Of ours.
    package var sealed: UInt64 = 0
    /// Not sent, because there was no key for them.
    package var unsealed: UInt64 = 0
    package var opened: UInt64 = 0
    /// Dropped, because their epoch's key did not come in time, or is forgotten.
    package var unknownKey: UInt64 = 0
    /// Dropped, because they are not authentic: forged, damaged, or not where they were sealed for.
    package var forged: UInt64 = 0
    /// Dropped, because they were opened before, or are too old to tell.
    package var replayed: UInt64 = 0
    /// Catalogues that were dropped because they are not protected.
    package var unprotected: UInt64 = 0

    package init() {}

    package var dropped: UInt64 { unknownKey &+ forged &+ replayed &+ unprotected }

    mutating func add(_ other: ProtectionCounts) {
        sealed &+= other.sealed
        unsealed &+= other.unsealed
        opened &+= other.opened
        unknownKey &+= other.unknownKey
        forged &+= other.forged
        replayed &+= other.replayed
        unprotected &+= other.unprotected
    }
}

/// How protection of a room goes, for the host.
package struct ProtectionReport: Equatable, Sendable {
    package var counts = ProtectionCounts()
    /// The epoch our frames are sealed in; `nil` while there is no key.
    package var sealingEpoch: UInt64?
    /// The newest epoch there is a key of.
    package var newestEpoch: UInt64?

    package init() {}
}
