package import BurrowBase
import BurrowMedia

/// How a host wants a subscribed audio or video track.
package struct MediaWishes: Equatable, Sendable {
    /// `nil` = what is usual for its kind.
    package var priority: UInt8?
    package var maxAge: Interval?
    /// Nothing is to be sent for now.
    package var isPaused = false
    /// Audio: how loud it is in the mix, 1 as it is.
    package var gain: Float = 1
    /// Video: the size it is shown at, by which the rendition is chosen; 0 = the largest.
    package var width: UInt32 = 0
    package var height: UInt32 = 0
    /// Bounds of the delay that evens out the network.
    package var leastDelay = Interval.milliseconds(10)
    package var greatestDelay = Interval.milliseconds(400)

    package init() {}

    /// So much longer than the greatest delay what is late may still be waited for.
    private static let slack = Interval.milliseconds(100)

    /// How the tracks are asked for.
    func terms(of kind: MediaKind) -> MediaTerms {
        var terms = MediaTerms(kind)
        terms.priority = priority ?? terms.priority - modesty(of: kind)
        terms.maxLatency = maxAge ?? max(terms.maxLatency, greatestDelay + Self.slack)
        return terms
    }

    /// Of several pictures on one line those that are shown large go first, because they are looked at.
    private func modesty(of kind: MediaKind) -> UInt8 {
        guard kind == .video else { return 0 }
        switch max(width, height) {
        case 0: return 0
        case ...320: return 2
        case ...640: return 1
        default: return 0
        }
    }

    /// Which pictures are wanted; an empty name stands for any rendition.
    func pictures(named name: String) -> VideoWish {
        var wish = VideoWish()
        if width > 0 || height > 0 { wish.size = PictureSize(width: Int(width), height: Int(height)) }
        if !name.isEmpty { wish.name = name }
        return wish
    }

    /// Bounds of the delay, for the playout.
    var playout: PlayoutOptions {
        var options = PlayoutOptions()
        options.floor = leastDelay
        options.ceiling = max(greatestDelay, leastDelay)
        return options
    }
}
