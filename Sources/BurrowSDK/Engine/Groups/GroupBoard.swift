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
    private let exporter = Guarded<Confined<Exporter>?>(nil)

    init(_ snapshot: Snapshot = Snapshot()) {
        self.snapshot = Guarded(snapshot)
    }

    var id: [UInt8] { snapshot.withLock { $0.id } }

    func show(_ group: MarmotGroup) {
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
        let next = group.isActive ? try? group.exporter() : nil
        exporter.withLock { $0 = next.map { Confined($0) } }
        snapshot.withLock { $0 = shown }
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
    }

    func end() {
        exporter.withLock { $0 = nil }
        snapshot.withLock { $0.phase = .gone }
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
        return try exporter.withLock { (exporter) throws(EngineError) -> UInt64 in
            guard let exporter = exporter?.object else {
                throw EngineError(.notMember, "we are no member of the group")
            }
            do throws(MLSError) {
                let secret = try exporter.export(label: label, context: context, count: target.count)
                secret.withBytes { (bytes) in
                    for index in bytes.indices where index < target.count {
                        unsafe target[index] = bytes[index]
                    }
                }
            } catch {
                throw EngineError(.invalidArgument, error.context)
            }
            return exporter.epoch
        }
    }
}
