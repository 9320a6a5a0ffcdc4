import BurrowBase
import BurrowNostr
import Glibc
import Testing

@Suite struct PoolSimulationTests {
    /// Signed once: signing is most of what a simulation would cost.
    private static let events: [Event] = {
        guard let key = try? People.bob() else { return [] }
        return (0..<240).compactMap { (index) in
            // From before the beginning until nearly the end.
            let time = PoolSimulation.unixStart - 100 + Int64(index) * 600 / 240
            return try? key.event(at: time, content: "event \(index)")
        }
    }()

    private static let own: [Event] = {
        guard let key = try? People.alice() else { return [] }
        return (0..<40).compactMap {
            try? key.event(EventKind(2), at: PoolSimulation.unixStart, content: "own \($0)")
        }
    }()

    /// Schedules of each block; more of them on demand.
    private let schedules =
        unsafe getenv("BURROW_POOL_SCHEDULES").flatMap { unsafe Int(String(cString: $0)) } ?? 4

    private func run(
        _ seed: UInt64,
        _ plan: PoolSimulation.Plan,
        arriving: Int = 240,
        published: Int = 0,
        seconds: Int64 = 1800
    ) throws -> PoolSimulation {
        var simulation = try PoolSimulation(
            seed: seed,
            plan: plan,
            key: try People.alice(),
            arriving: Array(Self.events.prefix(arriving)),
            published: Array(Self.own.prefix(published))
        )
        try simulation.run(seconds: seconds)
        return simulation
    }

    private func check(_ simulation: PoolSimulation, arriving: Int = 240, seed: UInt64) {
        let lost = Self.events.prefix(arriving).filter { simulation.delivered[$0.id] == nil }
        let repeated = simulation.delivered.values.filter { $0 != 1 }
        #expect(lost.isEmpty, "seed \(seed): \(lost.count) lost, first \(lost.first?.content ?? "")")
        #expect(repeated.isEmpty, "seed \(seed): \(repeated.count) delivered more than once")
    }

    private static let window = Subscription.Window.resuming(
        overlap: 600,
        initial: UnixTime(PoolSimulation.unixStart)
    )

    /// One dead relay, a slow one, one that repeats and reorders, one that sends garbage.
    private static func hostile(seed: UInt64) -> PoolSimulation.Plan {
        var random = SeededRandom(seed: seed &* 31)
        var dead = SimulatedRelay.Faults()
        dead.isDead = true
        var slow = SimulatedRelay.Faults()
        slow.delay = 4000
        var repeating = SimulatedRelay.Faults()
        repeating.repeatsEvents = 50
        repeating.reorders = true
        repeating.page = 60
        var garbage = SimulatedRelay.Faults()
        garbage.sendsGarbage = 10
        garbage.limitsRate = 20
        garbage.needsAuthentication = true
        let all = [dead, slow, repeating, garbage]
        return PoolSimulation.Plan(
            relays: all,
            deaths: Int.random(in: 0..<20, using: &random),
            freezes: Int.random(in: 0..<6, using: &random),
            window: window
        )
    }

    @Test func nothingGoesWrong() throws {
        let plan = PoolSimulation.Plan(relays: [SimulatedRelay.Faults()], window: Self.window)
        let simulation = try run(1, plan, published: 10)
        check(simulation, seed: 1)
        #expect(simulation.finished.count == 10)
        #expect(simulation.finished.values.allSatisfy { $0 == 1 })
    }

    @Test func sameSeedSameStory() throws {
        let plan = Self.hostile(seed: 5)
        let first = try run(5, plan, published: 10)
        let second = try run(5, plan, published: 10)
        let other = try run(6, plan, published: 10)
        #expect(first.trace == second.trace)
        #expect(first.trace != other.trace)
    }

    /// A relay that is killed and restarted fifty times while events stream through it.
    @Test(arguments: [UInt64(1), 2, 3]) func fiftyDeaths(seed: UInt64) throws {
        let plan = PoolSimulation.Plan(relays: [SimulatedRelay.Faults()], deaths: 50, window: Self.window)
        let simulation = try run(seed, plan, published: 40)
        check(simulation, seed: seed)
        #expect(simulation.finished.count == 40)
        #expect(simulation.finished.values.allSatisfy { $0 == 1 })
    }

    @Test(arguments: 0..<8) func manySchedules(block: Int) throws {
        for number in 0..<schedules {
            let seed = UInt64(block * 1000 + number)
            let simulation = try run(
                seed,
                Self.hostile(seed: seed),
                arriving: 120,
                published: 8,
                seconds: 2400
            )
            check(simulation, arriving: 120, seed: seed)
            // Three of the four relays are there in the end and take everything.
            for (_, outcomes) in simulation.outcomes {
                let accepted = outcomes.values.filter(\.isAccepted).count
                #expect(accepted == 3, "seed \(seed): \(outcomes.values.map(\.word).sorted())")
            }
            #expect(simulation.outcomes.count == 8, "seed \(seed)")
        }
    }

    /// A relay that swallows answers: an event is never reported as accepted that is not there.
    @Test(arguments: 0..<10) func lostAnswers(number: Int) throws {
        var faults = SimulatedRelay.Faults()
        faults.losesAnswers = 30
        let plan = PoolSimulation.Plan(relays: [faults], deaths: 5, window: Self.window)
        let simulation = try run(UInt64(number), plan, arriving: 20, published: 40)
        #expect(simulation.finished.count == 40)
        let stored = simulation.relays.flatMap(\.stored).filter { $0.kind == EventKind(2) }.count
        let accepted = simulation.finished.values.reduce(0, +)
        #expect(accepted <= stored)
        #expect(accepted > 10)
    }
}
