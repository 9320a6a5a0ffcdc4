internal import BurrowBase
package import BurrowCrypto

/// Opens frames for a host that receives them itself. Stands alone: no engine, no thread.
package final class HostOpener: HandleObject {
    package static var kind: HandleKind { .opener }

    /// What the exporter of a group takes.
    package let context: [UInt8]
    private let state: Guarded<Confined<BroadcastOpener>>

    private init(_ broadcast: BroadcastOpener) {
        context = broadcast.context.encoded
        state = Guarded(Confined(broadcast))
    }

    package func lastReferenceGone() {}

    /// A new opener's handle.
    package static func open(_ options: ProtectionOptions) throws(EngineError) -> UInt {
        let suite = try options.chosenSuite
        guard let instance = options.instance else {
            throw EngineError(.invalidArgument, "an opener needs the instance of the publisher")
        }
        do throws(CryptoError) {
            let context = try BroadcastContext(
                callID: options.callID,
                path: options.path,
                instance: instance
            )
            return HandleTable.shared.insert(HostOpener(BroadcastOpener(context, suite: suite)), owner: 0)
        } catch {
            throw EngineError(error)
        }
    }

    package func setKey(_ key: HostKey) throws(EngineError) {
        let (epoch, isExported) = (key.epoch, key.isExported)
        let bytes = key.bytes
        try with { (broadcast) throws(CryptoError) in
            if isExported {
                try broadcast.install(epoch: epoch, baseKey: bytes)
            } else {
                try broadcast.install(epoch: epoch, hostSecret: bytes)
            }
        }
    }

    /// Opens to the beginning of `target`, which is as long as the frame. Answers the length, `nil` while there is no key of
    /// the frame's epoch.
    package func open(
        _ frame: UnsafeRawBufferPointer,
        into target: UnsafeMutableRawBufferPointer,
        track: UInt64,
        _ kind: MediaKind,
        _ position: FramePosition
    ) throws(EngineError) -> Int? {
        let result = try with { (broadcast) throws(CryptoError) in
            let now = SystemCall.now()
            broadcast.expire(now: now)
            let opener = try broadcast.track(track, kind)
            return try unsafe opener.open(frame, into: target, position: position, now: now)
        }
        switch result {
        case .opened(let range): return range.count
        case .dropped(.unknownEpoch): return nil
        case .dropped(.duplicate): throw EngineError(.frameRepeated, "the frame was opened before")
        case .dropped(.tooOld):
            throw EngineError(.frameRepeated, "the frame is too old to tell it from a repetition")
        // Which check failed is nobody's business.
        case .dropped: throw EngineError(.frameRejected, "the frame is not authentic")
        }
    }

    private func with<Result>(
        _ body: (BroadcastOpener) throws(CryptoError) -> Result
    ) throws(EngineError) -> Result {
        do throws(CryptoError) {
            return try state.withLock { (state) throws(CryptoError) in try body(state.object) }
        } catch {
            throw EngineError(error)
        }
    }
}
