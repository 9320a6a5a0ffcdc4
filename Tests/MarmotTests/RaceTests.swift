import BurrowBase
import BurrowMLS
import BurrowMarmot
import BurrowNostr
import Testing

/// Two commits of one epoch: all members end up behind the same one.
struct RaceTests {
    @Test(arguments: [false, true])
    func earlierCommitWinsInAnyOrder(worseFirst: Bool) throws {
        let world = try World(4)
        let better = try world.selfUpdate(1)
        world.now = world.now + .seconds(2)
        let worse = try world.rename(0, "lost")
        try world.accepts(better, of: 1)
        try world.accepts(worse, of: 0)
        // Both authors believed in theirs.
        try world.gives(worse, to: 1)
        try world.gives(better, to: 0)
        for event in worseFirst ? [worse, better] : [better, worse] { try world.gives(event, to: 2, 3) }
        try world.expectAgreement(0, 1, 2, 3, epoch: 2)
        #expect(try world.state(world[2]).data.name == "world")
        #expect(world[0].notices.contains { if case .rolledBack(_, 1, _) = $0 { true } else { false } })
        #expect(world[1].errors() == [.lostRace])
        let text = try world.says(0, "on")
        try world.gives(text, to: 1, 2, 3)
        #expect(world[3].messages() == ["on"])
    }

