import BurrowBase
import BurrowMedia
import Testing

/// Playout on traces with the figures of four kinds of networks.
@Suite struct TraceTests {
    @Test(arguments: Trace.Kind.allCases) func tracesHaveTheFiguresTheyClaim(kind: Trace.Kind) {
        let trace = Trace(kind, seed: 1, packets: 30_000)
        let figures = kind.figures
        for (share, wanted) in [
            (0.5, figures.p50), (0.95, figures.p95), (0.99, figures.p99), (0.999, figures.p999),
        ] {
            let found = trace.percentile(share)
            #expect(abs(found - wanted) <= max(1, wanted * 0.15), "\(kind) \(share): \(found), not \(wanted)")
        }
        let lost = Double(trace.delays.count { $0 == nil }) / 30_000
        #expect(abs(lost - figures.loss) <= 0.002)
    }

    /// No policy of others is as seldom late with less delay, though theirs run on an ideal schedule here: pulls of 10 ms
    /// alone cost half of that.
    @Test(arguments: [Trace.Kind.wired, .wifi, .cellular]) func policiesOfOthersAreNoBetter(kind: Trace.Kind)
    {
        let trace = Trace(kind, seed: 1, packets: 7_500)
        var simulation = PlayoutSimulation()
        let ours = simulation.run(trace)
        for quantile in [0.9, 0.95, 0.97, 0.98, 0.99] {
            for usesMaxima in [true, false] {
                let policy = ReferencePolicy(
                    quantile: quantile,
                    forget: usesMaxima ? 0.983 : 0.999_3,
                    usesMaxima: usesMaxima
                )
                let theirs = policy.run(trace)
                guard theirs.late <= ours.lateShare else { continue }
                #expect(ours.meanDelay <= theirs.delay + 5, "\(policy): \(theirs), ours: \(ours.summary)")
            }
        }
    }

    @Test(arguments: [
        (Trace.Kind.wired, 25, 0.000_5), (.wifi, 90, 0.005), (.cellular, 85, 0.005), (.queue, 200, 0.05),
    ])
    func delayAndLatenessMeetTheGoals(kind: Trace.Kind, delay: Double, late: Double) {
        var simulation = PlayoutSimulation()
        let report = simulation.run(Trace(kind, seed: 2, packets: 20_000))
        #expect(report.meanDelay <= delay, "\(report.summary)")
        #expect(report.lateShare <= late)
        #expect(report.concealedShare <= late)
        #expect(report.zeroGaps == 0)
        if kind != .queue { #expect(report.stretchedShare <= 0.03) }
    }
}
