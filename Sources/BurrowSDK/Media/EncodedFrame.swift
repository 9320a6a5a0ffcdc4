package import BurrowBase

/// What an encoder gives out and a decoder takes in: one picture, or one packet of sound.
package struct EncodedFrame {
    /// When it is to be presented, in microseconds of the broadcast's one clock.
    package var timestamp: Int64
    /// Whether decoding can begin here. Always so for sound.
    package var isKey: Bool
    /// The codec's bytes, without any container.
    package var payload: Slice

    package init(timestamp: Int64, isKey: Bool, payload: Slice) {
        self.timestamp = timestamp
        self.isKey = isKey
        self.payload = payload
    }
}
