internal import BurrowCrypto

/// A proposal of a commit with where it came from.
package struct ResolvedProposal {
    package let proposal: Proposal
    package let sender: Sender
    package let isReference: Bool

    package init(_ proposal: Proposal, sender: Sender, isReference: Bool) {
        self.proposal = proposal
        self.sender = sender
        self.isReference = isReference
    }
}

/// The proposals of one commit by kind, their combination checked (RFC 9420 §12.2).
package struct ProposalSet {
    /// Whose commit it is.
    package enum Committer: Equatable {
        case member(UInt32)
        case newMember
    }

    private(set) var contextExtensions: [Extension]?
    private(set) var updates: [(leaf: UInt32, node: LeafNode)] = []
    private(set) var removes: [UInt32] = []
    private(set) var adds: [KeyPackage] = []
    private(set) var preSharedKeys: [PreSharedKeyID] = []
    private(set) var externalInit: [UInt8]?
    private(set) var reinit: ReInit?
    /// Those of `removes` that the commit itself brings.
    private(set) var valueRemoves: [UInt32] = []
    private(set) var hasSelfRemove = false
    let types: [UInt16]

    /// `allowsResumption` says that this is the first commit of a group which continues another one.
    package init(
        _ list: [ResolvedProposal],
        committer: Committer,
        groupVersion: UInt16 = ProtocolVersion.mls10,
        allowsResumption: Bool = false
    ) throws(MLSError) {
        guard list.count <= MLSLimits.proposals else { throw MLSError(.limit, "too many proposals") }
        types = list.map(\.proposal.type)
        var changed: Set<UInt32> = []
        var addedKeys: Set<[UInt8]> = []
        var ownRemoves = 0
        for entry in list {
            try Self.requireAllowed(entry)
            if committer == .newMember { try Self.requireExternalForm(entry, &ownRemoves) }
            switch entry.proposal {
            case .add(let keyPackage):
                guard addedKeys.insert(keyPackage.leafNode.signatureKey).inserted else {
                    throw MLSError(.duplicateAdd, "somebody is added twice")
                }
                adds.append(keyPackage)
            case .update(let node):
                guard case .member(let leaf) = entry.sender else { continue }
                guard committer != .member(leaf) else {
                    // By value it could only be the committer's.
                    throw MLSError(.committerUpdate, "committer updates itself by a proposal")
                }
                try Self.insert(leaf, &changed)
                updates.append((leaf, node))
            case .remove(let leaf):
                guard committer != .member(leaf) else {
                    throw MLSError(.committerRemove, "committer removes itself")
                }
                try Self.insert(leaf, &changed)
                removes.append(leaf)
                if !entry.isReference { valueRemoves.append(leaf) }
            case .selfRemove:
                guard case .member(let leaf) = entry.sender else { continue }
                guard committer != .member(leaf) else {
                    throw MLSError(.committerRemove, "committer removes itself")
                }
                try Self.insert(leaf, &changed)
                removes.append(leaf)
                hasSelfRemove = true
            case .preSharedKey(let id):
                guard allowsResumption || id.usage == nil || id.usage == .application else {
                    throw MLSError(.invalidPSKUsage, "pre-shared key of a reinitialisation or branch")
                }
                guard !preSharedKeys.contains(id) else {
                    throw MLSError(.duplicatePSK, "pre-shared key occurs twice")
                }
                guard preSharedKeys.count < MLSLimits.preSharedKeys else {
                    throw MLSError(.limit, "too many pre-shared keys")
                }
                preSharedKeys.append(id)
            case .reinit(let reinit):
                guard list.count == 1 else {
                    throw MLSError(.reinitNotAlone, "reinitialisation together with other proposals")
                }
                guard reinit.version >= groupVersion else {
                    throw MLSError(.reinitDowngrade, "reinitialisation with version \(reinit.version)")
                }
                self.reinit = reinit
            case .externalInit(let kemOutput):
                guard committer == .newMember else {
                    throw MLSError(.unexpectedExternalInit, "external init in a member's commit")
                }
                guard externalInit == nil else {
                    throw MLSError(.invalidExternalCommit, "more than one external init")
                }
                externalInit = kemOutput
            case .groupContextExtensions(let extensions):
                guard contextExtensions == nil else {
                    throw MLSError(.multipleContextExtensions, "extensions are replaced twice")
                }
                try extensions.requireUniqueTypes()
                contextExtensions = extensions
            }
        }
        if committer == .newMember, externalInit == nil {
            throw MLSError(.invalidExternalCommit, "external commit without external init")
        }
    }

    private static func insert(_ leaf: UInt32, _ changed: inout Set<UInt32>) throws(MLSError) {
        guard changed.insert(leaf).inserted else {
            throw MLSError(.conflictingProposals, "leaf \(leaf) is changed twice")
        }
    }

    /// Which senders may propose what (RFC 9420 §12.1.8).
    static func requireAllowed(_ entry: ResolvedProposal) throws(MLSError) {
        let isAllowed =
            switch (entry.sender, entry.proposal) {
            case (.member, .externalInit): true
            case (.member, _): true
            case (.external, .add), (.external, .remove), (.external, .preSharedKey), (.external, .reinit),
                (.external, .groupContextExtensions):
                true
            case (.newMemberProposal, .add): true
            case (.newMemberCommit, .externalInit), (.newMemberCommit, .remove),
                (.newMemberCommit, .preSharedKey):
                true
            default: false
            }
        guard isAllowed else {
            throw MLSError(
                entry.sender == .newMemberCommit ? .invalidExternalCommit : .senderNotAllowed,
                "proposal \(entry.proposal.type) from a sender that may not make it"
            )
        }
    }

    /// What may be in an external commit (RFC 9420 §12.2), and members' SelfRemoves by reference besides.
    private static func requireExternalForm(_ entry: ResolvedProposal, _ removes: inout Int) throws(MLSError)
    {
        if entry.isReference {
            guard case .selfRemove = entry.proposal else {
                throw MLSError(.invalidExternalCommit, "reference in an external commit")
            }
            return
        }
        switch entry.proposal {
        case .externalInit, .preSharedKey: break
        case .remove:
            removes += 1
            guard removes <= 1 else { throw MLSError(.invalidExternalCommit, "more than one removal") }
        default:
            throw MLSError(.invalidExternalCommit, "proposal \(entry.proposal.type) in an external commit")
        }
    }

    /// Whether the commit must bring new keys (RFC 9420 §12.4).
    package var requiresPath: Bool {
        types.isEmpty || !updates.isEmpty || !removes.isEmpty || externalInit != nil
            || contextExtensions != nil
    }
}
