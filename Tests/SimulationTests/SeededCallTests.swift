import BurrowSimulation
import Glibc
import Testing

/// Whole calls drawn from seeds. `scripts/simulate.sh` runs many more in a release build; a seed that failed there or
/// here is run again with `BURROW_SEED=n`, and `BURROW_SEEDS` says how many to run from there on.
@Suite struct SeededCallTests {
    private static func number(_ name: String) -> UInt64? {
        guard let text = unsafe getenv(name) else { return nil }
        return UInt64(unsafe String(cString: text))
    }

    static var seeds: [UInt64] {
        let first = number("BURROW_SEED") ?? 1
        let count = number("BURROW_SEEDS") ?? (number("BURROW_SEED") == nil ? 12 : 1)
        return Array(first..<(first + count))
    }

    @Test(arguments: seeds) func everythingComesRight(seed: UInt64) {
        let report = CallRun(CallPlan(seed: seed)).run()
        #expect(report.problems.isEmpty, "seed \(seed): \(report.problems.joined(separator: "\n"))")
        #expect(report.frames > 0, "seed \(seed)")
    }

    @Test(arguments: [1001, 1002, 1003] as [UInt64]) func aSeedGivesTheSameCallEveryTime(seed: UInt64) {
        let first = CallRun(CallPlan(seed: seed)).run()
        let second = CallRun(CallPlan(seed: seed)).run()
        let difference = zip(first.log, second.log).first { $0 != $1 }
        #expect(difference == nil, "seed \(seed)")
        #expect(first.log.count == second.log.count, "seed \(seed)")
        #expect(first.shape == second.shape, "seed \(seed)")
    }
}
