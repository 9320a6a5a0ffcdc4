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
}
