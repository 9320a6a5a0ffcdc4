import BurrowBase
import BurrowMedia
import BurrowMoQ

/// What the loop knows of a room, beside its snapshot.
final class LoopRoom {
    let room: HostRoom
    let handle: UInt
    let id: RoomID
    /// What the media thread is told of the line.
    var meter = LineMeter()
    /// The address of the relay that was last written into the snapshot.
    var describedAddress: SocketAddress?
    /// Of what passes between the room and its tracks; `nil` when everything is sent as it is.
    let protection: RoomProtection?

    init(_ room: HostRoom, _ handle: UInt, _ id: RoomID, _ protection: RoomProtection?) {
        self.room = room
        self.handle = handle
        self.id = id
        self.protection = protection
    }
}

/// What the loop knows of a track, beside its snapshot and its frames.
final class LoopTrack {
    let track: HostTrack
    let handle: UInt
    let id: TrackID
    /// The node has said that no more frames come.
    var isOver = false
    /// In protected rooms.
    let protection: (room: RoomProtection, track: TrackProtection)?

    init(
        _ track: HostTrack,
        _ handle: UInt,
        _ id: TrackID,
        _ protection: (room: RoomProtection, track: TrackProtection)?
    ) {
        self.track = track
        self.handle = handle
        self.id = id
        self.protection = protection
    }
}

/// What the loop knows of a relay, beside its snapshot.
final class LoopRelay {
    let relay: HostRelay
    let handle: UInt
    let id: RelayID

    init(_ relay: HostRelay, _ handle: UInt, _ id: RelayID) {
        self.relay = relay
        self.handle = handle
        self.id = id
    }
}

/// A request that is owed its completion.
struct OpenRequest {
    enum Subject {
        case room(HostRoom)
        case fetch
        /// Cannot be cancelled.
        case ending
    }

    var subject: Subject
    /// The handle that goes into the completion event.
    var handle: UInt
}
