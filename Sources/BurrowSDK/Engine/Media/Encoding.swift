package import BurrowBase
import BurrowMedia

/// What a host says about how its sound or its pictures are encoded. 0 asks for the default.
package struct Encoding: Equatable, Sendable {
    package var isMusic = false
    package var usesDTX = false
    package var alwaysFEC = false
    /// Not adapted to the line.
    package var isFixed = false
    package var bitRate: UInt32 = 0
    package var channels: UInt32 = 1
    package var frameMilliseconds: UInt32 = 20
    package var complexity: UInt32 = 5
    /// The largest picture that is sent; 0 = as pushed.
    package var width: UInt32 = 0
    package var height: UInt32 = 0
    package var frameRate: UInt32 = 30
    package var keyFrameInterval = Interval.seconds(2)
    package var renditions: UInt32 = 1
    /// Audio: how many packets share a group.
    package var packetsPerGroup: UInt32 = 1

    package init() {}

    /// Refuses what no encoder of sound could do.
    package func checkAudio() throws(EngineError) {
        let allowed = AudioEncoderSettings.bitRates
        guard bitRate == 0 || allowed.contains(Int(bitRate)) else {
            throw EngineError(.invalidArgument, "bitrate_bps is \(bitRate), not in \(allowed)")
        }
    }

    /// Refuses what no encoder of pictures could do.
    package func checkVideo() throws(EngineError) {
        let allowed = H264Encoder.bitRates
        guard bitRate == 0 || allowed.contains(Int(bitRate)) else {
            throw EngineError(.invalidArgument, "bitrate_bps is \(bitRate), not in \(allowed)")
        }
        guard (Interval.milliseconds(100)...Interval.seconds(3600)).contains(keyFrameInterval) else {
            throw EngineError(
                .invalidArgument,
                "keyframe_interval_ms is \(keyFrameInterval.milliseconds), not in 100...3600000"
            )
        }
    }

    /// Whether what cannot be changed any more is the same in `other`.
    func hasSameShape(as other: Encoding) -> Bool {
        channels == other.channels && frameMilliseconds == other.frameMilliseconds
            && renditions == other.renditions && packetsPerGroup == other.packetsPerGroup
    }
}
