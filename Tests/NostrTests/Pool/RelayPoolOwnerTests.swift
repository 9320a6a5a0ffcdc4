import BurrowBase
import BurrowNostr
import Testing

/// What the owner of a pool may do beside relays.
@Suite struct RelayPoolOwnerTests {
    static let all = Subscription(filters: [Filter(kinds: [EventKind(1)])], window: .everything)

    /// How long the relay is left alone before it is joined again.
    private func pause(_ stage: inout PoolStage) throws -> Interval {
        let deadline = try #require(stage.pool.deadline)
        return deadline - stage.now
    }

    @Test func relayThatServedIsJoinedAgainSoon() throws {
        var stage = try PoolStage()
        _ = try stage.pool.subscribe(Self.all, now: stage.now)
        let relay = try stage.connected()
        for _ in 0..<12 {
            stage.say(#"["EOSE","s1"]"#, relay)
            stage.pool.closed(relay, now: stage.now)
            #expect(try pause(&stage) <= .seconds(4))
            stage.wait(4)
            stage.pool.opened(relay, now: stage.now)
        }
        // Now it closes before it has told anything.
        stage.pool.closed(relay, now: stage.now)
        #expect(try pause(&stage) <= .seconds(8))
        // Each further time that it does costs more.
        var longest = Interval.zero
        for _ in 0..<8 {
            let deadline = try #require(stage.pool.deadline)
            stage.now = deadline
            stage.pool.timerFired(now: deadline)
            stage.pool.opened(relay, now: deadline)
            stage.pool.closed(relay, now: deadline)
            longest = max(longest, try pause(&stage))
        }
        #expect(longest > .seconds(100))
    }

    @Test func eventsFromElsewhereComeOnce() throws {
        var stage = try PoolStage()
        _ = try stage.pool.subscribe(Self.all, now: stage.now)
        let relay = try stage.connected()
        _ = stage.actions()
        let event = try stage.event("pushed")
        stage.pool.ingest(event, now: stage.now)
        #expect(words(stage.actions()) == ["deliver pushed"])
        stage.pool.ingest(event, now: stage.now)
        stage.bring(event, "s1", relay)
        #expect(stage.actions().isEmpty)
        stage.pool.ingest(try stage.key.event(EventKind(2), content: "not asked for"), now: stage.now)
        #expect(stage.actions().isEmpty)
    }

    @Test func transientRelayStaysForASubscription() throws {
        var stage = try PoolStage()
        let relay = try stage.relay("far", isTransient: true)
        #expect(stage.actions().isEmpty)
        let only = Subscription(
            filters: [Filter(kinds: [EventKind(1)])],
            window: .everything,
            relays: [relay]
        )
        let subscription = try stage.pool.subscribe(only, now: stage.now)
        #expect(words(stage.actions()) == ["connect"])
        stage.pool.opened(relay, now: stage.now)
        stage.say(#"["EOSE","s1"]"#, relay)
        _ = stage.actions()
        for _ in 0..<20 {
            stage.wait(20)
            stage.pool.ponged(relay, now: stage.now)
        }
        #expect(stage.pool.isConnected(relay))
        stage.pool.unsubscribe(subscription)
        stage.wait(25)
        #expect(words(stage.actions()).suffix(2) == ["disconnect", "closed"])
        #expect(stage.pool.figures(of: relay) == nil)
    }

    @Test func anotherIdentityLeavesRelaysThatKnowTheFirst() throws {
        var stage = try PoolStage()
        let asking = try stage.connected("asking")
        let other = try stage.connected("other")
        stage.say(#"["AUTH","who?"]"#, asking)
        _ = stage.actions()
        stage.pool.setIdentity(try People.bob().publicKey, now: stage.now)
        #expect(words(stage.actions()) == ["disconnect", "closed"])
        #expect(!stage.pool.isConnected(asking))
        #expect(stage.pool.isConnected(other))
        stage.wait(1)
        stage.pool.opened(asking, now: stage.now)
        stage.say(#"["AUTH","who now?"]"#, asking)
        let drafts = stage.actions().compactMap { (action) -> PublicKey? in
            if case .sign(_, let draft) = action { return draft.publicKey }
            return nil
        }
        #expect(drafts == [try People.bob().publicKey])
    }

    @Test func silenceBehindWaitingMessagesMeansNothing() throws {
        var stage = try PoolStage()
        let relay = try stage.connected()
        _ = stage.actions()
        for _ in 0..<20 {
            stage.wait(20)
            stage.pool.noteBusy(relay, now: stage.now)
        }
        #expect(stage.actions().isEmpty)
        #expect(stage.pool.isConnected(relay))
    }
}
