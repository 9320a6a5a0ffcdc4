internal import BurrowCrypto

/// What a host says about the protection of a room.
package struct RoomProtectionOptions: Sendable {
    /// What tells the call from others with the same keys.
    package var callID: [UInt8]
    /// Where the keys come from; `nil` when the host brings them.
    package var group: HostGroup?

    package init(callID: [UInt8], group: HostGroup? = nil) {
        self.callID = callID
        self.group = group
    }
}

extension FrameExchange.Margin {
    /// What sealing adds.
    static let sealing = FrameExchange.Margin(
        front: SFrameHeader.longestByteCount,
        back: AEADAlgorithm.tagByteCount
    )
}
