import BurrowMedia
import Testing

@Suite struct FrameThinningTests {
    /// `offered` pictures a second, with jitter, of which `wanted` may pass.
    @Test(arguments: [
        (30, 30, 30), (30, 15, 15), (30, 20, 20), (30, 10, 10), (60, 30, 30), (24, 30, 24), (15, 15, 15),
        (30, 7, 7),
        (25, 15, 15), (120, 30, 30),
    ])
    func passesTheWantedRate(offered: Int, wanted: Int, expected: Int) {
        var thinning = FrameThinning(frameRate: Float(wanted))
        var random = RandomBytes(seed: 5)
        var passed = 0
        for number in 0..<(offered * 10) {
            let jitter = random.next(8000 * 30 / offered) - 4000 * 30 / offered
            if thinning.admits(Int64(number * 1_000_000 / offered + jitter)) { passed += 1 }
        }
        #expect(abs(passed - expected * 10) <= expected, "\(passed) in ten seconds")
        let known = thinning.actualRate
        #expect(abs(known - Float(expected)) <= Float(expected) * 0.1, "\(known) known")
    }

    @Test func jumpsOfTimeStopNothing() {
        var thinning = FrameThinning(frameRate: 15)
        for start: Int64 in [0, 7_200_000_000, .max - 10_000_000] {
            let passed = (0..<60).count { thinning.admits(start + Int64($0) * 33_333) }
            #expect((29...32).contains(passed))
        }
        #expect(thinning.actualRate == 15)
    }
}
