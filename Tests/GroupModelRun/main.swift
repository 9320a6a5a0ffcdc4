import BurrowGroupModel
import Glibc

// Runs the model of five members and a bad network: `burrow-group-model [OPERATIONS [SEEDS [FIRST SEED]]]`.
let numbers = CommandLine.arguments.dropFirst().compactMap { UInt32($0) }
let operations = numbers.first.map { Int($0) } ?? 10_000
let first = numbers.count > 2 ? UInt64(numbers[2]) : 1
let seeds = numbers.count > 1 ? UInt64(numbers[1]) : 1
let clock = ContinuousClock()
var failures = 0
for seed in first..<first + seeds {
    let begin = clock.now
    do {
        var model = try DeliveryModel(seed: seed)
        try model.run(operations)
        print("\(operations) operations of seed \(seed) in \(begin.duration(to: clock.now)): \(model.counts)")
    } catch {
        failures += 1
        print("FAIL  seed \(seed): \(error)")
    }
}
print("\(Int(seeds) - failures) passed, \(failures) failed, 0 skipped")
exit(failures == 0 ? 0 : 1)
