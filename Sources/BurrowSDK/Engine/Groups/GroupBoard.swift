import BurrowBase
import BurrowCrypto
import BurrowMLS
package import BurrowMarmot
package import BurrowNostr

/// What can be read of a group at any time, shared by all handles to it.
package final class GroupBoard: Sendable {
    package struct Snapshot: Sendable {
        package var phase = GroupPhase.founding
        /// The id of the MLS group, empty before it is founded.
        package var id: [UInt8] = []
        package var epoch: UInt64 = 0
        package var ownLeaf: UInt32 = 0
        package var name = ""
        package var description = ""
        package var relays: [String] = []
        package var mediaRelays: [String] = []
        package var nostrID: [UInt8] = []
        package var members: [MarmotGroup.Member] = []
        package var inviter: PublicKey?
        package var isAdmin = false
        package var isLeaving = false
        package var hasPendingCommit = false
        package var wantsRotation = false
        /// The invitation, while it is not answered.
        var invitation: EventID?
    }

    package let snapshot: Guarded<Snapshot>
    /// What rooms take their keys from.
    let calls = Guarded(GroupCalls())

    init(_ snapshot: Snapshot = Snapshot()) {
        self.snapshot = Guarded(snapshot)
    }

    var id: [UInt8] { snapshot.withLock { $0.id } }

    func show(_ group: MarmotGroup, now: UnixTime) {
        var shown = Snapshot()
        shown.phase = group.isActive ? .active : .removed
        shown.id = group.id
        shown.epoch = group.epoch
        shown.ownLeaf = group.ownLeaf
        shown.name = group.data.name
        shown.description = group.data.description
        shown.relays = group.data.relays
        shown.mediaRelays = group.mediaRelays
        shown.nostrID = group.data.nostrGroupID.bytes
        shown.members = group.members
        shown.isAdmin = group.isAdmin
        shown.isLeaving = group.isLeaving
        shown.hasPendingCommit = group.hasPendingCommit
        shown.wantsRotation = group.needsSelfUpdate
        let members = shown.members.map(\.identity)
        snapshot.withLock { $0 = shown }
        tellRooms { (calls) in
            guard group.isActive else { return calls.end() }
            return calls.take(group.callEpochs(ProtectionLimits.epochs), members: Set(members), now: now)
        }
    }

    func show(_ invitation: Invitation) {
        var shown = Snapshot()
        shown.phase = .invited
        shown.id = invitation.group
        shown.name = invitation.data.name
        shown.description = invitation.data.description
        shown.relays = invitation.relays
        shown.nostrID = invitation.data.nostrGroupID.bytes
        shown.members = invitation.members.map { (member) in
            MarmotGroup.Member(invited: member, isAdmin: invitation.data.admins.contains(member))
        }
        shown.inviter = invitation.inviter
        shown.invitation = invitation.id
        snapshot.withLock { $0 = shown }
        tellRooms { $0.end() }
    }

    func end() {
        snapshot.withLock { $0.phase = .gone }
        tellRooms { $0.end() }
    }

    /// Keys for the host, of the epoch that is current now.
    package func export(
        label: [UInt8],
        context: [UInt8],
        into target: UnsafeMutableBufferPointer<UInt8>
    ) throws(EngineError) -> UInt64 {
        guard MarmotGroup.isExportable(label: label) else {
            throw EngineError(.invalidArgument, "labels that begin with \"marmot\" are the protocol's own")
        }
        guard let exporter = calls.withLock({ $0.exporter }) else {
            throw EngineError(.notMember, "we are no member of the group")
        }
        do throws(MLSError) {
            var secret = try exporter.export(label: label, context: context, count: target.count)
            defer { Erasure.erase(&secret) }
            for index in secret.indices where index < target.count { unsafe target[index] = secret[index] }
        } catch {
            throw EngineError(.invalidArgument, error.context)
        }
        return exporter.epoch
    }
}
