import BurrowBase
import BurrowMedia
import Testing

@Suite struct DecodingPaceTests {
    private struct Outcome {
        var decoded = 0
        var keys = 0
        var left = 0
        /// Of decoded pictures, from their coming to the end of decoding, in the order of decoding.
        var delays: [Int64] = []
    }

    /// Groups of 60 pictures, 30 a second, half of which no other needs; decoding one takes `cost` microseconds.
    private static func decode(cost: Int64, seconds: Int64) -> Outcome {
        var pace = DecodingPace()
        var outcome = Outcome()
        var (now, next): (Int64, Int64) = (0, 0)
        while now < seconds * 1_000_000 {
            let came = now / 33_333 + 1
            guard next < came else {
                now = next * 33_333
                continue
            }
            let picture = DecodingPace.Picture(
                isKey: next % 60 == 0,
                isDecodedOnly: false,
                lateness: .microseconds(now - next * 33_333 - 60_000),
                waiting: Int(came - next - 1),
                interval: .microseconds(33_333)
            )
            let number = next
            switch pace.judge(picture, now: Instant(microseconds: now), isDisposable: { number % 2 == 1 }) {
            case .decode:
                now += cost
                outcome.decoded += 1
                outcome.keys += picture.isKey ? 1 : 0
                outcome.delays.append(now - next * 33_333)
                next += 1
            case .leaveOut:
                outcome.left += 1
                next += 1
            case .leaveGroup:
                let following = (next / 60 + 1) * 60
                outcome.left += Int(following - next)
                next = following
            }
        }
        return outcome
    }

    @Test func whoKeepsUpLeavesNothingOut() {
        let outcome = Self.decode(cost: 20_000, seconds: 20)
        #expect(outcome.left == 0 && outcome.decoded > 598)
        #expect(outcome.delays.allSatisfy { $0 <= 20_000 })
    }

    /// A decoder for 20 pictures a second gets those that others need, all of them, in time.
    @Test func whatNobodyNeedsGoesFirst() {
        let outcome = Self.decode(cost: 50_000, seconds: 60)
        #expect(outcome.keys >= 29)
        #expect(outcome.decoded > 1_000)
        #expect((outcome.delays.max() ?? .max) < 300_000, "\(outcome.delays.max() ?? 0)")
    }

    /// However slow, pictures never are far behind, and begin anew with each group.
    @Test(arguments: [80_000, 150_000, 400_000] as [Int64]) func whoCannotKeepUpGoesToTheNextGroup(
        cost: Int64
    ) {
        let outcome = Self.decode(cost: cost, seconds: 120)
        #expect(outcome.keys >= 50)
        let worst = outcome.delays.max() ?? .max
        #expect(worst < 1_700_000 + cost, "\(worst)")
        // Not longer at the end than at the beginning.
        let quarter = outcome.delays.count / 4
        let (first, last) = (outcome.delays.prefix(quarter), outcome.delays.suffix(quarter))
        #expect((last.max() ?? .max) <= (first.max() ?? 0) + cost)
    }

    /// A group that began before anybody watched is decoded whole: that is soon over.
    @Test func whoBeginsIsGivenTime() {
        var pace = DecodingPace()
        for number in 0..<60 {
            let picture = DecodingPace.Picture(
                isKey: number == 0,
                isDecodedOnly: false,
                lateness: .seconds(2),
                waiting: 59 - number,
                interval: .milliseconds(33)
            )
            let now = Instant(microseconds: Int64(number) * 10_000)
            let verdict = pace.judge(picture, now: now) { false }
            #expect(verdict == .decode)
        }
    }
}

@Suite struct EncodingPaceTests {
    /// A camera of 30 pictures a second before an encoder that manages `most`; what is lost of each minute, and the limit.
    private static func run(most: (Int) -> Float, seconds: Int) -> (
        lost: [UInt64], pace: EncodingPace, changes: Int
    ) {
        var pace = EncodingPace()
        var (encoded, lost): (UInt64, UInt64) = (0, 0)
        var minutes: [UInt64] = []
        var changes = 0
        var (pushed, done): (Float, Float) = (0, 0)
        for tick in 0..<seconds * 10 {
            // Thinned before they wait, those beyond the limit are not lost.
            let rate = min(pace.limit ?? 30, 30)
            (pushed, done) = (pushed + rate / 10, done + min(rate, most(tick / 10)) / 10)
            encoded = UInt64(done)
            lost = UInt64(max(pushed - done, 0))
            let now = Instant(microseconds: Int64(tick) * 100_000)
            if pace.update(encoded: encoded, lost: lost, wanted: 30, now: now) { changes += 1 }
            if tick % 600 == 599 { minutes.append(lost - minutes.reduce(0, +)) }
        }
        return (minutes, pace, changes)
    }

    @Test func whoKeepsUpIsLeftAlone() {
        let result = Self.run(most: { _ in 40 }, seconds: 120)
        #expect(result.pace.limit == nil && result.changes == 0)
    }

    @Test(arguments: [8, 14, 22] as [Float]) func theRateBecomesWhatTheEncoderManages(most: Float) throws {
        let result = Self.run(most: { _ in most }, seconds: 300)
        let limit = try #require(result.pace.limit)
        #expect(limit <= most * 1.25 && limit >= most * 0.6, "\(limit)")
        // It tries now and then whether more is possible, ever more seldom.
        #expect((result.lost.last ?? .max) < 40, "\(result.lost)")
    }

    @Test func theRateComesBack() {
        let result = Self.run(most: { $0 < 60 ? 12 : 40 }, seconds: 200)
        #expect(result.pace.limit == nil)
    }

    @Test func aPauseAndASingleLossSayNothing() {
        var pace = EncodingPace()
        var encoded: UInt64 = 0
        for tick in 0..<100 {
            encoded += 3
            let now = Instant(microseconds: Int64(tick) * 100_000 + (tick > 50 ? 60_000_000 : 0))
            let isNew = pace.update(encoded: encoded, lost: UInt64(tick / 40), wanted: 30, now: now)
            #expect(!isNew)
        }
        #expect(pace.limit == nil)
    }
}
