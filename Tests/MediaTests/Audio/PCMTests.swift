import BurrowBase
import BurrowMedia
import Testing

@Suite struct PCMTests {
    static let formats = PCMFormat.rates.flatMap { rate in
        [1, 2].flatMap { channels in
            [
                PCMFormat(.int16, rate: rate, channels: channels),
                PCMFormat(.float32, rate: rate, channels: channels),
            ]
        }
    }

    @Test(arguments: [0, -1, 7_350, 11_025, 22_050, 88_200, 96_000, Int.max])
    func ratesThatAreNotOursAreNamed(_ rate: Int) {
        let wanted = MediaError(
            .unsupported,
            "\(rate) Hz; 8000, 16000, 24000, 32000, 44100 and 48000 are possible"
        )
        #expect(throws: wanted) { try PCMReader(.init(.int16, rate: rate, channels: 1), channels: 1) }
        #expect(throws: wanted) { try PCMWriter(.init(.int16, rate: rate, channels: 1), channels: 1) }
    }

    @Test(arguments: [0, 3, -2, Int.max])
    func channelsThatAreNotOursAreRefused(_ channels: Int) {
        let format = PCMFormat(.float32, rate: 48_000, channels: channels)
        #expect(throws: MediaError.self) { try format.validate() }
        #expect(throws: MediaError.self) {
            try PCMReader(.init(.float32, rate: 48_000, channels: 1), channels: channels)
        }
    }

    @Test func everyInt16Survives() {
        let all = (Int16.min...Int16.max).map { $0 }
        let format = PCMFormat(.int16, rate: 48_000, channels: 1)
        var samples = [Float](repeating: 9, count: all.count)
        var span = samples.mutableSpan
        #expect(format.read(all.raw, into: &span) == 0)
        #expect(samples.first == -1 && samples.last == 32767.0 / 32768)
        var back = [Int16](repeating: 0, count: all.count)
        back.write(samples, as: format)
        #expect(back == all)
    }

    @Test func nonsenseBecomesSilenceAndIsCounted() throws {
        let wild: [Float] = [
            .nan, .infinity, -.infinity, .signalingNaN, 1.5, -7, 0.25, .greatestFiniteMagnitude,
        ]
        let tame: [Float] = [0, 0, 0, 0, 1, -1, 0.25, 1]
        let reader = try PCMReader(.init(.float32, rate: 48_000, channels: 2), channels: 2)
        var queue = PCMQueue(limit: 100)
        #expect(try reader.read(wild, into: &queue) == 0)
        #expect(reader.invalidSamples == 4)
        #expect(queue.count == 8)
        #expect(queue.samples == tame)

        var floats = [Float](repeating: 9, count: 8)
        floats.write(wild, as: PCMFormat(.float32, rate: 48_000, channels: 1))
        #expect(floats == tame)
        var ints = [Int16](repeating: 9, count: 8)
        ints.write(wild, as: PCMFormat(.int16, rate: 48_000, channels: 1))
        #expect(ints == [0, 0, 0, 0, 32767, -32768, 8192, 32767])
    }

    @Test func addressesNeedNotBeAligned() throws {
        let samples: [Float] = [0.5, -0.25]
        var bytes: [UInt8] = [77]
        for sample in samples {
            for shift in [0, 8, 16, 24] as [UInt32] {
                bytes.append(UInt8(truncatingIfNeeded: sample.bitPattern >> shift))
            }
        }
        var read = [Float](repeating: 0, count: 2)
        var span = read.mutableSpan
        let odd = bytes.raw.extracting(1..<9)
        let invalid = PCMFormat(.float32, rate: 48_000, channels: 1).read(odd, into: &span)
        #expect(invalid == 0)
        #expect(read == samples)
    }

    @Test func channelsAreDoubledAndAveraged() throws {
        var queue = PCMQueue(limit: 100)
        let up = try PCMReader(.init(.float32, rate: 48_000, channels: 1), channels: 2)
        _ = try up.read(([0.5, -0.25] as [Float]), into: &queue)
        #expect(queue.samples == [0.5, 0.5, -0.25, -0.25])
        queue.removeAll()
        let down = try PCMReader(.init(.float32, rate: 48_000, channels: 2), channels: 1)
        _ = try down.read(([0.5, -0.25, 1, 1] as [Float]), into: &queue)
        #expect(queue.samples == [0.125, 1])
    }

    /// From a host's format to ours and back: the same sound at the same time.
    @Test(arguments: formats)
    func soundSurvivesInAndOut(_ format: PCMFormat) throws {
        // Each way of mixing with each of the other formats.
        let channels = format.encoding == .int16 ? 1 : 2
        let frames = format.rate / 2
        let tone = TestSignal.tone(440, frames: frames, rate: Double(format.rate))
        let bytes = format.bytes(of: tone.flatMap { [Float](repeating: $0, count: format.channels) })
        let reader = try PCMReader(format, channels: channels)
        var queue = PCMQueue(limit: 96_000)
        #expect(try reader.read(bytes, into: &queue) == 0)
        #expect(try reader.flush(into: &queue) == 0)
        #expect(abs(queue.count / channels - 24_000) <= 6)
        let inside = TestSignal.tone(440, frames: 24_000)
        let all = queue.samples
        let left = stride(from: 0, to: all.count, by: channels).map { all[$0] }
        #expect(Measure.signalToNoise(inside[500..<23_000], left[500..<23_000]) > 1000)

        let writer = try PCMWriter(format, channels: channels)
        var result: [UInt8] = []
        let step = format.rate / 50
        while true {
            let needed = writer.needed(for: step) * channels
            if needed > 0 {
                guard queue.count >= needed else { break }
                try writer.write(queue.prefix(needed))
                queue.removeFirst(needed)
                continue
            }
            result += try #require(pull(step, from: writer))
        }
        #expect(result.count >= bytes.count * 9 / 10)
        let heard = format.samples(in: result)
        let wanted = format.samples(in: bytes).prefix(heard.count)
        let range = 1000..<(heard.count - 1000)
        #expect(Measure.signalToNoise(wanted[range], heard[range]) > 1000)
    }

    @Test(arguments: formats)
    func chunksDoNotMatter(_ format: PCMFormat) throws {
        let noise = TestSignal.noise(frames: 5000 * format.channels, level: 0.9)
        let bytes = format.bytes(of: noise)
        func read(_ chunk: () -> Int) throws -> [Float] {
            let reader = try PCMReader(format, channels: 2)
            var queue = PCMQueue(limit: 100_000)
            var start = 0
            while start < bytes.count {
                let end = min(start + chunk() * format.bytesPerFrame, bytes.count)
                #expect(try reader.read(Array(bytes[start..<end]), into: &queue) == 0)
                start = end
            }
            #expect(try reader.flush(into: &queue) == 0)
            return queue.samples
        }
        let whole = try read { 5000 }
        for seed in 1...2 as ClosedRange<UInt64> {
            var random = SeededRandom(seed: seed)
            #expect(try read { Int(random.next() % 1200) + 1 } == whole)
        }
    }

    @Test func aFullQueueTakesNoMoreAndSaysSo() throws {
        let reader = try PCMReader(.init(.int16, rate: 48_000, channels: 1), channels: 2)
        var queue = PCMQueue(limit: 20)
        #expect(try reader.read([Int16](repeating: 1, count: 14), into: &queue) == 4)
        #expect(queue.count == 20)
        let writer = try PCMWriter(.init(.int16, rate: 8_000, channels: 1), channels: 1)
        let second = [Float](repeating: 0, count: 48_000)
        for _ in 0..<6 { try writer.write(second.span) }
        #expect(throws: MediaError(.limit, "more than 48000 frames wait to be read")) {
            try writer.write(second.span)
        }
    }

    @Test func queueKeepsOrderThroughWrapping() {
        var queue = PCMQueue(limit: 3000)
        var random = SeededRandom(seed: 2)
        var written = 0
        var read = 0
        for _ in 0..<2000 {
            let chunk = (0..<Int(random.next() % 500)).map { Float((written + $0) % 65_536) }
            written += queue.append(chunk.span)
            #expect(queue.count <= 3000)
            let wanted = Int(random.next() % 500)
            let taken = front(of: queue, wanted)
            for index in taken.indices where taken[index] != Float((read + index) % 65_536) {
                Issue.record("sample \(read + index) is out of order")
            }
            read += taken.count
            queue.removeFirst(wanted)
        }
        #expect(read > 200_000)
        #expect(written - read == queue.count)
    }

    private func front(of queue: borrowing PCMQueue, _ count: Int) -> [Float] {
        let samples = queue.prefix(count)
        return (0..<samples.count).map { samples[$0] }
    }

    /// One pull of a host; nil when there was less.
    private func pull(_ frames: Int, from writer: PCMWriter) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: frames * writer.format.bytesPerFrame)
        var span = buffer.mutableSpan
        var bytes = unsafe span.mutableBytes
        return writer.read(into: &bytes) == frames ? buffer : nil
    }
}
