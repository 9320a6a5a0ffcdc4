/// One encoding of a broadcast's pictures, on a track of its own.
package struct VideoRendition: Equatable, Sendable {
    /// The track's name.
    package var name: String
    /// As WebCodecs has it: `avc3.42c01f`.
    package var codec: String
    package var container = Container.legacy
    /// What the decoder must know beforehand: for `avc1` the avcC record. With it, frames are length-prefixed.
    package var description: [UInt8]?
    package var codedWidth: Int?
    package var codedHeight: Int?
    /// The shape of the picture when its pixels are not square.
    package var displayAspect: PictureSize?
    /// Frames a second.
    package var frameRate: Double?
    /// Bits a second.
    package var bitRate: Int?
    package var optimizesForLatency: Bool?
    /// The longest the publisher may hold a frame back, in milliseconds.
    package var jitter: Int?
    /// The publisher says that another rendition should be preferred for now.
    package var isStalled = false
    /// The broadcast the track is in, relative to the catalogue's; `nil` for that one.
    package var broadcast: String?

    package init(name: String, codec: String) {
        self.name = name
        self.codec = codec
    }

    /// The size when both sides are known.
    package var codedSize: PictureSize? {
        guard let codedWidth, let codedHeight else { return nil }
        return PictureSize(width: codedWidth, height: codedHeight)
    }

    /// What the codec string says when it is H.264's.
    package var h264: H264? { H264(codec: codec) }

    /// Whether a decoder made for `other` can go on with this rendition.
    func keepsDecoder(of other: VideoRendition) -> Bool {
        codec == other.codec && container == other.container && description == other.description
            && codedWidth == other.codedWidth && codedHeight == other.codedHeight
            && broadcast == other.broadcast
    }
}
