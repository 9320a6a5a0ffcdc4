import BurrowBase
import BurrowMoQ

/// What has to hold in every call.
extension CallRun {
    /// A line about every connection, for people who look for a reason.
    package var connections: [String] {
        members.compactMap { (member) in
            guard let room = member.room, let statistics = member.peer.node.statistics(of: room) else {
                return nil
            }
            return "\(member.plan.name): \(statistics)"
        } + ["relay: \(relay.node.statistics(of: relayID).map { "\($0)" } ?? "down")"]
    }

    /// What is still missing after the trouble is over: connections, participants, new frames.
    func whatIsMissing() -> String? {
        for member in members {
            guard let room = member.room else { continue }
            let name = member.plan.name
            guard let information = member.peer.node.information(of: room), information.state == .connected
            else {
                return "\(name) is not connected"
            }
            let seen = member.peer.node.participants(of: room).map(\.path.description).sorted()
            let there = members.filter { $0 !== member && $0.isPublishing }.map(\.path).sorted()
            guard seen == there else { return "\(name) sees \(seen), there are \(there)" }
            for number in member.ears.keys.sorted() {
                guard let ear = member.ears[number], !hearsNews(ear, member) else { continue }
                return "\(describe(ear, member)) hears nothing new"
            }
        }
        return nil
    }

    private func describe(_ ear: CallMember.Ear, _ member: CallMember) -> String {
        let target = members[ear.wish.target]
        let kind = target.plan.tracks[ear.wish.track].kind
        let versions = [member, target].map { (one) in
            one.room.flatMap { one.peer.node.information(of: $0)?.version }.map { "\($0)" } ?? "gone"
        }
        let order = ear.wish.options.ordered ? "ordered" : "unordered"
        return
            "\(member.plan.name) (\(versions[0])) <- \(target.plan.name)/\(ear.wish.track) (\(versions[1])), "
            + "\(kind) \(order)"
    }

    private func hearsNews(_ ear: CallMember.Ear, _ member: CallMember) -> Bool {
        let target = members[ear.wish.target]
        guard target.room != nil else { return true }
        let track = target.tracks[ear.wish.track]
        // Datagrams exist from lite-05 on only.
        if track.plan.kind == .datagrams, !(hasDatagrams(member) && hasDatagrams(target)) { return true }
        let frames = member.peer.frames[ear.track] ?? []
        for frame in frames.reversed().prefix(50) {
            guard let mark = PayloadMark(frame.payload) else { continue }
            if mark.life == target.life && mark.number >= track.quietCount { return true }
        }
        return false
    }

    private func hasDatagrams(_ member: CallMember) -> Bool {
        guard let room = member.room else { return false }
        return member.peer.node.information(of: room)?.version?.hasDatagrams ?? false
    }

    /// In a patient call without broken connections, everything arrives.
    func whatHasNotArrived() -> String? {
        for member in members where member.room != nil {
            for number in member.ears.keys.sorted() {
                guard let ear = member.ears[number], losesNothing(ear, member) else { continue }
                let track = members[ear.wish.target].tracks[ear.wish.track]
                var numbers: Set<Int> = []
                for frame in member.peer.frames[ear.track] ?? [] {
                    if let mark = PayloadMark(frame.payload) { numbers.insert(mark.number) }
                }
                guard let first = numbers.min() else { return "\(describe(ear, member)) got nothing" }
                let missing = (first..<track.sent.count).filter { !numbers.contains($0) }
                if let next = missing.first, let last = missing.last {
                    return "\(describe(ear, member)) lacks \(missing.count) frames from \(next) to \(last); "
                        + "there are \(first) to \(track.sent.count - 1)"
                }
            }
        }
        return nil
    }

    private func losesNothing(_ ear: CallMember.Ear, _ member: CallMember) -> Bool {
        let target = members[ear.wish.target]
        let kind = target.plan.tracks[ear.wish.track].kind
        // Where the source does not say how long it keeps groups, a relay keeps them for less than some troubles last.
        let version = target.room.flatMap { target.peer.node.information(of: $0)?.version }
        if plan.hasLongSilences, !(version?.hasTrackInfo ?? false) { return false }
        // And of audio more groups begin during one than a relay keeps under way for a subscriber.
        if plan.hasLongSilences, kind == .audio { return false }
        return plan.isPatient && !plan.relayFails && kind != .datagrams && member.isSteady && target.isSteady
            && !hasReconnected(member) && !hasReconnected(target)
    }

