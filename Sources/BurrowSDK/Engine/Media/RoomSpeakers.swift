import BurrowBase
import BurrowMedia

/// Who of a room speaks, by path: participants who come back do so under another number.
struct RoomSpeakers {
    private var selector = SpeakerSelector()
    private var numbers: [String: UInt32] = [:]
    /// Paths of those who were dominant, the latest first.
    private(set) var recent: [String] = []

    private static let reading = Interval.milliseconds(20)
    /// Whoever spoke before so many others is nobody's latest speaker.
    private static let recentLimit = 64

    /// Takes levels of 20 ms each, the newest last, of which that one ends now.
    mutating func heard(_ readings: [AudioLevel], on path: String, number: UInt32, now: Instant) {
        if numbers[path] != number { forget(path) }
        numbers[path] = number
        for (index, level) in readings.enumerated() {
            let age = Int64(readings.count - 1 - index) * Self.reading.microseconds
            selector.level(level, of: number, now: now - .microseconds(age))
        }
    }

    mutating func pause(_ path: String, _ isPaused: Bool) {
        if let number = numbers[path] { selector.pause(number, isPaused) }
    }

    /// The sound of somebody is heard no more.
    mutating func forget(_ path: String) {
        if let number = numbers.removeValue(forKey: path) { selector.remove(number) }
    }

    /// Forgets whoever is not there any more.
    mutating func keep(_ present: [HostParticipant]) {
        for path in numbers.keys.sorted() {
            let number = numbers[path]
            if !present.contains(where: { $0.path == path && $0.number == number }) { forget(path) }
        }
    }

    var deadline: Instant { selector.deadline ?? .distantFuture }

    /// The dominant speaker if that is somebody else than before; the number is 0 when it is nobody.
    mutating func decide(now: Instant) -> (number: UInt32, path: String)? {
        guard case .some(let dominant) = selector.decide(now: now) else { return nil }
        guard let dominant, let path = numbers.first(where: { $0.value == dominant })?.key else {
            return (0, "")
        }
        recent.removeAll { $0 == path }
        recent.insert(path, at: 0)
        if recent.count > Self.recentLimit { recent.removeLast() }
        return (dominant, path)
    }
}
