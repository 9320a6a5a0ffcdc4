import BurrowBase
import BurrowNostr
import Testing

/// The decision table of relay choice, case by case.
@Suite struct RelayChoiceTests {
    private static let standard = "moq://standard.example"
    private typealias Outcome = RelayChoice.CallerOutcome

    private func id(_ digit: String) throws -> EventID {
        try #require(EventID(hex: String(repeating: digit, count: 64)))
    }

    private func setting(
        _ texts: [String],
        at time: Int64 = 1,
        id digit: String = "1",
        isFromAdmin: Bool = true,
        isCommitted: Bool = false
    ) throws -> RelayChoice.GroupSetting {
        RelayChoice.GroupSetting(
            texts: texts,
            createdAt: UnixTime(time),
            id: try id(digit),
            isFromAdmin: isFromAdmin,
            isCommitted: isCommitted
        )
    }

    private func own(_ texts: String...) throws -> RelayDirectory.Knowledge<ServerList> {
        .known(try ServerList(kind: .mediaRelays, texts: texts), isStale: true)
    }

    private func choose(
        _ settings: [RelayChoice.GroupSetting] = [],
        own: RelayDirectory.Knowledge<ServerList> = .absent,
        standard: [String] = [standard],
        policy: RelayChoice.Policy = RelayChoice.Policy(),
        waited: Interval = .zero
    ) -> Outcome {
        RelayChoice.forCaller(
            groupSettings: settings,
            ownList: own,
            standard: standard,
            policy: policy,
            waited: waited
        )
    }

    private func dial(_ list: [(String, RelayChoice.Source)], _ notes: [RelayChoice.Note] = []) throws
        -> Outcome
    {
        .dial(try list.map { RelayChoice.Candidate(try ServerURL($0.0, policy: .ownMedia), $0.1) }, notes)
    }

    @Test func order() throws {
        let group = try setting(["moq://g.example"])
        let own = try own("moq://o.example", "moq://G.example:443/")
        let expected = try dial([
            ("moq://g.example", .group), ("moq://o.example", .own), (Self.standard, .standard),
        ])
        #expect(choose([group], own: own) == expected)
    }

    @Test func nothingAtAll() {
        #expect(choose(standard: []) == .unreachable([]))
    }

    @Test func invalidGroupSetting() throws {
        let group = try setting(["nonsense", "moq://10.0.0.1"])
        #expect(choose([group]) == (try dial([(Self.standard, .standard)], [.groupSettingInvalid])))
    }

    @Test func clearedGroupSetting() throws {
        let old = try setting(["moq://g.example"], at: 1)
        let cleared = try setting([], at: 2)
        #expect(choose([old, cleared]) == (try dial([(Self.standard, .standard)])))
    }

