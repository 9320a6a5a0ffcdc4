import BurrowBase
import BurrowMLS
import BurrowMarmot
import BurrowNostr
import Testing

/// What calls are told of the epochs of a group.
struct CallEpochTests {
    private func epochs(_ world: World, _ index: Int, _ limit: Int = 4) throws -> [CallEpoch] {
        try world.state(world[index]).callEpochs(limit)
    }

    private func secret(_ epoch: CallEpoch) throws -> [UInt8] {
        try epoch.exporter().export(label: Array("SFrame 1.0 Base Key".utf8), context: [1], count: 16)
            .copied()
    }

    @Test func everyEpochHasItsOwnSecretAndSaysWhoItLocksOut() throws {
        let world = try World(4)
        #expect(try epochs(world, 1).map(\.number) == [1])
        try world.spreads(try world.selfUpdate(2), from: 2)
        try world.spreads(try world.rename(0, "on"), from: 0)
        let gone = world[3].publicKey
        let removal = try world.does(0) { try $0.remove([gone], from: world.group, now: world.now).1 }
        try world.spreads(removal, from: 0)
        let (first, second) = (try epochs(world, 1), try epochs(world, 2))
        #expect(first.map(\.number) == [1, 2, 3, 4])
        #expect(first.map(\.removes) == [false, false, false, true])
        #expect(first.map { $0.endedAt == nil } == [false, false, false, true])
        #expect(first.map(\.authenticator) == second.map(\.authenticator))
        #expect(Set(first.map(\.authenticator)).count == 4)
        let secrets = try first.map(secret)
        #expect(try secrets == second.map(secret))
        #expect(Set(secrets).count == 4)
        let last = try world.state(world[1])
        let exported = try last.export(label: Array("SFrame 1.0 Base Key".utf8), context: [1], count: 16)
        #expect(secrets.last == exported.copied())
        #expect(try epochs(world, 1, 2).map(\.number) == [3, 4])
        #expect(try epochs(world, 3).isEmpty)
    }

    /// Somebody is removed and comes back with another device, to the same leaf.
    @Test func aDeviceThatTakesThePlaceOfAnotherLocksThatOut() throws {
        let world = try World(3)
        let (leaf, gone) = (try world.state(world[2]).ownLeaf, world[2].publicKey)
        let removal = try world.does(0) { try $0.remove([gone], from: world.group, now: world.now).1 }
        try world.spreads(removal, from: 0)
        #expect(try epochs(world, 1).map(\.removes) == [false, true])
        let device = try Person(world[2].key)
        let package = try device.keyPackage(at: world.now)
        let addition = try world.does(0) { try $0.invite([package], to: world.group, now: world.now).1 }
        try world.spreads(addition, from: 0)
        #expect(try epochs(world, 1).map(\.removes) == [false, true, false])
        try world.join(device, world[0])
        let joined = try #require(device.client.group(world.group))
        #expect(joined.ownLeaf == leaf)
        #expect(joined.callEpochs(4).map(\.number) == [3])
        #expect(joined.callEpochs(4).map(\.removes) == [false])
    }

    @Test func anEpochThatWasUndoneIsAnotherOneThanThatOfItsNumber() throws {
        let world = try World(3)
        let better = try world.selfUpdate(1)
        world.now = world.now + .seconds(2)
        let worse = try world.rename(0, "lost")
        try world.accepts(worse, of: 0)
        try world.gives(worse, to: 2)
        let before = try epochs(world, 2)
        try world.gives(better, to: 0, 2)
        let after = try epochs(world, 2)
        #expect(before.map(\.number) == after.map(\.number))
        #expect(before[0].authenticator == after[0].authenticator)
        #expect(before[1].authenticator != after[1].authenticator)
        #expect(try secret(before[1]) != secret(after[1]))
    }

    @Test func whatMayBeNeededIsThereAfterARestart() throws {
        let world = try World(2)
        try world.spreads(try world.selfUpdate(1), from: 1)
        let before = try epochs(world, 0).map(secret)
        try world[0].restart(now: world.now)
        #expect(try epochs(world, 0).map(secret) == before)
        #expect(before.count == 2)
    }
}
