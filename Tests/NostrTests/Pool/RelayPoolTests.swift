import BurrowBase
import BurrowNostr
import Testing

/// A pool whose relays are played by the test, message by message.
struct PoolStage {
    var pool: RelayPool
    var now = Instant(microseconds: 1_000_000)
    let key: LocalKey
    static let unixStart: Int64 = 1_767_225_600

    init(options: PoolOptions = PoolOptions()) throws {
        key = try People.alice()
        pool = RelayPool(
            identity: key.publicKey,
            unixOffset: Self.unixStart * 1_000_000 - 1_000_000,
            jitterSeed: 1,
            options: options
        )
    }

    mutating func actions() -> [PoolAction] {
        var actions: [PoolAction] = []
        while let action = pool.nextAction() { actions.append(action) }
        return actions
    }

    mutating func relay(
        _ name: String = "a",
        authentication: RelayUse.Authentication = .automatic,
        isTransient: Bool = false
    ) throws -> RelayID {
        try pool.addRelay(
            ServerURL("wss://\(name).example", policy: .relays),
            use: RelayUse(authentication: authentication, isTransient: isTransient),
            now: now
        )
    }

    mutating func connected(_ name: String = "a", authentication: RelayUse.Authentication = .automatic) throws
        -> RelayID
    {
        let id = try relay(name, authentication: authentication)
        pool.opened(id, now: now)
        return id
    }

    mutating func say(_ text: String, _ relay: RelayID) {
        pool.received(Array(text.utf8), from: relay, now: now)
    }

    mutating func bring(_ event: Event, _ name: String, _ relay: RelayID) {
        say(#"["EVENT","\#(name)",\#(String(decoding: event.json, as: UTF8.self))]"#, relay)
    }

    /// Lets time pass, with every deadline on the way.
    mutating func wait(_ seconds: Int64) {
        let end = now + .seconds(seconds)
        while let deadline = pool.deadline, deadline <= end {
            now = max(now, deadline)
            pool.timerFired(now: now)
        }
        now = end
    }

    func event(_ content: String = "x", at offset: Int64 = 0) throws -> Event {
        try key.event(at: Self.unixStart + offset, content: content)
    }
}

/// The texts that are sent, and short words for all else.
func words(_ actions: [PoolAction]) -> [String] {
    actions.map { (action) in
        switch action {
        case .connect: "connect"
        case .disconnect: "disconnect"
        case .send(_, let text): String(decoding: text, as: UTF8.self)
        case .ping: "ping"
        case .sign: "sign"
        case .askAuthentication: "ask"
        case .deliver(_, let event): "deliver \(event.content)"
        case .caughtUp: "caught up"
        case .ended(_, _, let reason): "ended \(reason.text)"
        case .published(_, _, let outcome): "\(outcome.word)"
        case .publishFinished(_, let accepted): "finished \(accepted)"
        case .stateChanged(_, let isConnected): isConnected ? "open" : "closed"
        case .notice(_, let text): "notice \(text)"
        }
    }
}

extension PublishOutcome {
    var word: String {
        switch self {
        case .accepted: "accepted"
        case .unheard: "unheard"
        case .refused(let reason): "refused \(reason.text)"
        case .timedOut: "timed out"
        case .unreachable: "unreachable"
        }
    }
}

@Suite struct RelayPoolSubscriptionTests {
    static let all = Subscription(filters: [Filter(kinds: [EventKind(1)])], window: .everything)
    static let request = #"["REQ","s1",{"kinds":[1]}]"#