    private func hasReconnected(_ member: CallMember) -> Bool {
        member.peer.events.contains { (_, event) in
            if case .room(_, .reconnecting, _) = event { return true }
            return false
        }
    }

    // MARK: What was heard

    func check(_ member: CallMember) {
        for number in member.ears.keys.sorted() {
            if let ear = member.ears[number] { check(ear, of: member) }
        }
        guard let room = member.room, let statistics = member.peer.node.statistics(of: room) else { return }
        if member.peer.node.information(of: room)?.state == .closed { return }
        let session = statistics.session
        if session.malformed + session.unknownStreams > 0 {
            problem("\(member.plan.name) got what it does not understand: \(session)")
        }
        for track in member.tracks {
            let counted = member.peer.node.statistics(of: track.id)?.counters.frames
            if counted != UInt64(track.sent.count) {
                problem("\(member.plan.name) sent \(track.sent.count) frames and counted \(counted ?? 0)")
            }
        }
    }

    /// Frames are whole, right, each there once, and in order if so wished.
    func check(_ ear: CallMember.Ear, of member: CallMember) {
        let frames = member.peer.frames[ear.track] ?? []
        let name = "\(member.plan.name) <- \(members[ear.wish.target].plan.name)/\(ear.wish.track)"
        framesChecked += frames.count
        var seen: Set<PayloadMark> = []
        var latest: [Int: (group: UInt64, index: Int)] = [:]
        for frame in frames {
            let target = members[ear.wish.target]
            guard let mark = PayloadMark(frame.payload), mark.member == ear.wish.target,
                mark.track == ear.wish.track, target.lives.indices.contains(mark.life),
                target.lives[mark.life][mark.track].sent.indices.contains(mark.number),
                target.lives[mark.life][mark.track].sent[mark.number] == frame.payload
            else { return problem("\(name): a frame nobody sent, group \(frame.group) index \(frame.index)") }
            guard seen.insert(mark).inserted else {
                return problem(
                    "\(name): frame \(mark.number) of life \(mark.life) twice, group \(frame.group)"
                )
            }
            if ear.wish.options.ordered, !frame.isDatagram {
                if let before = latest[mark.life], before >= (frame.group, frame.index) {
                    return problem("\(name): group \(frame.group) after \(before.group)")
                }
                latest[mark.life] = (frame.group, frame.index)
            }
        }
        if let counters = member.peer.node.statistics(of: ear.track)?.counters {
            let bytes = frames.reduce(0) { $0 + $1.payload.count }
            if counters.frames != UInt64(frames.count) || counters.bytes != UInt64(bytes) {
                problem("\(name): got \(frames.count) frames and counted \(counters.frames)")
            }
        }
    }

    // MARK: What remains

    /// Traces that are still there after everybody has left.
    func whatIsLeft() -> String? {
        guard let statistics = relay.node.statistics(of: relayID) else { return "there is no relay" }
        let left = statistics.sessions + statistics.broadcasts + statistics.tracks + statistics.subscriptions
        if left > 0 {
            return "sessions \(statistics.sessions), broadcasts \(statistics.broadcasts), tracks "
                + "\(statistics.tracks), subscriptions \(statistics.subscriptions)"
        }
        let counters = statistics.counters
        if counters.sessionsAccepted != counters.sessionsClosed {
            return "sessions came and never went: \(counters)"
        }
        if statistics.total.malformed + statistics.total.unknownStreams > 0 {
            return "the relay got what it does not understand: \(statistics.total)"
        }
        if relay.node.cache.bytes != 0 { return "\(relay.node.cache.bytes) bytes of groups at the relay" }
        for member in members where !member.peer.isDead {
            let (node, name) = (member.peer.node, member.plan.name)
            if let room = member.room, node.information(of: room) != nil {
                return "\(name) still has its room"
            }
            if member.peer.openSockets > 0 { return "\(name) has \(member.peer.openSockets) sockets open" }
            if node.cache.bytes != 0 { return "\(node.cache.bytes) bytes of groups at \(name)" }
            if node.deadline != .distantFuture { return "\(name) still has timers" }
            for track in member.tracks where node.statistics(of: track.id) != nil {
                return "\(name) has tracks"
            }
        }
        return nil
    }
}
