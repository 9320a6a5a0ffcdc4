package import BurrowBase

/// How long keys are good for. Tests make them small; everybody else takes the defaults.
package struct ProtectionLimits: Sendable {
    /// A longer frame is neither sealed nor opened.
    package var frameByteCount = 16 << 20
    /// What one key may protect, by frames and by bytes; then sealing is an error. With tags of 16 bytes and frames of a
    /// thousand blocks this stays far below what AES-GCM bears (NIST SP 800-38D §8).
    package var framesPerKey: UInt64 = 1 << 32
    package var bytesPerKey: UInt64 = 1 << 40
    /// From here on the owner should have the group make a new epoch.
    package var framesBeforeRefresh: UInt64 = 1 << 30
    package var bytesBeforeRefresh: UInt64 = 1 << 38
    /// So many frames that are not authentic end the use of a key for opening.
    package var failuresPerKey: UInt64 = 1 << 20
    /// Where the counters of new tracks begin.
    package var firstCounter: UInt64 = 0

    package init() {}

    /// How long a sender waits with a new epoch, so that others have it too.
    package static let switchDelay = Interval.milliseconds(500)
    /// How long video waits for a key frame after that.
    static let longestWaitForKeyFrame = Interval.seconds(5)
    /// How long a receiver keeps an epoch after the first frame of a newer one.
    package static let grace = Interval.seconds(10)
    /// How many epochs a receiver keeps.
    package static let epochs = 4
    /// How many tracks of one broadcast a receiver opens.
    static let tracks = 256
    /// The low bits of an epoch in a key number.
    static let epochBits: UInt64 = 4
    package static let epochMask: UInt64 = 0xf

    /// KID of a track in an epoch.
    static func keyID(track: UInt64, epoch: UInt64) -> UInt64 { track << epochBits | epoch & epochMask }
}
