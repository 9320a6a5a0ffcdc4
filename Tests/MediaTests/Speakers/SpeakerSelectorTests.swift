import BurrowBase
import BurrowMedia
import Testing

@Suite struct SpeakerSelectorTests {
    /// Levels like those of speech with a voice flag, one per 20 ms: syllables that swell and fade, short gaps at the
    /// level of the background, while the flag still holds, and now and then a pause without a voice.
    private struct Talker {
        var random: SeededRandom
        private var length = 0
        private var age = 0
        private var peak = 0.0

        init(seed: UInt64) { random = SeededRandom(seed: seed) }

        mutating func next() -> UInt8 {
            if age >= length {
                age = 0
                let kind = random.uniform()
                if peak > 0, kind < 0.5 {
                    peak = kind < 0.06 ? -1 : 0
                    length = kind < 0.06 ? 12 + Int(random.uniform() * 10) : 1 + Int(random.uniform() * 4)
                } else {
                    peak = 90 + random.uniform() * 20
                    length = 6 + Int(random.uniform() * 12)
                }
            }
            age += 1
            if peak < 0 { return age < 10 ? 45 : 0 }
            if peak == 0 { return UInt8(45 + random.uniform() * 10) }
            let edge = Double(min(age - 1, length - age))
            return UInt8(max(50, peak - max(0, 2 - edge) * 10 - random.uniform() * 6))
        }
    }

    private struct Room {
        var selector = SpeakerSelector()
        var now = Instant(microseconds: 1_000_000)
        var changes: [(at: Instant, to: UInt32?)] = []

        /// Silence is no voice.
        static func reading(_ level: UInt8) -> AudioLevel {
            AudioLevel(attenuation: 127 - level, isVoice: level > 0)
        }

        /// 20 ms in which everybody has a level; nil sends nothing.
        mutating func step(_ levels: [UInt8?]) {
            for (id, level) in levels.enumerated() {
                if let level { selector.level(Self.reading(level), of: UInt32(id), now: now) }
            }
            if case .some(let dominant) = selector.decide(now: now) { changes.append((now, dominant)) }
            now = now + .milliseconds(20)
        }
    }

    @Test func turnsAreFollowedInTime() {
        var times: [Double] = []
        var missed = 0
        for seed in 0..<60 as Range<UInt64> {
            var room = Room()
            var random = SeededRandom(seed: seed &* 77)
            var (a, b) = (Talker(seed: seed * 2 + 1), Talker(seed: seed * 2 + 2))
            for _ in 0..<(300 + random.next() % 15) { room.step([a.next(), 0, 0]) }
            #expect(room.selector.dominant == 0)
            let turn = room.now
            for _ in 0..<150 { room.step([0, b.next(), 0]) }
            if let change = room.changes.first(where: { $0.at >= turn && $0.to == 1 }) {
                times.append(Double((change.at - turn).microseconds) / 1e6)
            } else {
                missed += 1
            }
        }
        times.sort()
        #expect(missed == 0)
        #expect(times[times.count / 2] <= 0.8, "\(times)")
        #expect(times[times.count * 95 / 100] <= 1.2, "\(times)")
    }

    /// A cough or a door, 200 ms at full loudness, while somebody speaks or pauses for breath.
    @Test func shortNoisesChangeNothing() {
        for seed in 0..<40 as Range<UInt64> {
            var room = Room()
            var talker = Talker(seed: seed + 500)
            for index in 0..<600 {
                let cough = index >= 300 && index < 310
                room.step([talker.next(), cough ? 120 : 0])
            }
            #expect(room.changes.count == 1)
            #expect(room.selector.dominant == 0)
        }
    }

    @Test func doubleTalkDoesNotFlap() {
        var changes = 0
        for seed in 0..<10 as Range<UInt64> {
            var room = Room()
            var (a, b) = (Talker(seed: seed + 100), Talker(seed: seed + 200))
            for _ in 0..<1_000 { room.step([a.next(), b.next()]) }
            changes += room.changes.count - 1
        }
        // Twenty seconds each: at most one in ten.
        #expect(changes <= 20)
    }

    @Test func onlyParticipantIsDominant() {
        var room = Room()
        for _ in 0..<20 { room.step([0]) }
        #expect(room.selector.dominant == 0)
        #expect(!room.selector.isSpeaking(0))
        var talker = Talker(seed: 1)
        for _ in 0..<100 { room.step([talker.next()]) }
        #expect(room.selector.isSpeaking(0))
        for _ in 0..<100 { room.step([0]) }
        #expect(room.selector.dominant == 0)
        #expect(!room.selector.isSpeaking(0))
    }

    @Test func pausedOrAbsentSpeakerIsReleased() {
        var room = Room()
        var (a, b) = (Talker(seed: 1), Talker(seed: 2))
        for _ in 0..<200 { room.step([a.next(), 0]) }
        #expect(room.selector.dominant == 0)
        room.selector.pause(0, true)
        #expect(room.selector.dominant == nil)
        for _ in 0..<50 { room.step([a.next(), b.next()]) }
        #expect(room.selector.dominant == 1)
        room.selector.pause(0, false)
        room.selector.remove(1)
        for _ in 0..<20 { room.step([a.next()]) }
        #expect(room.selector.dominant == 0)
    }

    /// Who leaves is replaced in one step, and the last to leave leaves nobody.
    @Test func aReleaseIsTold() {
        var room = Room()
        var (a, b) = (Talker(seed: 1), Talker(seed: 2))
        for _ in 0..<200 { room.step([a.next(), 0]) }
        room.selector.remove(0)
        for _ in 0..<20 { room.step([nil, b.next()]) }
        room.selector.remove(1)
        #expect(room.selector.deadline != nil)
        for _ in 0..<20 { room.step([nil, nil]) }
        #expect(room.changes.map(\.to) == [0, 1, nil])
        #expect(room.selector.deadline == nil)
    }

    /// With DTX nothing comes in pauses; the last loud level must not stay.
    @Test func missingLevelsAreSilence() {
        var room = Room()
        var (a, b) = (Talker(seed: 3), Talker(seed: 4))
        for _ in 0..<200 { room.step([a.next(), nil]) }
        for _ in 0..<100 { room.step([nil, b.next()]) }
        #expect(room.selector.dominant == 1)
    }

    @Test func hourOfSilenceForgets() {
        var selector = SpeakerSelector()
        var now = Instant(microseconds: 0)
        selector.level(Room.reading(100), of: 1, now: now)
        selector.level(Room.reading(100), of: 2, now: now)
        now = now + .seconds(1)
        _ = selector.decide(now: now)
        let dominant = selector.dominant
        now = now + .seconds(4_000)
        _ = selector.decide(now: now)
        // The dominant one stays, as nobody else does.
        #expect(selector.dominant == dominant)
        selector.remove(dominant ?? 0)
        now = now + .seconds(1)
        _ = selector.decide(now: now)
        #expect(selector.dominant == nil)
        #expect(selector.deadline == nil)
    }

    /// Loud, for long, but no voice.
    @Test func whatIsNoVoiceIsNotDominant() {
        var room = Room()
        var talker = Talker(seed: 21)
        for _ in 0..<500 {
            room.selector.level(AudioLevel(attenuation: 5, isVoice: false), of: 1, now: room.now)
            room.step([talker.next()])
        }
        #expect(room.selector.dominant == 0)
        #expect(room.changes.count == 1)
    }
}
