import BurrowMedia
import BurrowMoQ

/// What the media thread is told, by hosts and by the loop.
enum MediaCommand: Sendable {
    /// The host published or subscribed an audio or video track.
    case add(HostTrack, handle: UInt)
    /// Samples or pictures wait to be encoded.
    case pushed(HostTrack)
    /// The host changed its wishes; they stand in the track.
    case changed(HostTrack)
    case close(HostTrack)
    /// The host published a track of frames in a protected room, where it goes by a number.
    case list(HostTrack, as: String)
    /// The host subscribed to a track of frames in a protected room, where its number has to be found first.
    case seek(HostTrack, handle: UInt, BroadcastPath)
    /// Who is in the room may have changed, or the room may be over.
    case roomChanged(HostRoom)
    /// What somebody sends does not fit to its catalogue: there may be a newer one.
    case doubt(HostRoom, path: String)
    /// How the room's line does.
    case line(HostRoom, LineReport)
    /// Frames wait in the exchange of a wire track.
    case wireReadable(HostTrack)
    case wireChanged(HostTrack, TrackPhase, EngineError?)
    /// Somebody began to follow a published wire track, or nobody does any more.
    case wireWanted(HostTrack, Bool)
    /// A published wire track is to go on with a key frame.
    case keyFrameWanted(HostTrack)
}
