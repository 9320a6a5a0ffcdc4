import BurrowBase

/// The description of an `avc1` stream: its parameter sets and how long its lengths are (ISO/IEC 14496-15 §5.3.3.1).
package struct AVCDecoderConfiguration: Equatable, Sendable {
    package var profile: UInt8
    package var constraints: UInt8
    package var level: UInt8
    /// Bytes of the length before each unit: 1, 2 or 4.
    package var lengthSize: Int
    /// Whole NAL units.
    package var sequenceParameterSets: [[UInt8]]
    package var pictureParameterSets: [[UInt8]]

    /// Far more than the parameter sets of any stream; a peer chooses the number.
    package static let sizeLimit = 64 * 1024

    /// A description of the sets with lengths of four bytes; nil when one of them is too long or too short, or there
    /// are none of one kind.
    package init?(sequenceParameterSets: [[UInt8]], pictureParameterSets: [[UInt8]]) {
        guard let first = sequenceParameterSets.first, first.count >= 4,
            (1...31).contains(sequenceParameterSets.count),
            (1...255).contains(pictureParameterSets.count),
            (sequenceParameterSets + pictureParameterSets).allSatisfy({ (1...0xffff).contains($0.count) })
        else { return nil }
        (profile, constraints, level) = (first[1], first[2], first[3])
        lengthSize = 4
        self.sequenceParameterSets = sequenceParameterSets
        self.pictureParameterSets = pictureParameterSets
    }

    private init(_ reader: inout ByteReader) throws(DecodeError) {
        guard try reader.readUInt8() == 1 else { throw .malformed }
        profile = try reader.readUInt8()
        constraints = try reader.readUInt8()
        level = try reader.readUInt8()
        lengthSize = Int(try reader.readUInt8() & 3) + 1
        guard lengthSize != 3 else { throw .malformed }
        sequenceParameterSets = try Self.readSets(
            &reader,
            count: try reader.readUInt8() & 31,
            kind: .sequenceParameterSet
        )
        pictureParameterSets = try Self.readSets(
            &reader,
            count: try reader.readUInt8(),
            kind: .pictureParameterSet
        )
        // High profiles append their chroma format, which the sets say as well; later versions may append more.
    }

    /// Reads a description. Throws when it is not one, or has no parameter sets of either kind.
    package static func parse(_ bytes: Span<UInt8>) throws(MediaError) -> AVCDecoderConfiguration {
        guard bytes.count <= sizeLimit else { throw MediaError(.limit, "avcC of \(bytes.count) bytes") }
        var reader = ByteReader(bytes)
        do {
            return try AVCDecoderConfiguration(&reader)
        } catch {
            throw MediaError(.malformed, "avcC \(error)")
        }
    }

    private static func readSets(
        _ reader: inout ByteReader,
        count: UInt8,
        kind: NALUnit.Kind
    ) throws(DecodeError) -> [[UInt8]] {
        guard count > 0 else { throw .malformed }
        var sets: [[UInt8]] = []
        for _ in 0..<count {
            let set = try reader.readBytes(Int(try reader.readUInt16()))
            guard let header = set.first, header & 0x1f == kind.rawValue else { throw .malformed }
            sets.append(set)
        }
        return sets
    }

    package func encode() -> [UInt8] {
        var writer = ByteWriter()
        writer.writeBytes([1, profile, constraints, level, 0xfc | UInt8(clamping: lengthSize - 1)])
        writer.writeUInt8(0xe0 | UInt8(clamping: sequenceParameterSets.count))
        for set in sequenceParameterSets { Self.write(set, &writer) }
        writer.writeUInt8(UInt8(clamping: pictureParameterSets.count))
        for set in pictureParameterSets { Self.write(set, &writer) }
        return writer.bytes
    }

    private static func write(_ set: [UInt8], _ writer: inout ByteWriter) {
        writer.writeUInt16(UInt16(clamping: set.count))
        writer.writeBytes(set)
    }

    /// How a catalogue names the stream.
    package var codec: String {
        H264(form: .avc1, profile: profile, constraints: constraints, level: level).codec
    }
}
