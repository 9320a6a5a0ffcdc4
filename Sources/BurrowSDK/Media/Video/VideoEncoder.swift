package import BurrowBase

/// One coded picture, with everything a decoder needs that has all the references.
package struct VideoAccessUnit {
    package var payload: Slice
    /// When the picture was taken, in microseconds of the media clock.
    package var timestamp: Int64
    /// Whether a decoder can begin here.
    package var isKey: Bool
    /// Units of a layer refer to none of higher layers, so the highest can be left out. 0 is the lowest.
    package var temporalLayer: Int

    package init(payload: Slice, timestamp: Int64, isKey: Bool, temporalLayer: Int = 0) {
        self.payload = payload
        self.timestamp = timestamp
        self.isKey = isKey
        self.temporalLayer = temporalLayer
    }
}

/// What cannot change without a new encoder, and its first targets.
package struct VideoEncoderSettings: Equatable, Sendable {
    /// Even, at least 16, at most `Picture.sizeLimit`.
    package var width: Int
    package var height: Int
    /// Bits per second.
    package var bitRate: Int
    /// Pictures a second.
    package var frameRate: Float
    /// 1 to 4. With three, a loss that nobody repairs spoils a few pictures instead of all that follow.
    package var temporalLayers = 3
    /// The finest and coarsest quantiser, 1 to 51. Beyond 42 motion turns to mush: better leave pictures out.
    package var quantizers = 12...42
    /// Pictures between two long-term references, for recovery without a key picture; nil without them.
    package var longTermPeriod: Int? = 30
    package var color = PictureColor.standard

    package init(width: Int, height: Int, bitRate: Int, frameRate: Float) {
        self.width = width
        self.height = height
        self.bitRate = bitRate
        self.frameRate = frameRate
    }
}

/// Turns pictures of one size into coded units. One thread at a time.
package protocol VideoEncoder: AnyObject {
    var settings: VideoEncoderSettings { get }
    /// How a catalogue names what comes out.
    var codec: String { get }

    /// Units are cut from `allocator`. Throws for settings no encoder could have, or this one cannot.
    init(_ settings: VideoEncoderSettings, allocator: SliceAllocator) throws(MediaError)

    /// Encodes one picture of the encoder's size; nil when the rate control left it out.
    func encode(_ picture: Picture, asKey: Bool) throws(MediaError) -> VideoAccessUnit?

    /// What to aim at from the next picture on: bits per second, and the pictures a second that will come.
    func setTarget(bitRate: Int, frameRate: Float) throws(MediaError)
}
