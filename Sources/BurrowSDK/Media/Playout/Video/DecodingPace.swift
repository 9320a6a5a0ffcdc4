package import BurrowBase

/// Decides which pictures are left out when decoding does not keep up with what comes.
///
/// First those that would be late and that no other needs (of H.264 the highest temporal layer). When pictures still
/// wait after a while, the rest of a group up to the next key frame: so what is shown never is far behind, and the
/// processor is left to sound.
package struct DecodingPace {
    package enum Verdict: Equatable, Sendable {
        case decode
        /// Go on with the next.
        case leaveOut
        /// Go on with the next group.
        case leaveGroup
    }

    /// What is known of a picture whose turn it is.
    package struct Picture {
        package var isKey: Bool
        /// Only others need it: it is not shown.
        package var isDecodedOnly: Bool
        /// How much after its time it is, negative before.
        package var lateness: Interval
        /// How many came after it.
        package var waiting: Int
        /// Between one and the next.
        package var interval: Interval

        package init(
            isKey: Bool,
            isDecodedOnly: Bool,
            lateness: Interval,
            waiting: Int,
            interval: Interval
        ) {
            self.isKey = isKey
            self.isDecodedOnly = isDecodedOnly
            self.lateness = lateness
            self.waiting = waiting
            self.interval = interval
        }
    }

    /// So much may wait for long.
    private static let backlog = Interval.milliseconds(300)
    /// Whoever begins to watch gets a group that began a while ago, and is behind only until it is decoded.
    private static let patience = Interval.seconds(1)
    private static let leastLateness = Interval.milliseconds(20)

    private var behindSince: Instant?

    package init() {}

    /// `isDisposable` says whether no other picture needs it, and is only asked when that matters.
    package mutating func judge(
        _ picture: Picture,
        now: Instant,
        isDisposable: () -> Bool
    ) -> Verdict {
        let (media, overflow) = picture.interval.microseconds
            .multipliedReportingOverflow(by: Int64(clamping: picture.waiting))
        if picture.waiting > 0, overflow || media > Self.backlog.microseconds {
            let since = behindSince ?? now
            behindSince = since
            if !picture.isKey, now - since > Self.patience {
                behindSince = nil
                return .leaveGroup
            }
        } else {
            behindSince = nil
        }
        guard !picture.isKey, picture.waiting > 0 else { return .decode }
        let isUnseen = picture.isDecodedOnly || picture.lateness > max(picture.interval, Self.leastLateness)
        return isUnseen && isDisposable() ? .leaveOut : .decode
    }
}
