package import BurrowMoQ

/// Where a frame goes, or why it goes nowhere.
package enum FramePlacement: Equatable, Sendable {
    /// Why nothing is written.
    package enum Refusal: Equatable, Sendable {
        /// No such track, or it was removed.
        case unknownTrack
        /// Nobody could decode it: a key frame must come first.
        case needsKeyFrame
        /// Before the beginning of the group before it, which players refuse.
        case timestampBehind
        /// Negative, or beyond what a varint holds.
        case timestampOutOfRange
        /// Without a payload.
        case empty
        case tooLarge
    }

    /// `frame` is what the track below needs to know; it counts its groups by itself and comes to the same number.
    case write(OutgoingFrame, group: UInt64, index: Int)
    case refused(Refusal)
}
