import BurrowBase
import BurrowNostr
import Testing

@Suite struct RelayRaceTests {
    private static let start = Instant(microseconds: 1_000_000)

    /// What happens to which relay, so many milliseconds after the beginning.
    enum Step {
        case up(Int, Int64)
        case down(Int, Int64, RelayChoice.Failure)
        case wait(Int64)
    }

    /// What the race did, told as `dial 0`, and when it was decided.
    private func run(_ count: Int, isStaggered: Bool = true, _ steps: [Step]) -> [String] {
        var race = RelayRace(count: count, isStaggered: isStaggered, now: Self.start)
        var log: [String] = []
        func look(_ milliseconds: Int64) {
            while let action = race.nextAction() {
                switch action {
                case .dial(let index): log.append("\(milliseconds) dial \(index)")
                case .drop(let index): log.append("\(milliseconds) drop \(index)")
                }
            }
            if let verdict = race.verdict, log.last?.contains("won") != true,
                log.last?.contains("lost") != true
            {
                switch verdict {
                case .won(let index): log.append("\(milliseconds) won \(index)")
                case .lost(let isAuthorization): log.append("\(milliseconds) lost \(isAuthorization)")
                }
            }
        }
        func advance(to milliseconds: Int64) {
            while race.deadline < Self.start + .milliseconds(milliseconds) {
                let due = race.deadline
                race.advance(now: due)
                look((due - Self.start).microseconds / 1000)
            }
        }
        look(0)
        for step in steps {
            switch step {
            case .up(let index, let at):
                advance(to: at)
                race.connected(index, now: Self.start + .milliseconds(at))
                look(at)
            case .down(let index, let at, let failure):
                advance(to: at)
                race.failed(index, failure, now: Self.start + .milliseconds(at))
                look(at)
            case .wait(let at): advance(to: at + 1)
            }
        }
        return log
    }

    @Test func nothingToTry() {
        #expect(run(0, []) == ["0 lost false"])
    }

    @Test func firstWins() {
        #expect(run(3, [.up(0, 40)]) == ["0 dial 0", "40 drop 0", "40 won 0"])
    }

    @Test func slowOnesAreOvertaken() {
        let log = run(3, [.up(1, 1600), .wait(3000)])
        #expect(log == ["0 dial 0", "1500 dial 1", "1850 drop 0", "1850 drop 1", "1850 won 1"])
    }

    @Test func preferenceIsKeptWithinTheGrace() {
        let log = run(3, [.up(1, 1600), .up(0, 1800)])
        #expect(log == ["0 dial 0", "1500 dial 1", "1800 drop 0", "1800 drop 1", "1800 won 0"])
    }

    @Test func failuresGoOnAtOnce() {
        let log = run(3, [.down(0, 10, .unreachable), .down(1, 20, .certificate), .up(2, 30)])
        #expect(log == ["0 dial 0", "10 dial 1", "20 dial 2", "30 drop 2", "30 won 2"])
    }

    @Test func aLaterOneWinsAsSoonAsTheEarlierFails() {
        let log = run(2, [.up(1, 1600), .down(0, 1650, .unreachable)])
        #expect(log == ["0 dial 0", "1500 dial 1", "1650 drop 1", "1650 won 1"])
    }

    @Test func oneThatIsLostWithinTheGraceDoesNotWin() {
        let log = run(2, [.up(1, 1600), .down(1, 1650, .unreachable), .up(0, 4000)])
        #expect(log == ["0 dial 0", "1500 dial 1", "4000 drop 0", "4000 won 0"])
    }

    @Test func allFail() {
        let mixed = run(2, [.down(0, 1, .notAuthorized), .down(1, 2, .unreachable)])
        #expect(mixed == ["0 dial 0", "1 dial 1", "2 lost false"])
        let refused = run(2, [.down(0, 1, .notAuthorized), .down(1, 2, .notAuthorized)])
        #expect(refused == ["0 dial 0", "1 dial 1", "2 lost true"])
    }

    @Test func calleesDoNotHurry() {
        let log = run(2, isStaggered: false, [.wait(9000), .down(0, 9500, .unreachable), .up(1, 9600)])
        #expect(log == ["0 dial 0", "9500 dial 1", "9600 drop 1", "9600 won 1"])
    }

    @Test func whatIsNotExpectedIsIgnored() {
        let log = run(
            2,
            [.up(1, 5), .up(7, 5), .down(1, 6, .unreachable), .down(-1, 6, .unreachable), .up(0, 7)]
        )
        #expect(log == ["0 dial 0", "7 drop 0", "7 won 0"])
    }
}