    @Test func smallerIDWinsInOneSecond() throws {
        let world = try World(3)
        let a = try world.selfUpdate(0)
        let b = try world.selfUpdate(1)
        #expect(a.createdAt == b.createdAt)
        try world.accepts(a, of: 0)
        try world.accepts(b, of: 1)
        try world.gives(a, to: 1, 2)
        try world.gives(b, to: 0, 2)
        try world.expectAgreement(0, 1, 2, epoch: 2)
        let winner = a.id < b.id ? world[0] : world[1]
        let by = try #require(
            world[2].notices.last { if case .epochChanged = $0 { true } else { false } }
        )
        #expect(by == .epochChanged(group: world.group, epoch: 2, by: winner.publicKey))
    }

    /// Three in one epoch, and what was built on the losers is gone with them.
    @Test func wholeBranchIsUndone() throws {
        let world = try World(4)
        let best = try world.selfUpdate(3)
        world.now = world.now + .seconds(1)
        let first = try world.rename(0, "dead")
        try world.spreads(first, from: 0)
        let second = try world.selfUpdate(1)
        for index in [0, 1, 2] where index != 1 { try world.gives(second, to: index) }
        try world.accepts(second, of: 1)
        let lost = try world.says(2, "into the void")
        try world.gives(lost, to: 0, 1)
        #expect(world[0].messages() == ["into the void"])
        // The author of the best commit was away.
        try world.gives(best, to: 0, 1, 2)
        try world.accepts(best, of: 3)
        try world.expectAgreement(0, 1, 2, 3, epoch: 2)
        let back = try #require(
            world[2].notices.last { if case .rolledBack = $0 { true } else { false } }
        )
        guard case .rolledBack(_, 1, let unsent) = back else {
            Issue.record("\(back)")
            return
        }
        #expect(unsent.map(\.content) == ["into the void"])
        let again = try world.does(2) { try $0.send(again: unsent[0], to: world.group, now: world.now) }
        try world.gives(again, to: 0, 3)
        #expect(world[3].messages() == ["into the void"])
        // Who has it already does not see it twice.
        #expect(world[0].messages() == ["into the void"])
    }

    @Test func ownPendingCommitYieldsToABetterOneOnly() throws {
        let world = try World(3)
        let theirs = try world.selfUpdate(1)
        world.now = world.now + .seconds(1)
        let ours = try world.rename(0, "ours")
        try world.gives(theirs, to: 0)
        #expect(try world.state(world[0]).epoch == 2)
        #expect(!(try world.state(world[0]).hasPendingCommit))
        #expect(
            world[0].notices.contains {
                if case .operationFailed(_, 1, let error) = $0 { error.code == .lostRace } else { false }
            }
        )
        // Ours came too late for everybody else as well.
        try world.accepts(theirs, of: 1)
        try world.gives(theirs, to: 2)
        try world.gives(ours, to: 1, 2)
        try world.expectAgreement(0, 1, 2, epoch: 2)

        // The other way round: a worse one waits until ours is decided.
        let first = try world.rename(0, "first")
        world.now = world.now + .seconds(1)
        let later = try world.selfUpdate(1)
        try world.gives(later, to: 0)
        #expect(try world.state(world[0]).epoch == 2)
        try world.accepts(first, of: 0)
        try world.gives(first, to: 1, 2)
        try world.expectAgreement(0, 1, 2, epoch: 3)
        #expect(try world.state(world[1]).data.name == "first")
    }

    @Test(arguments: [false, true])
    func commitThatReachedNoRelayMakesRoomForOthers(restarts: Bool) throws {
        let world = try World(3)
        let ours = try world.rename(0, "ours")
        world.now = world.now + .seconds(1)
        let theirs = try world.selfUpdate(1)
        try world.gives(theirs, to: 0)
        try world[0].take(world[0].client.published(ours.id, accepted: false, now: world.now))
        // Held until then, taken now.
        #expect(try world.state(world[0]).epoch == 2)
        try world.accepts(theirs, of: 1)
        try world.gives(theirs, to: 2)
        try world.expectAgreement(0, 1, 2, epoch: 2)
        // But a relay had ours, and it is the better one.
        if restarts { try world[0].restart() }
        try world.gives(ours, to: 0, 1, 2)
        try world.expectAgreement(0, 1, 2, epoch: 2)
        #expect(try world.state(world[2]).data.name == "ours")
        #expect(world[0].notices.contains(.operationDone(group: world.group, operation: 1)))
    }

    @Test func echoOfOurCommitCountsAsAccepted() throws {
        let world = try World(2)
        let event = try world.selfUpdate(0)
        try world.gives(event, to: 0, 1)
        try world.expectAgreement(0, 1, epoch: 2)
    }

    /// A member repeats the losing commit in an event of its own, dated so that it wins.
    @Test func commitInAnotherEventCountsByTheBetterOne() throws {
        let world = try World(4)
        let theirs = try world.selfUpdate(1)
        world.now = world.now + .seconds(5)
        let losing = try world.rename(0, "loses")
        let key = try EnvelopeKey(world.state(world[0]).mls)
        try world.accepts(theirs, of: 1)
        try world.gives(theirs, to: 0, 2, 3)
        let sealed = try Base64.standard.decode(losing.content)
        let message = try #require(key.open(sealed))
        var random = SystemRandom()
        let repeated = try GroupEvent.make(
            message,
            key: key,
            nostrGroupID: world.state(world[0]).data.nostrGroupID,
            now: theirs.createdAt - 10,
            random: &random
        )
        try world.gives(repeated, to: 0, 1, 2, 3)
        try world.expectAgreement(0, 1, 2, 3, epoch: 2)
        #expect(try world.state(world[0]).data.name == "loses")
        #expect(try world.state(world[3]).data.name == "loses")
    }

    @Test func commitDatedLongBeforeUndoesNothing() throws {
        let world = try World(3)
        let early = try world.selfUpdate(1)
        world.now = world.now + .seconds(16 * 60)
        let text = try world.says(2, "lively")
        try world.gives(text, to: 0)
        let commit = try world.selfUpdate(0)
        try world.accepts(commit, of: 0)
        try world.gives(early, to: 0)
        #expect(world[0].errors() == [.tooEarlyToUndo])
        #expect(try world.state(world[0]).epoch == 2)
    }

    @Test func commitOfAForgottenEpochUndoesNothing() throws {
        let world = try World(3)
        let early = try world.selfUpdate(1)
        world.now = world.now + .seconds(1)
        for _ in 0..<6 { try world.accepts(world.selfUpdate(0), of: 0) }
        try world.gives(early, to: 0)
        // Not even the outer layer can be opened any more.
        world.now = world.now + .seconds(7200)
        try world[0].take(world[0].client.receive(world.says(2, "x"), now: world.now))
        #expect(world[0].errors().contains(.undecryptable))
        #expect(try world.state(world[0]).epoch == 7)
    }

    @Test func removalCanBeUndone() throws {
        let world = try World(4)
        let better = try world.selfUpdate(2)
        world.now = world.now + .seconds(1)
        let removal = try world.does(0) {
            try $0.remove([world[3].publicKey], from: world.group, now: world.now).1
        }
        let text = try world.says(1, "of the old epoch")
        try world.gives(removal, to: 3)
        #expect(try !world.state(world[3]).isActive)
        try world.gives(text, to: 3)
        #expect(world[3].messages().isEmpty)
        try world[3].restart()
        try world.gives(text, to: 3)
        try world.gives(better, to: 3)
        #expect(try world.state(world[3]).isActive)
        #expect(world[3].messages() == ["of the old epoch"])
        try world.accepts(better, of: 2)
        try world.expectAgreement(2, 3, epoch: 2)
    }

    @Test func messagesOfFivePastEpochsAreRead() throws {
        let world = try World(2)
        var texts: [Event] = []
        for number in 0..<7 {
            texts.append(try world.says(0, "epoch \(number + 1)"))
            try world.spreads(world.selfUpdate(0), from: 0)
        }
        for text in texts.reversed() { try world.gives(text, to: 1) }
        #expect(world[1].messages() == (3...7).reversed().map { "epoch \($0)" })
    }

    /// Relays give the newest first.
    @Test func eventsInTheWrongOrderFindTheirPlace() throws {
        let world = try World(3)
        var events: [Event] = []
        for number in 0..<4 {
            world.now = world.now + .seconds(1)
            events.append(try world.says(0, "\(number)"))
            let commit = try world.selfUpdate(0)
            try world.accepts(commit, of: 0)
            events.append(commit)
        }
        for event in events.reversed() { try world.gives(event, to: 1) }
        try world.expectAgreement(0, 1, epoch: 5)
        #expect(world[1].messages().sorted() == ["0", "1", "2", "3"])
        #expect(world[1].errors().isEmpty)
    }
}
