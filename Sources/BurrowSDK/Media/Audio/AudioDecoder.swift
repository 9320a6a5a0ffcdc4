/// Turns packets of one remote audio track into samples.
///
/// Samples are 32-bit floats from -1 to 1, interleaved when there are two channels, at 48 kHz. A count of frames is a
/// count of samples per channel. One thread at a time.
package protocol AudioDecoder: AnyObject {
    /// 1 or 2.
    var channels: Int { get }

    /// Decodes one packet; returns how many frames it held. `samples` must have room for 120 ms.
    func decode(_ packet: Span<UInt8>, into samples: inout MutableSpan<Float>) throws(MediaError) -> Int

    /// Decodes what `next` says about the packet before it, which was lost; `frames` is that packet's length.
    /// Returns the frames written: `frames`, concealed where the packet carries no redundancy.
    func recover(from next: Span<UInt8>, frames: Int, into samples: inout MutableSpan<Float>)
        throws(MediaError) -> Int

    /// Invents `frames` that continue what came before.
    func conceal(frames: Int, into samples: inout MutableSpan<Float>) throws(MediaError) -> Int

    /// Whether a packet carries redundancy for the one before it.
    func carriesRedundancy(_ packet: Span<UInt8>) -> Bool

    /// How many frames a packet holds, without decoding it; nil when it is not a packet.
    func frames(in packet: Span<UInt8>) -> Int?

    /// Forgets everything: the next packet begins a new stream.
    func reset()
}
