import BurrowBase
import BurrowNostr
import Testing

@Suite struct RelayPoolPublishTests {
    private func answer(_ event: Event, _ isAccepted: Bool, _ text: String = "") -> String {
        #"["OK","\#(event.id.hex)",\#(isAccepted),"\#(text)"]"#
    }

    @Test func eachRelayAnswers() throws {
        var stage = try PoolStage()
        let relays = try ["a", "b", "c", "d"].map { try stage.connected($0) }
        let dead = try stage.relay("dead")
        _ = stage.actions()
        let event = try stage.event()
        _ = stage.pool.publish(event, to: relays + [dead, relays[0]], now: stage.now)
        let sent = stage.actions()
        #expect(sent.count == 4)
        #expect(Set(words(sent)).count == 1)
        stage.say(answer(event, true), relays[0])
        stage.say(answer(event, false, "duplicate: exists"), relays[1])
        stage.say(answer(event, false, "blocked: no"), relays[2])
        stage.say(answer(event, false, "mute: nobody"), relays[3])
        #expect(words(stage.actions()) == ["accepted", "accepted", "refused blocked: no", "unheard"])
        stage.wait(31)
        #expect(
            words(stage.actions()).filter { $0 == "unreachable" || $0.hasPrefix("fin") } == [
                "unreachable", "finished 2",
            ]
        )
    }

    @Test func answersThatNobodyWaitsFor() throws {
        var stage = try PoolStage()
        let relay = try stage.connected()
        _ = stage.actions()
        stage.say(answer(try stage.event(), true), relay)
        #expect(stage.actions().isEmpty)
        _ = stage.pool.publish(try stage.event(), to: [], now: stage.now)
        #expect(words(stage.actions()) == ["finished 0"])
    }

    @Test func relayThatNeverAnswers() throws {
        var stage = try PoolStage()
        let relay = try stage.connected()
        _ = stage.actions()
        _ = stage.pool.publish(try stage.event(), to: [relay], now: stage.now)
        stage.wait(6)
        #expect(words(stage.actions()).last == "ping")
        stage.pool.ponged(relay, now: stage.now)
        stage.wait(4)
        #expect(words(stage.actions()).suffix(2) == ["timed out", "finished 0"])
    }

    @Test func connectionThatDiesUnnoticed() throws {
        var stage = try PoolStage()
        let relay = try stage.connected()
        _ = stage.actions()
        _ = stage.pool.publish(try stage.event(), to: [relay], patience: .seconds(100), now: stage.now)
        let sent = words(stage.actions())
        stage.wait(5)
        #expect(words(stage.actions()) == ["ping"])
        stage.wait(11)
        #expect(words(stage.actions()) == ["disconnect", "closed", "connect"])
        stage.pool.opened(relay, now: stage.now)
        #expect(words(stage.actions()) == ["open"] + sent)
    }

    @Test func lostBetweenEventAndAnswer() throws {
        var stage = try PoolStage()
        let relay = try stage.connected()
        _ = stage.actions()
        let event = try stage.event()
        _ = stage.pool.publish(event, to: [relay], now: stage.now)
        let first = words(stage.actions())
        stage.pool.closed(relay, now: stage.now)
        stage.wait(1)
        _ = stage.actions()
        stage.pool.opened(relay, now: stage.now)
        #expect(words(stage.actions()) == ["open"] + first)
        stage.say(answer(event, true, "duplicate: already"), relay)
        #expect(words(stage.actions()) == ["accepted", "finished 1"])
    }

    @Test func rateLimit() throws {
        var stage = try PoolStage()
        let relay = try stage.connected()
        _ = stage.actions()
        let event = try stage.event("one")
        let other = try stage.event("two")
        _ = stage.pool.publish(event, to: [relay], now: stage.now)
        stage.say(answer(event, false, "rate-limited: slow down"), relay)
        _ = stage.actions()
        // All publishing waits, not only this event.
        _ = stage.pool.publish(other, to: [relay], now: stage.now)
        #expect(stage.actions().isEmpty)
        stage.wait(1)
        #expect(stage.actions().count == 2)
        stage.say(answer(event, true), relay)
        stage.say(answer(other, true), relay)
        #expect(words(stage.actions()) == ["accepted", "finished 1", "accepted", "finished 1"])
    }

    @Test func errorsAreTriedTwiceMore() throws {
        var stage = try PoolStage()
        let relay = try stage.connected()
        let event = try stage.event()
        _ = stage.pool.publish(event, to: [relay], now: stage.now)
        for _ in 0..<2 {
            _ = stage.actions()
            stage.say(answer(event, false, "error: busy"), relay)
            stage.wait(1)
            #expect(words(stage.actions()).count == 1)
        }
        stage.say(answer(event, false, "error: busy"), relay)
        #expect(words(stage.actions()) == ["refused error: busy", "finished 0"])
    }

    @Test func queueIsBounded() throws {
        var options = PoolOptions()
        options.publicationsPerRelay = 3
        options.unansweredPerRelay = 2
        var stage = try PoolStage(options: options)
        let relay = try stage.connected()
        _ = stage.actions()
        let events = try (0..<4).map { try stage.event("\($0)") }
        for event in events { _ = stage.pool.publish(event, to: [relay], now: stage.now) }
        let texts = words(stage.actions())
        #expect(texts.filter { $0.hasPrefix("[") }.count == 2)
        #expect(texts.suffix(2) == ["refused rate-limited: too many events wait here", "finished 0"])
        stage.say(answer(events[0], true), relay)
        #expect(words(stage.actions()).filter { $0.hasPrefix("[") }.count == 1)
    }

    @Test func transientRelays() throws {
        var stage = try PoolStage()
        let relay = try stage.relay("inbox", authentication: .never, isTransient: true)
        _ = try stage.pool.subscribe(RelayPoolSubscriptionTests.all, now: stage.now)
        #expect(stage.actions().isEmpty)
        let event = try stage.event()
        _ = stage.pool.publish(event, to: [relay], now: stage.now)
        #expect(words(stage.actions()) == ["connect"])
        stage.pool.opened(relay, now: stage.now)
        #expect(stage.actions().count == 2)
        stage.say(answer(event, true), relay)
        stage.wait(19)
        #expect(words(stage.actions()) == ["accepted", "finished 1"])
        stage.wait(2)
        #expect(words(stage.actions()) == ["disconnect", "closed"])
        #expect(stage.pool.figures(of: relay) == nil)
    }

    @Test func transientRelayThatIsDead() throws {
        var stage = try PoolStage()
        let relay = try stage.relay("inbox", isTransient: true)
        _ = stage.pool.publish(try stage.event(), to: [relay], now: stage.now)
        stage.pool.closed(relay, now: stage.now)
        stage.wait(60)
        let texts = words(stage.actions())
        #expect(texts.contains("unreachable"))
        stage.wait(600)
        #expect(stage.pool.figures(of: relay) == nil)
        #expect(stage.pool.deadline == nil)
    }
}

