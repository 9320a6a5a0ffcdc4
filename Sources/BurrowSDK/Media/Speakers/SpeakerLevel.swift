/// The level of a participant for people to look at, and when they began and ended speaking.
///
/// The level rises at once and falls by 40 dB a second. Somebody who speaks is still speaking half a second into a
/// pause; events therefore come at most about three times in two seconds.
package struct SpeakerLevel {
    package enum Event: Equatable, Sendable {
        case began, ended
    }

    /// Levels per reading of 20 ms.
    private static let fall: Float = 0.8
    /// Readings.
    private static let begins = 5
    private static let ends = 25

    private var smooth: Float = 0
    private var voiced = 0
    private var unvoiced = 0

    /// 0 to 127.
    package var level: UInt8 { UInt8(smooth.rounded()) }
    package private(set) var isSpeaking = false

    package init() {}

    package mutating func observe(_ reading: AudioLevel) -> Event? {
        let level = Float(reading.loudness)
        smooth = max(level, smooth - Self.fall)
        if reading.isVoice {
            voiced += 1
            unvoiced = 0
        } else {
            unvoiced += 1
            // One reading without a voice is no pause yet.
            if unvoiced > 2 { voiced = 0 }
        }
        if !isSpeaking, voiced >= Self.begins {
            isSpeaking = true
            return .began
        }
        if isSpeaking, unvoiced >= Self.ends {
            isSpeaking = false
            return .ended
        }
        return nil
    }
}