    @Test func groupRelayOnly() throws {
        let policy = RelayChoice.Policy(usesGroupRelayOnly: true)
        let good = try setting(["moq://g.example"])
        #expect(
            choose([good], own: try own("moq://o.example"), policy: policy)
                == (try dial([("moq://g.example", .group)]))
        )
        let bad = try setting(["nonsense"])
        #expect(choose([bad], policy: policy) == .unreachable([.groupSettingInvalid]))
    }

    @Test func ownListEmptyOnPurpose() throws {
        #expect(choose(own: try own()) == (try dial([(Self.standard, .standard)])))
    }

    @Test func ownListNotYetFetched() throws {
        #expect(choose(own: .unknown, waited: .seconds(1)) == .wait(.seconds(2)))
        #expect(choose(own: .unknown, waited: .seconds(3)) == (try dial([(Self.standard, .standard)])))
        let group = try setting(["moq://g.example"])
        let expected = try dial([("moq://g.example", .group), (Self.standard, .standard)])
        #expect(choose([group], own: .unknown) == expected)
    }

    @Test func settingOfNoAdmin() throws {
        let setting = try setting(["moq://g.example"], isFromAdmin: false)
        #expect(choose([setting]) == (try dial([(Self.standard, .standard)])))
    }

    @Test func twoAdmins() throws {
        func winner(_ settings: RelayChoice.GroupSetting...) throws -> String {
            for order in [settings, settings.reversed()] {
                guard case .dial(let candidates, _) = choose(order, standard: []) else { continue }
                if candidates.count == 1, let first = candidates.first { return first.url.host }
            }
            return ""
        }
        #expect(
            try winner(setting(["moq://a.example"], at: 1), setting(["moq://b.example"], at: 2))
                == "b.example"
        )
        #expect(
            try winner(setting(["moq://a.example"], id: "2"), setting(["moq://b.example"], id: "1"))
                == "b.example"
        )
        let committed = try setting(["moq://c.example"], at: 1, isCommitted: true)
        #expect(try winner(committed, setting(["moq://b.example"], at: 9)) == "c.example")
    }

    @Test func manyCandidates() throws {
        let group = try setting((0..<1000).map { "moq://r\($0).example" })
        guard case .dial(let candidates, _) = choose([group]) else {
            Issue.record("nothing to dial")
            return
        }
        #expect(candidates.count == 8)
    }

    @Test func hosts() throws {
        let group = try setting(["moq://g.example"])
        let denied = RelayChoice.Policy(deniedHosts: ["G.example", "standard.example"])
        #expect(choose([group], policy: denied) == .unreachable([.groupSettingInvalid]))
        let trusted = RelayChoice.Policy(trustedHosts: ["t.example"])
        #expect(
            choose([group], policy: trusted)
                == (try dial([(Self.standard, .standard)], [.groupSettingInvalid]))
        )
    }

    @Test func tokensOfOthersAreNotUsed() throws {
        let group = try setting(["https://g.example/x?jwt=secret"])
        #expect(choose([group], standard: []) == (try dial([("https://g.example/x", .group)])))
    }

    @Test func callee() throws {
        let policy = RelayChoice.Policy()
        let expected = ["moq://a.example", "moq://b.example", "moq://c.example", "moq://d.example"]
        guard
            case .dial(let candidates) = RelayChoice.forCallee(
                relay: "moq://a.example/",
                others: ["moq://b.example", "moq://c.example", "moq://d.example", "moq://e.example"],
                policy: policy
            )
        else {
            Issue.record("nothing to dial")
            return
        }
        #expect(candidates.map(\.url.text) == expected)
        #expect(candidates.allSatisfy { $0.source == .offer })
        #expect(RelayChoice.forCallee(relay: "nonsense", others: [], policy: policy) == .invalid)
        #expect(RelayChoice.forCallee(relay: "moq://127.0.0.1", others: [], policy: policy) == .invalid)
        let denied = RelayChoice.Policy(deniedHosts: ["a.example"])
        #expect(
            RelayChoice.forCallee(relay: "moq://a.example", others: ["moq://b.example"], policy: denied)
                == .unsupported
        )
    }

    @Test func notes() throws {
        let group = try setting(["moq://g.example"])
        guard case .dial(let candidates, _) = choose([group], own: try own("moq://o.example")) else {
            Issue.record("nothing to dial")
            return
        }
        #expect(RelayChoice.notes(winner: candidates[0], of: candidates).isEmpty)
        #expect(RelayChoice.notes(winner: candidates[1], of: candidates) == [.fallback])
        let others = Array(candidates.dropFirst())
        #expect(RelayChoice.notes(winner: others[1], of: others).isEmpty)
    }

    @Test func offer() throws {
        let texts = [
            "moq://a.example", "moq://127.0.0.1", "moq://b.example?jwt=x", "moq://c.example",
            "moq://d.example",
        ]
        let candidates = try texts.map { RelayChoice.Candidate(try ServerURL($0, policy: .ownMedia), .own) }
        let offer = RelayChoice.offer(winner: candidates[3], of: candidates)
        #expect(offer.relay.text == "moq://c.example")
        #expect(offer.others.map(\.text) == ["moq://a.example", "moq://b.example", "moq://d.example"])
    }
}
