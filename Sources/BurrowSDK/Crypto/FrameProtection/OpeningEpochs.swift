internal import BurrowBase

/// An epoch as a receiver knows it.
final class OpeningEpoch {
    let number: UInt64
    let secret: SFrameSecret
    /// When the keys are forgotten; set by the first frame of a newer epoch.
    fileprivate(set) var expiry: Instant?
    fileprivate var isSeen = false

    init(number: UInt64, secret: SFrameSecret) {
        self.number = number
        self.secret = secret
    }

    func isOver(_ now: Instant) -> Bool {
        guard let expiry else { return false }
        return now >= expiry
    }
}

/// The epochs of one broadcast that frames may still come from, the oldest first, four at most.
final class OpeningEpochs {
    private(set) var list: [OpeningEpoch] = []
    private(set) var newest: UInt64?

    /// Adds an epoch, which is newer than all before. Answers those that had to make room.
    func add(_ number: UInt64, _ secret: SFrameSecret) throws(CryptoError) -> [OpeningEpoch] {
        if let newest, number <= newest {
            throw CryptoError(.invalidKey, "epoch \(number) is not newer than epoch \(newest)")
        }
        newest = number
        var removed = list.filter { ($0.number ^ number) & ProtectionLimits.epochMask == 0 }
        list.removeAll { ($0.number ^ number) & ProtectionLimits.epochMask == 0 }
        while list.count >= ProtectionLimits.epochs { removed.append(list.removeFirst()) }
        list.append(OpeningEpoch(number: number, secret: secret))
        return removed
    }

    /// The epoch that a key number means now.
    func epoch(_ keyID: UInt64, now: Instant) -> OpeningEpoch? {
        for epoch in list where (epoch.number ^ keyID) & ProtectionLimits.epochMask == 0 {
            return epoch.isOver(now) ? nil : epoch
        }
        return nil
    }

    /// A frame of `epoch` proved authentic: those before it are on their way out.
    func opened(_ epoch: OpeningEpoch, now: Instant) {
        guard !epoch.isSeen else { return }
        epoch.isSeen = true
        for other in list where other.number < epoch.number && other.expiry == nil {
            other.expiry = now + ProtectionLimits.grace
        }
    }

    /// Removes one epoch. It does not come back.
    func remove(_ number: UInt64) -> [OpeningEpoch] {
        let removed = list.filter { $0.number == number }
        list.removeAll { $0.number == number }
        return removed
    }

    /// Removes an epoch and all after it. Others of these numbers may come.
    func undo(from number: UInt64) -> [OpeningEpoch] {
        let removed = list.filter { $0.number >= number }
        list.removeAll { $0.number >= number }
        if let last = newest, last >= number { newest = number > 0 ? number - 1 : nil }
        // Whoever was on the way out because of them stays.
        let lastSeen = list.last { $0.isSeen }?.number ?? 0
        for epoch in list where epoch.number >= lastSeen { epoch.expiry = nil }
        return removed
    }

    /// Removes what is over.
    func expire(now: Instant) -> [OpeningEpoch] {
        let removed = list.filter { $0.isOver(now) }
        if !removed.isEmpty { list.removeAll { $0.isOver(now) } }
        return removed
    }

    var deadline: Instant? { list.lazy.compactMap(\.expiry).min() }
}
