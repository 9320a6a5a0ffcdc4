import BurrowBase
import BurrowMLS
import BurrowMarmot
import BurrowNostr
import Glibc
import Testing

/// Members who change the group all the time while events are rounds behind, come in any order, and processes end. Once
/// everything has reached everybody, all are in the same epoch.
struct ModelTests {
    static let seeds: [UInt64] = {
        let count = unsafe getenv("BURROW_MARMOT_SEEDS").flatMap { unsafe UInt64(String(cString: $0)) } ?? 2
        return Array(1...max(count, 1))
    }()

    private struct Delivery {
        let due: Int
        let to: Int
        let event: Event
        /// `nil` delivers it, otherwise it says to its author whether a relay has it.
        var fate: Bool?
    }

    @Test(arguments: seeds) func allEndUpInOneEpoch(seed: UInt64) throws {
        var dice = SeededRandom(seed: seed)
        let world = try World(5, admins: 2)
        var queue: [Delivery] = []
        var everything: [(author: Int, event: Event)] = []
        var rollbacks = 0
        for round in 0..<25 {
            world.now = world.now + .seconds(Int64.random(in: 0...1, using: &dice))
            for index in world.people.indices {
                if Int.random(in: 0..<12, using: &dice) == 0 {
                    try world[index].restart(now: world.now)
                    // What was held is gone, and the relay gives all of it again.
                    for entry in everything.shuffled(using: &dice) where entry.author != index {
                        queue.append(Delivery(due: round, to: index, event: entry.event))
                    }
                }
                if Int.random(in: 0..<4, using: &dice) == 0, try !world.state(world[index]).hasPendingCommit {
                    let event =
                        index < 2 && Bool.random(using: &dice)
                        ? try world.rename(index, "round \(round)") : try world.selfUpdate(index)
                    try publish(event, index, round, world, &queue, &everything, &dice)
                }
                if Int.random(in: 0..<4, using: &dice) == 0 {
                    let event = try world.says(index, "\(index) in \(round)")
                    everything.append((index, event))
                    for to in world.people.indices where to != index {
                        let due = round + Int.random(in: 0...3, using: &dice)
                        queue.append(Delivery(due: due, to: to, event: event))
                    }
                }
            }
            try deliver(&queue, until: round, world, &dice)
        }
        while !queue.isEmpty { try deliver(&queue, until: .max, world, &dice) }
        for person in world.people {
            for notice in person.notices {
                switch notice {
                case .rolledBack: rollbacks += 1
                case .refused(_, let error):
                    let expected: [MarmotError.Code] = [
                        .lostRace, .undecryptable, .mls(.generationConsumed), .mls(.staleEpoch), .replayed,
                        .noWayBack,
                    ]
                    #expect(expected.contains(error.code), "\(error.code)")
                default: break
                }
            }
        }
        try world.expectAgreement(0, 1, 2, 3, 4)
        #expect(try world.state(world[0]).epoch > 5)
        #expect(rollbacks > 0)
        for index in world.people.indices { #expect(try !world.state(world[index]).hasPendingCommit) }
        let last = try world.says(3, "last")
        for index in [0, 1, 2, 4] {
            try world.gives(last, to: index)
            #expect(world[index].messages().last == "last")
        }
    }

    private func publish(
        _ event: Event,
        _ author: Int,
        _ round: Int,
        _ world: World,
        _ queue: inout [Delivery],
        _ everything: inout [(author: Int, event: Event)],
        _ dice: inout SeededRandom
    ) throws {
        let fate = Int.random(in: 0..<10, using: &dice)
        // It may be told that no relay has it, which is true half of the time.
        let isConfirmed = fate > 1
        let due = round + Int.random(in: 0...2, using: &dice)
        queue.append(Delivery(due: due, to: author, event: event, fate: isConfirmed))
        guard fate != 0 else { return }
        everything.append((author, event))
        for to in world.people.indices where to != author || !isConfirmed {
            let due = round + Int.random(in: (to == author ? 3 : 0)...3, using: &dice)
            queue.append(Delivery(due: due, to: to, event: event))
        }
    }

    private func deliver(
        _ queue: inout [Delivery],
        until round: Int,
        _ world: World,
        _ dice: inout SeededRandom
    ) throws {
        let due = queue.filter { $0.due <= round }.shuffled(using: &dice)
        queue.removeAll { $0.due <= round }
        for entry in due {
            let person = world[entry.to]
            if let fate = entry.fate {
                try person.take(person.client.published(entry.event.id, accepted: fate, now: world.now))
            } else {
                try world.gives(entry.event, to: entry.to)
            }
        }
    }
}
