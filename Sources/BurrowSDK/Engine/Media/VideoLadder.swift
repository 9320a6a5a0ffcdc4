import BurrowBase
import BurrowMedia

/// Which sizes and rates a video track is offered in.
enum VideoLadder {
    /// What rendition `step` of pictures of this size is; each step has half the width and height of the one before.
    static func configuration(of picture: PictureView, _ encoding: Encoding, step: Int)
        -> VideoCaptureConfiguration
    {
        let scale = 1 << step
        let long = max(encoding.width, encoding.height)
        let short = min(encoding.width, encoding.height)
        let width = (long == 0 ? max(picture.width, picture.height) : Int(long)) / scale
        let height = (short == 0 ? min(picture.width, picture.height) : Int(short)) / scale
        let natural = bitRate(width: width, height: height, frameRate: Int(encoding.frameRate))
        let wanted = encoding.bitRate == 0 ? natural : Int(encoding.bitRate) / (scale * scale)
        var result = VideoCaptureConfiguration(
            width: max(width & ~1, 16),
            height: max(height & ~1, 16),
            bitRate: min(max(wanted, 30_000), 50_000_000),
            frameRate: Float(min(encoding.frameRate, 60))
        )
        result.groupDuration = max(encoding.keyFrameInterval, .milliseconds(100))
        return result
    }

    /// Bits per second that give a good picture of a talking person: 150 kbit/s at 180 lines, 800 at 360, 2000 at 720,
    /// 4000 at 1080, at 30 pictures a second; in between by the number of pixels.
    static func bitRate(width: Int, height: Int, frameRate: Int) -> Int {
        let points = [
            (0, 40_000), (57_600, 150_000), (230_400, 800_000), (921_600, 2_000_000), (2_073_600, 4_000_000),
        ]
        let pixels = width * height
        var rate = points[points.count - 1].1
        for (low, high) in zip(points, points.dropFirst()) where pixels <= high.0 {
            rate = low.1 + (high.1 - low.1) * (pixels - low.0) / (high.0 - low.0)
            break
        }
        // Half the pictures need about two thirds of the bits.
        return frameRate >= 30 ? rate : rate * (frameRate + 30) / 60
    }
}

extension VideoCaptureConfiguration {
    /// Whether an encoder for `other` can go on with this.
    func hasSameShape(as other: VideoCaptureConfiguration) -> Bool {
        longSide == other.longSide && shortSide == other.shortSide
    }
}

extension VideoCaptureFigures {
    mutating func add(_ other: VideoCaptureFigures) {
        pushed &+= other.pushed
        encoded &+= other.encoded
        keys &+= other.keys
        bytes &+= other.bytes
        thinned &+= other.thinned
        skipped &+= other.skipped
        stale &+= other.stale
        encoders &+= other.encoders
        time = time + other.time
        longestTime = max(longestTime, other.longestTime)
    }
}
