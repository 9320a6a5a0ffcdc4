import BurrowBase
import BurrowMoQ

/// What a host asks of the loop. Requests are 0 when nobody waits for the completion.
enum Command: Sendable {
    case openRoom(HostRoom, handle: UInt, RoomConfiguration, request: UInt64)
    case closeRoom(HostRoom, request: UInt64)
    case replaceToken(HostRoom, String)
    /// The media thread wants to know how the room's line does.
    case watchLine(HostRoom)
    case publish(HostTrack, handle: UInt, TrackConfiguration)
    /// `name` is the one on the wire.
    case subscribe(HostTrack, handle: UInt, BroadcastPath, name: String)
    case update(HostTrack, SubscribeOptions)
    case closeTrack(HostTrack)
    /// The room's epoch has this key.
    case setKey(HostRoom, RoomKey)
    case removeKey(HostRoom, epoch: UInt64)
    /// How the group is that the room's keys come from.
    case group(HostRoom, GroupMoment)
    /// Pushed frames wait in the exchange.
    case pushed(HostTrack)
    /// The exchange has room for received frames again.
    case refill(HostTrack)
    case fetch(HostTrack, group: UInt64, request: UInt64)
    case startRelay(HostRelay, handle: UInt, RelayOptions, request: UInt64)
    case stopRelay(HostRelay, request: UInt64)
    case networkChanged
    case cancel(UInt64)
    case resolved(QueryID, Result<[SocketAddress.IP], EngineError>)
    /// The host reads counters.
    case wantStatistics
    case nostr(NostrCommand)
    case shutDown(request: UInt64)
}
