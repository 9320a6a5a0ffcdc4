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
    /// Who is in the room may have changed, or the room may be over.
    case roomChanged(HostRoom)
    /// How the room's line does.
    case line(HostRoom, LineReport)
    /// Frames wait in the exchange of a wire track.
    case wireReadable(HostTrack)
    case wireChanged(HostTrack, TrackPhase, EngineError?)
    /// Somebody began to follow a published wire track, or nobody does any more.
    case wireWanted(HostTrack, Bool)
}
