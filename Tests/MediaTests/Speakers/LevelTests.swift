import BurrowBase
import BurrowMedia
import Testing

@Suite struct LevelTests {
    private static func readings(_ amplitude: [Float], channels: Int = 1) -> [AudioLevel] {
        var meter = LevelMeter(channels: channels)
        return amplitude.compactMap { (amplitude) in
            let block = (0..<(960 * channels)).map { ($0 / channels) % 2 == 0 ? amplitude : -amplitude }
            return meter.observe(block.span)
        }
    }

    @Test(arguments: [(Float(1), 127), (0.1, 107), (0.01, 87), (0, 0), (.infinity, 0), (.nan, 0)])
    func levelIsDecibels(amplitude: Float, level: Int) {
        #expect(Self.readings([amplitude]).map { $0.loudness } == [level])
        #expect(Self.readings([amplitude], channels: 2).map { $0.loudness } == [level])
    }

    @Test func oddBlocksAreCounted() {
        var meter = LevelMeter(channels: 1)
        let block = [Float](repeating: 0.1, count: 441)
        let count = (0..<960).count { _ in meter.observe(block.span) != nil }
        #expect(count == 441)
    }

    @Test func voiceIsToldFromHum() {
        var meter = LevelMeter(channels: 1)
        var heard: [Bool] = []
        // A second of noise, then the first syllables of a voice, in pieces that are no whole readings.
        var random = SeededRandom(seed: 1)
        var sound = (0..<48_000).map { _ in Float(random.uniform() - 0.5) * 0.01 }
        sound += Voice.samples[0..<36_000]
        for start in stride(from: 0, to: sound.count, by: 480) {
            if let reading = meter.observe(sound[start..<(start + 480)].span) {
                heard.append(reading.isVoice)
            }
        }
        #expect(heard.count == 87)
        #expect(!heard[0..<50].contains(true))
        #expect(heard[55...].contains(true))
    }

    @Test func eventsDoNotFlap() {
        var level = SpeakerLevel()
        var events: [SpeakerLevel.Event] = []
        // Ten seconds of words of 200 ms and pauses of 200 ms are one speech.
        for index in 0..<500 {
            let voice = index % 20 < 10
            if let event = level.observe(.init(attenuation: voice ? 27 : 97, isVoice: voice)) {
                events.append(event)
            }
        }
        #expect(events == [.began])
        #expect(level.level > 80)
        for _ in 0..<200 {
            if let event = level.observe(.silence) { events.append(event) }
        }
        #expect(events == [.began, .ended])
        #expect(level.level == 0)
    }
}
