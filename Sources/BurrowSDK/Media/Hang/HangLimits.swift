import BurrowBase
import BurrowMoQ

/// The largest things of a catalogue or a container that are read from a peer or written for one.
package enum HangLimits {
    // MARK: Catalogue

    /// A whole catalogue. Ordinary ones have less than 2 KiB.
    package static let catalogueBytes = 256 * 1024
    /// Nesting, that of application sections included.
    package static let catalogueDepth = 32
    /// Renditions of both kinds together; those beyond are left out.
    package static let renditions = 64
    /// Tracks of applications.
    package static let dataTracks = 256
    /// A track name in UTF-8 bytes, as the wire has it.
    package static let nameBytes = WireLimits.trackNameBytes
    /// A codec string in UTF-8 bytes.
    package static let codecBytes = 128
    /// A codec's description, decoded.
    package static let descriptionBytes = 16 * 1024
    /// The first part of a CMAF stream, decoded.
    package static let initialisationBytes = 64 * 1024
    /// One text of the `user` section in UTF-8 bytes.
    package static let userTextBytes = 4096
    /// Width or height of a picture.
    package static let pictureSide = 16 * 1024
    package static let frameRate = 1000.0
    package static let bitRate = 10_000_000_000
    package static let sampleRate = 768_000
    package static let channels = 64
    /// What is believed of a publisher's own delay, in milliseconds. It is measured live by some publishers and
    /// enormous at first.
    package static let jitter = 500

    // MARK: Frames

    /// Codec bytes of one frame we write.
    package static let frameBytes = TrackLimits.publishedFrameBytes - 8
    /// Frames of one group we write; then a key frame must come. Below the limit of the track under it.
    package static let groupFrames = TrackLimits.publishedGroupFrames - 1
    package static let groupBytes = TrackLimits.publishedGroupBytes / 2
    /// The latest timestamp a frame may have: some 140 000 years.
    package static let timestamp = Int64(Varint.max)
    /// Samples in one CMAF fragment.
    package static let fragmentSamples = 4096
    /// Boxes looked at in one CMAF stream's beginning or fragment.
    package static let boxes = 1024
    /// Bytes of the properties of one LOC frame.
    package static let propertyBytes = 4096
}