    @Test func storedThenLive() throws {
        var stage = try PoolStage()
        let relay = try stage.relay()
        _ = try stage.pool.subscribe(Self.all, now: stage.now)
        #expect(words(stage.actions()) == ["connect"])
        stage.pool.opened(relay, now: stage.now)
        #expect(words(stage.actions()) == ["open", Self.request])
        stage.bring(try stage.event("one"), "s1", relay)
        stage.bring(try stage.event("one"), "s1", relay)
        #expect(words(stage.actions()) == ["deliver one"])
        stage.say(#"["EOSE","s1"]"#, relay)
        #expect(words(stage.actions()) == ["caught up"])
        stage.bring(try stage.event("two"), "s1", relay)
        #expect(words(stage.actions()) == ["deliver two"])
        #expect(stage.pool.figures(of: relay)?.repetitions == 1)
    }

    @Test func onceFromSeveralRelays() throws {
        var stage = try PoolStage()
        let first = try stage.connected("a")
        let second = try stage.connected("b")
        _ = try stage.pool.subscribe(Self.all, now: stage.now)
        _ = try stage.pool.subscribe(Self.all, now: stage.now)
        _ = stage.actions()
        let event = try stage.event("one")
        for relay in [first, second, first] {
            stage.bring(event, "s1", relay)
            stage.bring(event, "s2", relay)
        }
        #expect(words(stage.actions()) == ["deliver one", "deliver one"])
        stage.say(#"["EOSE","s1"]"#, first)
        #expect(stage.actions().isEmpty)
        stage.say(#"["EOSE","s1"]"#, second)
        #expect(words(stage.actions()) == ["caught up"])
    }

    @Test func invalidEventsAreDropped() throws {
        var stage = try PoolStage()
        let relay = try stage.connected()
        _ = try stage.pool.subscribe(Self.all, now: stage.now)
        _ = stage.actions()
        let good = try stage.event("good")
        let text = String(decoding: good.json, as: UTF8.self)
        let forged = try #require(text.firstRange(of: "good")).lowerBound
        stage.say(
            #"["EVENT","s1",\#(text.replacingCharacters(in: forged..<text.index(after: forged), with: "f"))]"#,
            relay
        )
        stage.bring(try stage.key.event(EventKind(2), content: "other kind"), "s1", relay)
        stage.say(#"["EVENT","s1",{"id":1}]"#, relay)
        stage.say("nonsense", relay)
        stage.bring(good, "s9", relay)
        #expect(stage.actions().isEmpty)
        let figures = try #require(stage.pool.figures(of: relay))
        #expect(figures.invalidEvents == 3)
        #expect(figures.badMessages == 1)
        #expect(figures.strayEvents == 1)
        // A forgery under the same id must not keep the true one away.
        stage.bring(good, "s1", relay)
        #expect(words(stage.actions()) == ["deliver good"])
    }

    @Test func garbageEndsTheConnection() throws {
        var stage = try PoolStage()
        let bad = try stage.connected("bad")
        let good = try stage.connected("good")
        _ = stage.actions()
        for _ in 0...32 { stage.say("nonsense", bad) }
        #expect(words(stage.actions()) == ["disconnect", "closed"])
        #expect(stage.pool.isConnected(good))
        func comesBack() throws -> Bool {
            let url = try ServerURL("wss://bad.example", policy: .relays)
            return stage.actions().contains(.connect(bad, url))
        }
        stage.wait(59)
        #expect(try !comesBack())
        stage.wait(2)
        #expect(try comesBack())
    }

    @Test func expiredEventsAreIgnored() throws {
        var stage = try PoolStage()
        let relay = try stage.connected()
        _ = try stage.pool.subscribe(Self.all, now: stage.now)
        _ = stage.actions()
        let tags: [Tag] = [["expiration", "\(PoolStage.unixStart)"]]
        stage.bring(try stage.key.event(tags: tags, content: "late"), "s1", relay)
        #expect(stage.actions().isEmpty)
    }

    @Test func windowsGoOnFromWhereTheRelayWasHeard() throws {
        var stage = try PoolStage()
        let relay = try stage.relay()
        let window = Subscription.Window.groupMessages(since: UnixTime(PoolStage.unixStart - 5000))
        let id = try stage.pool.subscribe(
            Subscription(filters: [Filter(kinds: [.groupMessage])], window: window),
            now: stage.now
        )
        stage.pool.opened(relay, now: stage.now)
        #expect(
            words(stage.actions()).last
                == #"["REQ","s1",{"kinds":[445],"since":\#(PoolStage.unixStart - 5600)}]"#
        )
        #expect(stage.pool.complete(id) == nil)
        // Lost before all stored events came: the same again.
        stage.pool.closed(relay, now: stage.now)
        stage.wait(1)
        stage.pool.opened(relay, now: stage.now)
        #expect(
            words(stage.actions()).last
                == #"["REQ","s1",{"kinds":[445],"since":\#(PoolStage.unixStart - 5600)}]"#
        )
        stage.say(#"["EOSE","s1"]"#, relay)
        stage.wait(20)
        stage.say(#"["NOTICE","alive"]"#, relay)
        #expect(stage.pool.complete(id) == UnixTime(PoolStage.unixStart + 21))
        // Silent from here on; what was live is complete only until the last sign of life.
        stage.wait(5)
        stage.pool.closed(relay, now: stage.now)
        stage.wait(2)
        _ = stage.actions()
        stage.pool.opened(relay, now: stage.now)
        #expect(
            words(stage.actions()).last
                == #"["REQ","s1",{"kinds":[445],"since":\#(PoolStage.unixStart + 21 - 600)}]"#
        )
    }

    @Test func giftWrapsKeepThreeDays() throws {
        var stage = try PoolStage()
        let relay = try stage.connected()
        _ = try stage.pool.subscribe(
            Subscription(
                filters: [.giftWraps(to: stage.key.publicKey)],
                window: .giftWraps(since: UnixTime(PoolStage.unixStart))
            ),
            now: stage.now
        )
        let since = PoolStage.unixStart - 3 * 86400
        #expect(words(stage.actions()).last?.contains(#""since":\#(since)}"#) == true)
        _ = relay
    }

    /// A relay that answers with 60 events at most.
    @Test func longAnswersAreTurnedPageByPage() throws {
        var stage = try PoolStage()
        let relay = try stage.connected()
        _ = try stage.pool.subscribe(Self.all, now: stage.now)
        _ = stage.actions()
        for offset in 0..<60 { stage.bring(try stage.event("a\(offset)", at: Int64(-offset)), "s1", relay) }
        stage.say(#"["EOSE","s1"]"#, relay)
        let until = PoolStage.unixStart - 59
        #expect(words(stage.actions()).last == #"["REQ","p1",{"kinds":[1],"until":\#(until)}]"#)
        // New events still come meanwhile.
        stage.bring(try stage.event("live", at: 5), "s1", relay)
        stage.bring(try stage.event("a59", at: -59), "p1", relay)
        stage.bring(try stage.event("older", at: -60), "p1", relay)
        #expect(words(stage.actions()) == ["deliver live", "deliver older"])
        stage.say(#"["EOSE","p1"]"#, relay)
        #expect(words(stage.actions()) == [#"["CLOSE","p1"]"#, "caught up"])
    }

    /// A relay that always answers with the same full page.
    @Test func pagesEnd() throws {
        var stage = try PoolStage()
        let relay = try stage.connected()
        _ = try stage.pool.subscribe(Self.all, now: stage.now)
        let events = try (0..<50).map { try stage.event("\($0)", at: -7) }
        var name = "s1"
        for _ in 0..<10 {
            for event in events { stage.bring(event, name, relay) }
            stage.say(#"["EOSE","\#(name)"]"#, relay)
            name = "p1"
        }
        let words = words(stage.actions())
        #expect(words.filter { $0.hasPrefix("deliver") }.count == 50)
        #expect(words.filter { $0.hasPrefix(#"["REQ","p1""#) }.count < 6)
        #expect(words.last == "caught up")
    }

    @Test func refusals() throws {
        var stage = try PoolStage()
        let relay = try stage.connected(authentication: .never)
        for (reason, expected) in [
            ("restricted: no", ["ended restricted: no", "caught up"]), ("", ["ended ", "caught up"]),
            ("auth-required: no", ["ended auth-required: no", "caught up"]),
            ("strange", ["ended strange", "caught up"]),
        ] {
            let id = try stage.pool.subscribe(Self.all, now: stage.now)
            _ = stage.actions()
            stage.say(#"["CLOSED","s\#(id.number)","\#(reason)"]"#, relay)
            #expect(words(stage.actions()) == expected)
        }
        // A relay that has told all it will ever have may say so.
        let id = try stage.pool.subscribe(Self.all, now: stage.now)
        stage.say(#"["EOSE","s\#(id.number)"]"#, relay)
        _ = stage.actions()
        stage.say(#"["CLOSED","s\#(id.number)",""]"#, relay)
        #expect(stage.actions().isEmpty)
    }

    @Test func aRelayThatIsLostInItsStoredEventsIsSoonTriedAgain() throws {
        var stage = try PoolStage()
        let relay = try stage.connected()
        _ = try stage.pool.subscribe(Self.all, now: stage.now)
        var page: [Event] = []
        for number in 0..<50 { page.append(try stage.event("\(number)", at: Int64(number))) }
        for _ in 0..<8 {
            for event in page { stage.bring(event, "s1", relay) }
            stage.say(#"["EOSE","s1"]"#, relay)
            stage.pool.closed(relay, now: stage.now)
            _ = stage.actions()
            let due = try #require(stage.pool.deadline)
            let pause = due - stage.now
            #expect(pause.milliseconds <= 4000)
            stage.now = due
            stage.pool.timerFired(now: stage.now)
            #expect(words(stage.actions()).contains("connect"))
            stage.pool.opened(relay, now: stage.now)
        }
    }

    @Test func rateLimitsAreObeyed() throws {
        var stage = try PoolStage()
        let relay = try stage.connected()
        _ = try stage.pool.subscribe(Self.all, now: stage.now)
        _ = stage.actions()
        var pauses: [Int64] = []
        for _ in 0..<8 {
            stage.say(#"["CLOSED","s1","rate-limited: slow down"]"#, relay)
            let before = stage.now
            while !words(stage.actions()).contains(Self.request), stage.now - before < .seconds(100) {
                stage.say(#"["NOTICE","x"]"#, relay)
                guard let deadline = stage.pool.deadline else { break }
                stage.now = deadline
                stage.pool.timerFired(now: stage.now)
            }
            pauses.append((stage.now - before).milliseconds)
        }
        for (pause, most) in zip(pauses, [1, 2, 4, 8, 16, 32, 60, 60] as [Int64]) {
            #expect(pause >= most * 500 && pause <= most * 1000)
        }
    }

    @Test func missingEndOfStored() throws {
        var stage = try PoolStage()
        let relay = try stage.connected()
        let id = try stage.pool.subscribe(Self.all, now: stage.now)
        _ = stage.actions()
        stage.wait(16)
        #expect(words(stage.actions()) == ["caught up"])
        stage.bring(try stage.event("still"), "s1", relay)
        #expect(words(stage.actions()) == ["deliver still"])
        #expect(stage.pool.complete(id) == nil)
    }

    @Test func unsubscribing() throws {
        var stage = try PoolStage()
        let relay = try stage.connected()
        let id = try stage.pool.subscribe(Self.all, now: stage.now)
        _ = stage.actions()
        stage.pool.unsubscribe(id)
        #expect(words(stage.actions()) == [#"["CLOSE","s1"]"#])
        stage.bring(try stage.event(), "s1", relay)
        stage.say(#"["EOSE","s1"]"#, relay)
        #expect(stage.actions().isEmpty)
        let again = try stage.pool.subscribe(Self.all, now: stage.now)
        stage.bring(try stage.event(), "s\(again.number)", relay)
        #expect(words(stage.actions()).last == "deliver x")
    }

    @Test func limits() throws {
        var options = PoolOptions()
        options.subscriptionCount = 2
        options.relayCount = 1
        var stage = try PoolStage(options: options)
        _ = try stage.relay("a")
        #expect(throws: NostrError.self) { _ = try stage.relay("b") }
        #expect(try stage.relay("a") == stage.relay("a"))
        _ = try stage.pool.subscribe(Self.all, now: stage.now)
        _ = try stage.pool.subscribe(Self.all, now: stage.now)
        #expect(throws: NostrError.self) { _ = try stage.pool.subscribe(Self.all, now: stage.now) }
        #expect(throws: NostrError.self) {
            _ = try stage.pool.subscribe(Subscription(filters: [], window: .everything), now: stage.now)
        }
    }

    @Test func impossibleFiltersAreNotSent() throws {
        var stage = try PoolStage()
        _ = try stage.connected()
        _ = stage.actions()
        _ = try stage.pool.subscribe(
            Subscription(filters: [Filter(ids: [])], window: .everything),
            now: stage.now
        )
        #expect(words(stage.actions()) == ["caught up"])
    }
}

@Suite struct RelayPoolConnectionTests {
    @Test func pausesGrow() throws {
        var stage = try PoolStage()
        let relay = try stage.relay()
        var pauses: [Int64] = []
        for _ in 0..<14 {
            #expect(words(stage.actions()) == ["connect"])
            stage.pool.closed(relay, now: stage.now)
            let before = stage.now
            stage.now = try #require(stage.pool.deadline)
            stage.pool.timerFired(now: stage.now)
            pauses.append((stage.now - before).milliseconds)
        }
        for (index, pause) in pauses.enumerated() {
            let most = min(Int64(500) << Int64(index), 300_000)
            #expect(pause >= most / 2 - 1 && pause <= most)
        }
    }

    @Test func anotherNetworkIsTriedAtOnce() throws {
        var stage = try PoolStage()
        let relay = try stage.relay()
        for _ in 0..<12 {
            stage.pool.closed(relay, now: stage.now)
            stage.now = try #require(stage.pool.deadline)
            stage.pool.timerFired(now: stage.now)
        }
        stage.pool.closed(relay, now: stage.now)
        _ = stage.actions()
        let before = stage.now
        stage.pool.networkChanged(now: stage.now)
        stage.wait(0)
        #expect(words(stage.actions()) == ["connect"])
        // And if that fails, soon again.
        stage.pool.closed(relay, now: stage.now)
        #expect(try #require(stage.pool.deadline) - before <= .milliseconds(500))
    }

    @Test func anotherNetworkMakesConnectionsProveThemselves() throws {
        var stage = try PoolStage()
        let relay = try stage.connected()
        _ = stage.actions()
        stage.pool.networkChanged(now: stage.now)
        stage.pool.networkChanged(now: stage.now)
        #expect(words(stage.actions()) == ["ping"])
        stage.pool.ponged(relay, now: stage.now)
        stage.wait(11)
        #expect(words(stage.actions()).isEmpty)
        stage.pool.networkChanged(now: stage.now)
        stage.wait(10)
        #expect(words(stage.actions()) == ["ping", "disconnect", "closed"])
    }

    @Test func connectingTakesTooLong() throws {
        var stage = try PoolStage()
        _ = try stage.relay()
        _ = stage.actions()
        stage.wait(10)
        #expect(words(stage.actions()) == ["disconnect"])
    }

    @Test func halfOpenConnections() throws {
        var stage = try PoolStage()
        let relay = try stage.connected()
        _ = stage.actions()
        stage.wait(30)
        #expect(words(stage.actions()) == ["ping"])
        stage.pool.ponged(relay, now: stage.now)
        stage.wait(30)
        #expect(words(stage.actions()) == ["ping"])
        stage.wait(10)
        #expect(words(stage.actions()) == ["disconnect", "closed"])
    }

    @Test func removing() throws {
        var stage = try PoolStage()
        let relay = try stage.connected()
        _ = stage.actions()
        _ = stage.pool.publish(try stage.event(), to: [relay], now: stage.now)
        _ = stage.actions()
        stage.pool.removeRelay(relay)
        #expect(words(stage.actions()) == ["disconnect", "closed", "unreachable", "finished 0"])
        stage.pool.opened(relay, now: stage.now)
        stage.say("x", relay)
        #expect(stage.actions().isEmpty)
        #expect(stage.pool.deadline == nil)
    }
}
