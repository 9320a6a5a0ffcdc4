package import BurrowCrypto

/// A member's view of one group (RFC 9420).
///
/// A value with one owner at a time. Messages go in as bytes and come out as bytes; a commit, received or our own, is
/// first staged and changes nothing before it is merged. Copies share secrets, so a copy kept from before a merge is a way
/// back, and keeps alive what the merge would have erased.
package struct Group {
    /// Whether the group can still be used.
    package enum Status: Equatable, Sendable {
        case active
        /// We were removed; there are no keys any more.
        case removed
        /// A new group with these parameters replaces this one, which can only be read.
        case reinitialized(ReInit)
    }

    /// A proposal of this epoch that no commit has taken up yet.
    package struct StoredProposal {
        package let reference: [UInt8]
        package let proposal: Proposal
        package let sender: Sender
    }

    /// Our own commit, waiting until the others are known to have it.
    struct PendingCommit {
        let message: [UInt8]
        var staged: StagedCommit
    }

    package let suite: CipherSuite
    package var policy: GroupPolicy
    /// Pre-shared keys for this group. Those of its own past epochs are added and dropped here by themselves.
    package var preSharedKeys: PreSharedKeys
    package internal(set) var status = Status.active
    var epoch: Epoch
    var signatureKey: SignatureKeyPair
    package internal(set) var proposals: [StoredProposal] = []
    /// Private keys of our own Updates of this epoch, by public key.
    var pendingUpdates: [[UInt8]: PendingUpdate] = [:]
    var pendingCommit: PendingCommit?
    var pastEpochs: [PastEpoch] = []
    /// Epochs whose resumption secret is in `preSharedKeys` because this group put it there.
    var resumptionEpochs: [UInt64] = []

    struct PendingUpdate {
        let encryptionKey: EncryptionKeyPair
        let signatureKey: SignatureKeyPair
    }

    init(
        epoch: Epoch,
        signatureKey: SignatureKeyPair,
        policy: GroupPolicy,
        preSharedKeys: PreSharedKeys
    ) {
        suite = epoch.suite
        self.epoch = epoch
        self.signatureKey = signatureKey
        self.policy = policy
        self.preSharedKeys = preSharedKeys
        retainResumptionSecret()
    }

    package var context: GroupContext { epoch.context }
    package var groupID: [UInt8] { epoch.context.groupID }
    package var epochNumber: UInt64 { epoch.context.epoch }
    package var tree: RatchetTree { epoch.tree }
    package var ownLeaf: UInt32 { epoch.ownLeaf }
    package var hasPendingCommit: Bool { pendingCommit != nil }
    package var confirmationTag: [UInt8] { epoch.confirmationTag }

    /// Equal for all members of an epoch and for nobody else (RFC 9420 §8.7).
    package var epochAuthenticator: [UInt8] { epoch.authenticator.copied() }

    /// MLS-Exporter of the current epoch (RFC 9420 §8.5).
    package func export(label: [UInt8], context: [UInt8], count: Int) throws(MLSError) -> Secret {
        try requireMember()
        return try Exporter.export(
            epoch.exporterSecret,
            label: label,
            context: context,
            count: count,
            suite
        )
    }

    package func export(label: StaticString, context: [UInt8], count: Int) throws(MLSError) -> Secret {
        try export(label: label.asBytes, context: context, count: count)
    }

    func requireMember() throws(MLSError) {
        guard status != .removed else { throw MLSError(.groupInactive, "we are no member any more") }
    }

    func requireActive() throws(MLSError) {
        switch status {
        case .active: break
        case .removed: throw MLSError(.groupInactive, "we are no member any more")
        case .reinitialized: throw MLSError(.groupReinitialized, "another group has replaced this one")
        }
    }

    // MARK: Epochs

    /// Enters the epoch that a commit leads to. What belonged to the last one is erased, but for what late messages need.
    package mutating func merge(_ staged: StagedCommit, now: UInt64) throws(MLSError) {
        try requireActive()
        guard staged.parentTranscriptHash == epoch.interimTranscriptHash else {
            throw MLSError(.staleStagedCommit, "commit follows another epoch than the current one")
        }
        pendingCommit = nil
        proposals = []
        guard let next = staged.next else {
            pendingUpdates = [:]
            pastEpochs = []
            resumptionEpochs = []
            preSharedKeys.removeAll()
            epoch = try epoch.withoutSecrets()
            status = .removed
            return
        }
        pastEpochs.append(PastEpoch(epoch, endedAt: now))
        if let own = next.tree.leaf(next.ownLeaf), own.signatureKey != signatureKey.publicKey,
            let update = pendingUpdates[own.encryptionKey]
        {
            signatureKey = update.signatureKey
        }
        if let newSignatureKey = staged.newSignatureKey { signatureKey = newSignatureKey }
        pendingUpdates = [:]
        epoch = next
        retainResumptionSecret()
        forgetPastEpochs(now: now)
        if let reinit = staged.reinit { status = .reinitialized(reinit) }
    }

    /// Drops keys of past epochs that are too many or too old.
    package mutating func forgetPastEpochs(now: UInt64) {
        pastEpochs.removeAll { (past) in
            let (deadline, overflow) = past.endedAt.addingReportingOverflow(policy.pastEpochSeconds)
            return !overflow && now > deadline
        }
        if pastEpochs.count > policy.pastEpochs {
            pastEpochs.removeFirst(pastEpochs.count - max(policy.pastEpochs, 0))
        }
    }

    private mutating func retainResumptionSecret() {
        preSharedKeys.set(epoch.resumptionSecret, groupID: groupID, epoch: epochNumber)
        resumptionEpochs.append(epochNumber)
        while resumptionEpochs.count > max(policy.resumptionEpochs, 0) + 1 {
            preSharedKeys.remove(groupID: groupID, epoch: resumptionEpochs.removeFirst())
        }
    }

    /// Gives up our own commit, because another one came first or nobody took it.
    package mutating func discardPendingCommit() {
        pendingCommit = nil
    }

    /// Our own commit was accepted: enter its epoch.
    package mutating func mergePendingCommit(now: UInt64) throws(MLSError) {
        guard let pendingCommit else { throw MLSError(.noPendingCommit, "there is no commit of ours") }
        try merge(pendingCommit.staged, now: now)
    }
}
