internal import BurrowBase
internal import BurrowCrypto
internal import BurrowMLS
package import BurrowNostr

/// A group that somebody added us to, to be accepted or declined.
package struct Invitation: Equatable, Sendable {
    /// The id of the invitation's rumor.
    package let id: EventID
    package let group: [UInt8]
    /// Who added us, an admin of the group.
    package let inviter: PublicKey
    package let data: GroupData
    package let members: [PublicKey]
    /// Where the group's events are.
    package let relays: [String]
    /// When it was made, as the inviter says, but never later than it came.
    package let madeAt: UnixTime
}

/// An invitation with the group behind it, checked completely.
struct OpenInvitation {
    private static let version: UInt8 = 1

    let preview: Invitation
    let mls: Group
    /// The slot of the key package that was used.
    let slot: Bytes32

    /// Opens an invitation with the key package it was made for (MIP-02).
    init(
        _ rumor: Rumor,
        keyPackages: [OwnKeyPackage],
        identity: PublicKey,
        policy: GroupPolicy,
        suite: CipherSuite,
        now: UnixTime
    ) throws(MarmotError) {
        let invitation = try WelcomeRumor(rumor)
        let welcome = invitation.welcome
        let own = keyPackages.last { (own) in
            welcome.secrets.contains { $0.newMember == own.reference }
        }
        guard let own else {
            throw MarmotError(.noMatchingKeyPackage, "invitation for a key package we do not have")
        }
        var options = JoinOptions()
        options.policy = policy
        let (group, info) = try translated { () throws(MLSError) in
            let opened = try Group.open(
                welcome,
                for: own.bundle.keyPackage,
                initKey: own.bundle.initKey,
                suite: suite
            )
            let group = try Group(
                joining: welcome,
                with: own.bundle,
                options: options,
                now: now.unsigned,
                suite: suite
            )
            return (group, opened.info)
        }
        let data = try GroupData(group.context.extensions)
        try Self.check(group, data, signer: info.signer, inviter: invitation.inviter, identity: identity)
        let members = Set(group.tree.members.compactMap { $0.node.credential.nostrKey })
        preview = Invitation(
            id: rumor.id,
            group: group.groupID,
            inviter: invitation.inviter,
            data: data,
            members: members.sorted(),
            relays: data.relays.isEmpty ? invitation.relays : data.relays,
            madeAt: min(rumor.createdAt, now)
        )
        mls = group
        slot = own.slot
    }

    private static func check(
        _ group: Group,
        _ data: GroupData,
        signer: UInt32,
        inviter: PublicKey,
        identity: PublicKey
    ) throws(MarmotError) {
        guard !group.groupID.isEmpty, group.groupID.count <= 255 else {
            throw MarmotError(.invalidGroupData, "group id of \(group.groupID.count) bytes")
        }
        for (_, node) in group.tree.members { _ = try node.identity() }
        guard group.tree.leaf(group.ownLeaf)?.credential.nostrKey == identity else {
            throw MarmotError(.identityMismatch, "invitation with a key package of somebody else")
        }
        guard let node = group.tree.leaf(signer), try node.identity() == inviter else {
            throw MarmotError(.inviterMismatch, "invitation signed by another member than who sent it")
        }
        guard data.admins.contains(inviter) else {
            throw MarmotError(.inviterNotAdmin, "invitation of somebody who is no admin")
        }
    }

    func encodedState() throws(MarmotError) -> [UInt8] {
        try translated { () throws(MLSError) in
            var writer = SecretWriter()
            writer.writeUInt8(Self.version)
            writer.writeSecrets(try mls.encodedState())
            writer.writeOpaque(preview.id.value.bytes)
            writer.writeOpaque(preview.inviter.bytes)
            writer.writeOpaque(slot.bytes)
            writer.writeOpaque(preview.relays.joined(separator: "\n").utf8.map { $0 })
            writer.writeUInt64(UInt64(clamping: preview.madeAt.seconds))
            return writer.bytes
        }
    }

    init(state: [UInt8], policy: GroupPolicy, arena: SecretArena) throws(MarmotError) {
        var reader = ByteReader(state.span)
        do throws(MLSError) {
            guard try Wire.uint8(&reader) == Self.version else {
                throw MLSError(.unsupportedVersion, "stored invitation of another version")
            }
            var mlsState = try Wire.opaque(&reader)
            defer { Erasure.erase(&mlsState) }
            mls = try Group(state: mlsState, policy: policy, arena: arena)
            guard let id = Bytes32(try Wire.opaque(&reader)), let inviter = Bytes32(try Wire.opaque(&reader)),
                let slot = Bytes32(try Wire.opaque(&reader)),
                let data = try? GroupData(mls.context.extensions)
            else { throw MLSError(.codecInvalidValue, "stored invitation is none") }
            self.slot = slot
            let text = String(decoding: try Wire.opaque(&reader), as: UTF8.self)
            let members = Set(mls.tree.members.compactMap { $0.node.credential.nostrKey })
            preview = Invitation(
                id: EventID(id),
                group: mls.groupID,
                inviter: PublicKey(inviter),
                data: data,
                members: members.sorted(),
                relays: text.split(separator: "\n").map(String.init),
                madeAt: UnixTime(Int64(clamping: try Wire.uint64(&reader)))
            )
            guard reader.isAtEnd else { throw MLSError(.codecTrailing, "bytes after a stored invitation") }
        } catch {
            throw MarmotError(error)
        }
    }
}
