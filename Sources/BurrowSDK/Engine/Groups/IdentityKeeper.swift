import BurrowBase
import BurrowCalls
import BurrowCrypto
import BurrowMarmot
import BurrowNostr
import BurrowStorage

/// One identity with its groups and its file.
///
/// Each step is done on a copy: it is stored, then the copy takes the place of what was, then its messages get out and the
/// host is told. So a file that cannot be written leaves everything as it was.
final class IdentityKeeper {
    struct Operation: Hashable {
        let group: [UInt8]
        let number: UInt64
    }

    let host: HostIdentity
    let publicKey: PublicKey
    /// Whether the key is elsewhere.
    let isRemote: Bool
    unowned let loop: StateLoop
    private(set) var client: MarmotClient
    private var store: Store?
    var boards: [[UInt8]: GroupBoard] = [:]
    /// Requests that end when a relay has our commit.
    var operations: [Operation: UInt64] = [:]
    var mail: Mail
    /// What the key is needed for, if that is elsewhere.
    var line = KeyLine()
    /// Requests that end when their drafts have become events.
    var keyRequests: [UInt64: [UInt64]] = [:]
    private(set) lazy var calls = CallDesk(self)
    /// Calls that came in wraps before this were told in an earlier life.
    private(set) var missedSince: UnixTime
    private var lastOffer: UnixTime
    /// Signals whose epoch was undone.
    var lostSignals: [(group: [UInt8], rumors: [Rumor])] = []
    /// What relays are asked for; `nil` before they are.
    private var feeds: [GroupFeed]?
    /// Invitations that were shown, also before this was opened.
    private var knownInvitations: Set<EventID> = []
    /// When the invitations were made to groups that were joined since this was opened.
    private var joined: [[UInt8]: UnixTime] = [:]
    /// When what is done with leaves the file at the latest.
    private var settlesAt = Instant.distantFuture

    init(_ loop: StateLoop, _ host: HostIdentity, _ options: IdentityOptions) throws(EngineError) {
        self.loop = loop
        self.host = host
        let store = try StateFile.open(options)
        self.store = store
        mail = Mail(isStored: store != nil)
        let known = try StateFile.lastOffer(in: store)
        missedSince = known.map { $0 + 1 } ?? UnixTime(loop.now, offset: loop.wallClockOffset)
        lastOffer = known ?? missedSince
        let identity = try StateFile.identity(options.key, in: store)
        publicKey = identity.publicKey
        if case .remote = identity { isRemote = true } else { isRemote = false }
        var settings = MarmotOptions()
        settings.wallClockOffset = loop.wallClockOffset
        settings.storesState = store != nil
        var unreadable: [RecordKey] = []
        client = MarmotClient(
            publicKey: identity.publicKey,
            options: settings,
            records: try StateFile.records(in: store),
            unreadable: &unreadable
        )
        guard unreadable.isEmpty else {
            throw EngineError(.storageDamaged, "\(unreadable.count) records of the state file make no sense")
        }
        if known == nil { noteOffer(at: missedSince) }
        host.opened(identity)
        knownInvitations = try StateFile.knownInvitations(in: store)
        for id in client.groupIDs { refresh(id) }
        for invitation in client.invitations { refresh(invitation.group) }
    }

    var deadline: Instant { min(client.deadline ?? .distantFuture, settlesAt, calls.deadline) }

    /// Goes on with what was on its way when the process ended.
    func resume() throws(EngineError) {
        if let store {
            let (outgoing, incoming, drafts) = try translated { () throws(StorageError) in
                (
                    try store.records(prefix: Mail.outgoingPrefix),
                    try store.records(prefix: Mail.incomingPrefix),
                    try store.records(prefix: Mail.draftPrefix)
                )
            }
            do throws(DecodeError) {
                let waiting = try mail.restore(outgoing: outgoing, incoming: incoming, drafts: drafts)
                for message in waiting.in { tell(message) }
                for event in waiting.out { publish(event) }
                for draft in mail.unsigned { line.append(draft.number) }
            } catch {
                throw EngineError(.storageDamaged, "a message in the state file makes no sense")
            }
        }
        let now = loop.now
        try perform { (client) in ((), client.resume(now: now)) }
    }

