package import BurrowBase

/// Asks for the properties of a track, on a stream of its own (lite-05).
package struct TrackRequest: ControlMessage {
    package var broadcast: BroadcastPath
    package var track: String

    package init(broadcast: BroadcastPath, track: String) {
        self.broadcast = broadcast
        self.track = track
    }

    package init(from reader: inout ByteReader, _ version: Version) throws(DecodeError) {
        broadcast = try reader.readPath()
        track = try reader.readTrackName()
    }

    package func write(to writer: inout ByteWriter, _ version: Version) {
        writer.writePath(broadcast)
        writer.writeString(track)
    }
}

/// What a publisher fixes for the life of a track (lite-05). Frames cannot be read without it.
package struct TrackInfo: ControlMessage {
    /// Breaks ties between tracks that subscribers want equally.
    package var priority: UInt8
    /// Whether older groups go first under congestion.
    package var ordered: Bool
    /// How long the publisher keeps groups that are not the newest.
    package var maxAge: Interval
    /// Units of a timestamp in one second; never 0.
    package var timescale: UInt64

    package init(
        priority: UInt8 = 127,
        ordered: Bool = false,
        maxAge: Interval = .seconds(5),
        timescale: UInt64 = 1_000_000
    ) {
        self.priority = priority
        self.ordered = ordered
        self.maxAge = maxAge
        self.timescale = timescale
    }

    package init(from reader: inout ByteReader, _ version: Version) throws(DecodeError) {
        priority = try reader.readUInt8()
        ordered = try reader.readBool()
        maxAge = try reader.readInterval()
        timescale = try reader.readVarint()
        guard timescale > 0 else { throw .malformed }
    }

    package func write(to writer: inout ByteWriter, _ version: Version) {
        writer.writeUInt8(priority)
        writer.writeBool(ordered)
        writer.writeInterval(maxAge)
        writer.writeVarint(max(timescale, 1))
    }
}
