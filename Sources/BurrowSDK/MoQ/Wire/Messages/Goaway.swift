package import BurrowBase

/// Asks the peer to leave (from lite-04).
package struct Goaway: ControlMessage {
    /// Where to go instead; empty for nowhere in particular.
    package var uri: String

    package init(uri: String) {
        self.uri = uri
    }

    package init(from reader: inout ByteReader, _ version: Version) throws(DecodeError) {
        uri = try reader.readString(limit: WireLimits.goawayURIBytes)
    }

    package func write(to writer: inout ByteWriter, _ version: Version) {
        writer.writeString(uri)
    }
}
