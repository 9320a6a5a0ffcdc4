import BurrowBase
import BurrowCrypto

/// A publisher and a receiver of one broadcast that share base keys.
struct Scene {
    let sealer: BroadcastSealer
    let opener: BroadcastOpener
    var now = Instant(microseconds: 1_000_000)

    init(suite: SFrameSuite = .aes128GCM, limits: ProtectionLimits = ProtectionLimits()) throws {
        var random = SeededRandom(seed: 77)
        sealer = try BroadcastSealer(
            callID: Array("call".utf8),
            path: Array("room/alice".utf8),
            suite: suite,
            limits: limits,
            random: &random
        )
        opener = BroadcastOpener(sealer.context, suite: suite, limits: limits)
    }

    /// A base key that only this epoch has.
    func baseKey(_ epoch: UInt64) -> [UInt8] {
        [UInt8](repeating: UInt8(truncatingIfNeeded: epoch &+ 1), count: sealer.suite.keyByteCount)
    }

    func install(_ epoch: UInt64, isRemoval: Bool = false) throws {
        try sealer.install(epoch: epoch, baseKey: baseKey(epoch), isRemoval: isRemoval, now: now)
        try opener.install(epoch: epoch, baseKey: baseKey(epoch))
    }

    mutating func wait(_ milliseconds: Int64) {
        now = now + .milliseconds(milliseconds)
    }
}

extension SFrameHeader {
    static func of(_ frame: [UInt8]) throws -> SFrameHeader { try read(frame).header }
}

extension FramePosition {
    static func at(_ group: UInt64, _ frame: UInt64 = 0, isKey: Bool = false) -> FramePosition {
        FramePosition(group: group, frame: frame, isKey: isKey)
    }
}
