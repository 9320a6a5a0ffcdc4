import BurrowMedia

/// The codec with arrays, as tests want it.
extension AudioEncoder {
    /// Every packet of a signal; what does not fill a packet is left out.
    func packets(of samples: [Float]) throws -> [[UInt8]] {
        let step = settings.duration.frames * channels
        var result: [[UInt8]] = []
        for start in stride(from: 0, through: samples.count - step, by: step) {
            result.append(try packet(of: Array(samples[start..<start + step])))
        }
        return result
    }

    func packet(of samples: [Float]) throws -> [UInt8] {
        var packet = [UInt8](repeating: 0, count: packetCapacity)
        var span = packet.mutableSpan
        let length = try encode(samples.span, into: &span)
        return Array(packet.prefix(length))
    }
}

extension AudioDecoder {
    func samples(of packets: [[UInt8]]) throws -> [Float] {
        var result: [Float] = []
        var buffer = [Float](repeating: 0, count: OpusDecoder.longestPacket * channels)
        for packet in packets {
            var span = buffer.mutableSpan
            let frames = try decode(packet.span, into: &span)
            result += buffer.prefix(frames * channels)
        }
        return result
    }

    func recovered(from next: [UInt8], frames: Int) throws -> [Float] {
        var buffer = [Float](repeating: 0, count: frames * channels)
        var span = buffer.mutableSpan
        _ = try recover(from: next.span, frames: frames, into: &span)
        return buffer
    }

    func concealed(frames: Int) throws -> [Float] {
        var buffer = [Float](repeating: 0, count: frames * channels)
        var span = buffer.mutableSpan
        _ = try conceal(frames: frames, into: &span)
        return buffer
    }

    func frames(of packet: [UInt8]) -> Int? {
        frames(in: packet.span)
    }

    func isRedundant(_ packet: [UInt8]) -> Bool {
        carriesRedundancy(packet.span)
    }
}
