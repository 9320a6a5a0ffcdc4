package import BurrowBase

/// How sound or pictures of one track go, for the host to read at any time.
package struct MediaReport: Equatable, Sendable {
    package var width: UInt32 = 0
    package var height: UInt32 = 0
    package var bitRate: UInt32 = 0
    package var frameRate: UInt32 = 0
    /// 0 is silence, 127 as loud as can be.
    package var level: UInt32 = 0
    package var isVoice = false
    package var targetDelay = Interval.zero
    package var delay = Interval.zero
    package var skew = Interval.zero
    package var frames: UInt64 = 0
    package var bytes: UInt64 = 0
    package var keyFrames: UInt64 = 0
    package var dropped: UInt64 = 0
    package var late: UInt64 = 0
    package var damaged: UInt64 = 0
    package var played = Interval.zero
    package var recovered = Interval.zero
    package var concealed = Interval.zero
    package var stretched = Interval.zero
    package var freezes: UInt64 = 0
    package var frozen = Interval.zero
    package var codecTime = Interval.zero
    /// Of the frame that took longest.
    package var longestCodecTime = Interval.zero
    /// Published: how many are encoded now, and what the line is taken to carry.
    package var renditions: UInt32 = 0
    package var estimate: UInt32 = 0

    package init() {}
}
