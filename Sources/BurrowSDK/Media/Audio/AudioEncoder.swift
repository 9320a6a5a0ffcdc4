/// Turns samples of one local audio track into packets, one for each call.
///
/// Samples are as in `AudioDecoder`. One thread at a time.
package protocol AudioEncoder: AnyObject {
    /// 1 or 2, fixed for the encoder's life.
    var channels: Int { get }

    /// What the next packet will be made with. `apply` changes it.
    var settings: AudioEncoderSettings { get }

    /// By how many frames the decoded sound is later than what went in ("pre-skip").
    var lookahead: Int { get }

    /// Room that any packet fits in.
    var packetCapacity: Int { get }

    /// Changes everything that differs, from the next packet on. On error nothing has changed.
    func apply(_ settings: AudioEncoderSettings) throws(MediaError)

    /// Encodes exactly `settings.duration.frames` frames; returns the length of the packet.
    func encode(_ samples: Span<Float>, into packet: inout MutableSpan<UInt8>) throws(MediaError) -> Int

    /// Forgets what was heard: the next packet begins a new stream.
    func reset()
}
