package import BurrowMoQ

/// A frame of somebody's sound or pictures, in the order to decode it.
package struct MediaFrame {
    package let track: MediaTrackID
    package let kind: MediaKind
    package let frame: EncodedFrame
    package let group: UInt64
    /// Counts the decoders that a kind needed so far. Another number than before: make a new one, with what
    /// `MediaConsumer.videoFormat` or `audioFormat` says now.
    package let decoder: UInt32
    /// Frames before this one are missing, or the publisher's time broke.
    package let isDiscontinuous: Bool
    /// The publisher sent nothing before this one for a while, and meant to.
    package let followsPause: Bool
    /// Needed to decode what follows, but a later picture was already given out.
    package let isDecodedOnly: Bool
}

/// What a media consumer wants to be done with tracks of the room.
package enum MediaConsumerAction: Equatable, Sendable {
    case subscribe(MediaTrackID, broadcast: BroadcastPath, name: String, SubscribeOptions)
    case update(MediaTrackID, SubscribeOptions)
    case unsubscribe(MediaTrackID)
    /// Of sound that its publisher has ended: unsubscribe when all that is under way has come.
    case finish(MediaTrackID)
    /// The catalogue says something else.
    case catalogueChanged(CatalogueDiff)
    /// The catalogue, or a track of it, cannot be used.
    case problem(MediaTrackID, MediaError)
}

/// What a decoder of pictures must know.
package struct VideoFormat: Equatable, Sendable {
    package let rendition: VideoRendition
    /// Of the catalogue, or of the container; with it, frames are length-prefixed.
    package let description: [UInt8]?
}

/// What a decoder of sound must know.
package struct AudioFormat: Equatable, Sendable {
    package let rendition: AudioRendition
    package let description: [UInt8]?
}
