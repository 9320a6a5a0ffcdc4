import BurrowMedia

/// A codec without compression: 32-bit floats, mono, in packets of 20 ms (or any other whole number of samples). A
/// packet of twice `packetFrames` begins with the packet before it, as redundancy; one of at most two bytes says that
/// the speaker is silent.
final class PlainDecoder: AudioDecoder {
    let channels = 1
    let packetFrames: Int
    /// What the background of the speaker is like, for packets without sound.
    var concealCalls = 0
    private var last: [Float]
    private var position = 0

    init(packetFrames: Int = 960) {
        self.packetFrames = packetFrames
        last = [Float](repeating: 0, count: 480)
    }

    func decode(_ packet: Span<UInt8>, into samples: inout MutableSpan<Float>) throws(MediaError) -> Int {
        guard let frames = frames(in: packet) else { throw MediaError(.malformed, "plain packet") }
        if packet.count <= 2 { return try conceal(frames: frames, into: &samples) }
        copy(packet, from: packet.count / 4 - frames, frames: frames, into: &samples)
        if samples[0].isNaN { throw MediaError(.malformed, "plain packet") }
        remember(samples, frames)
        return frames
    }

    func recover(
        from next: Span<UInt8>,
        frames: Int,
        into samples: inout MutableSpan<Float>
    ) throws(MediaError) -> Int {
        guard carriesRedundancy(next), frames <= packetFrames else {
            return try conceal(frames: frames, into: &samples)
        }
        copy(next, from: packetFrames - frames, frames: frames, into: &samples)
        remember(samples, frames)
        return frames
    }

    /// Repeats the last 10 ms.
    func conceal(frames: Int, into samples: inout MutableSpan<Float>) throws(MediaError) -> Int {
        concealCalls += 1
        guard frames <= samples.count else { throw MediaError(.invalidArgument, "too many frames") }
        var index = 0
        while index < frames {
            samples[index] = last[position]
            position = position == last.count - 1 ? 0 : position + 1
            index += 1
        }
        return frames
    }

    func carriesRedundancy(_ packet: Span<UInt8>) -> Bool { packet.count == packetFrames * 8 }

    func frames(in packet: Span<UInt8>) -> Int? {
        if packet.count <= 2 { return packet.count == 0 ? nil : packetFrames }
        guard packet.count % 4 == 0 else { return nil }
        return carriesRedundancy(packet) ? packetFrames : packet.count / 4
    }

    func reset() {
        for index in last.indices { last[index] = 0 }
        position = 0
    }

    private func copy(_ packet: Span<UInt8>, from: Int, frames: Int, into samples: inout MutableSpan<Float>) {
        guard frames <= samples.count else { return }
        unsafe packet.withUnsafeBytes { (source) in
            unsafe samples.withUnsafeMutableBytes { (target) in
                unsafe target.copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: source[(from * 4)..<((from + frames) * 4)])
                )
            }
        }
    }

    private func remember(_ samples: borrowing MutableSpan<Float>, _ frames: Int) {
        let new = min(frames, last.count)
        unsafe samples.withUnsafeBufferPointer { (source) in
            unsafe last.withUnsafeMutableBufferPointer { (target) in
                guard let to = target.baseAddress, let from = source.baseAddress else { return }
                unsafe to.update(from: to + new, count: target.count - new)
                unsafe (to + (target.count - new)).update(from: from + (frames - new), count: new)
            }
        }
        position = 0
    }
}