    func close() {
        calls.close()
        for request in (Array(operations.values) + Array(keyRequests.keys)).sorted() {
            loop.complete(request, host.handle, EngineError(.cancelled, "the identity was closed"))
        }
        operations = [:]
        keyRequests = [:]
        settle()
        store = nil
        host.closed()
        for board in boards.values { board.end() }
    }

    // MARK: Steps

    /// Changes a copy of the client, stores what changed, and does what follows from it.
    private func perform<Result>(
        keepsMail: Bool = true,
        _ body: (inout MarmotClient) throws(MarmotError) -> (Result, MarmotStep)
    ) throws(EngineError) -> Result {
        var next = client
        let (result, step) = try translated { () throws(MarmotError) in try body(&next) }
        var mail = mail
        var batch = StateFile.batch(step.writes)
        var outgoing: [Mail.Outgoing] = []
        var drafts: [UInt64] = []
        for send in step.sends {
            if isRemote, keepsMail, let draft = mail.draft(send, into: &batch) {
                drafts.append(draft.number)
                continue
            }
            guard let (event, relays) = made(of: send) else { continue }
            guard keepsMail else {
                outgoing.append(Mail.Outgoing(passing: event, relays: relays))
                continue
            }
            if let out = mail.send(event, relays, into: &batch) { outgoing.append(out) }
        }
        var incoming: [Mail.Incoming] = []
        for case .message(let message) in step.notices where !CallDesk.isSignal(message.rumor) {
            incoming.append(mail.receive(message, into: &batch))
        }
        var invitations: [EventID] = []
        for case .invitation(let invitation) in step.notices {
            StateFile.note(invitation: invitation.id, in: &batch)
            invitations.append(invitation.id)
        }
        batch.append(mail.owed)
        mail.settle()
        try commit(batch)
        client = next
        self.mail = mail
        knownInvitations.formUnion(invitations)
        settlesAt = .distantFuture
        if step.notices.contains(where: \.changesGroups) { follow() }
        for event in outgoing { publish(event) }
        for draft in drafts { line.append(draft) }
        incoming.reverse()
        for notice in step.notices {
            if case .message(let message) = notice {
                if calls.receive(message.rumor, from: .group(message.group)) { continue }
                if let message = incoming.popLast() { tell(message) }
            } else {
                tell(notice)
            }
        }
        while let lost = lostSignals.popLast() { calls.sendAgain(lost.rumors, to: lost.group) }
        return result
    }

    /// Sends a signal of a call to a group. Answers the event that carries it.
    func send(_ signal: Rumor, to group: [UInt8]) throws(EngineError) -> EventID? {
        let now = loop.now
        return try perform(keepsMail: false) { (client) throws(MarmotError) in
            let step = try client.send(again: signal, to: group, now: now)
            var event: EventID?
            for case .groupEvent(let sent, _, _) in step.sends { event = sent.id }
            return (event, step)
        }
    }

    func commit(_ batch: RecordBatch) throws(EngineError) {
        if let store { try translated { () throws(StorageError) in try store.commit(batch) } }
    }

    /// Deletes what is done with.
    private func settle() {
        settlesAt = .distantFuture
        guard let store, !mail.owed.isEmpty, (try? store.commit(mail.owed)) != nil else { return }
        mail.settle()
    }

    private func settleSoon() {
        settlesAt = min(settlesAt, loop.now + .seconds(1))
    }

    /// As `perform`, for what comes from others: there is nobody to tell but the queue.
    private func take(_ event: EventID, _ body: (inout MarmotClient) -> MarmotStep) {
        do throws(EngineError) {
            try perform { (client) in ((), body(&client)) }
        } catch {
            loop.refuse(event, error, subject: host.handle)
        }
    }

    /// The event that is to be published, signed and wrapped.
    private func made(of send: MarmotSend) -> (Event, relays: [String])? {
        do throws(EngineError) {
            let task: KeyTask
            let relays: [String]
            switch send {
            case .groupEvent(let event, _, let relays): return (event, relays)
            case .sign(let rumor, let urls): (task, relays) = (.signing(rumor), urls)
            case .wrap(let rumor, let recipient, let urls):
                let wrapping = try translated { () throws(NostrError) in try Wrapping(rumor, for: recipient) }
                (task, relays) = (.wrapping(wrapping), urls)
            }
            guard case .event(let event) = try host.immediate(task) else { return nil }
            return (event, relays)
        } catch {
            LogRing.shared.write(.error, "groups", "an event could not be made: \(error.context)")
            return nil
        }
    }

