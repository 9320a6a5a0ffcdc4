import BurrowBase
import BurrowCrypto
import BurrowMarmot
import BurrowNostr

/// What the rooms of a group need of it, and which rooms there are.
struct GroupCalls: Sendable {
    private struct Epoch: Sendable {
        let authenticator: [UInt8]
        let exporter: SharedExporter
        let key: RoomKey
        var endedAt: UnixTime?
    }

    private struct Follower: Sendable {
        weak var room: HostRoom?
    }

    /// The oldest first.
    private var epochs: [Epoch] = []
    private var members: Set<PublicKey>?
    private var revision: UInt64 = 0
    private var followers: [Follower] = []

    /// Of the current epoch.
    var exporter: SharedExporter? { members == nil ? nil : epochs.last?.exporter }

    var rooms: [HostRoom] { followers.compactMap(\.room) }

    /// What a room has to know now. Frames of epochs that ended long ago are not on their way any more.
    func moment(now: UnixTime) -> GroupMoment {
        let keys = epochs.filter { Self.isOfUse($0.endedAt, now) }.map(\.key)
        return GroupMoment(revision: revision, members: members, keys: members == nil ? [] : keys)
    }

    private static func isOfUse(_ end: UnixTime?, _ now: UnixTime) -> Bool {
        guard let end else { return true }
        let longest = ProtectionLimits.switchDelay.milliseconds + ProtectionLimits.grace.milliseconds
        return now - end <= longest / 1000 + 1
    }

    /// Takes how the group is now. False when nothing of that is new.
    mutating func take(_ latest: [CallEpoch], members: Set<PublicKey>, now: UnixTime) -> Bool {
        var next: [Epoch] = []
        var isNew = members != self.members
        for epoch in latest {
            if var known = epochs.first(where: {
                $0.key.epoch == epoch.number && $0.authenticator == epoch.authenticator
            }) {
                known.endedAt = epoch.endedAt
                next.append(known)
            } else if Self.isOfUse(epoch.endedAt, now), let exporter = try? epoch.exporter() {
                let shared = SharedExporter(exporter)
                let key = RoomKey(shared, isRemoval: epoch.removes)
                next.append(
                    Epoch(
                        authenticator: epoch.authenticator,
                        exporter: shared,
                        key: key,
                        endedAt: epoch.endedAt
                    )
                )
                isNew = true
            }
        }
        // Those that are of no use any more are not kept.
        epochs = next.filter { Self.isOfUse($0.endedAt, now) }
        self.members = members
        if isNew { revision &+= 1 }
        return isNew
    }

    /// We are no member any more.
    mutating func end() -> Bool {
        guard members != nil else { return false }
        members = nil
        epochs = []
        revision &+= 1
        return true
    }

    mutating func add(_ room: HostRoom) {
        followers.removeAll { $0.room == nil }
        followers.append(Follower(room: room))
    }

    mutating func remove(_ room: HostRoom) {
        followers.removeAll { $0.room == nil || $0.room === room }
    }
}

extension GroupBoard {
    /// Changes what rooms know, and tells them if there is something new.
    func tellRooms(_ change: (inout GroupCalls) -> Bool) {
        let now = UnixTime(SystemCall.unixMicroseconds() / 1_000_000)
        let (rooms, moment) = calls.withLock { (calls) in
            change(&calls) ? (calls.rooms, calls.moment(now: now)) : ([], nil)
        }
        guard let moment else { return }
        for room in rooms { room.engine.submit(.group(room, moment)) }
    }

    /// Lets a room follow the group from now on, and tells it how that is.
    func follow(by room: HostRoom) {
        let now = UnixTime(SystemCall.unixMicroseconds() / 1_000_000)
        let moment = calls.withLock { (calls) in
            calls.add(room)
            return calls.moment(now: now)
        }
        room.engine.submit(.group(room, moment))
    }

    func unfollow(by room: HostRoom) {
        calls.withLock { $0.remove(room) }
    }
}
