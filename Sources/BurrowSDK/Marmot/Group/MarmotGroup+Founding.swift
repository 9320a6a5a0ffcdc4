internal import BurrowBase
internal import BurrowCrypto
internal import BurrowMLS
package import BurrowNostr

/// What a new group is to be.
package struct GroupDraft: Equatable, Sendable {
    package var name: String
    package var description: String
    /// Where its events go.
    package var relays: [String]
    /// Besides us; each has to be invited.
    package var admins: [PublicKey]
    package var image: GroupData.Image?

    package init(
        name: String,
        description: String = "",
        relays: [String],
        admins: [PublicKey] = [],
        image: GroupData.Image? = nil
    ) {
        self.name = name
        self.description = description
        self.relays = relays
        self.admins = admins
        self.image = image
    }
}

extension MarmotGroup {
    /// A new group with its first members (MIP-01). The commit that adds them is not published, because there is
    /// nobody yet who could read it.
    static func found(
        _ draft: GroupDraft,
        inviting invitees: [KeyPackageEvent],
        identity: PublicKey,
        options: MarmotOptions,
        arena: SecretArena,
        now: Instant
    ) throws(MarmotError) -> (MarmotGroup, MarmotStep) {
        guard invitees.count <= MarmotLimits.invitees else {
            throw MarmotError(.tooLarge, "at most \(MarmotLimits.invitees) can be invited at once")
        }
        guard !invitees.contains(where: { $0.identity == identity }) else {
            throw MarmotError(.invalidArgument, "another device of ours is added later")
        }
        for admin in draft.admins
        where admin != identity && !invitees.contains(where: { $0.identity == admin }) {
            throw MarmotError(.invalidArgument, "an admin who is not invited")
        }
        var random = SystemRandom()
        var data = try GroupData(
            nostrGroupID: Bytes32.random(&random),
            name: draft.name,
            description: draft.description,
            admins: draft.admins + [identity],
            relays: draft.relays
        )
        data.image = draft.image.map(GroupData.ImageFields.init) ?? .init()
        // Alone, we are all there are, and know SelfRemove.
        let allLeave = invitees.allSatisfy(\.supportsSelfRemove)
        let required = RequiredCapabilities(
            extensions: [MarmotProtocol.groupData],
            proposals: allLeave ? [Proposal.selfRemoveType] : []
        )
        let wall = options.wallClock(now)
        let suite = CipherSuite(MarmotProtocol.suite, arena: arena)
        let groupID = Bytes32.random(&random).bytes
        let grease = UInt8.random(in: 0...14, using: &random)
        var mls = try translated { () throws(MLSError) in
            try Group(
                founding: groupID,
                MemberIdentity(
                    credential: .basic(identity.bytes),
                    capabilities: MarmotProtocol.capabilities(grease: grease),
                    signatureKey: suite.generateSignatureKey()
                ),
                extensions: [data.asExtension, required.asExtension],
                lifetime: .standard(now: wall.unsigned),
                policy: options.policy,
                suite: suite
            )
        }
        var sends: [MarmotSend] = []
        var slots: [UInt32: Bytes32] = [:]
        if !invitees.isEmpty {
            let commit = try translated { () throws(MLSError) in
                let commit = try mls.commit(
                    CommitRequest(invitees.map { .add($0.keyPackage) }),
                    now: wall.unsigned
                )
                try mls.mergePendingCommit(now: wall.unsigned)
                return commit
            }
            sends = try welcomes(commit, invitees, data, identity, options, wall).map(\.send)
            slots = Self.slots(commit.staged, invitees)
        }
        var group = try MarmotGroup(mls, identity: identity, data: data, options: options)
        group.slots = slots
        group.planSelfUpdate(now)
        var step = MarmotStep()
        try group.storeState(&step)
        step.sends = sends
        return (group, step)
    }

    /// The group that an invitation leads to, once it is accepted.
    static func joined(
        _ mls: Group,
        data: GroupData,
        identity: PublicKey,
        options: MarmotOptions,
        now: Instant
    ) throws(MarmotError) -> (MarmotGroup, MarmotStep) {
        var group = try MarmotGroup(mls, identity: identity, data: data, options: options)
        group.needsSelfUpdate = true
        group.planSelfUpdate(now)
        var step = MarmotStep()
        try group.storeState(&step)
        return (group, step)
    }
}

/// Gives errors of MLS their place among ours.
func translated<Result>(_ body: () throws(MLSError) -> Result) throws(MarmotError) -> Result {
    do { return try body() } catch { throw MarmotError(error) }
}
