import BurrowBase
import BurrowMedia
import Testing

@Suite struct SendingControllerTests {
    /// A quarter of a second on a line without a queue that carries, and shows to carry, so much.
    private static func report(_ number: Int, _ rate: Int, loss: Double = 0) -> LineReport {
        var report = LineReport(time: Instant(microseconds: Int64(number) * 250_000))
        report.base = .milliseconds(50)
        (report.sent, report.delivered, report.shown) = (rate, rate, rate * 2)
        report.burst = 1200
        (report.packets, report.loss) = (40, loss)
        return report
    }

    /// The same with a queue in front of it.
    private static func full(_ number: Int, _ rate: Int) -> LineReport {
        var report = report(number, rate)
        report.standing = .milliseconds(400)
        report.shown = 0
        return report
    }

    private static func camera(_ sizes: [(Int, Int, Int, Bool)]) -> SendingDemand {
        var demand = SendingDemand()
        demand.audio = [.init(id: 1, bitRate: 32_000)]
        for (index, size) in sizes.enumerated() {
            demand.video.append(
                .init(
                    id: UInt64(10 + index),
                    width: size.0,
                    height: size.1,
                    bitRate: size.2,
                    isWanted: size.3,
                    hasSmaller: index > 0
                )
            )
        }
        return demand
    }

    @Test func smallSizesAreServedFirstAndLargeOnesStall() {
        var controller = SendingController()
        let sizes = [(320, 180, 150_000, true), (1280, 720, 2_000_000, true)]
        controller.set(Self.camera(sizes), now: Instant(microseconds: 0))
        for number in 0..<40 { controller.take(Self.report(number, 3_000_000)) }
        #expect(controller.targets.video.map(\.bitRate) == [150_000, 2_000_000])
        #expect(controller.targets.video.allSatisfy { !$0.isStalled })
        for number in 40..<44 { controller.take(Self.full(number, 500_000)) }
        #expect(controller.targets.video[0].bitRate == 150_000 && !controller.targets.video[0].isStalled)
        #expect(controller.targets.video[1].isStalled && controller.targets.video[1].scale > 1)
        // Its viewers have gone to the smaller one; it is offered again when there is room for it.
        controller.set(
            Self.camera([(320, 180, 150_000, true), (1280, 720, 2_000_000, false)]),
            now: Instant(microseconds: 11_000_000)
        )
        for number in 48..<52 { controller.take(Self.report(number, 300_000)) }
        #expect(controller.targets.video[1].isStalled)
        for number in 52..<90 { controller.take(Self.report(number, 3_000_000)) }
        #expect(!controller.targets.video[1].isStalled && controller.targets.video[1].scale == 1)
    }

    @Test func whatIsFixedIsCountedAndLeftAlone() {
        var controller = SendingController()
        var demand = Self.camera([(640, 360, 800_000, true)])
        demand.video.append(.init(id: 20, width: 1280, height: 720, bitRate: 300_000, isFixed: true))
        demand.audio[0].isFixed = true
        controller.set(demand, now: Instant(microseconds: 0))
        for number in 0..<40 { controller.take(Self.report(number, 3_000_000)) }
        #expect(controller.targets.video.map(\.id) == [10])
        #expect(controller.targets.audio.isEmpty)
        for number in 40..<44 { controller.take(Self.full(number, 600_000)) }
        // Of 600 less the queue, less 300, less 54 for sound, all within the share that is given away.
        #expect(controller.targets.video[0].bitRate < 160_000)
    }

    @Test func lossBringsRedundancyAndTakesItAgain() {
        var controller = SendingController()
        controller.set(Self.camera([(640, 360, 800_000, true)]), now: Instant(microseconds: 0))
        for number in 0..<20 { controller.take(Self.report(number, 3_000_000)) }
        #expect(
            controller.targets.audio[0].decision == .init(bitRate: 32_000, usesFEC: false, expectedLoss: 0)
        )
        for number in 20..<60 { controller.take(Self.report(number, 3_000_000, loss: 0.1)) }
        #expect(
            controller.targets.audio[0].decision == .init(bitRate: 32_000, usesFEC: true, expectedLoss: 10)
        )
        #expect(controller.targets.video[0].bitRate == 800_000)
        for number in 60..<140 { controller.take(Self.report(number, 3_000_000)) }
        #expect(!controller.targets.audio[0].decision.usesFEC)
    }

    @Test func picturesAreLeftOutWhileSomethingWaits() {
        var controller = SendingController()
        controller.set(Self.camera([(640, 360, 800_000, true)]), now: Instant(microseconds: 0))
        var reliefs: [SendingTargets.Relief] = []
        for (number, waiting) in [0, 15_000, 25_000, 45_000, 0].enumerated() {
            var report = Self.report(number, 1_000_000)
            report.waiting = waiting
            controller.take(report)
            reliefs.append(controller.targets.relief)
        }
        #expect(reliefs == [.none, .highest, .allButLowest, .all, .none])
        var report = Self.report(9, 1_000_000)
        report.waiting = 45_000
        controller.take(report)
        controller.disconnected()
        #expect(controller.targets.relief == .none)
    }

    @Test func absurdReportsDoNoHarm() {
        var controller = SendingController()
        controller.set(Self.camera([(640, 360, 800_000, true)]), now: Instant(microseconds: .min))
        for (number, value) in [0, 1, Int.max >> 24, 0].enumerated() {
            var report = Self.report(number, value, loss: .nan)
            report.standing = .microseconds(.max)
            report.overdue = .microseconds(.max)
            (report.waiting, report.leastWaiting, report.overdueBytes) = (value, value, value)
            report.time = Instant(microseconds: number % 2 == 0 ? .max : .min)
            controller.take(report)
            #expect(controller.targets.estimate >= BandwidthEstimator.least)
            #expect(controller.targets.estimate <= BandwidthEstimator.greatest)
        }
    }
}
