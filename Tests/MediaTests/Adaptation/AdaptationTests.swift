import BurrowBase
import BurrowMedia
import Testing

/// How a call fares on lines that change, without a transport.
@Suite struct ScriptedAdaptationTests {
    /// From 3 Mbit/s to something narrow and back.
    private static func dip(_ narrow: Int, from: Int64 = 10_000, until: Int64 = 30_000) -> (Int64) -> Int {
        { (time) in (from..<until).contains(time) ? narrow : 3_000_000 }
    }

    @Test func aWideLineGivesEverythingAndLeavesItSo() {
        let sender = ScriptedSender(
            ScriptedLine { _ in 5_000_000 },
            ScriptedSender.call(2_000_000, 1280, 720)
        )
        sender.run(seconds: 30)
        #expect(sender.between(5, 30).allSatisfy { $0.video == 2_000_000 && $0.targets.video[0].scale == 1 })
        #expect(sender.moments.allSatisfy { $0.targets.relief == .none })
        #expect(sender.between(5, 30).allSatisfy { $0.targets.audio[0].decision.bitRate == 32_000 })
    }

    @Test(arguments: [200_000, 300_000, 500_000])
    func picturesGiveWayAtOnceAndSoundDoesNot(narrow: Int) throws {
        let sender = ScriptedSender(ScriptedLine(capacity: Self.dip(narrow)), ScriptedSender.call())
        sender.run(seconds: 30)
        // Before it was noticed, half a second of pictures went out.
        let first = try #require(sender.between(10, 30).first { $0.video < narrow })
        #expect(first.time < 10.6)
        #expect(sender.moments.allSatisfy { $0.targets.audio[0].decision.bitRate == 32_000 })
        // Soon the queue is gone, and stays short.
        #expect(sender.between(13.5, 30).allSatisfy { $0.queue < 200 })
        let queues = sender.between(13.5, 30).map(\.queue).sorted()
        #expect(queues[queues.count / 2] < 60)
        // And the line is made use of.
        let rates = sender.between(15, 30).map(\.video)
        #expect(rates.reduce(0, +) / rates.count > narrow * 55 / 100 - 54_000)
    }

    @Test(arguments: [200_000, 300_000, 500_000], [25, 50, 150] as [Int64])
    func whatComesBackIsTakenWithinSeconds(narrow: Int, base: Int64) {
        let sender = ScriptedSender(
            ScriptedLine(base: base, capacity: Self.dip(narrow)),
            ScriptedSender.call()
        )
        sender.run(seconds: 40)
        #expect(sender.between(34.5, 40).allSatisfy { $0.video >= 720_000 })
        #expect(sender.between(36, 40).allSatisfy { $0.targets.video[0].scale == 1 })
    }

