import BurrowCalls
import Testing

#if canImport(Glibc)
    import Glibc
#endif

/// Whole schedules of calls by seed. BURROW_CALL_SCHEDULES says how many, BURROW_CALL_SEED where to begin.
@Suite struct CallSimulationTests {
    private static func number(_ name: String) -> UInt64? {
        guard let text = unsafe getenv(name) else { return nil }
        return unsafe UInt64(String(cString: text))
    }

    @Test func callsEndWellWhateverHappens() throws {
        let first = Self.number("BURROW_CALL_SEED") ?? 1
        let count = Self.number("BURROW_CALL_SCHEDULES") ?? 15
        var talks = 0
        var failures = 0
        var endings: [CallEndReason: Int] = [:]
        for seed in first..<(first + count) {
            var simulation = try CallSimulation(seed: seed)
            simulation.run()
            for problem in simulation.problems { Issue.record("\(problem)") }
            talks += simulation.talks
            endings.merge(simulation.endings, uniquingKeysWith: +)
            failures += simulation.problems.isEmpty ? 0 : 1
            guard failures < 8 else { return }
        }
        // Otherwise nothing was tried.
        #expect(talks > Int(count))
        for reason in [CallEndReason.hangup, .remoteHangup, .declined, .timeout, .missed, .glare]
        where count >= 40 {
            #expect(endings[reason] != nil, "no call ended with \(reason)")
        }
    }

    /// Somebody's second device called while the first was in a call with the same person.
    @Test(arguments: [2465, 4637, 4757] as [UInt64])
    func theOtherDeviceHearsThatItsCallIsOver(seed: UInt64) throws {
        var simulation = try CallSimulation(seed: seed)
        simulation.run()
        for problem in simulation.problems { Issue.record("\(problem)") }
    }

    @Test func aSeedIsAlwaysTheSameSchedule() throws {
        var (first, second) = (try CallSimulation(seed: 7), try CallSimulation(seed: 7))
        first.run()
        second.run()
        #expect(first.talks == second.talks && first.endings == second.endings)
    }
}
