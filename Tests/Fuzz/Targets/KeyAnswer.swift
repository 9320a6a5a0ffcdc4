import BurrowBase
import BurrowNostr
import FuzzHarness

/// What hosts answer for a key that is elsewhere: nothing is believed but the event that was asked for.
enum KeyAnswerTarget: FuzzTarget {
    static func run() {
        guard let alice = try? LocalKey.importing(String(repeating: "01", count: 32)),
            let bob = try? LocalKey.importing(String(repeating: "02", count: 32)),
            let rumor = try? Rumor(publicKey: alice.publicKey, createdAt: UnixTime(1), kind: EventKind(1)),
            let outer = try? Rumor(
                publicKey: bob.publicKey,
                createdAt: UnixTime(1),
                kind: .giftWrap,
                tags: [["p", alice.publicKey.hex]],
                content: "x"
            ),
            let wrap = try? bob.sign(outer),
            let wrapping = try? Wrapping(rumor, for: bob.publicKey),
            let opening = try? Unwrapping(wrap, recipient: alice.publicKey)
        else { return }
        fuzz { (input) in
            var random = SeededRandom(seed: 1)
            for task in [KeyTask.signing(rumor), .wrapping(wrapping), .opening(opening)] {
                var requests = KeyRequests<Int>(publicKey: alice.publicKey, limit: 4, patience: .seconds(1))
                guard var question = try? requests.begin(task, for: 1, now: Instant(microseconds: 0)) else {
                    return require(false, "nothing is asked")
                }
                // The same answer to all there is to ask.
                var count = 0
                while true {
                    let outcome = requests.answer(
                        question.number,
                        .bytes(input),
                        now: Instant(microseconds: 0),
                        wallClock: UnixTime(1),
                        random: &random
                    )
                    count += 1
                    require(count <= 2, "more is asked than there is")
                    guard case .ask(let next, _) = outcome else {
                        require(outcome != nil, "the question was not open")
                        if case .ended(let ending) = outcome, case .success(.event(let event)) = ending.result
                        {
                            require(event.rumor == rumor, "another event is believed")
                        }
                        break
                    }
                    question = next
                }
                require(requests.count == 0, "something waits for ever")
            }
        }
    }
}
