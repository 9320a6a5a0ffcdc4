import BurrowBase
import BurrowMedia
import Testing

/// Pictures are numbers here; their timestamps are those of `PlayoutSimulation`'s sender.
@Suite struct VideoPlayoutTests {
    private struct Result {
        var skews: [Double] = []
        var statistics = VideoPlayoutStatistics()
        var shown: [Int] = []
        var audio = PlayoutSimulation.Report()
    }

    /// 30 pictures a second beside the sound, `extra` microseconds later than what the network does to packets.
    private static func run(_ trace: Trace, videoSeed: UInt64, extra: (Int) -> Int64) -> Result {
        var simulation = PlayoutSimulation()
        let clock = simulation.playout.clock
        var video = VideoPlayout<Int>(clock: clock)
        var random = SeededRandom(seed: videoSeed)
        let epoch = simulation.mediaEpoch
        var pictures: [(media: Int64, ready: Int64)] = []
        for number in 0..<(trace.delays.count * 20 / 34) {
            let media = Int64(number) * 33_333
            let jitter = trace.delays[Int(media / 20_000)] ?? Int64(random.uniform() * 10_000)
            let ready = media + jitter + PlayoutSimulation.latency + extra(number)
            pictures.append((media, max(ready, (pictures.last?.ready ?? 0) + 1_000)))
        }
        var next = 0
        var result = Result()
        result.audio = simulation.run(trace) { (time, _, _) in
            while next < pictures.count, pictures[next].ready <= time {
                let now = Instant(microseconds: PlayoutSimulation.epoch + pictures[next].ready)
                clock.videoArrived(timestamp: epoch + pictures[next].media, at: now)
                video.insert(next, timestamp: epoch + pictures[next].media, now: now)
                next += 1
            }
            let now = Instant(microseconds: PlayoutSimulation.epoch + time)
            guard let taken = video.take(now: now) else { return }
            result.shown.append(taken.picture)
            if let due = clock.localTime(of: taken.timestamp), time > 3_000_000 {
                result.skews.append(Double((now - due).microseconds) / 1000)
            }
        }
        result.statistics = video.statistics
        return result
    }

