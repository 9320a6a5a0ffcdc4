package import BurrowBase

/// What one rendition of a camera or screen should be.
package struct VideoCaptureConfiguration: Equatable, Sendable {
    /// The most the longer and the shorter side may have. Pictures keep their shape and never grow.
    package var longSide: Int
    package var shortSide: Int
    /// Bits per second, at first.
    package var bitRate: Int
    /// The most pictures a second, at first.
    package var frameRate: Float
    /// From one key picture to the next.
    package var groupDuration = Interval.seconds(2)
    package var temporalLayers = 3
    package var longTermPeriod: Int? = 30
    /// A finest quantiser of 30 keeps the first picture of a screen full of text from taking a second to send.
    package var quantizers = 12...42
    /// What RGB is turned into. Other pictures keep their colours.
    package var color = PictureColor.standard

    /// `width` and `height` in either order: the longer is that of the longer side.
    package init(width: Int, height: Int, bitRate: Int, frameRate: Float = 30) {
        longSide = max(width, height)
        shortSide = min(width, height)
        self.bitRate = bitRate
        self.frameRate = frameRate
    }

    func check() throws(MediaError) {
        guard shortSide >= 16, longSide <= Picture.sizeLimit else {
            throw MediaError(.invalidArgument, "rendition of \(longSide)x\(shortSide)")
        }
        guard groupDuration.microseconds >= 100_000 else {
            throw MediaError(.invalidArgument, "group of \(groupDuration.milliseconds) ms")
        }
        guard (1...4).contains(temporalLayers) else {
            throw MediaError(.invalidArgument, "\(temporalLayers) temporal layers")
        }
        guard quantizers.lowerBound >= 1, quantizers.upperBound <= 51 else {
            throw MediaError(.invalidArgument, "quantisers \(quantizers)")
        }
        try Self.check(bitRate: bitRate, frameRate: frameRate)
    }

    static func check(bitRate: Int, frameRate: Float) throws(MediaError) {
        guard (10_000...50_000_000).contains(bitRate) else {
            throw MediaError(.invalidArgument, "\(bitRate) bits per second")
        }
        guard (1...60).contains(frameRate) else {
            throw MediaError(.invalidArgument, "\(frameRate) pictures a second")
        }
    }

    /// The size `source` is encoded in: upright, its shape kept, within the sides, even.
    func size(for source: PictureView) throws(MediaError) -> (width: Int, height: Int) {
        let isSideways = source.rotation.isSideways
        let width = isSideways ? source.height : source.width
        let height = isSideways ? source.width : source.height
        let (longer, shorter) = (max(width, height), min(width, height))
        // The larger reduction of the two sides, as a fraction.
        var (numerator, denominator) = (1, 1)
        if longer * shortSide >= shorter * longSide {
            if longer > longSide { (numerator, denominator) = (longSide, longer) }
        } else if shorter > shortSide {
            (numerator, denominator) = (shortSide, shorter)
        }
        let size = (
            width: Self.even(width * numerator, denominator),
            height: Self.even(height * numerator, denominator)
        )
        guard size.width >= 16, size.height >= 16 else {
            throw MediaError(.invalidArgument, "picture of \(width)x\(height) in \(longSide)x\(shortSide)")
        }
        return size
    }

    /// The nearest even number to a quotient that is not above it by more than a half.
    private static func even(_ numerator: Int, _ denominator: Int) -> Int {
        let rounded = (numerator + denominator / 2) / denominator
        return rounded - rounded % 2
    }
}

/// What became of one picture.
package enum VideoCaptureOutcome {
    /// It was encoded, which took `duration` with the conversion.
    case unit(VideoAccessUnit, duration: Interval)
    /// It came sooner than the frame rate wants.
    case thinned
    /// The rate control of the encoder left it out.
    case skipped
    /// Its timestamp is not after that of the one before.
    case stale
}

/// What a capture has done since it began.
package struct VideoCaptureFigures: Equatable, Sendable {
    package var pushed = 0
    package var encoded = 0
    package var keys = 0
    package var bytes = 0
    package var thinned = 0
    package var skipped = 0
    package var stale = 0
    /// How many encoders were made: one, and one for each change of size or colours.
    package var encoders = 0
    /// Spent on converting and encoding, of all pictures and of the slowest.
    package var time = Interval.zero
    package var longestTime = Interval.zero

    package init() {}

    mutating func noteEncoding(_ duration: Interval) {
        time.microseconds &+= duration.microseconds
        longestTime = max(longestTime, duration)
    }

    mutating func note(_ unit: VideoAccessUnit) {
        encoded += 1
        bytes &+= unit.payload.count
        if unit.isKey { keys += 1 }
    }
}
