internal import BurrowMLS
internal import BurrowNostr

/// Who may change what, beyond the rules of MLS. Admins are those of the epoch that ends.
enum CommitRules {
    private static let selfRemove = Proposal.selfRemoveType
    private static let add: UInt16 = 1
    private static let remove: UInt16 = 3
    private static let contextExtensions: UInt16 = 7

    /// Refuses a commit that this group does not take; answers the group data from then on.
    static func check(
        _ commit: StagedCommit,
        in group: Group,
        data: GroupData
    ) throws(MarmotError) -> GroupData {
        guard case .member(let leaf) = commit.committer, let node = group.tree.leaf(leaf) else {
            throw MarmotError(.externalSender, "commit of somebody who is no member")
        }
        let types = commit.proposalTypes
        for type in types where ![add, remove, contextExtensions, selfRemove].contains(type) {
            throw MarmotError(.forbiddenProposal, "commit with a proposal of type \(type)")
        }
        guard commit.hasPath || !types.isEmpty else {
            throw MarmotError(.emptyCommit, "commit that changes nothing")
        }
        // New keys for oneself and taking up what somebody asked for themselves are everybody's to do.
        if !types.allSatisfy({ $0 == selfRemove }) {
            guard data.admins.contains(try node.identity()) else {
                throw MarmotError(.notAdmin, "commit of a member who is no admin")
            }
        }
        for (_, added) in commit.added { _ = try added.identity() }
        guard commit.changesExtensions || !commit.removed.isEmpty else { return data }
        let next = try GroupData(commit.extensions)
        try requireAdmin(next, after: commit, in: group)
        return next
    }

    /// Some admin is a member; without one nobody could ever change anything again.
    private static func requireAdmin(
        _ data: GroupData,
        after commit: StagedCommit,
        in group: Group
    ) throws(MarmotError) {
        let removed = Set(commit.removed.map(\.leaf))
        let admins = Set(data.admins)
        let stays = group.tree.members.contains { (leaf, node) in
            !removed.contains(leaf) && node.credential.nostrKey.map(admins.contains) == true
        }
        let comes = commit.added.contains { $0.node.credential.nostrKey.map(admins.contains) == true }
        guard stays || comes else {
            throw MarmotError(.noAdminLeft, "commit that leaves no admin in the group")
        }
    }

    /// What to do with a proposal that came by itself.
    enum Verdict: Equatable {
        /// An admin may take it up, or not.
        case keep
        /// Somebody leaves: whoever can commits it.
        case commit
    }

    static func judge(
        _ proposal: Group.StoredProposal,
        in group: Group,
        data: GroupData,
        weAreAdmin: Bool
    ) throws(MarmotError) -> Verdict {
        guard case .member(let leaf) = proposal.sender, let node = group.tree.leaf(leaf) else {
            throw MarmotError(.externalSender, "proposal of somebody who is no member")
        }
        switch proposal.proposal {
        case .add: return .keep
        case .remove(let target): return target == leaf && weAreAdmin ? .commit : .keep
        case .selfRemove:
            guard !data.admins.contains(try node.identity()) else {
                throw MarmotError(.adminCannotLeave, "an admin leaves without giving up the role")
            }
            guard try group.requiresSelfRemove() else {
                throw MarmotError(.ignoredProposal, "SelfRemove in a group that does not know it")
            }
            return .commit
        default: throw MarmotError(.ignoredProposal, "proposal of type \(proposal.proposal.type) by itself")
        }
    }
}

extension Group {
    /// Whether members leave by SelfRemove.
    func requiresSelfRemove() throws(MarmotError) -> Bool {
        do {
            return try context.extensions.requiredCapabilities()?.proposals
                .contains(Proposal.selfRemoveType) == true
        } catch {
            throw MarmotError(error)
        }
    }

    /// Proposals with which others leave.
    func leaves(weAreAdmin: Bool) -> [StoredProposal] {
        proposals.filter { (stored) in
            guard case .member(let leaf) = stored.sender, leaf != ownLeaf else { return false }
            switch stored.proposal {
            case .selfRemove: return true
            case .remove(let target): return target == leaf && weAreAdmin
            default: return false
            }
        }
    }
}