    private static func percentile(_ values: [Double], _ share: Double) -> Double {
        let sorted = values.map(\.magnitude).sorted()
        return sorted.isEmpty ? .infinity : sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]
    }

    @Test(arguments: Trace.Kind.allCases) func picturesKeepToTheSound(kind: Trace.Kind) {
        let result = Self.run(Trace(kind, seed: 11, packets: 3_000), videoSeed: 1) { _ in 15_000 }
        #expect(Self.percentile(result.skews, 0.95) <= 40)
        #expect(Self.percentile(result.skews, 0.99) <= 125)
        #expect(result.statistics.skewPercentile95 <= .milliseconds(42))
        #expect(zip(result.shown, result.shown.dropFirst()).allSatisfy { $0 < $1 })
        #expect(result.shown.count > 1_600)
    }

    /// Decoding takes 150 ms: sound waits for the pictures, slowly, and comes back when they are early.
    @Test func lateVideoRaisesTheDelayOfSound() {
        let late = Self.run(Trace(.wired, seed: 2, packets: 1_500), videoSeed: 1) { _ in 150_000 }
        #expect(late.statistics.raise > .milliseconds(90))
        #expect(late.statistics.raise <= PlayoutClock.largestRaise)
        #expect(Self.percentile(Array(late.skews.suffix(300)), 0.95) <= 40)
        #expect(late.audio.statistics.concealmentEvents == 0)
        // At 20 ms a second: not all at once.
        #expect(late.audio.delays[300] < 60)
        let back = Self.run(Trace(.wired, seed: 2, packets: 3_000), videoSeed: 1) { $0 < 600 ? 150_000 : 0 }
        #expect(back.statistics.raise < .milliseconds(10))
        #expect((back.audio.delays.last ?? 1_000) < 30)
    }

    /// Sound and pictures on different threads: two clocks that tell each other.
    @Test func twoClocksThatTellEachOtherAreOne() {
        var simulation = PlayoutSimulation()
        let (sound, sight) = (simulation.playout.clock, PlayoutClock())
        var video = VideoPlayout<Int64>(clock: sight)
        let epoch = simulation.mediaEpoch
        var next: Int64 = 0
        var worst: Int64 = 0
        _ = simulation.run(Trace(.wired, seed: 2, packets: 1_500)) { (time, _, _) in
            if let heard = sound.heard { sight.follow(heard) }
            while next * 33_333 + 180_000 <= time {
                let now = Instant(microseconds: PlayoutSimulation.epoch + next * 33_333 + 180_000)
                video.insert(next, timestamp: epoch + next * 33_333, now: now)
                next += 1
            }
            sound.adopt(raise: sight.raise)
            let now = Instant(microseconds: PlayoutSimulation.epoch + time)
            if video.take(now: now) != nil, time > 20_000_000 {
                worst = max(worst, abs(video.statistics.skew.milliseconds))
            }
        }
        #expect(sound.raise > .milliseconds(90))
        #expect(worst <= 40, "\(worst)")
        sound.adopt(raise: .seconds(5))
        #expect(sound.raise == PlayoutClock.largestRaise)
    }

    /// Later than that sound does not wait: pictures are shown late.
    @Test func veryLateVideoDoesNotStallSound() {
        let result = Self.run(Trace(.wired, seed: 2, packets: 1_500), videoSeed: 1) { _ in 500_000 }
        #expect(result.statistics.raise == PlayoutClock.largestRaise)
        #expect(result.shown.count > 700)
        #expect((result.audio.delays.last ?? 1_000) < 200)
    }

    @Test func clocksThatHaveNothingInCommonAreKeptApart() {
        var simulation = PlayoutSimulation()
        let clock = simulation.playout.clock
        var video = VideoPlayout<Int>(clock: clock)
        var shown = 0
        var tick = 0
        _ = simulation.run(Trace(.wired, seed: 2, packets: 1_000)) { (time, _, _) in
            let now = Instant(microseconds: PlayoutSimulation.epoch + time)
            tick += 1
            if tick % 3 == 0 {
                clock.videoArrived(timestamp: time, at: now)
                video.insert(tick, timestamp: time, now: now)
            }
            if video.take(now: now) != nil { shown += 1 }
        }
        #expect(shown > 600)
        #expect(video.statistics.raise == .zero)
        #expect(video.statistics.skewPercentile95 == .zero)
    }

    /// The camera goes off while sound waits for it.
    @Test func soundDoesNotWaitForACameraThatIsOff() {
        let result = Self.run(Trace(.wired, seed: 2, packets: 2_000), videoSeed: 1) {
            $0 < 500 ? 150_000 : 1 << 40
        }
        #expect(result.statistics.raise == .zero)
        #expect((result.audio.delays.last ?? 1_000) < 30)
    }

    @Test func videoAloneIsPacedByItsOwnClock() {
        let clock = PlayoutClock()
        var video = VideoPlayout<Int>(clock: clock)
        let trace = Trace(.cellular, seed: 3, packets: 2_000)
        var next = 0
        var shown: [(Int64, Int)] = []
        for tick in 0..<6_000 as Range<Int64> {
            let time = tick * 5_000
            while next < 900 {
                let ready = Int64(next) * 33_333 + (trace.delays[next] ?? 0)
                guard ready <= time else { break }
                clock.videoArrived(timestamp: Int64(next) * 33_333, at: Instant(microseconds: ready))
                video.insert(next, timestamp: Int64(next) * 33_333, now: Instant(microseconds: ready))
                next += 1
            }
            if let taken = video.take(now: Instant(microseconds: time)) {
                shown.append((time, taken.picture))
            }
        }
        // Steadier than they came: hardly a picture is more than 15 ms off its place.
        let steps = zip(shown, shown.dropFirst()).dropFirst(60)
        let uneven = steps.count { abs(($1.0 - $0.0) - 33_333) > 15_000 }
        #expect(shown.count > 850)
        #expect(uneven < 40, "\(uneven)")
        #expect(video.statistics.skewPercentile95 == .zero)
    }

    /// Who joins gets a group that began a while ago, all at once: only the newest of it is of now.
    @Test(arguments: [5, 30, 59], [false, true]) func whoJoinsIsNotBehind(old: Int, isAgain: Bool) throws {
        let clock = PlayoutClock()
        var video = VideoPlayout<Int>(clock: clock)
        if isAgain {
            // A second before; then nobody looked for two.
            for number in -90 ..< -60 as Range<Int64> {
                let now = Instant(microseconds: 10_000_000 + (number - Int64(old)) * 33_333)
                clock.videoArrived(timestamp: number * 33_333 + 5_000_000, at: now)
                video.insert(Int(number), timestamp: number * 33_333 + 5_000_000, now: now)
                _ = video.take(now: now)
            }
            video.clear()
            #expect(video.statistics.waiting == 0)
        } else {
            clock.videoBegins()
        }
        var delays: [Int] = []
        for number in 0..<90 {
            // The old ones come a millisecond after each other, the rest as they are made.
            let time =
                number < old ? 10_000_000 + (number - old) * 1_000 : 10_000_000 + (number - old) * 33_333
            let now = Instant(microseconds: Int64(time))
            let timestamp = Int64(number) * 33_333 + 5_000_000
            clock.videoArrived(timestamp: timestamp, at: now)
            video.insert(number, timestamp: timestamp, now: now)
            if let shown = video.take(now: now), number >= old { delays.append(number - shown.picture) }
        }
        #expect(delays.count >= 90 - old - 4)
        #expect(delays.allSatisfy { $0 <= 3 }, "\(delays)")
        #expect(video.statistics.freezes == 0)
        let (target, delay) = clock.videoDelay(at: Instant(microseconds: 11_000_000))
        #expect(target <= .milliseconds(70) && delay <= .milliseconds(100), "\(target) \(delay)")
    }

    @Test func theHostBoundsTheDelay() {
        let clock = PlayoutClock()
        var options = PlayoutOptions()
        options.floor = .milliseconds(200)
        clock.apply(options)
        clock.videoArrived(timestamp: 0, at: Instant(microseconds: 1_000_000))
        #expect(clock.localTime(of: 0) == Instant(microseconds: 1_200_000))
        #expect(clock.videoDelay(at: Instant(microseconds: 1_000_000)).delay == .milliseconds(200))
    }

    @Test func onlyTheNewestDuePictureIsShown() {
        let clock = PlayoutClock()
        var video = VideoPlayout<Int>(clock: clock)
        for number in 0..<10 as Range<Int64> {
            let now = Instant(microseconds: number * 33_333)
            clock.videoArrived(timestamp: number * 33_333, at: now)
            video.insert(Int(number), timestamp: number * 33_333, now: now)
        }
        #expect(video.take(now: Instant(microseconds: 10_000_000))?.picture == 9)
        #expect(video.take(now: Instant(microseconds: 10_000_001))?.picture == nil)
        #expect(video.statistics.picturesSkipped == 9)
    }

    @Test func nobodyTakesAndLittleIsKept() {
        let clock = PlayoutClock()
        var video = VideoPlayout<Int>(clock: clock)
        for number in 0..<10_000 as Range<Int64> {
            let now = Instant(microseconds: number * 33_333)
            clock.videoArrived(timestamp: number * 33_333, at: now)
            video.insert(Int(number), timestamp: number * 33_333, now: now)
            #expect(video.statistics.waiting <= 4)
        }
        // Nor when timestamps lie in the future.
        for number in 0..<1_000 as Range<Int64> {
            video.insert(0, timestamp: number * 33_333 + 900_000_000, now: Instant(microseconds: 333_330_000))
        }
        #expect(video.statistics.waiting <= 32)
    }

    @Test func freezesAreCounted() {
        let clock = PlayoutClock()
        var video = VideoPlayout<Int>(clock: clock)
        var number = 0
        for tick in 0..<3_000 as Range<Int64> {
            let now = Instant(microseconds: tick * 10_000)
            // Nothing from 10 s to 11 s.
            if tick % 3 == 0, tick < 1_000 || tick >= 1_100 {
                clock.videoArrived(timestamp: tick * 10_000, at: now)
                video.insert(number, timestamp: tick * 10_000, now: now)
                number += 1
            }
            _ = video.take(now: now)
        }
        #expect(video.statistics.freezes == 1)
        #expect(abs(video.statistics.frozen.milliseconds - 1_000) < 100)
    }

    /// The sender's camera is off for two seconds; then two are missing because of the network.
    @Test(arguments: [false, true]) func aPauseOfTheSenderIsNoFreeze(isShownLater: Bool) {
        let clock = PlayoutClock()
        var video = VideoPlayout<Int>(clock: clock)
        for tick in 0..<2_000 as Range<Int64> {
            let now = Instant(microseconds: tick * 10_000)
            // It says so with the first picture that follows.
            if tick == 700, !isShownLater { video.paused() }
            if tick % 3 == 0, tick < 500 || tick >= 700, tick < 1_000 || tick >= 1_200 {
                clock.videoArrived(timestamp: tick * 10_000, at: now)
                video.insert(Int(tick), timestamp: tick * 10_000, now: now)
            }
            // Or at once, when the last pictures are still to be shown.
            if tick == 499, isShownLater { video.paused() }
            _ = video.take(now: now)
        }
        #expect(video.statistics.freezes == 1)
        #expect(abs(video.statistics.frozen.milliseconds - 2_000) < 100)
    }

    /// A group begins two seconds before anybody looks: nothing of it is shown but its end, with sound and without.
    @Test(arguments: [false, true], [0, 1, 4]) func whoLooksAgainSeesNothingOld(hasSound: Bool, slow: Int64) {
        let clock = PlayoutClock()
        var video = VideoPlayout<Int64>(clock: clock)
        let start: Int64 = 10_000_000
        var (shown, next): ([Int64], Int64) = ([], 0)
        func show(_ now: Int64) {
            let instant = Instant(microseconds: now)
            if hasSound { clock.follow(.init(offset: 60_000, at: instant)) }
            guard let taken = video.take(now: instant) else { return }
            shown.append(now - taken.timestamp)
        }
        func insert(_ timestamp: Int64, _ now: Int64) {
            clock.videoArrived(timestamp: timestamp, at: Instant(microseconds: now))
            video.insert(timestamp, timestamp: timestamp, now: Instant(microseconds: now))
        }
        for tick in 0..<30 as Range<Int64> { insert(tick * 33_333, tick * 33_333) }
        video.clear()
        // Decoding the old ones takes a while each, and the host looks every 5 ms.
        for now in stride(from: start, to: start + 1_000_000, by: 1_000) {
            while next * 33_333 <= now - (start - 2_000_000),
                next < 60 ? next * slow * 1_000 <= now - start : true
            {
                insert(start - 2_000_000 + next * 33_333, now)
                next += 1
            }
            if now % 5_000 == 0 { show(now) }
        }
        #expect(shown.count > 15)
        #expect(shown.allSatisfy { $0 < 250_000 }, "\(shown)")
        #expect((shown.last ?? 0) < 150_000)
    }

    @Test func newTimelineOfPicturesIsFollowed() {
        let clock = PlayoutClock()
        var video = VideoPlayout<Int>(clock: clock)
        var shown = 0
        for number in 0..<300 as Range<Int64> {
            let now = Instant(microseconds: 50_000_000_000 + number * 33_333)
            let timestamp = number < 150 ? number * 33_333 + 9_000_000_000 : (number - 150) * 33_333
            clock.videoArrived(timestamp: timestamp, at: now)
            video.insert(Int(number), timestamp: timestamp, now: now)
            if video.take(now: now) != nil { shown += 1 }
        }
        #expect(shown > 280)
    }
}

