/// What a host can decode, and the choice among renditions.
package struct MediaSupport: Equatable, Sendable {
    package var largestPicture = PictureSize(width: 4096, height: 2304)
    package var audioCodecs = ["opus"]
    package var audioChannels = 2

    package init() {}

    /// Why pictures cannot be decoded; `nil` when they can.
    package func objection(to rendition: VideoRendition) -> String? {
        if let refusal = H264.refusal(codec: rendition.codec) { return refusal.context }
        if let size = rendition.codedSize, !size.fits(in: largestPicture) { return "pictures are too large" }
        return nil
    }

    /// Why sound cannot be decoded; `nil` when it can.
    package func objection(to rendition: AudioRendition) -> String? {
        guard audioCodecs.contains(rendition.codec) else { return "codec is not handled" }
        guard rendition.channels <= audioChannels else {
            return "\(rendition.channels) channels are not handled"
        }
        return nil
    }

    /// The rendition for a wish: the smallest that fills the size, else the largest there is. One that stalls only
    /// when all do, and one beyond the bit rate only when all are.
    package func choose(from video: Catalogue.Video, for wish: VideoWish) -> VideoRendition? {
        var candidates = video.renditions.filter { objection(to: $0) == nil }
        candidates.keep { !$0.isStalled }
        if let limit = wish.bitRate { candidates.keep { ($0.bitRate ?? 0) <= limit } }
        guard var best = candidates.first else { return nil }
        for candidate in candidates.dropFirst() where wish.prefers(candidate, to: best) { best = candidate }
        return best
    }

    /// The first that can be decoded with the highest bit rate.
    package func choose(from audio: Catalogue.Audio) -> AudioRendition? {
        var best: AudioRendition?
        for candidate in audio.renditions where objection(to: candidate) == nil {
            if best.map({ ($0.bitRate ?? 0) < (candidate.bitRate ?? 0) }) ?? true { best = candidate }
        }
        return best
    }
}

/// What pictures a host wants of somebody.
package struct VideoWish: Equatable, Sendable {
    /// What the place on the screen has; `nil` for as large as there is.
    package var size: PictureSize?
    /// Bits a second that the way may take.
    package var bitRate: Int?
    /// The only rendition that will do; `nil` for any.
    package var name: String?

    package init(size: PictureSize? = nil, bitRate: Int? = nil, name: String? = nil) {
        self.size = size
        self.bitRate = bitRate
        self.name = name
    }

    fileprivate func prefers(_ one: VideoRendition, to other: VideoRendition) -> Bool {
        guard let size else { return one.weight > other.weight }
        let (fills, otherFills) = (one.fills(size), other.fills(size))
        if fills != otherFills { return fills }
        return fills ? one.weight < other.weight : one.weight > other.weight
    }
}

extension VideoRendition {
    /// How much picture there is; by the bit rate where the size is not told.
    fileprivate var weight: Int { codedSize.map { $0.area } ?? (bitRate ?? 0) / 100 }

    /// Whichever way it is turned.
    fileprivate func fills(_ size: PictureSize) -> Bool { codedSize.map { size.fits(in: $0) } ?? false }
}

extension PictureSize {
    fileprivate func fits(in other: PictureSize) -> Bool {
        min(width, height) <= min(other.width, other.height)
            && max(width, height) <= max(other.width, other.height)
    }
}

extension [VideoRendition] {
    /// Drops those that fail a test, unless all do.
    fileprivate mutating func keep(_ test: (VideoRendition) -> Bool) {
        let kept = filter(test)
        if !kept.isEmpty { self = kept }
    }
}
