package import BurrowBase

/// A publisher's estimate of what the path carries (from lite-03).
///
/// The subscriber writes nothing but the stream type; current peers reset the stream after anything more.
package struct Probe: ControlMessage {
    /// Bits per second; 0 is unknown.
    package var bitrate: UInt64
    /// Milliseconds; 0 is unknown, `nil` in lite-03.
    package var rtt: UInt64?

    package init(bitrate: UInt64, rtt: UInt64?) {
        self.bitrate = bitrate
        self.rtt = rtt
    }

    package init(from reader: inout ByteReader, _ version: Version) throws(DecodeError) {
        bitrate = try reader.readVarint()
        rtt = version.hasProbeRTT ? try reader.readVarint() : nil
    }

    package func write(to writer: inout ByteWriter, _ version: Version) {
        writer.writeVarint(bitrate)
        if version.hasProbeRTT { writer.writeVarint(rtt ?? 0) }
    }

    /// The same as `encode`, without a heap allocation: it is sent while media flows.
    package func header(_ version: Version) -> ShortHeader {
        let rtt = version.hasProbeRTT ? rtt ?? 0 : nil
        var header = ShortHeader()
        header.appendVarint(UInt64(Varint.length(bitrate) + (rtt.map(Varint.length) ?? 0)))
        header.appendVarint(bitrate)
        if let rtt { header.appendVarint(rtt) }
        return header
    }
}
