internal import BurrowBase
package import BurrowCrypto

/// Seals frames for a host that carries them itself. Stands alone: no engine, no thread.
package final class HostSealer: HandleObject {
    private final class State {
        let broadcast: BroadcastSealer
        /// By their numbers; the catalogue is the first.
        var tracks: [FrameSealer]

        init(_ broadcast: BroadcastSealer) {
            self.broadcast = broadcast
            tracks = [broadcast.catalogue]
        }
    }

    package static var kind: HandleKind { .sealer }

    /// What the exporter of a group takes; the last 16 bytes are the instance.
    package let context: [UInt8]
    private let state: Guarded<Confined<State>>

    private init(_ broadcast: BroadcastSealer) {
        context = broadcast.context.encoded
        state = Guarded(Confined(State(broadcast)))
    }

    package func lastReferenceGone() {}

    /// A new sealer's handle.
    package static func open(_ options: ProtectionOptions) throws(EngineError) -> UInt {
        let suite = try options.chosenSuite
        var random = SystemRandom()
        do throws(CryptoError) {
            let broadcast = try BroadcastSealer(
                callID: options.callID,
                path: options.path,
                suite: suite,
                random: &random
            )
            return HandleTable.shared.insert(HostSealer(broadcast), owner: 0)
        } catch {
            throw EngineError(error)
        }
    }

    package func setKey(_ key: HostKey) throws(EngineError) {
        let (epoch, isExported, isRemoval) = (key.epoch, key.isExported, key.isRemoval)
        let bytes = key.bytes
        try with { (state) throws(CryptoError) in
            if isExported {
                try state.broadcast.install(
                    epoch: epoch,
                    baseKey: bytes,
                    isRemoval: isRemoval,
                    now: SystemCall.now()
                )
            } else {
                try state.broadcast.install(
                    epoch: epoch,
                    hostSecret: bytes,
                    isRemoval: isRemoval,
                    now: SystemCall.now()
                )
            }
        }
    }

    /// The number of a new track.
    package func addTrack(_ kind: MediaKind) throws(EngineError) -> UInt64 {
        try with { (state) throws(CryptoError) in
            guard state.tracks.count <= EngineLimits.sealedTracks else {
                throw CryptoError(.exhausted, "a broadcast has \(EngineLimits.sealedTracks) tracks already")
            }
            let track = try state.broadcast.addTrack(kind, now: SystemCall.now())
            state.tracks.append(track)
            return track.index
        }
    }

    /// Seals to the beginning of `target`, which has room for the payload and `longestOverhead`. Answers the length.
    package func seal(
        _ payload: UnsafeRawBufferPointer,
        into target: UnsafeMutableRawBufferPointer,
        track: UInt64,
        _ position: FramePosition
    ) throws(EngineError) -> Int {
        try with { (state) throws(CryptoError) in
            guard let index = Int(exactly: track), state.tracks.indices.contains(index) else {
                throw CryptoError(.malformed, "there is no track \(track)")
            }
            let sealer = state.tracks[index]
            return try unsafe sealer.seal(payload, into: target, position: position, now: SystemCall.now())
        }
    }

    /// The header and the tag at their longest.
    package static var longestOverhead: Int { SFrameHeader.longestByteCount + AEADAlgorithm.tagByteCount }

    private func with<Result>(_ body: (State) throws(CryptoError) -> Result) throws(EngineError) -> Result {
        do throws(CryptoError) {
            return try state.withLock { (state) throws(CryptoError) in try body(state.object) }
        } catch {
            throw EngineError(error)
        }
    }
}
