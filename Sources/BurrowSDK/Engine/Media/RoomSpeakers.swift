import BurrowBase
import BurrowMedia

/// Who of a room speaks, by path: participants who come back do so under another number.
struct RoomSpeakers {
    /// What a decision made different.
    struct Change {
        /// The dominant speaker if that is somebody else than before; the number is 0 when it is nobody.
        var dominant: (number: UInt32, path: String)?
        /// `recent` is in another order.
        var isReordered = false
    }

    private var selector = SpeakerSelector()
    private var numbers: [String: UInt32] = [:]
    /// Paths of those who spoke and were dominant, the latest first.
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

    /// Decides when it is time to.
    mutating func decide(now: Instant) -> Change {
        var change = Change()
        if case .some(let dominant) = selector.decide(now: now) {
            change.dominant =
                dominant.flatMap { (number) in path(of: number).map { (number, $0) } } ?? (0, "")
        }
        // With nobody speaking somebody silent is dominant, who is nobody's latest speaker.
        guard let dominant = selector.dominant, selector.isSpeaking(dominant), let path = path(of: dominant),
            recent.first != path
        else { return change }
        recent.removeAll { $0 == path }
        recent.insert(path, at: 0)
        if recent.count > Self.recentLimit { recent.removeLast() }
        change.isReordered = true
        return change
    }

    private func path(of number: UInt32) -> String? {
        numbers.first { $0.value == number }?.key
    }
}
