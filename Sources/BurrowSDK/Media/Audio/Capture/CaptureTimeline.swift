/// Gives captured samples their media times.
///
/// Between two breaks time goes by the samples: each packet follows the one before it without a gap. The host's
/// timestamps only steer that, slowly, so their jitter is not heard while a sound card's clock that is wrong by some
/// parts per million is followed. Times handed out never go backwards.
struct CaptureTimeline {
    enum Placement: Equatable {
        /// The samples continue those before them.
        case follows
        /// Samples are missing before these, or they are the first. What waits belongs to the time before; when it is
        /// dealt with, `begin` is to be called.
        case begins
        /// The host is too far ahead of real time; the samples are not taken.
        case isAhead
    }

    /// A hole in the sound rather than jitter.
    static let gap: Int64 = 100_000
    /// A timestamp that is earlier than it should be is believed up to here.
    static let overlap: Int64 = 1_000_000
    /// How far samples may be ahead of the clock, and behind it.
    static let ahead: Int64 = 1_000_000
    static let behind: Int64 = 10_000_000
    /// Later than any clock shows, and small enough to be counted in nanoseconds.
    static let furthest: UInt64 = 1 << 52

    /// Holes that the time jumped across.
    private(set) var gaps = 0
    /// Timestamps that went backwards, and were bent to what would have followed.
    private(set) var jumpsBack = 0

    /// Nanoseconds at which `received` and `produced` began to count.
    private var inputBase: Int64 = 0
    private var outputBase: Int64 = 0
    /// Frames at the host's rate, and at 48 kHz; always less than a second's.
    private var received: Int64 = 0
    private var produced: Int64 = 0
    private var rate: Int64 = 48_000
    private(set) var isRunning = false
    /// What is added to the host's timestamps since they last went backwards.
    private var bend: Int64 = 0

    /// Refuses a timestamp that cannot be of the clock that shows `now`.
    static func validate(_ timestamp: Int64, now: Int64) throws(MediaError) {
        let (distance, overflow) = timestamp.subtractingReportingOverflow(now)
        guard !overflow, timestamp.magnitude < furthest, distance <= ahead, distance >= -behind else {
            let seconds = overflow ? "very many" : "\(distance / 1_000_000)"
            throw MediaError(.invalidArgument, "audio timestamp is \(seconds) s from the clock's time")
        }
    }

    /// Says where the next `frames` go, which the host says were captured at `timestamp`. Both times are of one
    /// clock, in microseconds.
    mutating func place(_ frames: Int, at timestamp: Int64, now: Int64) throws(MediaError) -> Placement {
        try Self.validate(timestamp, now: now)
        let count = Int64(frames)
        guard isRunning else { return .begins }
        let expected = inputTime / 1000
        guard expected - now <= Self.ahead else { return .isAhead }
        let difference = timestamp + bend - expected
        if difference <= Self.gap, difference >= -Self.overlap {
            steer(by: difference, over: count)
            advanceInput(count)
            return .follows
        }
        guard timestamp > expected else {
            jumpsBack += 1
            bend = expected - timestamp
            advanceInput(count)
            return .follows
        }
        gaps += 1
        return .begins
    }

    /// Time begins anew with `frames` at `timestamp`, or where the last packet ended if that is later.
    mutating func begin(_ frames: Int, at timestamp: Int64) {
        let start = max(timestamp * 1000, outputTime)
        inputBase = start
        outputBase = start
        received = 0
        produced = 0
        bend = 0
        isRunning = true
        advanceInput(Int64(frames))
    }

    /// The host's samples have another rate from here on.
    mutating func changeRate(to new: Int) {
        inputBase = inputTime
        received = 0
        rate = Int64(max(new, 1))
    }

    /// The time of the next `frames` of 48 kHz, in microseconds.
    mutating func take(_ frames: Int) -> Int64 {
        let time = outputTime / 1000
        produced += Int64(frames)
        outputBase += produced / 48_000 * 1_000_000_000
        produced %= 48_000
        return time
    }

    /// Nothing follows: the next samples begin anew.
    mutating func stop() {
        isRunning = false
        bend = 0
    }

    private var inputTime: Int64 { inputBase + received * 1_000_000_000 / rate }
    private var outputTime: Int64 { outputBase + produced * 1_000_000_000 / 48_000 }

    private mutating func advanceInput(_ frames: Int64) {
        received += frames
        inputBase += received / rate * 1_000_000_000
        received %= rate
    }

    /// Follows with a time constant of two seconds, and never by more than half a percent.
    private mutating func steer(by microseconds: Int64, over frames: Int64) {
        let chunk = frames * 1_000_000_000 / rate
        let step = microseconds * (chunk / 1000) / 2_000
        let limit = chunk / 200
        let bounded = min(max(step, -limit), limit)
        inputBase += bounded
        outputBase += bounded
    }
}
