import BurrowBase

/// Raises the delay of a participant when pictures keep coming too late for their sound, and lowers it again.
struct VideoLateness {
    private static let tooLate = Interval.milliseconds(80)
    private static let fine = Interval.milliseconds(20)
    private static let patience = Interval.seconds(1)
    private static let raisePerSecond: Int64 = 20_000
    /// Lowered after all pictures of a while were earlier than needed.
    private static let relief = Interval.seconds(5)
    private static let lowerPerSecond: Int64 = 10_000
    /// With longer pauses between pictures nothing is known about the time between them.
    private static let longestStep = Interval.milliseconds(500)

    private var raising = false
    private var lateSince: Instant?
    private var earlySince: Instant?
    private var last: Instant?

    /// No picture came; when none did for long, sound need not wait.
    mutating func nothing(at now: Instant, clock: PlayoutClock) {
        guard let seen = last, now - seen > Self.relief else { return }
        clock.changeRaise(by: .seconds(-1))
        self = VideoLateness()
    }

    /// A picture was ready so long after it was due; negative when it was early.
    mutating func observe(_ lateness: Interval, at now: Instant, clock: PlayoutClock) {
        defer { last = now }
        guard clock.isShared(at: now) else {
            // Without sound nothing needs to wait.
            clock.changeRaise(by: .seconds(-1))
            self = VideoLateness()
            return
        }
        let step = min(max(.zero, now - (last ?? now)), Self.longestStep)
        if lateness > Self.tooLate {
            let since = lateSince ?? now
            lateSince = since
            if now - since >= Self.patience { raising = true }
        } else {
            lateSince = nil
        }
        if lateness < Self.fine { raising = false }
        if raising {
            clock.changeRaise(by: .microseconds(step.microseconds * Self.raisePerSecond / 1_000_000))
        }
        guard lateness < .microseconds(-Self.fine.microseconds) else {
            earlySince = nil
            return
        }
        let since = earlySince ?? now
        earlySince = since
        if now - since >= Self.relief {
            clock.changeRaise(by: .microseconds(-step.microseconds * Self.lowerPerSecond / 1_000_000))
        }
    }
}