    /// On a narrow line the rate neither swings widely nor often.
    @Test(arguments: [200_000, 300_000, 500_000])
    func aNarrowLineIsNoSeesaw(narrow: Int) throws {
        let sender = ScriptedSender(ScriptedLine { _ in narrow }, ScriptedSender.call())
        sender.run(seconds: 60)
        // The first guess is far too high, and what comes of it takes its time.
        let steady = sender.between(20, 60)
        let rates = steady.map(\.video)
        let (least, most) = (try #require(rates.min()), try #require(rates.max()))
        #expect(Double(most) < Double(least) * 2)
        // Every fall is a change of direction; rises in between are slow.
        let falls = zip(rates, rates.dropFirst()).count { $1 < $0 * 95 / 100 }
        #expect(falls <= 10)
        let scales = steady.map { $0.targets.video[0].scale }
        #expect(zip(scales, scales.dropFirst()).count { $0 != $1 } <= 2)
    }

    @Test(arguments: [0.02, 0.05, 0.1])
    func lossOfAWideLineCostsPicturesNothing(loss: Double) {
        let sender = ScriptedSender(
            ScriptedLine(loss: loss, seed: 7) { _ in 3_000_000 },
            ScriptedSender.call()
        )
        sender.run(seconds: 30)
        #expect(sender.between(6, 30).allSatisfy { $0.video == 800_000 })
        let isProtected = sender.between(10, 30).count { $0.targets.audio[0].decision.usesFEC }
        #expect(loss < 0.03 ? isProtected == 0 : isProtected == 200)
    }

    /// Nothing comes after the lost packet that would show it to be lost, as when a call begins.
    @Test func theLossOfASinglePacketIsNoQueue() {
        let line = ScriptedLine { _ in 3_000_000 }
        let sender = ScriptedSender(line, SendingDemand())
        line.send(1_000, at: 0)
        sender.run(seconds: 0.1)
        line.send(1_000, at: 100_000)
        line.lose(noticedAfter: 400)
        sender.run(seconds: 0.3)
        #expect(sender.controller.phase == .congested)
        sender.run(seconds: 0.6)
        #expect(sender.controller.targets.estimate >= 1_000_000)
    }

    @Test(arguments: [20, 30, 60] as [Int64])
    func jitterIsNoQueue(jitter: Int64) {
        let sender = ScriptedSender(ScriptedLine(jitter: jitter) { _ in 3_000_000 }, ScriptedSender.call())
        sender.run(seconds: 30)
        #expect(sender.between(10, 30).allSatisfy { $0.video == 800_000 })
    }

    /// A longer way is not a queue for ever.
    @Test func aWayThatBecomesLongerIsForgiven() {
        let way = ScriptedLine { _ in 3_000_000 }
        let sender = ScriptedSender(way, ScriptedSender.call())
        sender.run(seconds: 10)
        way.lengthen(by: 200)
        sender.run(seconds: 40)
        #expect(sender.between(35, 50).allSatisfy { $0.video == 800_000 })
    }

    /// Nothing arrives for three seconds; then everything is as it was.
    @Test func aBlackoutIsNoNarrowLine() {
        var controller = SendingController()
        controller.set(ScriptedSender.call(), now: Instant(microseconds: 0))
        func report(_ time: Int64, delivered: Int, waiting: Int = 0) -> LineReport {
            var report = LineReport(time: Instant(microseconds: time * 1000))
            report.base = .milliseconds(50)
            report.sent = 870_000
            report.delivered = delivered
            report.burst = 3000
            report.shown = 3_000_000
            (report.waiting, report.leastWaiting) = (waiting, waiting)
            return report
        }
        for step in 0..<40 { controller.take(report(Int64(step) * 250, delivered: 870_000)) }
        #expect(controller.targets.video[0].bitRate == 800_000)
        for step in 40..<52 { controller.take(report(Int64(step) * 250, delivered: 0, waiting: 50_000)) }
        #expect(controller.phase == .silent)
        #expect(controller.targets.video[0].bitRate == 800_000)
        #expect(controller.targets.relief == .all, "what cannot be sent is not encoded")
        controller.take(report(13_050, delivered: 870_000))
        #expect(controller.targets.video[0].bitRate == 800_000 && controller.targets.relief == .none)
    }

    /// From what is left of a line, pictures go first, in order, and sound last.
    @Test func everythingGoesInItsOrder() {
        let rates = [3_000_000, 700_000, 400_000, 120_000, 85_000, 55_000]
        let sender = ScriptedSender(
            ScriptedLine { rates[min(Int($0) / 20_000, rates.count - 1)] },
            ScriptedSender.call(2_000_000, 1280, 720)
        )
        sender.run(seconds: 120)
        func at(_ time: Double) -> SendingTargets { sender.between(time, time + 1)[0].targets }
        #expect(at(15).video[0].scale == 1 && at(15).video[0].bitRate == 2_000_000)
        #expect(at(38).video[0].scale == 1 || at(38).video[0].scale == 2)
        #expect(at(58).video[0].scale == 2)
        #expect(at(78).video[0].scale == 4 && at(78).audio[0].decision.bitRate == 32_000)
        #expect(at(98).video[0].isOff || at(98).video[0].frameRate == 15)
        #expect(at(118).video[0].isOff && at(118).audio[0].decision.bitRate < 32_000)
    }
}
