package import BurrowNostr

/// Somebody in a call with one of their devices.
package struct Participant: Equatable, Sendable {
    package let person: PublicKey
    /// Known once a signal or a path has said it.
    package internal(set) var device: DeviceID?
    /// The broadcast, as it was announced or signalled.
    package internal(set) var path: String?
    /// Its broadcast is there.
    package internal(set) var isAnnounced = false
    /// Signals say that it is in the call.
    package internal(set) var hasJoined = false
    /// `nil` as long as nothing was heard of it.
    package internal(set) var isMuted: Bool?
    package internal(set) var hasVideo: Bool?
    package internal(set) var progress: CallUpdate.Progress?
    /// The number of the newest update.
    var sequence: Int64?

    /// Somebody whom the relay announces, and of whom nothing else is known.
    package init(present person: PublicKey) {
        self.person = person
        isAnnounced = true
    }

    /// Whether it is in the call for all we know.
    package var isPresent: Bool { isAnnounced || hasJoined }
}

/// Who is in a call: what signals say and what the relay announces, brought together (burrow-signalling §4.5).
package struct Roster: Equatable, Sendable {
    /// In the order in which they became known.
    package private(set) var participants: [Participant] = []
    /// Paths that belong to nobody, and were reported.
    private var unknown: [String] = []

    package init() {}

    package enum Outcome: Equatable, Sendable {
        case nothing
        case joined(Participant)
        case left(Participant)
        case changed(Participant)
        /// A broadcast of nobody we know. Reported once.
        case unknown(String)
    }

    // MARK: Signals

    /// Whether somebody may say that this broadcast is theirs: it is in the room, nobody else has it, and if it names
    /// somebody, then them.
    package func mayClaim(_ path: String, _ person: PublicKey, in room: RoomPath, of people: [PublicKey])
        -> Bool
    {
        guard room.contains(path) else { return false }
        if let (owner, _) = room.owner(of: path, among: people) { return owner == person }
        return !participants.contains { $0.path == path && $0.person != person }
    }

    /// An update of somebody; those that are not newer than what is known are ignored.
    package mutating func update(
        _ person: PublicKey,
        _ update: CallUpdate,
        in room: RoomPath,
        of people: [PublicKey]
    ) -> Outcome {
        let known = index(person, update.device)
        if let known, let last = participants[known].sequence, let next = update.sequence, next <= last {
            return .nothing
        }
        var entry = known.map { participants[$0] } ?? Participant(person: person)
        let wasPresent = entry.isPresent
        entry.device = entry.device ?? update.device
        entry.sequence = update.sequence ?? entry.sequence
        entry.isMuted = update.isMuted ?? entry.isMuted
        entry.hasVideo = update.hasVideo ?? entry.hasVideo
        entry.progress = update.progress ?? entry.progress
        if let path = update.path, mayClaim(path, person, in: room, of: people) { entry.path = path }
        switch update.progress {
        case .accepted, .joined, .reconnecting, .held: entry.hasJoined = true
        case .ringing, nil: break
        }
        return put(entry, at: known, wasPresent: wasPresent)
    }

    /// Somebody who is in the call because they began it.
    package mutating func begin(_ person: PublicKey, _ offer: CallOffer, hasVideo: Bool) -> Outcome {
        let known = index(person, offer.device)
        var entry = known.map { participants[$0] } ?? Participant(person: person)
        let wasPresent = entry.isPresent
        entry.device = entry.device ?? offer.device
        entry.path = offer.path
        entry.hasJoined = true
        entry.hasVideo = entry.hasVideo ?? hasVideo
        return put(entry, at: known, wasPresent: wasPresent)
    }

    /// Somebody says that they left; without a device all of theirs.
    package mutating func leave(_ person: PublicKey, _ device: DeviceID?) -> [Outcome] {
        var outcomes: [Outcome] = []
        for index in participants.indices where participants[index].person == person {
            let entry = participants[index]
            guard device == nil || entry.device == nil || entry.device == device, entry.isPresent else {
                continue
            }
            participants[index].hasJoined = false
            participants[index].isAnnounced = false
            outcomes.append(.left(participants[index]))
        }
        participants.removeAll { !$0.isPresent && $0.person == person }
        return outcomes
    }

    // MARK: The relay

    /// A broadcast came or went. One that belongs to no current member is never anybody's.
    package mutating func announce(
        _ path: String,
        isThere: Bool,
        in room: RoomPath,
        of people: [PublicKey]
    ) -> Outcome {
        var known = participants.firstIndex { $0.path == path }
        if known == nil, let (person, device) = room.owner(of: path, among: people) {
            known = index(person, device)
            if known == nil, isThere {
                var entry = Participant(person: person)
                (entry.device, entry.path, entry.isAnnounced) = (device, path, true)
                return put(entry, at: nil, wasPresent: false)
            }
        }
        guard let known else {
            guard isThere, !unknown.contains(path), unknown.count < CallLimits.unknownBroadcasts else {
                return .nothing
            }
            unknown.append(path)
            return .unknown(path)
        }
        var entry = participants[known]
        let wasPresent = entry.isPresent
        guard entry.isAnnounced != isThere else { return .nothing }
        entry.path = path
        entry.isAnnounced = isThere
        // What the relay says holds: who was there and is no more is not in the call.
        if !isThere { entry.hasJoined = false }
        return put(entry, at: known, wasPresent: wasPresent)
    }

    /// The relay is another one: who was only seen at the old one is not in the call before being seen again.
    mutating func forgetAnnouncements() -> [Outcome] {
        participants.indices.filter { participants[$0].isAnnounced }.map { index in
            var entry = participants[index]
            entry.isAnnounced = false
            return put(entry, at: index, wasPresent: true)
        }
    }

    /// Only these people are still members.
    package mutating func keep(_ people: [PublicKey]) -> [Outcome] {
        let gone = participants.filter { !people.contains($0.person) }
        participants.removeAll { !people.contains($0.person) }
        return gone.filter(\.isPresent).map { .left($0) }
    }

    package mutating func removeAll() {
        participants = []
    }

    // MARK: Questions

    /// Whether anybody else than this device is announced.
    package func hasOthers(than person: PublicKey, _ device: DeviceID) -> Bool {
        participants.contains { $0.isAnnounced && ($0.person != person || $0.device != device) }
    }

    package func isAnnounced(_ person: PublicKey) -> Bool {
        participants.contains { $0.isAnnounced && $0.person == person }
    }

    package func owner(of path: String) -> PublicKey? {
        participants.first { $0.path == path }?.person
    }

    // MARK: Entries

    private func index(_ person: PublicKey, _ device: DeviceID?) -> Int? {
        let exact = participants.firstIndex { $0.person == person && $0.device == device }
        if exact != nil { return exact }
        // Clients of the plan name no device, so theirs is the one there is.
        return participants.firstIndex { $0.person == person && (device == nil || $0.device == nil) }
    }

    private mutating func put(_ entry: Participant, at index: Int?, wasPresent: Bool) -> Outcome {
        if let index {
            let old = participants[index]
            participants[index] = entry
            if entry.isPresent, !wasPresent { return .joined(entry) }
            if !entry.isPresent, wasPresent { return .left(entry) }
            return entry.isPresent && entry.showsOther(than: old) ? .changed(entry) : .nothing
        }
        guard participants.count < CallLimits.participants else { return .nothing }
        participants.append(entry)
        return entry.isPresent ? .joined(entry) : .nothing
    }
}

extension Participant {
    fileprivate init(person: PublicKey) {
        self.person = person
    }

    /// Whether a user would see a difference.
    fileprivate func showsOther(than old: Participant) -> Bool {
        isMuted != old.isMuted || hasVideo != old.hasVideo || progress != old.progress
            || isAnnounced != old.isAnnounced || path != old.path
    }
}
