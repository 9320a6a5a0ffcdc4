import BurrowBase
import BurrowMLS
import BurrowMarmot
import BurrowNostr
import Testing

/// One person with one device, and everything it wanted to be done.
final class Person {
    let key: LocalKey
    var client: MarmotClient
    var store = Store()
    var notices: [MarmotNotice] = []
    /// Group events to be published.
    var out: [Event] = []
    var welcomes: [(rumor: Rumor, to: PublicKey)] = []
    var published: [Event] = []

    init(_ key: LocalKey? = nil, _ options: MarmotOptions = Person.options) throws {
        self.key = try key ?? LocalKey.random()
        client = MarmotClient(publicKey: self.key.publicKey, options: options)
    }

    /// Nothing happens by itself unless a test wants it.
    static var options: MarmotOptions {
        var options = MarmotOptions()
        options.leaveDelay = .zero
        options.adminLeaveDelay = .zero
        options.selfUpdateDelay = nil
        options.selfUpdateInterval = nil
        return options
    }

    var publicKey: PublicKey { key.publicKey }

    @discardableResult
    func take(_ step: MarmotStep) throws -> MarmotStep {
        store.take(step)
        notices += step.notices
        for send in step.sends {
            switch send {
            case .groupEvent(let event, _, _): out.append(event)
            case .sign(let rumor, _): published.append(try key.sign(rumor))
            case .wrap(let rumor, let to, _): welcomes.append((rumor, to))
            }
        }
        return step
    }

    func keyPackage(at time: Instant = World.start, kind: EventKind = .keyPackage) throws -> KeyPackageEvent {
        try take(try client.makeKeyPackage(relays: World.relays, now: time).1)
        let event = try #require(published.last { $0.kind == kind })
        return try KeyPackageEvent(event, now: UnixTime(time, offset: 0))
    }

    /// As after the end of its process.
    func restart(now: Instant = World.start) throws {
        var unreadable: [RecordKey] = []
        client = MarmotClient(
            publicKey: publicKey,
            options: client.options,
            records: store.records,
            unreadable: &unreadable
        )
        #expect(unreadable.isEmpty)
        try take(client.resume(now: now))
    }

    func errors() -> [MarmotError.Code] {
        notices.compactMap { if case .refused(_, let error) = $0 { error.code } else { nil } }
    }

    func messages() -> [String] {
        notices.compactMap { if case .message(let message) = $0 { message.rumor.content } else { nil } }
    }
}

/// People in a group of which the first is the admin, and a clock.
final class World {
    static let relays = ["wss://relay.example.com"]
    static let start = Instant.seconds(1_800_000_000)

    let people: [Person]
    private(set) var group: [UInt8] = []
    /// Moves on when a test says so.
    var now = World.start

    init(_ count: Int, admins: Int = 1, options: MarmotOptions = Person.options) throws {
        people = try (0..<count).map { _ in try Person(nil, options) }
        let founder = people[0]
        let (id, step) = try founder.client.found(
            GroupDraft(
                name: "world",
                relays: Self.relays,
                admins: people[..<admins].map(\.publicKey)
            ),
            inviting: people[1...].map { try $0.keyPackage() },
            now: now
        )
        group = id
        try founder.take(step)
        for person in people[1...] { try join(person, founder) }
    }

    func join(_ person: Person, _ inviter: Person) throws {
        let entry = try #require(inviter.welcomes.last { $0.to == person.publicKey })
        try person.take(person.client.receive(welcome: entry.rumor, now: now))
        let invitation = try #require(person.client.invitations.last)
        try person.take(try person.client.accept(invitation.id, now: now).1)
    }

    subscript(index: Int) -> Person { people[index] }

    func state(_ person: Person) throws -> MarmotGroup { try #require(person.client.group(group)) }

    /// Lets somebody do something, and answers the event it became. Nobody has it yet.
    @discardableResult
    func does(_ index: Int, _ body: (inout MarmotClient) throws -> MarmotStep) throws -> Event {
        let person = people[index]
        try person.take(body(&person.client))
        let event = person.out.popLast()
        return try #require(event)
    }

    func selfUpdate(_ index: Int) throws -> Event {
        try does(index) { try $0.selfUpdate(of: group, now: now).1 }
    }

    func rename(_ index: Int, _ name: String) throws -> Event {
        var change = GroupDataChange()
        change.name = name
        return try does(index) { try $0.update(change, of: group, now: now).1 }
    }

    func says(_ index: Int, _ text: String) throws -> Event {
        try does(index) { try $0.send(EventKind(9), content: text, to: group, now: now).1 }
    }

    func gives(_ event: Event, to indices: Int...) throws {
        for index in indices { try people[index].take(people[index].client.receive(event, now: now)) }
    }

    /// A relay has it, so its author believes that it counts.
    func accepts(_ event: Event, of index: Int) throws {
        try people[index].take(people[index].client.published(event.id, accepted: true, now: now))
    }

    /// To everybody, its author first.
    func spreads(_ event: Event, from author: Int) throws {
        try accepts(event, of: author)
        for index in people.indices where index != author { try gives(event, to: index) }
    }

    /// What somebody sends who does not keep to the rules: with the keys of a member, past everything that is checked here.
    func forges(
        _ index: Int,
        at time: Instant? = nil,
        envelope: EnvelopeKey? = nil,
        _ body: (inout Group) throws -> [UInt8]
    ) throws -> Event {
        let state = try state(people[index])
        var mls = state.mls
        let key = try envelope ?? EnvelopeKey(mls)
        let message = try body(&mls)
        var random = SystemRandom()
        return try GroupEvent.make(
            message,
            key: key,
            nostrGroupID: state.data.nostrGroupID,
            now: UnixTime(time ?? now, offset: 0),
            random: &random
        )
    }

    func expectAgreement(_ indices: Int..., epoch: UInt64? = nil) throws {
        let states = try indices.map { try state(people[$0]) }
        #expect(Set(states.map { Hex.encode($0.mls.epochAuthenticator) }).count == 1)
        #expect(Set(states.map(\.data.name)).count == 1)
        if let epoch { #expect(states[0].epoch == epoch) }
    }
}
