import BurrowBase
import BurrowNostr
import Testing

@Suite struct ReplacementTests {
    static let vectors: [JSON] = (try? VectorFile.json("replaceable.json"))?.arrayValue ?? []

    @Test(.enabled(if: VectorFile.areThere, VectorFile.absence), arguments: vectors)
    func published(vector: JSON) throws {
        let list = try #require(vector["events"]?.arrayValue)
        var kept: [String] = []
        switch try #require(vector["keep"]) {
        case .string(let id): kept = [id]
        case .array(let ids): kept = ids.compactMap(\.stringValue)
        default: Issue.record("vector of another form")
        }
        let events = try list.map { try Event(json: $0.encoded) }
        for order in [events, events.reversed()] {
            var newest = NewestVersions()
            var current: [ReplacementKey: EventID] = [:]
            for event in order where newest.insert(event) {
                current[try #require(event.replacementKey)] = event.id
            }
            #expect(current.values.map(\.hex).sorted() == kept.sorted())
        }
    }

    @Test(arguments: [
        (UInt16(0), EventKind.Storage.replaceable), (1, .regular), (3, .replaceable), (4, .regular),
        (443, .regular), (1059, .regular), (9999, .regular), (10000, .replaceable), (19999, .replaceable),
        (20000, .ephemeral), (21059, .ephemeral), (29999, .ephemeral), (30000, .addressable),
        (30443, .addressable), (39999, .addressable), (40000, .regular), (65535, .regular),
    ])
    func storage(kind: UInt16, storage: EventKind.Storage) {
        #expect(EventKind(kind).storage == storage)
    }

    @Test func firstSlotCounts() throws {
        let key = try People.alice()
        let missing = try key.event(.keyPackage)
        let empty = try key.event(.keyPackage, tags: [["d", ""]])
        let second = try key.event(.keyPackage, tags: [["d"], ["d", "x"]])
        let other = try key.event(.keyPackage, tags: [["d", "x"]])
        #expect(missing.replacementKey == empty.replacementKey)
        #expect(missing.replacementKey == second.replacementKey)
        #expect(missing.replacementKey != other.replacementKey)
        #expect(try key.event(.giftWrap).replacementKey == nil)
    }

    @Test func ownUpdateWins() throws {
        let key = try People.alice()
        let first = try key.event(.mediaRelays, at: 1000)
        #expect(first.timeForNextVersion(now: UnixTime(900)) == UnixTime(1001))
        #expect(first.timeForNextVersion(now: UnixTime(2000)) == UnixTime(2000))
        let next = try Rumor(
            list: [],
            kind: .mediaRelays,
            publicKey: key.publicKey,
            replacing: first,
            now: UnixTime(900)
        )
        #expect(try key.sign(next).replaces(first))
    }

    @Test func oldestPlacesAreGivenUp() throws {
        let key = try People.alice()
        var newest = NewestVersions(capacity: 2)
        for slot in ["a", "b", "c"] {
            #expect(newest.insert(try key.event(.keyPackage, tags: [["d", slot]])))
        }
        #expect(newest.count == 2)
    }
}
