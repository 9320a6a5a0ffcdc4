/// One encoding of a broadcast's sound, on a track of its own.
package struct AudioRendition: Equatable, Sendable {
    /// The track's name.
    package var name: String
    /// As WebCodecs has it: `opus`.
    package var codec: String
    package var container = Container.legacy
    package var sampleRate: Int
    package var channels: Int
    /// Bits a second.
    package var bitRate: Int?
    /// What the decoder may want to know beforehand: for Opus the head of its Ogg stream.
    package var description: [UInt8]?
    /// The longest the publisher may hold a packet back, in milliseconds.
    package var jitter: Int?
    /// The broadcast the track is in, relative to the catalogue's; `nil` for that one.
    package var broadcast: String?

    package init(name: String, codec: String, sampleRate: Int, channels: Int) {
        self.name = name
        self.codec = codec
        self.sampleRate = sampleRate
        self.channels = channels
    }

    /// Whether a decoder made for `other` can go on with this rendition.
    func keepsDecoder(of other: AudioRendition) -> Bool {
        codec == other.codec && container == other.container && description == other.description
            && sampleRate == other.sampleRate && channels == other.channels && broadcast == other.broadcast
    }
}
