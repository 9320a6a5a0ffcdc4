import BurrowBase
import BurrowMoQ
import Testing

@Suite struct ChangedPathsTests {
    private func drain(_ paths: inout ChangedPaths) -> [String] {
        var result: [String] = []
        while let path = paths.popFirst() { result.append(path.description) }
        return result
    }

    @Test func theLatestChangeCounts() throws {
        var paths = ChangedPaths()
        for name in ["a", "b", "c", "a", "d", "b"] { paths.add(try BroadcastPath(name)) }
        #expect(paths.count == 4)
        #expect(drain(&paths) == ["c", "a", "d", "b"])
        #expect(paths.isEmpty && paths.popFirst() == nil)
    }

    @Test func whatIsAsItWasIsForgotten() throws {
        var paths = ChangedPaths()
        for name in ["a", "b", "c"] { paths.add(try BroadcastPath(name)) }
        paths.remove(try BroadcastPath("b"))
        paths.remove(try BroadcastPath("x"))
        paths.add(try BroadcastPath("a"))
        #expect(drain(&paths) == ["c", "a"])
    }

    /// However often paths change, there are no more places than a few for each.
    @Test(arguments: [1, 3, 1000]) func placesAreBounded(count: Int) throws {
        var paths = ChangedPaths()
        let names = try (0..<count).map { try BroadcastPath("\($0)") }
        for round in 0..<(50_000 / count) {
            for name in names { paths.add(name) }
            if round % 2 == 1 { for name in names.dropFirst() { paths.remove(name) } }
            #expect(paths.places <= 2 * count + 65)
        }
        #expect(paths.count == 1 || paths.count == count)
        #expect(drain(&paths).count <= count)
    }
}
