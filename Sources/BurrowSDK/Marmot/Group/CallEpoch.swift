package import BurrowMLS
package import BurrowNostr

/// An epoch of a group, as calls need it: for frames that are sealed in it.
package struct CallEpoch {
    package let number: UInt64
    /// Tells it from another epoch of the same number, if a commit was undone.
    package let authenticator: [UInt8]
    /// `nil` while it is the current one.
    package let endedAt: UnixTime?
    private let group: Group
    private let before: Group?

    fileprivate init(_ group: Group, after before: Group?, endedAt: UnixTime?) {
        number = group.epochNumber
        authenticator = group.epochAuthenticator
        self.endedAt = endedAt
        self.group = group
        self.before = before
    }

    package func exporter() throws(MarmotError) -> Exporter {
        do { return try group.exporter() } catch { throw MarmotError(error) }
    }

    /// Whether a device that knew the keys before does not know these. Another one may sit on its leaf at once: it came
    /// there with a key package, while who stays has a leaf of an update or a commit after new keys.
    package var removes: Bool {
        guard let before else { return false }
        return before.tree.members.contains { (leaf, node) in
            guard let now = group.tree.leaf(leaf) else { return true }
            guard case .keyPackage = now.source else { return false }
            return now.signatureKey != node.signatureKey
        }
    }
}

extension MarmotGroup {
    /// The current epoch and those before it that calls may still need, the oldest first; at most `limit`.
    package func callEpochs(_ limit: Int) -> [CallEpoch] {
        guard isActive else { return [] }
        let groups = snapshots.map(\.mls) + [mls]
        let ends = snapshots.map { Optional($0.endedAt) } + [nil]
        return groups.indices.suffix(limit).map { (index) in
            CallEpoch(groups[index], after: index > 0 ? groups[index - 1] : nil, endedAt: ends[index])
        }
    }
}
