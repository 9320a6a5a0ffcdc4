/// Notices when a line seems interrupted: nothing is answered for longer than a probe timeout although something is under
/// way.
///
/// The probes of QUIC come ever more rarely then, and what is large soon fills the window, after which nothing else
/// may go out. So only what is small and urgent is sent while this is so: it takes little of the window, and the
/// first of it that arrives is heard and shows that the line is there again.
struct SilenceWatch {
    /// Time from one look to the next (nanoseconds).
    private static let step: UInt64 = 20_000_000
    /// Shorter silences are none.
    private static let least: UInt64 = 60_000_000
    /// After such a pause nobody knows, and what is sent shows.
    private static let longest: UInt64 = 500_000_000

    private(set) var isSilent = false
    /// When the next look is worth it (nanoseconds).
    private(set) var nextUpdate: UInt64 = 0
    /// When something was answered last, as far as was seen.
    private var lastAnswer: UInt64 = 0
    private var lastLook: UInt64 = 0
    private var before: (bytesInFlight: UInt64, sentBytes: UInt64) = (0, 0)

    /// `sentBytes` counts from the beginning of the connection.
    mutating func update(bytesInFlight: UInt64, sentBytes: UInt64, probeTimeout: UInt64, now: UInt64) {
        let sent = sentBytes - min(before.sentBytes, sentBytes)
        let unanswered = before.bytesInFlight.addingReportingOverflow(sent).partialValue
        let isLong = now - min(lastLook, now) > Self.longest
        if isLong || bytesInFlight == 0 || bytesInFlight < unanswered { lastAnswer = now }
        lastLook = now
        before = (bytesInFlight, sentBytes)
        isSilent = now - min(lastAnswer, now) > max(probeTimeout, Self.least)
        // The end of a silence is to be seen at once.
        nextUpdate = isSilent ? now : now + Self.step
    }
}
