import BurrowBase
import BurrowMoQ
import Testing

@Suite struct OriginTests {
    private final class Source: TrackProvider {
        func openTrack(_ name: String, of broadcast: Broadcast, for asker: AnyObject?) -> Track? { nil }
        func fetch(_ sequence: UInt64, of track: Track, priority: UInt8, for asker: AnyObject?) -> GroupFetch?
        { nil }
    }

    private final class Watcher: OriginWatcher {
        var changes: [String] = []
        func originChanged(_ path: BroadcastPath) { changes.append(path.description) }
    }

    @Test func theNewestSourceWinsAndTheOlderReturns() throws {
        let origin = Origin()
        let watcher = Watcher()
        origin.watch(watcher)
        let path = try BroadcastPath("room/bob")
        let (first, second) = (Source(), Source())
        let old = Broadcast(path: path, hops: [], provider: first)
        let new = Broadcast(path: path, hops: [], provider: second)
        origin.add(old)
        origin.add(new)
        #expect(origin.broadcast(path) === new)
        #expect(origin.broadcast(path) { !$0.comes(from: second) } === old)
        origin.remove(new)
        #expect(origin.broadcast(path) === old)
        origin.remove(old)
        origin.remove(old)
        #expect(origin.broadcast(path) == nil)
        #expect(watcher.changes == ["room/bob", "room/bob", "room/bob", "room/bob"])
    }

    @Test func prefixesMatchWholeSegments() throws {
        let origin = Origin()
        let source = Source()
        for text in ["room/bob", "room/alice", "rooms/eve", "room"] {
            origin.add(Broadcast(path: try BroadcastPath(text), hops: [], provider: source))
        }
        let found = origin.broadcasts(under: try BroadcastPath("room")) { _ in true }
        #expect(found.map(\.path.description) == ["room", "room/alice", "room/bob"])
        #expect(origin.broadcasts(under: .root) { _ in true }.count == 4)
    }
}

extension Optional where Wrapped == Broadcast {
    fileprivate static func === (a: Broadcast?, b: Broadcast) -> Bool {
        guard let a else { return false }
        return ObjectIdentifier(a) == ObjectIdentifier(b)
    }
}
