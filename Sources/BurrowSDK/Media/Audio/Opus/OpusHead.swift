internal import BurrowBase

/// What a catalogue's `description` says about an Opus track (RFC 7845 §5.1, hang §4).
package struct OpusHead: Equatable, Sendable {
    package static let length = 19

    /// 1 or 2.
    package var channels: Int
    /// Frames at 48 kHz that a decoder drops at the very beginning.
    package var preSkip: Int
    /// Of the original recording, for information only.
    package var inputRate: Int
    /// To be applied by the player, in 1/256 dB.
    package var gain: Int

    package init(channels: Int, preSkip: Int, inputRate: Int = 48_000, gain: Int = 0) {
        self.channels = channels
        self.preSkip = preSkip
        self.inputRate = inputRate
        self.gain = gain
    }

    private static let magic = Array("OpusHead".utf8)

    /// Numbers that do not fit their fields are clamped.
    package func encode() -> [UInt8] {
        var bytes = Self.magic
        let skip = UInt16(clamping: preSkip)
        let rate = UInt32(clamping: inputRate)
        let level = UInt16(bitPattern: Int16(clamping: gain))
        bytes += [1, UInt8(clamping: channels)]
        bytes += [UInt8(truncatingIfNeeded: skip), UInt8(truncatingIfNeeded: skip >> 8)]
        for shift in stride(from: UInt32(0), to: 32, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: rate >> shift))
        }
        bytes += [UInt8(truncatingIfNeeded: level), UInt8(truncatingIfNeeded: level >> 8), 0]
        return bytes
    }

    /// Reads any version that is compatible with 1. More than two channels need a mapping, which we do not take.
    package static func decode(_ bytes: Span<UInt8>) throws(MediaError) -> OpusHead {
        var reader = ByteReader(bytes)
        let head: OpusHead
        let version: UInt8
        let family: UInt8
        do throws(DecodeError) {
            guard try reader.readBytes(magic.count) == magic else { throw .malformed }
            version = try reader.readUInt8()
            let channels = Int(try reader.readUInt8())
            let preSkip = try reader.readUInt16().byteSwapped
            let rate = UInt32(try reader.readUInt16().byteSwapped)
            let rateHigh = UInt32(try reader.readUInt16().byteSwapped)
            let gain = Int16(bitPattern: try reader.readUInt16().byteSwapped)
            family = try reader.readUInt8()
            head = OpusHead(
                channels: channels,
                preSkip: Int(preSkip),
                inputRate: Int(rateHigh << 16 | rate),
                gain: Int(gain)
            )
        } catch {
            throw MediaError(.malformed, "opus description: \(error)")
        }
        guard version >> 4 == 0 else {
            throw MediaError(.unsupported, "opus description of version \(version)")
        }
        guard head.channels > 0 else { throw MediaError(.malformed, "opus description without channels") }
        guard family == 0, head.channels <= 2 else {
            throw MediaError(.unsupported, "opus of \(head.channels) channels, mapping \(family)")
        }
        return head
    }
}
