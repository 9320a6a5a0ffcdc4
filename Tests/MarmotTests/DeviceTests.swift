import BurrowBase
import BurrowCrypto
import BurrowMLS
import BurrowMarmot
import BurrowNostr
import Testing

/// Several devices of one person in a group.
struct DeviceTests {
    @Test func devicesOfOnePersonAreOneMember() throws {
        let world = try World(2)
        let tablet = try Person(world[1].key)
        let package = try tablet.keyPackage()
        let event = try world.does(0) { try $0.invite([package], to: world.group, now: world.now).1 }
        try world.spreads(event, from: 0)
        try world.join(tablet, world[0])
        let member = try #require(world.state(world[0]).members.last)
        #expect(member.identity == world[1].publicKey)
        #expect(member.leaves.count == 2)
        #expect(!world[0].notices.contains { if case .membersChanged = $0 { true } else { false } })
        // The devices hear each other, and can be told apart.
        let text = try world.says(1, "from the phone")
        try tablet.take(tablet.client.receive(text, now: world.now))
        #expect(tablet.messages() == ["from the phone"])
        let one = try world.does(0) {
            try $0.removeLeaves([member.leaves[1]], from: world.group, now: world.now).1
        }
        try world.spreads(one, from: 0)
        try tablet.take(tablet.client.receive(one, now: world.now))
        #expect(tablet.client.group(world.group)?.isActive == false)
        #expect(try world.state(world[0]).members.count == 2)
    }

    /// What is known of who was invited: the slot, for as long as the leaf is theirs.
    @Test func slotsOfTheInvitedAreKnown() throws {
        let world = try World(2)
        let tablet = try Person(world[1].key)
        let package = try tablet.keyPackage()
        let phoneSlot = try #require(world[1].client.keyPackageSlots.first)
        let slot = try #require(package.slot)
        let phone = world[1].publicKey
        func knows(_ person: PublicKey, _ slot: Bytes32) throws -> Bool {
            try world.state(world[0]).hasDevice(of: person, slot: slot, signatureKeys: [])
        }
        let invited = try world.does(0) { try $0.invite([package], to: world.group, now: world.now).1 }
        #expect(try knows(phone, phoneSlot))
        #expect(try !knows(phone, slot))
        // Our commit waits through a restart, and another one comes first.
        try world[0].restart()
        world.now = world.now - .seconds(1)
        let first = try world.selfUpdate(1)
        try world.spreads(first, from: 1)
        #expect(try !knows(phone, slot))
        #expect(try knows(phone, phoneSlot))
        // A relay took ours before nevertheless, and everybody goes back. Nobody does so here but by its date.
        world.now = world.now + .seconds(60)
        let again = try world.does(0) { try $0.invite([package], to: world.group, now: world.now).1 }
        try world[0].restart()
        try world.spreads(again, from: 0)
        try world.join(tablet, world[0])
        #expect(try knows(phone, slot))
        try world.spreads(world.selfUpdate(1), from: 1)
        try world[0].restart()
        #expect(try knows(phone, slot) && knows(phone, phoneSlot))
        #expect(try !knows(world[0].publicKey, slot))
        #expect(invited.id != again.id)
        // One that comes late undoes a removal, and with it what was forgotten.
        world.now = world.now + .seconds(60)
        let rival = try world.selfUpdate(1)
        world.now = world.now + .seconds(1)
        let leaf = try #require(world.state(world[0]).members.last?.leaves.last)
        let gone = try world.does(0) { try $0.removeLeaves([leaf], from: world.group, now: world.now).1 }
        try world.spreads(gone, from: 0)
        #expect(try !knows(phone, slot))
        try world[0].restart()
        #expect(try !knows(phone, slot) && knows(phone, phoneSlot))
        try world.gives(rival, to: 0)
        #expect(try knows(phone, slot) && knows(phone, phoneSlot))
    }

    /// Earlier libraries wrote groups without slots.
    @Test func groupsOfTheFirstVersionAreRead() throws {
        let world = try World(2)
        try world.spreads(world.selfUpdate(1), from: 1)
        let before = try world.state(world[1])
        let older = world[1].store.records.map { (key, value) -> (key: RecordKey, value: RecordValue) in
            // A count of no slots stands at the end.
            switch key {
            case .group: (key, RecordValue([1] + value.bytes.dropFirst().dropLast(4)))
            case .snapshot: (key, RecordValue(value.bytes.dropLast(4)))
            default: (key, value)
            }
        }
        var unreadable: [RecordKey] = []
        let client = MarmotClient(
            publicKey: world[1].publicKey,
            options: Person.options,
            records: older,
            unreadable: &unreadable
        )
        #expect(unreadable.isEmpty)
        let again = try #require(client.group(world.group))
        #expect(again.mls.epochAuthenticator == before.mls.epochAuthenticator)
        // The way back is there too: it has the date of the commit.
        #expect(again.relevantSince == UnixTime(world.now, offset: 0))
    }

    @Test func ourOtherDevicesAreOursToAddAndRemove() throws {
        let world = try World(2)
        let tablet = try Person(world[0].key)
        let package = try tablet.keyPackage()
        #expect(tablet.client.isOwn(package))
        #expect(!world[0].client.isOwn(package))
        #expect(throws: MarmotError.self) {
            try world[0].client.remove([world[0].publicKey], from: world.group, now: world.now)
        }
        let added = try world.does(0) { try $0.invite([package], to: world.group, now: world.now).1 }
        try world.spreads(added, from: 0)
        try world.join(tablet, world[0])
        #expect(try world.state(world[1]).members.first?.leaves.count == 2)
        // Both are the admin's, so either changes the group, and neither leaves by asking.
        #expect(throws: MarmotError.self) { try tablet.client.leave(world.group, now: world.now) }
        var change = GroupDataChange()
        change.name = "ours"
        try tablet.take(tablet.client.update(change, of: world.group, now: world.now).1)
        let named = try #require(tablet.out.last)
        try tablet.take(tablet.client.published(named.id, accepted: true, now: world.now))
        try world.gives(named, to: 0, 1)
        #expect(try world.state(world[1]).data.name == "ours")
        let gone = try world.does(0) {
            try $0.remove([world[0].publicKey], from: world.group, now: world.now).1
        }
        try world.spreads(gone, from: 0)
        try tablet.take(tablet.client.receive(gone, now: world.now))
        #expect(tablet.client.group(world.group)?.isActive == false)
        #expect(try world.state(world[0]).isActive)
        #expect(try world.state(world[1]).members.first?.leaves.count == 1)
        #expect(try world.state(world[1]).isAdmin(world[0].publicKey))
    }
}
