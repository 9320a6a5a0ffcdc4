/// How samples of a host lie in memory: interleaved, in the machine's byte order, at any address.
package struct PCMFormat: Equatable, Sendable {
    package enum Encoding: Equatable, Sendable {
        /// Signed, full scale is 32768.
        case int16
        /// Full scale is 1.
        case float32
    }

    package static let rates = [8_000, 16_000, 24_000, 32_000, 44_100, 48_000]
    /// What everything inside works with.
    package static let internalRate = 48_000

    package var encoding: Encoding
    package var rate: Int
    package var channels: Int

    package init(_ encoding: Encoding, rate: Int, channels: Int) {
        self.encoding = encoding
        self.rate = rate
        self.channels = channels
    }

    /// Of a valid format.
    package var bytesPerFrame: Int { (encoding == .int16 ? 2 : 4) * channels }

    /// Refuses what cannot be converted.
    package func validate() throws(MediaError) {
        guard Self.rates.contains(rate) else {
            throw MediaError(
                .unsupported,
                "\(rate) Hz; 8000, 16000, 24000, 32000, 44100 and 48000 are possible"
            )
        }
        guard channels == 1 || channels == 2 else {
            throw MediaError(.unsupported, "\(channels) channels; 1 and 2 are possible")
        }
    }

    /// Reads as many samples as both sides hold; what is not a number becomes 0, what is beyond full scale is cut
    /// off. Returns how many were not numbers.
    package func read(_ bytes: RawSpan, into samples: inout MutableSpan<Float>) -> Int {
        unsafe bytes.withUnsafeBytes { (source) in
            unsafe samples.withUnsafeMutableBufferPointer { (target) in
                switch encoding {
                case .int16:
                    for index in 0..<min(source.count / 2, target.count) {
                        let value = unsafe source.loadUnaligned(fromByteOffset: index * 2, as: Int16.self)
                        unsafe target[index] = Float(value) * (1 / 32768)
                    }
                    return 0
                case .float32:
                    var invalid = 0
                    for index in 0..<min(source.count / 4, target.count) {
                        let value = unsafe source.loadUnaligned(fromByteOffset: index * 4, as: Float.self)
                        let isNumber = value.isFinite
                        invalid &+= isNumber ? 0 : 1
                        unsafe target[index] = isNumber ? Self.saturate(value) : 0
                    }
                    return invalid
                }
            }
        }
    }

    /// As above, into an array.
    func read(_ bytes: RawSpan, into samples: inout [Float]) -> Int {
        var span = samples.mutableSpan
        return read(bytes, into: &span)
    }

    /// Writes as many samples as both sides hold, cut off at full scale; what is not a number becomes 0.
    package func write(_ samples: Span<Float>, into bytes: inout MutableRawSpan) {
        unsafe samples.withUnsafeBufferPointer { (source) in
            unsafe bytes.withUnsafeMutableBytes { (target) in
                switch encoding {
                case .int16:
                    for index in 0..<min(target.count / 2, source.count) {
                        let value = unsafe Self.int16(source[index])
                        unsafe target.storeBytes(of: value, toByteOffset: index * 2, as: Int16.self)
                    }
                case .float32:
                    for index in 0..<min(target.count / 4, source.count) {
                        let value = unsafe source[index]
                        let sound = value.isFinite ? Self.saturate(value) : 0
                        unsafe target.storeBytes(of: sound, toByteOffset: index * 4, as: Float.self)
                    }
                }
            }
        }
    }

    /// As above, the oldest `count` samples of a queue, which leave it.
    func write(from queue: inout PCMQueue, _ count: Int, into bytes: inout MutableRawSpan) {
        write(queue.prefix(count), into: &bytes)
        queue.removeFirst(count)
    }

    private static func saturate(_ value: Float) -> Float {
        min(max(value, -1), 1)
    }

    private static func int16(_ value: Float) -> Int16 {
        let scaled = value.isFinite ? (value * 32768).rounded(.toNearestOrEven) : 0
        // Exact: every float in this range is an integer that fits.
        return Int16(min(max(scaled, -32768), 32767))
    }
}

/// From one channel to two and back, in place.
package enum ChannelMix {
    /// Mono to both sides, or the mean of both. `samples` holds `frames` of whichever side has more channels.
    package static func convert(
        _ samples: inout [Float],
        frames: Int,
        from: Int,
        to: Int
    ) {
        guard from != to, frames > 0, samples.count >= frames * 2 else { return }
        if to == 1 {
            for frame in 0..<frames {
                samples[frame] = (samples[frame * 2] + samples[frame * 2 + 1]) * 0.5
            }
        } else {
            for frame in stride(from: frames - 1, through: 0, by: -1) {
                let value = samples[frame]
                samples[frame * 2] = value
                samples[frame * 2 + 1] = value
            }
        }
    }
}
