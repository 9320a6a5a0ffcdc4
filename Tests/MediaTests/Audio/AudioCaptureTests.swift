import BurrowBase
import BurrowMedia
import Testing

@Suite struct AudioCaptureTests {
    /// A capture, its clock, and everything it has handed out.
    private final class Bench {
        let capture: AudioCapture
        let allocator = SliceAllocator()
        var now: Int64 = 5_000_000
        var packets: [CapturedAudio] = []

        init(channels: Int = 1, settings: AudioEncoderSettings = .init()) throws {
            capture = AudioCapture(
                encoder: try OpusEncoder(channels: channels, settings: settings),
                allocator: allocator
            )
        }

        /// A chunk that was captured until now, unless another time is said.
        func push(
            _ samples: [Float],
            _ format: PCMFormat = .init(.float32, rate: 48_000, channels: 1),
            at: Int64? = nil
        ) throws {
            let frames = Int64(samples.count / format.channels)
            let start = at ?? now - frames * 1_000_000 / Int64(format.rate)
            let bytes = format.bytes(of: samples)
            try capture.push(bytes.raw, format: format, timestamp: start, now: now)
            take()
        }

        func take() {
            while let packet = capture.next() { packets.append(packet) }
        }

        var times: [Int64] { packets.map(\.timestamp) }
        var payloads: [[UInt8]] { packets.map { [UInt8]($0.payload) } }
    }

    @Test func packetsAreWhatTheEncoderAloneMakes() throws {
        let speech = TestSignal.voice(frames: 48_000)
        let bench = try Bench()
        let encoder = try OpusEncoder(channels: 1)
        for start in stride(from: 0, to: 48_000, by: 960) {
            bench.now += 20_000
            try bench.push(Array(speech[start..<start + 960]))
            #expect(try bench.payloads.last == encoder.packet(of: Array(speech[start..<start + 960])))
        }
        #expect(bench.times == (0..<50).map { 5_000_000 + $0 * 20_000 })
        #expect(bench.packets.allSatisfy { $0.duration == 20_000 && !$0.isMuted && !$0.isSilence })
        #expect(bench.capture.statistics.packets == 50)
        #expect(bench.capture.statistics.bytes == bench.payloads.reduce(0) { $0 + $1.count })
    }

    @Test(arguments: PCMTests.formats)
    func chunksDoNotMatter(_ format: PCMFormat) throws {
        var settings = AudioEncoderSettings()
        settings.duration = format.encoding == .int16 ? .milliseconds20 : .milliseconds60
        settings.complexity = 0
        let samples = TestSignal.noise(frames: format.rate * format.channels, level: 0.3)
        func capture(_ chunk: () -> Int) throws -> Bench {
            let bench = try Bench(settings: settings)
            var start = 0
            while start < format.rate {
                let count = min(chunk(), format.rate - start)
                let piece = Array(samples[(start * format.channels)..<((start + count) * format.channels)])
                let time = 5_000_000 + Int64(start) * 1_000_000 / Int64(format.rate)
                bench.now = time + Int64(count) * 1_000_000 / Int64(format.rate)
                try bench.push(piece, format, at: time)
                start += count
            }
            return bench
        }
        let whole = try capture { format.rate }
        #expect(whole.packets.count >= 1000 / settings.duration.rawValue - 1)
        var random = SeededRandom(seed: UInt64(format.rate))
        let pieces = try capture { Int(random.next() % UInt64(format.rate / 10)) + 1 }
        #expect(pieces.payloads == whole.payloads)
        #expect(zip(pieces.times, whole.times).allSatisfy { abs($0 - $1) <= 2 })
    }

    @Test func jitterOfTimestampsIsNotHandedOn() throws {
        let bench = try Bench()
        var random = SeededRandom(seed: 4)
        for index in 0..<2000 as Range<Int64> {
            bench.now = 5_000_000 + index * 10_000
            let jitter = Int64(random.next() % 40_000) - 20_000
            try bench.push([Float](repeating: 0, count: 480), at: index == 0 ? bench.now : bench.now + jitter)
        }
        let steps = zip(bench.times.dropFirst(), bench.times).map { $0 - $1 }
        #expect(steps.allSatisfy { abs($0 - 20_000) <= 100 })
        let truth = (0..<1000).map { 5_000_000 + Int64($0) * 20_000 }
        #expect(zip(bench.times, truth).allSatisfy { abs($0 - $1) < 3_000 })
        #expect(bench.capture.statistics.gaps == 0 && bench.capture.statistics.jumpsBack == 0)
    }

