package import BurrowBase

/// The first message of a group stream: which subscription the group is for, and which one it is.
package struct GroupHeader: ControlMessage {
    package var subscribeID: UInt64
    package var sequence: UInt64

    package init(subscribeID: UInt64, sequence: UInt64) {
        self.subscribeID = subscribeID
        self.sequence = sequence
    }

    package init(from reader: inout ByteReader, _ version: Version) throws(DecodeError) {
        subscribeID = try reader.readVarint()
        sequence = try reader.readVarint()
    }

    package func write(to writer: inout ByteWriter, _ version: Version) {
        writer.writeVarint(subscribeID)
        writer.writeVarint(sequence)
    }

    /// Everything a group stream begins with: the stream type and this message. Alike in all versions.
    package var streamOpening: ShortHeader {
        var header = ShortHeader()
        header.appendVarint(UnidirectionalStreamType.group.rawValue)
        let (id, group) = (min(subscribeID, Varint.max), min(sequence, Varint.max))
        header.appendVarint(UInt64(Varint.length(id) + Varint.length(group)))
        header.appendVarint(id)
        header.appendVarint(group)
        return header
    }
}

/// What stands in front of a frame's payload.
///
/// Made once, in the form of lite-05; streams of earlier versions begin `deltaLength` bytes later. That is what
/// `ByteLog.Entry.skip` is for.
package struct FrameHeader: Sendable {
    /// All bytes of the header.
    package let encoded: ShortHeader
    /// How many bytes at the front hold the timestamp.
    package let deltaLength: Int

    /// - Parameters:
    ///   - timestampDelta: The distance to the frame before in the group, or to 0 for the first.
    ///   - payloadLength: Bytes of the payload; below zero counts as none.
    package init(timestampDelta: Int64, payloadLength: Int) {
        // A varint has 62 bits, so a difference has 61 and a sign.
        let delta = min(max(timestampDelta, -1 << 61), 1 << 61 - 1)
        var header = ShortHeader()
        header.appendVarint(Varint.zigzag(delta))
        deltaLength = header.count
        header.appendVarint(UInt64(max(payloadLength, 0)))
        encoded = header
    }
}

/// What stands in front of a datagram's payload (lite-05): a group of one frame.
package struct DatagramHeader: Equatable, Sendable {
    package var subscribeID: UInt64
    package var sequence: UInt64
    /// In the track's timescale, from 0.
    package var timestamp: UInt64

    package init(subscribeID: UInt64, sequence: UInt64, timestamp: UInt64) {
        self.subscribeID = subscribeID
        self.sequence = sequence
        self.timestamp = timestamp
    }

    package func encode() -> ShortHeader {
        var header = ShortHeader()
        header.appendVarint(subscribeID)
        header.appendVarint(sequence)
        header.appendVarint(timestamp)
        return header
    }

    /// Reads the front of a datagram; the payload begins at the offset and may be empty.
    package static func decode(
        _ datagram: Span<UInt8>
    ) throws(DecodeError) -> (header: DatagramHeader, payloadOffset: Int) {
        var reader = ByteReader(datagram)
        let header = DatagramHeader(
            subscribeID: try reader.readVarint(),
            sequence: try reader.readVarint(),
            timestamp: try reader.readVarint()
        )
        return (header, reader.offset)
    }
}
