import BurrowSimulation
import Glibc

/// Runs seeded calls and, if asked, a calm one of five for some minutes:
/// `burrow-simulate [--from SEED] [--seeds COUNT] [--conference MINUTES] [--log]`.
/// Prints what went wrong, with the seed.
struct Arguments {
    var first: UInt64 = 1
    var count: UInt64 = 200
    /// How long the calm call lasts.
    var minutes: Int64 = 0
    /// Prints every step and event.
    var log = false

    init?(_ words: ArraySlice<String>) {
        var rest = words
        while let word = rest.popFirst() {
            switch word {
            case "--log": log = true
            case "--from":
                guard let number = rest.popFirst().flatMap({ UInt64($0) }) else { return nil }
                first = number
            case "--seeds":
                guard let number = rest.popFirst().flatMap({ UInt64($0) }) else { return nil }
                count = number
            case "--conference":
                guard let number = rest.popFirst().flatMap({ Int64($0) }) else { return nil }
                minutes = number
            default: return nil
            }
        }
    }
}

guard let arguments = Arguments(CommandLine.arguments.dropFirst()) else {
    print("usage: burrow-simulate [--from SEED] [--seeds COUNT] [--conference MINUTES] [--log]")
    print("0 passed, 1 failed, 0 skipped")
    exit(2)
}
let clock = ContinuousClock()
var failed: [UInt64] = []
for seed in arguments.first..<(arguments.first + arguments.count) {
    let begin = clock.now
    let report = CallRun(CallPlan(seed: seed)).run()
    // Every tenth is run twice: the same seed has to give the same run.
    var problems = report.problems
    if seed % 10 == 0 {
        let again = CallRun(CallPlan(seed: seed)).run()
        if let difference = zip(report.log, again.log).first(where: { $0 != $1 }) {
            problems.append("not repeatable: \(difference)")
        } else if report.shape != again.shape {
            problems.append("not repeatable: datagrams differ")
        }
    }
    if arguments.log {
        for line in report.log { print(line) }
        let took = begin.duration(to: clock.now)
        print(
            "seed \(seed): \(report.frames) frames, \(report.datagrams) datagrams, \(report.length), \(took)"
        )
    }
    if !problems.isEmpty {
        failed.append(seed)
        print("FAIL seed \(seed)")
        for problem in problems { print("    \(problem)") }
    }
}
var calls = Int(arguments.count)
if arguments.minutes > 0 {
    calls += 1
    var conference = Conference()
    conference.minutes = arguments.minutes
    let problems = try conference.run(seed: arguments.first)
    if !problems.isEmpty {
        failed.append(arguments.first)
        print("FAIL conference of \(arguments.minutes) minutes")
        for problem in problems { print("    \(problem)") }
    }
}
print("\(calls - failed.count) passed, \(failed.count) failed, 0 skipped")
exit(failed.isEmpty ? 0 : 1)
