internal import CBurrowMedia

/// One libopus decoder at 48 kHz. What it returns is always finite and within -1...1.
///
/// Packets of either channel count are accepted and become what was asked for. A packet of one or two bytes is
/// silence of the sender (DTX): it decodes to comfort noise, as does `conceal` while such a silence lasts. A packet
/// that is refused leaves the decoder as it was. Nothing allocates after `init`.
@safe package final class OpusDecoder: AudioDecoder {
    /// The most frames one packet can hold: 120 ms (RFC 6716 §3.2.5).
    package static let longestPacket = 5760
    /// Concealment and recovery work in multiples of 2.5 ms.
    package static let granularity = 120

    package let channels: Int

    private let handle: OpaquePointer
    private let clip: UnsafeMutablePointer<Float>

    package init(channels: Int) throws(MediaError) {
        guard channels == 1 || channels == 2 else {
            throw MediaError(.unsupported, "audio of \(channels) channels; 1 and 2 can be decoded")
        }
        var status: Int32 = 0
        guard let handle = unsafe opus_decoder_create(48_000, Int32(channels), &status) else {
            throw MediaError(.codec, "opus decoder cannot be made, code \(status)")
        }
        unsafe self.handle = handle
        unsafe clip = UnsafeMutablePointer<Float>.allocate(capacity: 2)
        unsafe clip.initialize(repeating: 0, count: 2)
        self.channels = channels
    }

    deinit {
        unsafe opus_decoder_destroy(handle)
        unsafe clip.deallocate()
    }

    package func decode(
        _ packet: Span<UInt8>,
        into samples: inout MutableSpan<Float>
    ) throws(MediaError) -> Int {
        guard let frames = frames(in: packet) else { throw MediaError(.malformed, "not an opus packet") }
        guard samples.count >= frames * channels else {
            throw MediaError(.invalidArgument, "no room for \(frames) frames")
        }
        return try run(packet, frames: frames, fec: false, into: &samples)
    }

    package func recover(
        from next: Span<UInt8>,
        frames: Int,
        into samples: inout MutableSpan<Float>
    ) throws(MediaError) -> Int {
        guard self.frames(in: next) != nil else { throw MediaError(.malformed, "not an opus packet") }
        try check(frames, samples.count)
        return try run(next, frames: frames, fec: true, into: &samples)
    }

    package func conceal(frames: Int, into samples: inout MutableSpan<Float>) throws(MediaError) -> Int {
        try check(frames, samples.count)
        return try run(Span(), frames: frames, fec: false, into: &samples)
    }

    package func carriesRedundancy(_ packet: Span<UInt8>) -> Bool {
        unsafe packet.withUnsafeBufferPointer { (bytes) in
            guard let start = bytes.baseAddress, let length = Int32(exactly: bytes.count) else {
                return false
            }
            return unsafe cburrow_opus_packet_has_redundancy(start, length) == 1
        }
    }

    package func frames(in packet: Span<UInt8>) -> Int? { Self.frames(in: packet) }

    /// How many frames a packet holds; nil when it is not a packet.
    package static func frames(in packet: Span<UInt8>) -> Int? {
        let frames = unsafe packet.withUnsafeBufferPointer { (bytes) in
            guard let start = bytes.baseAddress, let length = Int32(exactly: bytes.count) else {
                return OPUS_INVALID_PACKET
            }
            return unsafe cburrow_opus_packet_frames(start, length)
        }
        return frames > 0 ? Int(frames) : nil
    }

    package func reset() {
        unsafe _ = cburrow_opus_decoder_reset(handle)
        unsafe clip.update(repeating: 0, count: 2)
    }

    private func check(_ frames: Int, _ room: Int) throws(MediaError) {
        guard frames > 0, frames <= Self.longestPacket, frames % Self.granularity == 0 else {
            throw MediaError(.invalidArgument, "opus cannot conceal \(frames) frames")
        }
        guard room >= frames * channels else {
            throw MediaError(.invalidArgument, "no room for \(frames) frames")
        }
    }

    /// `frames` is what comes out; an empty packet stands for a lost one.
    private func run(
        _ packet: Span<UInt8>,
        frames: Int,
        fec: Bool,
        into samples: inout MutableSpan<Float>
    ) throws(MediaError) -> Int {
        let (handle, clip, channels) = unsafe (handle, clip, Int32(channels))
        let decoded = unsafe packet.withUnsafeBufferPointer { (bytes) in
            unsafe samples.withUnsafeMutableBufferPointer { (target) -> Int32 in
                guard let start = target.baseAddress else { return OPUS_BUFFER_TOO_SMALL }
                return unsafe cburrow_opus_decode(
                    handle,
                    channels,
                    bytes.isEmpty ? nil : bytes.baseAddress,
                    Int32(bytes.count),
                    start,
                    Int32(frames),
                    fec ? 1 : 0,
                    clip
                )
            }
        }
        guard decoded >= 0 else {
            if decoded == OPUS_INVALID_PACKET { throw MediaError(.malformed, "opus packet makes no sense") }
            throw MediaError(.codec, "opus cannot decode, code \(decoded)")
        }
        return Int(decoded)
    }
}
