import BurrowBase
import BurrowMedia
import Testing

@Suite struct LineMeterTests {
    /// Sends so many bytes every 10 ms on a line and collects the reports.
    private func reports(_ line: ScriptedLine, bytes: Int, seconds: Int) -> [LineReport] {
        var meter = LineMeter()
        var reports: [LineReport] = []
        for step in 0..<Int64(seconds * 100) {
            line.send(bytes, at: step * 10_000)
            if let report = meter.take(line.look(at: step * 10_000)) { reports.append(report) }
        }
        return reports
    }

    @Test func aQuietLineIsReportedFourTimesASecond() throws {
        let reports = reports(ScriptedLine { _ in 10_000_000 }, bytes: 500, seconds: 10)
        #expect((39...41).contains(reports.count))
        let last = try #require(reports.last)
        #expect(abs(last.sent - 400_000) < 40_000 && abs(last.delivered - 400_000) < 40_000)
        #expect(last.base.milliseconds == 50 && last.standing == .zero)
        #expect(last.burst == 500 && last.loss == 0)
        // Answers are seen at the next look, up to 10 ms late: the line shows to carry what is sent, and not too much.
        #expect(last.shown > 200_000 && last.shown <= 10_000_000)
        #expect(abs(last.packets - 25) <= 1)
    }

    @Test func aGrowingQueueIsReportedAtOnce() throws {
        let line = ScriptedLine { $0 < 5_000 ? 10_000_000 : 200_000 }
        let reports = reports(line, bytes: 500, seconds: 7)
        let found = try #require(reports.first { $0.standing > .milliseconds(50) })
        // A round trip, the time in which the queue grows, and the time for which it has to stand.
        #expect(found.time < Instant(microseconds: 5_500_000))
        let times = reports.filter { $0.time > Instant(microseconds: 5_000_000) }.map(\.time)
        #expect(zip(times, times.dropFirst()).contains { $1 - $0 < .milliseconds(250) })
        #expect(zip(times, times.dropFirst()).allSatisfy { $1 - $0 >= .milliseconds(50) })
        let last = try #require(reports.last)
        #expect(abs(last.delivered - 200_000) < 30_000)
    }

    @Test func lossIsThePartThatWasSentAgain() {
        let reports = reports(ScriptedLine(loss: 0.1, seed: 3) { _ in 10_000_000 }, bytes: 500, seconds: 20)
        let lost = reports.reduce(0) { $0 + $1.loss * Double($1.packets) }
        let sent = reports.reduce(0) { $0 + Double($1.packets) }
        #expect(abs(lost / sent - 0.1) < 0.02)
    }

    @Test func anotherConnectionBeginsAnew() throws {
        var meter = LineMeter()
        let old = ScriptedLine { _ in 10_000_000 }
        for step in 0..<Int64(100) {
            old.send(500, at: step * 10_000)
            _ = meter.take(old.look(at: step * 10_000))
        }
        let fresh = ScriptedLine(base: 20) { _ in 10_000_000 }
        var reports: [LineReport] = []
        for step in Int64(100)..<200 {
            fresh.send(500, at: step * 10_000)
            if let report = meter.take(fresh.look(at: step * 10_000)) { reports.append(report) }
        }
        let first = try #require(reports.first)
        #expect(first.time >= Instant(microseconds: 1_250_000))
        #expect(first.base.milliseconds == 20)
        #expect(first.loss >= 0 && first.sent < 500_000)
    }

    @Test func clocksAndCountersThatJumpDoNoHarm() {
        var meter = LineMeter()
        var sample = LineSample(time: Instant(microseconds: .max - 10))
        sample.sentBytes = .max
        sample.bytesInFlight = .max
        sample.waitingBytes = .max
        sample.latestRTT = .microseconds(.max)
        #expect(meter.take(sample) == nil)
        sample.time = Instant(microseconds: .max)
        _ = meter.take(sample)
        sample.time = Instant(microseconds: .min)
        #expect(meter.take(sample) == nil)
        sample.time = Instant(microseconds: 300_000)
        sample.bytesInFlight = 0
        _ = meter.take(sample)
    }
}
