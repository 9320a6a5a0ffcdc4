internal import BurrowCrypto

/// What a host says about the protection of a room.
package struct RoomProtectionOptions: Equatable, Sendable {
    /// What tells the call from others with the same keys.
    package var callID: [UInt8]

    package init(callID: [UInt8]) {
        self.callID = callID
    }
}

extension FrameExchange.Margin {
    /// What sealing adds.
    static let sealing = FrameExchange.Margin(
        front: SFrameHeader.longestByteCount,
        back: AEADAlgorithm.tagByteCount
    )
}