    func publish(_ event: Mail.Outgoing) {
        loop.publish(event, of: host)
    }

    /// Says which groups to listen for, if that is something else than before; all of them but one, if it says so.
    func follow(except absent: [UInt8]? = nil) {
        guard !loop.engine.hasHostRelays else { return }
        let oldest = UnixTime(loop.now, offset: loop.wallClockOffset) - MarmotLimits.ageSeconds
        var next: [GroupFeed] = []
        for id in client.groupIDs where id != absent {
            guard let group = client.group(id) else { continue }
            let since = group.relevantSince ?? joined[id] ?? oldest
            next.append(GroupFeed(tags: group.nostrGroupIDs, relays: group.data.relays, since: since))
        }
        guard next != feeds else { return }
        feeds = next
        loop.engine.submit(.nostr(.follow(host, publicKey, next)))
    }

    private func tell(_ message: Mail.Incoming) {
        let receipt = MessageReceipt(identity: host, number: message.number)
        tell(.groupMessage(receipt), message.group) { (event) in
            event.text = message.text
            event.participant = message.leaf
            event.value = Int64(clamping: message.epoch)
        }
    }

    // MARK: What the host asks for

    /// Completes the request, or remembers it until the key was used elsewhere.
    func makeKeyPackage(relays: [String], _ request: UInt64) throws(EngineError) {
        let now = loop.now
        let before = mail.lastNumber
        // Without a slot of its own each would count as another device.
        let slot = client.keyPackageSlots.last
        _ = try perform { (client) throws(MarmotError) in
            try client.makeKeyPackage(slot: slot, relays: relays, now: now)
        }
        if !self.await(draftsSince: before, request) { loop.complete(request, host.handle) }
    }

    func found(
        _ board: GroupBoard,
        _ draft: GroupDraft,
        inviting invitees: [KeyPackageEvent]
    ) throws(EngineError) {
        let now = loop.now
        let id = try perform { (client) throws(MarmotError) in
            try client.found(draft, inviting: invitees, now: now)
        }
        boards[id] = board
        refresh(id)
        follow()
    }

    /// Does what can be done at once and completes the request, or remembers it.
    func change(
        _ board: GroupBoard,
        _ change: GroupChange,
        _ keyPackages: KeyPackageCache,
        _ request: UInt64
    ) throws(EngineError) {
        let id = board.id
        let now = loop.now
        var operation: UInt64?
        switch change {
        case .join:
            guard let invitation = board.snapshot.withLock({ $0.invitation }) else {
                throw EngineError(.wrongKind, "there is no invitation to answer")
            }
            let wasMember = client.group(id) != nil
            joined[id] = client.invitations.first { $0.id == invitation }?.madeAt
            _ = try perform { (client) throws(MarmotError) in try client.accept(invitation, now: now) }
            // What came since the invitation went to the group as we had left it, which could not read it and is gone now:
            // relays have to tell it again.
            if wasMember {
                follow(except: id)
                follow()
            }
        case .leave:
            if let invitation = board.snapshot.withLock({ $0.invitation }) {
                try perform { (client) in ((), client.decline(invitation)) }
            } else {
                try perform { (client) throws(MarmotError) in ((), try client.leave(id, now: now)) }
            }
        case .invite(let person):
            let group = client.group(id)
            let newcomer = try keyPackages.newest(of: person) { (device) in
                let (slot, keys) = (device.newest.slot, device.signatureKeys)
                return group?.hasDevice(of: person, slot: slot, signatureKeys: keys) == false
                    && !client.isOwn(device.newest)
            }
            operation = try perform { (client) throws(MarmotError) in
                try client.invite([newcomer], to: id, now: now)
            }
        case .remove(let person):
            operation = try perform { (client) throws(MarmotError) in
                try client.remove([person], from: id, now: now)
            }
        case .update(let update): operation = try self.update(id, update)
        case .send(let kind, let content, let tags):
            _ = try perform { (client) throws(MarmotError) in
                try client.send(EventKind(kind), content: content, tags: tags.map(Tag.init), to: id, now: now)
            }
        }
        refresh(id)
        if let operation {
            operations[Operation(group: id, number: operation)] = request
        } else {
            loop.complete(request, host.handle)
        }
    }

