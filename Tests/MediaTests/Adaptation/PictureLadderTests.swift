import BurrowBase
import BurrowMedia
import Testing

@Suite struct PictureLadderTests {
    @Test(arguments: [
        (1280, 720, 2_000_000, 1, false, false), (1280, 720, 450_000, 1, false, false),
        (1280, 720, 449_000, 2, false, false), (1280, 720, 130_000, 2, false, false),
        (1280, 720, 129_000, 4, false, false), (1280, 720, 39_000, 4, true, false),
        (1280, 720, 20_000, 4, true, true), (640, 360, 129_000, 2, false, false),
        (640, 360, 30_000, 4, false, false), (320, 180, 41_000, 1, false, false),
        (320, 180, 14_000, 2, true, false), (160, 90, 15_000, 1, true, false),
        (160, 90, 5_000, 1, true, true),
        (360, 640, 129_000, 2, false, false),
    ])
    func aRateHasItsSize(width: Int, height: Int, rate: Int, scale: Int, isSlow: Bool, isOff: Bool) {
        var ladder = PictureLadder(width: width, height: height)
        ladder.settle(rate, now: Instant(microseconds: 0))
        #expect(ladder.scale == scale)
        #expect(ladder.step.isSlow == isSlow && ladder.step.isOff == isOff)
        #expect(ladder.isBelowFull == (scale > 1 || isSlow || isOff))
    }

    @Test func upTakesFiveSecondsOfClearlyEnough() {
        var ladder = PictureLadder(width: 1280, height: 720)
        func settle(_ rate: Int, _ seconds: Double) {
            ladder.settle(rate, now: Instant(microseconds: Int64(seconds * 1e6)))
        }
        settle(300_000, 0)
        #expect(ladder.scale == 2)
        for second in 1...20 { settle(719_000, Double(second)) }
        #expect(ladder.scale == 2, "less than 1.6 times what it needs")
        settle(720_000, 21)
        settle(720_000, 25)
        settle(400_000, 25.5)
        settle(720_000, 26)
        settle(720_000, 30.9)
        #expect(ladder.scale == 2, "there was not enough all the time")
        settle(720_000, 31)
        #expect(ladder.scale == 1)
        settle(449_000, 31.1)
        #expect(ladder.scale == 2, "down it goes at once")
    }

    @Test func absurdSizesAndRatesDoNoHarm() {
        for side in [Int.min, -1, 0, 1, 4096] {
            var ladder = PictureLadder(width: side, height: 1)
            for rate in [Int.min, 0, .max] { ladder.settle(rate, now: Instant(microseconds: 0)) }
            #expect(ladder.scale >= 1)
        }
    }
}