@Suite struct RelayPoolAuthenticationTests {
    private func signed(_ stage: PoolStage, _ actions: [PoolAction]) throws -> (RelayID, Event) {
        for action in actions {
            if case .sign(let relay, let rumor) = action { return (relay, try stage.key.sign(rumor)) }
        }
        throw NostrError(.failure, "nothing to sign")
    }

    /// The style of rust-nostr's relay: a challenge before each refusal, a new one each time.
    @Test func challengeWithRefusal() throws {
        var stage = try PoolStage()
        let relay = try stage.connected()
        _ = try stage.pool.subscribe(RelayPoolSubscriptionTests.all, now: stage.now)
        let event = try stage.event()
        _ = stage.pool.publish(event, to: [relay], now: stage.now)
        _ = stage.actions()
        stage.say(#"["AUTH","c1"]"#, relay)
        stage.say(#"["CLOSED","s1","auth-required: x"]"#, relay)
        stage.say(#"["AUTH","c2"]"#, relay)
        stage.say(#"["OK","\#(event.id.hex)",false,"auth-required: x"]"#, relay)
        let first = try signed(stage, stage.actions())
        #expect(first.1.tags.value(of: "challenge") == "c1")
        stage.pool.authenticate(relay, first.1, now: stage.now)
        #expect(words(stage.actions()).first?.hasPrefix(#"["AUTH",{"#) == true)
        // That one is out of date: the newest counts.
        stage.say(#"["OK","\#(first.1.id.hex)",false,"auth-required: wrong challenge"]"#, relay)
        let second = try signed(stage, stage.actions())
        #expect(second.1.tags.value(of: "challenge") == "c2")
        #expect(second.1.tags.value(of: "relay") == "wss://a.example")
        stage.pool.authenticate(relay, second.1, now: stage.now)
        _ = stage.actions()
        stage.say(#"["OK","\#(second.1.id.hex)",true,""]"#, relay)
        let texts = words(stage.actions())
        #expect(texts.count == 2)
        #expect(texts.first == RelayPoolSubscriptionTests.request)
        #expect(texts.last?.hasPrefix(#"["EVENT","#) == true)
        // Refused again: that is final.
        stage.say(#"["OK","\#(event.id.hex)",false,"auth-required: still"]"#, relay)
        stage.say(#"["CLOSED","s1","auth-required: still"]"#, relay)
        #expect(
            words(stage.actions()) == [
                "refused auth-required: still", "finished 0", "ended auth-required: still", "caught up",
            ]
        )
    }

    @Test func challengeOnConnecting() throws {
        var stage = try PoolStage()
        let relay = try stage.connected()
        _ = stage.actions()
        stage.say(#"["AUTH","c1"]"#, relay)
        let (_, event) = try signed(stage, stage.actions())
        try RelayAuthentication.check(
            event,
            relay: try ServerURL("wss://a.example", policy: .relays),
            challenge: "c1",
            now: UnixTime(PoolStage.unixStart)
        )
    }

    @Test func challengeThatNeverComes() throws {
        var stage = try PoolStage()
        let relay = try stage.connected()
        _ = try stage.pool.subscribe(RelayPoolSubscriptionTests.all, now: stage.now)
        stage.say(#"["CLOSED","s1","auth-required: x"]"#, relay)
        _ = stage.actions()
        stage.wait(6)
        #expect(words(stage.actions()) == ["ping"])
        stage.pool.ponged(relay, now: stage.now)
        stage.wait(4)
        #expect(
            words(stage.actions()) == ["ended auth-required: no answer", "caught up"]
        )
    }

    @Test(arguments: [true, false]) func userDecides(isAllowed: Bool) throws {
        var stage = try PoolStage()
        let relay = try stage.connected(authentication: .ask)
        _ = stage.actions()
        stage.say(#"["AUTH","c1"]"#, relay)
        #expect(stage.actions().isEmpty)
        let event = try stage.event()
        _ = stage.pool.publish(event, to: [relay], now: stage.now)
        stage.say(#"["OK","\#(event.id.hex)",false,"auth-required: x"]"#, relay)
        #expect(words(stage.actions()).last == "ask")
        stage.pool.allowAuthentication(relay, isAllowed, now: stage.now)
        #expect(
            words(stage.actions())
                == (isAllowed ? ["sign"] : ["refused auth-required: not allowed", "finished 0"])
        )
    }

    @Test func signatureThatNeverComes() throws {
        var stage = try PoolStage()
        let relay = try stage.connected()
        _ = try stage.pool.subscribe(RelayPoolSubscriptionTests.all, now: stage.now)
        stage.say(#"["AUTH","c1"]"#, relay)
        stage.say(#"["CLOSED","s1","auth-required: x"]"#, relay)
        _ = stage.actions()
        stage.pool.authenticate(relay, nil, now: stage.now)
        #expect(words(stage.actions()) == ["ended auth-required: not signed", "caught up"])
    }

    @Test func answerOfAnotherConnection() throws {
        var stage = try PoolStage()
        let relay = try stage.connected()
        _ = stage.actions()
        stage.say(#"["AUTH","c1"]"#, relay)
        let (_, old) = try signed(stage, stage.actions())
        stage.pool.closed(relay, now: stage.now)
        stage.wait(1)
        stage.pool.opened(relay, now: stage.now)
        stage.say(#"["AUTH","c2"]"#, relay)
        _ = stage.actions()
        stage.pool.authenticate(relay, old, now: stage.now)
        #expect(stage.actions().isEmpty)
    }
}
