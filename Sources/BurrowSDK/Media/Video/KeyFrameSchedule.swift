package import BurrowBase

/// Decides which pictures are key pictures: the first, one after each group duration, and on request; requests within
/// half a second are one, and come no sooner after another key picture, because each costs several times what another
/// picture does.
package struct KeyFrameSchedule: Sendable {
    private var groupDuration: Int64
    private var lastKey: Int64?
    private var isRequested = false
    /// Waits for its turn.
    private var isPending = false
    private var lastRequest: Int64?
    private static let pause: Int64 = 500_000

    package init(every groupDuration: Interval) {
        self.groupDuration = groupDuration.microseconds
    }

    package mutating func request() { isRequested = true }

    /// The next picture is a key picture, however long ago the last was: there was none in between, or nobody has it.
    package mutating func restart() { lastKey = nil }

    package mutating func setGroupDuration(_ duration: Interval) { groupDuration = duration.microseconds }

    /// Whether the picture of this time must be a key picture. Stays so until there was one.
    package mutating func isDue(at timestamp: Int64) -> Bool {
        if isRequested { note(requestAt: timestamp) }
        guard let lastKey else { return true }
        let (elapsed, overflow) = timestamp.subtractingReportingOverflow(lastKey)
        return overflow || elapsed >= groupDuration || (isPending && elapsed >= Self.pause)
    }

    private mutating func note(requestAt timestamp: Int64) {
        isRequested = false
        if let lastRequest {
            let (elapsed, overflow) = timestamp.subtractingReportingOverflow(lastRequest)
            if !overflow && elapsed < Self.pause { return }
        }
        lastRequest = timestamp
        isPending = true
    }

    package mutating func noteKey(at timestamp: Int64) {
        lastKey = timestamp
        isPending = false
    }
}
