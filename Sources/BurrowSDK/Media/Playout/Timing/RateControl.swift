/// Decides when playout should be a little faster or slower, so that its delay follows the target.
///
/// It begins when the delay leaves a band of 10 ms and ends when it is right, so that small changes of the network do
/// nothing. A period removed or repeated pays for itself: ten times as much must pass before the next. What packets need
/// not be early for, because of where in a pull they are needed, is left out, too.
struct RateControl {
    enum Wish: Equatable {
        case nothing
        /// By at most so many frames.
        case shorten(Int)
        /// By about so many frames.
        case lengthen(Int)
    }

    private enum Mode { case steady, shortening, lengthening }

    /// Nothing happens as long as the delay is inside of a band around the target.
    static let tooLittle: Int64 = 2_000
    private static let tooMuch: Int64 = 6_000
    /// How far a pitch period may overshoot.
    private static let overshoot: Int64 = 3_000
    /// Voices change their rate by at most a tenth, and by a fifth while there is far too much.
    private static let voicedRest = 10
    private static let hurriedRest = 5
    private static let farTooMuch: Int64 = 120_000
    /// Nobody hears the length of a pause.
    private static let silentRest = 2

    /// Less idle time is not worth looking for a period.
    private static let leastIdle = MediaUnits.frames(milliseconds: 3)
    /// How long nothing is done about idle time after something was, or could not be.
    private static let idleRest = MediaUnits.frames(milliseconds: 1_000)
    private static let declinedRest = MediaUnits.frames(milliseconds: 50)

    private var mode = Mode.steady
    /// Frames that must pass unchanged.
    private var rest = 0
    private var idleRest = idleRest
    private var isHurried = false

    var isShortening: Bool { mode == .shortening }

    /// What to do after `frames` more frames were decoded, when packets may be `slack` late, and as late with `idle` frames
    /// less, and `target` is aimed at.
    mutating func wish(slack: Int64, target: Int64, idle: Int, frames: Int) -> Wish {
        rest = max(0, rest - frames)
        idleRest = max(0, idleRest - frames)
        let excess = slack - target
        isHurried = excess > Self.farTooMuch
        switch mode {
        case .steady:
            if excess > Self.tooMuch { mode = .shortening }
            if excess < -Self.tooLittle { mode = .lengthening }
        case .shortening:
            if excess <= 0 { mode = excess < -Self.tooLittle ? .lengthening : .steady }
        case .lengthening:
            if excess >= 0 { mode = excess > Self.tooMuch ? .shortening : .steady }
        }
        guard rest == 0 else { return .nothing }
        switch mode {
        case .steady:
            guard idle >= Self.leastIdle, idleRest == 0, excess >= -Self.tooLittle else { return .nothing }
            idleRest = Self.idleRest
            return .shorten(idle)
        case .shortening: return .shorten(MediaUnits.frames(excess + Self.overshoot))
        case .lengthening: return .lengthen(MediaUnits.frames(-excess))
        }
    }

    mutating func changed(by frames: Int, silent: Bool) {
        rest = frames * (silent ? Self.silentRest : isHurried ? Self.hurriedRest : Self.voicedRest)
    }

    /// The sound did not lend itself to it; looking again costs time, so not with every packet.
    mutating func declined() {
        rest = Self.declinedRest
    }

    mutating func reset() {
        self = RateControl()
    }
}