@Suite struct VideoIntakeTests {
    private static func filled(_ frames: Int, keys: Set<Int>) -> (VideoIntake<Int>, PlayoutClock) {
        let clock = PlayoutClock()
        var intake = VideoIntake<Int>(clock: clock)
        for number in 0..<frames {
            let time = Int64(number) * 33_333
            intake.insert(
                number,
                timestamp: time,
                isKey: keys.contains(number),
                arrival: Instant(microseconds: time)
            )
        }
        return (intake, clock)
    }

    @Test func framesGoThroughInOrder() {
        var (intake, _) = Self.filled(5, keys: [0])
        let order = (0..<6).map { _ in intake.next(now: Instant(microseconds: 100_000))?.frame }
        #expect(order == [0, 1, 2, 3, 4, nil])
        #expect(intake.skipped == 0)
    }

    @Test func decoderThatIsBehindGoesOnWithTheLastKeyFrame() {
        var (intake, _) = Self.filled(100, keys: [0, 30, 60])
        #expect(intake.next(now: Instant(microseconds: 3_300_000))?.frame == 60)
        #expect(intake.next(now: Instant(microseconds: 3_300_000))?.frame == 61)
        #expect(intake.skipped == 60)
    }

    @Test func withoutAKeyFrameNothingIsDecoded() {
        var (intake, _) = Self.filled(10, keys: [])
        #expect(intake.next(now: Instant(microseconds: 0)) == nil)
        #expect(intake.wantsKey)
        #expect(intake.skipped == 10)
        intake.insert(10, timestamp: 400_000, isKey: true, arrival: Instant(microseconds: 400_000))
        #expect(!intake.wantsKey)
        intake.insert(11, timestamp: 433_333, isKey: false, arrival: Instant(microseconds: 433_333))
        intake.lost()
        #expect(intake.next(now: Instant(microseconds: 440_000))?.frame == 10)
        #expect(intake.next(now: Instant(microseconds: 440_000))?.frame == 11)
        intake.lost()
        #expect(intake.wantsKey)
    }

    @Test func nobodyDecodesAndMemoryStaysBounded() {
        var (intake, _) = Self.filled(5_000, keys: Set(stride(from: 0, to: 5_000, by: 60)))
        #expect(intake.count <= 300)
        #expect(intake.count + intake.skipped == 5_000)
        #expect(intake.next(now: Instant(microseconds: 170_000_000))?.isKey == true)
    }
}