    /// A sound card that is fast or slow: time follows the clock, not the count of samples.
    @Test(arguments: [-300.0, 300])
    func driftIsFollowed(_ drift: Double) throws {
        let bench = try Bench()
        for index in 0..<6000 {
            let time = 5_000_000 + Int64(Double(index) * 10_000 * (1 + drift / 1e6))
            bench.now = time + 10_000
            try bench.push([Float](repeating: 0, count: 480), at: time)
        }
        let last = try #require(bench.times.last)
        let truth = 5_000_000 + Int64(Double(5998) * 10_000 * (1 + drift / 1e6))
        #expect(abs(last - truth) < 1_500, "\(last - truth)")
        #expect(bench.capture.statistics.gaps == 0)
    }

    @Test func timeJumpsAcrossAHole() throws {
        let bench = try Bench()
        let speech = TestSignal.voice(frames: 48_000)
        bench.now += 50_000
        try bench.push(Array(speech[0..<2400]))
        #expect(bench.packets.count == 2)
        bench.now += 550_000
        try bench.push(Array(speech[2400..<4800]))
        // What was left was filled up; the rest follows the hole.
        #expect(bench.times == [5_000_000, 5_020_000, 5_040_000, 5_550_000, 5_570_000])
        #expect(bench.capture.statistics.gaps == 1)
    }

    @Test func timeNeverGoesBack() throws {
        let bench = try Bench()
        let silence = [Float](repeating: 0, count: 960)
        for _ in 0..<50 {
            bench.now += 20_000
            try bench.push(silence)
        }
        for _ in 0..<50 {
            bench.now += 20_000
            try bench.push(silence, at: bench.now - 6_000_000)
        }
        for _ in 0..<50 {
            bench.now += 20_000
            try bench.push(silence)
        }
        #expect(bench.capture.statistics.jumpsBack == 2)
        #expect(bench.capture.statistics.gaps == 0)
        #expect(bench.times == (0..<150).map { 5_000_000 + $0 * 20_000 })
    }

