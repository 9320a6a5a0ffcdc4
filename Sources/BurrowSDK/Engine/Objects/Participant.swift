package import BurrowBase

/// Somebody who announces a broadcast in a room.
package struct Participant: Equatable, Sendable {
    package var id: UInt32
    package var path: String
    package var joined: Instant
}

/// Who is in a room, numbered so that a path that comes back keeps its number.
package struct Roster: Sendable {
    /// Numbers of those who left are forgotten when there are this many of them.
    private static let memory = 4096

    private var present: [String: Participant] = [:]
    private var numbers: [String: UInt32] = [:]
    private var last: UInt32 = 0

    package init() {}

    package var count: Int { present.count }

    /// Everybody in the order of arrival.
    package var participants: [Participant] {
        present.values.sorted { ($0.joined, $0.id) < ($1.joined, $1.id) }
    }

    /// Notes an arrival; `nil` when the path is there already.
    package mutating func add(_ path: String, now: Instant) -> Participant? {
        guard present[path] == nil else { return nil }
        let id = numbers[path] ?? next()
        if numbers.count > present.count + Self.memory { numbers = present.mapValues(\.id) }
        numbers[path] = id
        let participant = Participant(id: id, path: path, joined: now)
        present[path] = participant
        return participant
    }

    package mutating func remove(_ path: String) -> Participant? {
        present.removeValue(forKey: path)
    }

    private mutating func next() -> UInt32 {
        last = last == .max ? 1 : last + 1
        return last
    }
}
