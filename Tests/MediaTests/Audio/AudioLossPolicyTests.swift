import BurrowBase
import BurrowMedia
import Testing

@Suite struct AudioLossPolicyTests {
    private typealias Decision = AudioLossPolicy.Decision

    /// Reports every half second; the decisions.
    private func run(
        _ losses: [Double],
        wanted: Int = 24_000,
        available: Int = 100_000,
        policy: inout AudioLossPolicy,
        from start: Int64 = 0
    ) -> [Decision] {
        losses.enumerated().map { (index, loss) in
            policy.report(
                lost: loss,
                wanted: wanted,
                available: available,
                now: Instant(microseconds: start + Int64(index) * 500_000)
            )
        }
    }

    @Test func aCleanNetworkCostsNothing() {
        var policy = AudioLossPolicy(channels: 1)
        let decisions = run([Double](repeating: 0.01, count: 100), policy: &policy)
        #expect(decisions.allSatisfy { $0 == Decision(bitRate: 24_000, usesFEC: false, expectedLoss: 0) })
    }

    @Test func rateComesBeforeRedundancy() throws {
        var policy = AudioLossPolicy(channels: 1)
        let decisions = run([Double](repeating: 0.1, count: 40), policy: &policy)
        let firstRaised = decisions.firstIndex { $0.bitRate == 32_000 }
        let firstProtected = decisions.firstIndex { $0.usesFEC }
        let raised = try #require(firstRaised)
        let protected = try #require(firstProtected)
        #expect(protected == raised + 1)
        #expect(protected <= 4)
        #expect(decisions.last == Decision(bitRate: 32_000, usesFEC: true, expectedLoss: 10))
        let settings = try #require(decisions.last).applied(to: AudioEncoderSettings())
        #expect(settings.usesFEC && settings.expectedLoss == 10 && settings.bitRate == 32_000)
    }

    @Test(arguments: [(0.035, 10), (0.12, 12), (0.9, 25)])
    func expectedLossIsBounded(_ loss: Double, _ expected: Int) {
        var policy = AudioLossPolicy(channels: 1)
        #expect(run([Double](repeating: loss, count: 60), policy: &policy).last?.expectedLoss == expected)
    }

    /// What is decided has its effect in the encoder, at the least loss that calls for it as well.
    @Test(arguments: [1, 5, 10]) func redundancyThatIsDecidedIsSent(complexity: Int) throws {
        var policy = AudioLossPolicy(channels: 1)
        let decision = try #require(run([Double](repeating: 0.035, count: 60), policy: &policy).last)
        #expect(decision.usesFEC)
        var settings = decision.applied(to: AudioEncoderSettings())
        settings.complexity = complexity
        let encoder = try OpusEncoder(channels: 1, settings: settings)
        let packets = try encoder.packets(of: TestSignal.voice(frames: 48_000 * 4))
        let decoder = try OpusDecoder(channels: 1)
        #expect(packets.filter { decoder.isRedundant($0) }.count > packets.count / 2)
    }

    @Test func redundancyEndsAfterAWhileWithoutLoss() throws {
        var policy = AudioLossPolicy(channels: 1)
        _ = run([Double](repeating: 0.1, count: 40), policy: &policy)
        let clean = run([Double](repeating: 0, count: 80), policy: &policy, from: 20_000_000)
        let firstPlain = clean.firstIndex { !$0.usesFEC }
        let end = try #require(firstPlain)
        #expect(end > 20 && end < 40)
        #expect(clean.last == Decision(bitRate: 24_000, usesFEC: false, expectedLoss: 0))
        #expect(clean[end...].allSatisfy { !$0.usesFEC })
    }

    /// Around the threshold it does not flap.
    @Test func oneLostPacketNowAndThenChangesNothing() {
        var policy = AudioLossPolicy(channels: 1)
        var losses: [Double] = []
        for index in 0..<600 { losses.append(index % 10 == 0 ? 0.04 : 0.0) }
        #expect(run(losses, policy: &policy).allSatisfy { !$0.usesFEC })
        let wavering = (0..<600).map { $0 % 20 < 10 ? 0.06 : 0.0 }
        let decisions = run(wavering, policy: &policy, from: 400_000_000)
        let changes = zip(decisions, decisions.dropFirst()).filter { $0.usesFEC != $1.usesFEC }.count
        #expect(changes == 1)
    }

    @Test func aShortRateIsProtectedOnlyWhenLossIsHigh() {
        var policy = AudioLossPolicy(channels: 1)
        #expect(
            run([Double](repeating: 0.05, count: 60), available: 24_000, policy: &policy).last?.usesFEC
                == false
        )
        let high = run(
            [Double](repeating: 0.1, count: 60),
            available: 24_000,
            policy: &policy,
            from: 60_000_000
        )
        #expect(high.last == Decision(bitRate: 24_000, usesFEC: true, expectedLoss: 10))
        // At 16 kbit/s the encoder would not add any.
        let least = run(
            [Double](repeating: 0.1, count: 10),
            available: 16_000,
            policy: &policy,
            from: 120_000_000
        )
        #expect(least.last == Decision(bitRate: 16_000, usesFEC: false, expectedLoss: 0))
    }

    @Test func aHigherWantedRateIsKept() {
        var policy = AudioLossPolicy(channels: 2)
        let decisions = run([Double](repeating: 0.1, count: 60), wanted: 96_000, policy: &policy)
        #expect(decisions.allSatisfy { $0.bitRate == 96_000 })
        #expect(decisions.last?.usesFEC == true)
    }

    @Test func nonsenseIsHarmless() {
        var policy = AudioLossPolicy(channels: 0)
        let times = [0, .max, .min, 5, -5] as [Int64]
        for loss in [Double.nan, .infinity, -1, 7, 0.5] {
            for rate in [Int.min, -1, 0, .max] {
                for time in times {
                    let decision = policy.report(
                        lost: loss,
                        wanted: rate,
                        available: rate,
                        now: Instant(microseconds: time)
                    )
                    #expect(AudioEncoderSettings.bitRates.contains(decision.bitRate))
                    #expect((0...25).contains(decision.expectedLoss))
                }
            }
        }
    }
}
