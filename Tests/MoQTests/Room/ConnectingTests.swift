import BurrowBase
import BurrowMoQ
import Testing

@Suite struct ConnectingTests {
    private let v6 = SocketAddress(ip: .v6(1, 1, scope: 0), port: 1)
    private let otherV6 = SocketAddress(ip: .v6(1, 2, scope: 0), port: 1)
    private let v4 = SocketAddress(ip: .v4(1), port: 1)

    private func at(_ milliseconds: Int64) -> Instant { Instant(microseconds: milliseconds * 1000) }

    @Test func familiesAlternate() {
        #expect(ConnectionRace.interleave([v6, otherV6, v4]) == [v6, v4, otherV6])
        #expect(ConnectionRace.interleave([v4, v6, otherV6]) == [v4, v6, otherV6])
        #expect(ConnectionRace.interleave([]).isEmpty)
    }

    @Test func theSecondAddressIsTriedAfterADelayOrAFailure() {
        var race = ConnectionRace([v6, otherV6, v4], now: at(0))
        func next(_ time: Int64) -> ConnectionRace.Action { race.next(now: at(time)) }
        #expect(next(0) == .attempt(v6))
        #expect(next(0) == .wait(until: at(250)))
        #expect(next(250) == .attempt(v4))
        race.attemptFailed(now: at(260))
        #expect(next(260) == .attempt(otherV6))
        #expect(next(260) == .wait(until: .distantFuture))
        race.attemptFailed(now: at(300))
        race.attemptFailed(now: at(301))
        #expect(next(301) == .exhausted)
    }

    @Test func pausesDoubleUpToTheLongestAndVary() {
        var backoff = Backoff(first: .milliseconds(100), longest: .seconds(1))
        var random = SeededRandom(seed: 7)
        let ceilings: [Int64] = [100, 200, 400, 800, 1000, 1000, 1000]
        for ceiling in ceilings {
            let pause = backoff.next(&random).microseconds
            #expect(pause >= ceiling * 500 && pause <= ceiling * 1000)
        }
        backoff.reset()
        let first = backoff.next(&random)
        #expect(first <= .milliseconds(100))
    }

    @Test func timersFireInTheirOrder() {
        let timers = TimerQueue()
        var fired: [Int] = []
        for (index, time) in [30, 10, 20, 10].enumerated() {
            timers.set(at(Int64(time))) { fired.append(index) }
        }
        #expect(timers.deadline == at(10))
        timers.fire(now: at(20))
        #expect(fired == [1, 3, 2])
        #expect(timers.deadline == at(30))
        timers.fire(now: at(40))
        #expect(timers.deadline == .distantFuture)
    }
}
