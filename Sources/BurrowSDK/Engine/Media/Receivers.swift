import BurrowBase
import BurrowMedia

/// Takes what the pictures of a participant bring.
protocol PictureReceiver: MediaWorker {
    /// The host wants none for now.
    var isPaused: Bool { get }
    /// So many others speak that there is no room for these pictures, or there is again.
    func hold(_ isHeld: Bool)
    func connect(_ wire: HostTrack)
    func disconnect(_ wire: HostTrack)
    func wireChanged(_ phase: TrackPhase, _ error: EngineError?)
    /// Nothing more comes on a track.
    func ended(_ track: MediaTrackID)
    func failed(_ error: EngineError)
    func arrived(bytes: Int, at arrival: Instant)
    /// Whether a frame needs another decoder than there is, and so its format has to be known.
    func needsDecoder(for frame: MediaFrame) -> Bool
    /// Whether a frame is worth decoding, of those that wait.
    func judge(
        _ frame: MediaFrame,
        _ waiting: (count: Int, interval: Interval),
        _ pace: inout DecodingPace
    ) -> DecodingPace.Verdict
    func decode(_ frame: MediaFrame, _ format: VideoFormat?) -> PictureOutcome
}

/// What came of a frame.
enum PictureOutcome {
    case fine
    /// So late that pictures should be left out.
    case late
    /// Nothing can be shown before the next key frame.
    case stuck
    /// It is of a kind that is not handled, and so is everything that will come.
    case refused(EngineError)
}

/// Takes what the sound of a participant brings.
protocol SoundReceiver: MediaWorker {
    /// Whether it takes packets from the wire by itself, on the media thread; else whoever plays does.
    var readsHere: Bool { get }
    func connect(_ wire: HostTrack, _ format: AudioFormat)
    func disconnect(_ wire: HostTrack)
    /// No more is recorded for a track; what is under way is still to come.
    func finish(_ wire: HostTrack)
    func wireChanged(_ phase: TrackPhase, _ error: EngineError?)
    /// Whether packets of a wire are to be told by `readable`.
    func isFed(by wire: HostTrack) -> Bool
    func readable(_ wire: HostTrack)
}

extension SoundReceiver {
    var readsHere: Bool { false }

    func isFed(by wire: HostTrack) -> Bool { false }

    func readable(_ wire: HostTrack) {}
}
