internal import BurrowBase
package import BurrowCrypto

/// What protects the frames of one track of the loop.
enum TrackProtection {
    case sealing(SealedTrack)
    /// Our own catalogue.
    case sealingCatalogue
    case opening(OpenedTrack)
    case openingCatalogue(IncomingBroadcast)
}

/// One of our tracks.
package final class SealedTrack {
    /// The loop's number of it.
    var number: UInt64 = 0
    package let sealer: FrameSealer
    /// A picture could not be sent, so those that refer to it are of no use.
    var waitsForKeyFrame = false
    /// The encoder has been asked for a key frame, which has not come yet.
    var hasAsked = false

    init(_ sealer: FrameSealer) {
        self.sealer = sealer
    }

    /// Whether the encoder is to be asked for a key frame now.
    func mustAsk(now: Instant) -> Bool {
        guard !hasAsked, waitsForKeyFrame || sealer.wantsKeyFrame(now: now) else { return false }
        hasAsked = true
        return true
    }
}

/// A track that is subscribed, once.
package final class OpenedTrack {
    /// A frame that came before its key.
    package struct Held {
        let buffer: FrameBuffer
        let count: Int
        let description: FrameExchange.Description

        package init(buffer: FrameBuffer, count: Int, description: FrameExchange.Description) {
            self.buffer = buffer
            self.count = count
            self.description = description
        }
    }

    /// The loop's number of it.
    let number: UInt64
    let broadcast: IncomingBroadcast
    let kind: MediaKind
    let index: UInt64
    /// Whether it is a recording, whose frames may have been seen before.
    let isRecorded: Bool
    /// A group that was seen in part when the track was asked for, and comes again from its beginning. Telling its frames
    /// from repetitions is the reader's, which hands out every place of it once.
    package let resumedGroup: UInt64?
    package var held = HeldFrames<Held>()
    /// How many of them were given up and counted.
    var givenUp: UInt64 = 0
    /// The low bits of the epoch whose key was missing last.
    var missing: UInt64 = 0
    /// Frames were dropped since the last one that was delivered.
    var isBroken = false
    package var counts = ProtectionCounts()

    package init(
        _ number: UInt64,
        of broadcast: IncomingBroadcast,
        kind: MediaKind,
        index: UInt64,
        isRecorded: Bool
    ) {
        self.number = number
        self.broadcast = broadcast
        self.kind = kind
        self.index = index
        self.isRecorded = isRecorded
        resumedGroup = (try? broadcast.opener?.track(index, kind))?.newestGroup
    }

    func mayRepeat(_ group: UInt64, isFetched: Bool) -> Bool {
        isRecorded || isFetched || group == resumedGroup
    }
}
