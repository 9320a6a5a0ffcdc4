package import BurrowBase

/// Asks for one group that the publisher may still have (lite-05). The answer is bare frames and the end of the
/// stream, or a reset.
package struct Fetch: ControlMessage {
    package var broadcast: BroadcastPath
    package var track: String
    package var priority: UInt8
    package var group: UInt64

    package init(broadcast: BroadcastPath, track: String, priority: UInt8, group: UInt64) {
        self.broadcast = broadcast
        self.track = track
        self.priority = priority
        self.group = group
    }

    package init(from reader: inout ByteReader, _ version: Version) throws(DecodeError) {
        broadcast = try reader.readPath()
        track = try reader.readTrackName()
        priority = try reader.readUInt8()
        group = try reader.readVarint()
    }

    package func write(to writer: inout ByteWriter, _ version: Version) {
        writer.writePath(broadcast)
        writer.writeString(track)
        writer.writeUInt8(priority)
        writer.writeVarint(group)
    }
}