    /// The operation that a relay has to see; `nil` when only MoQ relays are told.
    private func update(_ id: [UInt8], _ update: GroupUpdate) throws(EngineError) -> UInt64? {
        let now = loop.now
        let people = client.group(id)?.members.map(\.identity) ?? []
        guard update.admins.allSatisfy({ people.contains($0) }) else {
            throw EngineError(.notFound, "who is to be an admin is no member")
        }
        if let urls = update.mediaRelays {
            try perform { (client) throws(MarmotError) in
                ((), try client.setMediaRelays(urls, of: id, now: now))
            }
            guard update.changesData else { return nil }
        }
        guard update.changesData else {
            return try perform { (client) throws(MarmotError) in try client.selfUpdate(of: id, now: now) }
        }
        var data = GroupDataChange()
        data.name = update.name
        data.description = update.description
        if !update.admins.isEmpty || !update.formerAdmins.isEmpty {
            let leaving = update.admins + update.formerAdmins
            let others = client.group(id)?.data.admins.filter { !leaving.contains($0) } ?? []
            data.admins = others + update.admins.filter { !update.formerAdmins.contains($0) }
        }
        return try perform { (client) throws(MarmotError) in try client.update(data, of: id, now: now) }
    }

    /// A group as rooms of calls need it.
    func group(_ id: [UInt8]) -> HostGroup? { boards[id].map { HostGroup(identity: host, board: $0) } }

    func mediaRelays(of id: [UInt8]) -> [String] { client.group(id)?.mediaRelays ?? [] }

    /// Remembers that a call came. What cannot be stored is told once more in the next life.
    func noteOffer(at claimed: UnixTime) {
        // Nobody else's clock decides what we miss.
        let time = min(claimed, UnixTime(loop.now, offset: loop.wallClockOffset))
        guard time > lastOffer || time == missedSince else { return }
        lastOffer = max(lastOffer, time)
        var batch = RecordBatch()
        StateFile.note(offerAt: lastOffer, in: &batch)
        try? commit(batch)
    }

    // MARK: What comes from outside

    func follows(_ tag: Bytes32) -> Bool { client.subscriptions.contains(tag) }

    func receive(_ event: Event) {
        let now = loop.now
        mail.published(event.id)
        calls.settled(event.id, accepted: true)
        take(event.id) { (client) in
            // A relay that gives our own event back has it.
            let confirmed = client.published(event.id, accepted: true, now: now)
            guard confirmed.writes.isEmpty, confirmed.notices.isEmpty else { return confirmed }
            return client.receive(event, now: now)
        }
    }

    func published(_ id: EventID, _ accepted: Bool) {
        let now = loop.now
        mail.published(id)
        calls.settled(id, accepted: accepted)
        settleSoon()
        let step = { (client: inout MarmotClient) in client.published(id, accepted: accepted, now: now) }
        // Most events are no changes, and nothing follows from them.
        var copy = client
        if !step(&copy).isEmpty { take(id, step) }
    }

    func delivered(_ number: UInt64) {
        mail.delivered(number)
        settleSoon()
    }

    func unwrap(_ event: Event) {
        if isRemote {
            return wait(for: event)
        }
        do throws(EngineError) {
            let unwrapping = try translated { () throws(NostrError) in
                try Unwrapping(event, recipient: publicKey)
            }
            if case .rumor(let rumor) = try host.immediate(.opening(unwrapping)) { opened(event, rumor) }
        } catch {
            loop.refuse(event.id, error, subject: host.handle)
        }
    }

    /// The inside of a wrap.
    func opened(_ event: Event, _ rumor: Rumor) {
        if calls.receive(rumor, from: .wrap) { return }
        // Other messages are for the host, and an answer stays one, however often relays bring the question.
        guard rumor.kind == .welcome, !knownInvitations.contains(rumor.id) else { return }
        let now = loop.now
        take(event.id) { (client) in client.receive(welcome: rumor, now: now) }
    }

    func timerFired() {
        let now = loop.now
        if settlesAt <= now { settle() }
        if calls.deadline <= now { calls.timerFired() }
        guard let due = client.deadline, due <= now else { return }
        try? perform { (client) in ((), client.timerFired(now: now)) }
    }
}

extension MarmotNotice {
    /// Whether other groups, or other relays, may have to be listened to.
    fileprivate var changesGroups: Bool {
        switch self {
        case .epochChanged, .dataChanged, .joined, .removed, .rolledBack: true
        default: false
        }
    }
}
