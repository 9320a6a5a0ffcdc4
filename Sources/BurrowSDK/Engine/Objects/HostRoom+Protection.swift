import BurrowBase
import BurrowCrypto
import BurrowMedia

/// What hosts do about the protection of a room.
extension HostRoom {
    /// Takes the secret of a new epoch.
    package func setKey(epoch: UInt64, _ secret: Span<UInt8>, isRemoval: Bool) throws(EngineError) {
        try checkKeyed()
        try engine.checkRunning()
        let key = try RoomKey(epoch: epoch, secret, isRemoval: isRemoval)
        try snapshot.withLock { (state) throws(EngineError) in
            guard !state.isClosed else { throw EngineError(.closed, "the room is closed") }
            if let newest = state.givenEpoch, epoch <= newest {
                throw EngineError(.invalidArgument, "epoch \(epoch) is not newer than epoch \(newest)")
            }
            state.givenEpoch = epoch
        }
        engine.submit(.setKey(self, key))
    }

    /// Forgets the secret of an epoch and what was made of it.
    package func removeKey(epoch: UInt64) throws(EngineError) {
        try checkKeyed()
        try engine.checkRunning()
        engine.submit(.removeKey(self, epoch: epoch))
    }

    private func checkKeyed() throws(EngineError) {
        guard let protection else { throw EngineError(.wrongKind, "the room is not protected") }
        guard protection.group == nil else {
            throw EngineError(.wrongKind, "the keys of the room come from its group")
        }
    }

    /// A name for a track of a protected room: a number that no track of ours had before.
    func newTrackName() -> String {
        snapshot.withLock { (state) in
            state.lastTrackNumber += 1
            return String(state.lastTrackNumber)
        }
    }
}

extension BurrowCrypto.MediaKind {
    /// What a wire track carries; `nil` is the catalogue.
    init(_ kind: BurrowMedia.MediaKind?) {
        self =
            switch kind {
            case .audio: .audio
            case .video: .video
            case nil: .catalogue
            }
    }
}