    @Test(arguments: [
        3_600_000_000, -3_600_000_000, 1_100_000, -10_100_000, .max, .min, Int64.max - 5_000_000, 1 << 53,
    ])
    func timesOfAnotherClockAreRefused(_ distance: Int64) throws {
        let bench = try Bench()
        let silence = [Float](repeating: 0, count: 960)
        try bench.push(silence)
        let before = bench.times
        #expect { try bench.push(silence, at: bench.now &+ distance) } throws: {
            ($0 as? MediaError)?.code == .invalidArgument
        }
        #expect(bench.times == before)
        #expect(bench.capture.statistics.refusedChunks == 1)
        bench.now += 20_000
        try bench.push(silence)
        #expect(bench.times == [4_980_000, 5_000_000])
    }

    @Test func fasterThanRealTimeIsBounded() throws {
        let bench = try Bench()
        let second = TestSignal.noise(frames: 48_000, level: 0.1)
        for index in 0..<20 as Range<Int64> {
            // Once with the times of the sound, once all at the same time.
            try? bench.push(second, at: bench.now + (index < 10 ? index * 1_000_000 : 0))
        }
        #expect(bench.packets.count <= 150)
        let statistics = bench.capture.statistics
        #expect(statistics.framesAhead + statistics.refusedChunks * 48_000 >= 17 * 48_000)
        bench.now += 10_000_000
        try bench.push(second)
        #expect(bench.times == bench.times.sorted())
        #expect(bench.packets.count <= 200)
    }

    @Test func packetsThatNobodyTakesAreDroppedAndCounted() throws {
        let bench = try Bench()
        let format = PCMFormat(.float32, rate: 48_000, channels: 1)
        let bytes = format.bytes(of: [Float](repeating: 0, count: 48_000))
        for _ in 0..<10 {
            bench.now += 1_000_000
            try bench.capture.push(
                bytes.raw,
                format: format,
                timestamp: bench.now - 1_000_000,
                now: bench.now
            )
        }
        bench.take()
        #expect(bench.packets.count == 128)
        #expect(bench.capture.statistics.packetsLost == 500 - 128)
        #expect(bench.times.last == bench.now - 20_000)
    }

    @Test func mutingFadesAndSaysSo() throws {
        let bench = try Bench()
        let tone = TestSignal.tone(300, frames: 96_000, level: 0.5)
        for index in 0..<100 {
            bench.capture.isMuted = (30..<60).contains(index)
            bench.now += 20_000
            try bench.push(Array(tone[(index * 960)..<(index * 960 + 960)]))
        }
        #expect(bench.packets.map(\.isMuted) == (0..<100).map { (31..<60).contains($0) })
        #expect(bench.packets[31..<60].allSatisfy { $0.level == .silence })
        #expect(bench.packets[10].level.attenuation == 9)
        #expect(bench.times == (0..<100).map { 5_000_000 + $0 * 20_000 })
        let heard = try OpusDecoder(channels: 1).samples(of: bench.payloads)
        #expect(Measure.power(heard[(960 * 40)..<(960 * 59)]) < 1e-7)
        #expect(Measure.power(heard[(960 * 65)..<(960 * 95)]) > 0.05)
        // No click: nothing between two samples that the tone does not have itself, give or take.
        let steepest = zip(heard.dropFirst(), heard).map { abs($0 - $1) }.max() ?? 1
        #expect(steepest < 0.5 * 2 * 3.15 * 300 / 48_000 * 1.6)
    }

    @Test func formatsMayChangeInTheMiddle() throws {
        let bench = try Bench(channels: 2)
        for (index, format) in (PCMTests.formats + PCMTests.formats.reversed()).enumerated() {
            let frames = format.rate / 10
            let tone = TestSignal.tone(440, frames: frames, rate: Double(format.rate))
            bench.now = 5_100_000 + Int64(index) * 100_000
            try bench.push(tone.flatMap { [Float](repeating: $0, count: format.channels) }, format)
        }
        #expect(bench.packets.count == 48 * 5 - 1 || bench.packets.count == 48 * 5)
        let steps = zip(bench.times.dropFirst(), bench.times).map { $0 - $1 }
        #expect(steps.allSatisfy { abs($0 - 20_000) <= 100 })
        #expect(bench.capture.statistics.gaps == 0 && bench.capture.statistics.jumpsBack == 0)
        let heard = try OpusDecoder(channels: 2).samples(of: bench.payloads)
        for start in stride(from: 19_200, to: heard.count - 960, by: 960) {
            #expect(abs(Measure.power(heard[start..<start + 960]) - 0.125) < 0.06)
        }
    }

    @Test func settingsMayChangeInTheMiddle() throws {
        let bench = try Bench()
        let speech = TestSignal.voice(frames: 96_000)
        for index in 0..<200 {
            var settings = bench.capture.settings
            settings.duration = AudioEncoderSettings.Duration.allCases[index / 20 % 4]
            settings.bitRate = 16_000 + index * 100
            try bench.capture.apply(settings)
            bench.now += 10_000
            try bench.push(Array(speech[(index * 480)..<(index * 480 + 480)]))
        }
        for (packet, next) in zip(bench.packets, bench.packets.dropFirst()) {
            #expect(next.timestamp == packet.timestamp + packet.duration)
        }
        #expect(Set(bench.packets.map(\.duration)) == [10_000, 20_000, 40_000, 60_000])
        #expect(
            Measure.envelopeCorrelation(
                Array(try OpusDecoder(channels: 1).samples(of: bench.payloads).dropFirst(312)),
                speech
            ) > 0.95
        )
    }

    @Test func chunksThatCannotBeTakenAreRefused() throws {
        let bench = try Bench()
        let bytes = [UInt8](repeating: 0, count: 200_000)
        func push(_ count: Int, _ format: PCMFormat) throws {
            try bench.capture.push(
                bytes.raw.extracting(0..<count),
                format: format,
                timestamp: bench.now,
                now: bench.now
            )
        }
        #expect(throws: MediaError(.invalidArgument, "7 bytes are not whole audio frames")) {
            try push(7, .init(.int16, rate: 48_000, channels: 2))
        }
        #expect(throws: MediaError(.limit, "audio chunk of 8001 frames is longer than a second")) {
            try push(16_002, .init(.int16, rate: 8_000, channels: 1))
        }
        #expect(throws: MediaError.self) { try push(960, .init(.int16, rate: 96_000, channels: 1)) }
        #expect(throws: MediaError.self) { try push(960, .init(.int16, rate: 48_000, channels: 0)) }
        #expect(bench.capture.statistics.refusedChunks == 4)
        try push(0, .init(.int16, rate: 48_000, channels: 1))
        try push(16_000, .init(.int16, rate: 8_000, channels: 1))
        bench.take()
        #expect(bench.packets.count == 49)
        #expect(bench.capture.statistics.refusedChunks == 4)
    }

    @Test func finishingFillsTheLastPacketUp() throws {
        let bench = try Bench()
        bench.now += 30_000
        try bench.push(TestSignal.tone(440, frames: 1440))
        try bench.capture.finish()
        bench.take()
        #expect(bench.times == [5_000_000, 5_020_000])
        // A new beginning is not a hole, and still not earlier than what was sent.
        bench.now += 1000
        try bench.push([Float](repeating: 0, count: 960))
        #expect(bench.times.last == 5_040_000)
        #expect(bench.capture.statistics.gaps == 0)
        try bench.capture.finish()
        bench.now += 10_000_000
        try bench.push([Float](repeating: 0, count: 960))
        #expect(bench.times.last == bench.now - 20_000)
    }

    /// The encoder holds some milliseconds back: at the end they come out, too.
    @Test(arguments: [960, 1200, 1880]) func theEndIsHeardToTheLastSample(frames: Int) throws {
        let bench = try Bench()
        bench.now += Int64(frames) * 1_000_000 / 48_000
        try bench.push(TestSignal.tone(440, frames: frames))
        try bench.capture.finish(isEnd: true)
        bench.take()
        let lookahead = try OpusEncoder(channels: 1).lookahead
        #expect(lookahead > 0 && bench.packets.count * 960 >= frames + lookahead)
        let decoder = try OpusDecoder(channels: 1)
        var heard: [Float] = []
        for packet in bench.packets {
            var samples = [Float](repeating: 0, count: 960)
            var span = samples.mutableSpan
            _ = try decoder.decode(packet.payload.span, into: &span)
            heard += samples
        }
        // The last 5 ms of the tone.
        let end = heard[(frames + lookahead - 240)..<(frames + lookahead)]
        #expect((end.reduce(0) { $0 + $1 * $1 } / 240).squareRoot() > 0.1)
        // After a pause there is nothing to bring out.
        let count = bench.packets.count
        try bench.capture.finish(isEnd: true)
        bench.take()
        #expect(bench.packets.count == count)
    }

    @Test func steadyStateUsesNoMoreMemory() throws {
        let bench = try Bench(channels: 2)
        let format = PCMFormat(.int16, rate: 44_100, channels: 2)
        let chunk = format.bytes(of: TestSignal.noise(frames: 441 * 2, level: 0.2))
        func run(_ chunks: Int) throws {
            for _ in 0..<chunks {
                bench.now += 10_000
                try bench.capture.push(
                    chunk.raw,
                    format: format,
                    timestamp: bench.now - 10_000,
                    now: bench.now
                )
                while bench.capture.next() != nil {}
            }
        }
        try run(1000)
        let blocks = bench.allocator.blocksMade
        try run(1000)
        #expect(bench.allocator.blocksMade == blocks)
        #expect(bench.capture.statistics.packetsLost == 0)
    }

    @Test func nonsenseIsCountedAcrossFormats() throws {
        let bench = try Bench()
        let wild: [Float] = [.nan, .infinity, 0, -.infinity] + [Float](repeating: 0, count: 956)
        let reader = PCMFormat(.float32, rate: 48_000, channels: 1)
        for format in [reader, PCMFormat(.float32, rate: 48_000, channels: 2), reader] {
            bench.now += 20_000
            let bytes = wild.raw
            try bench.capture.push(bytes, format: format, timestamp: bench.now, now: bench.now)
        }
        bench.take()
        #expect(bench.capture.statistics.invalidSamples == 9)
        #expect(bench.packets.allSatisfy { $0.level == .silence })
    }
}
