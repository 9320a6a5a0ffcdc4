import BurrowBase
import BurrowMedia
import Testing

@Suite struct H264ParsingTests {
    private static func bytes(_ hex: String) throws -> [UInt8] { try Hex.decode(hex.filter { $0 != " " }) }

    private static func units(of stream: [UInt8]) -> [[UInt8]] {
        var units = AnnexB(stream.span)
        var found: [[UInt8]] = []
        while let unit = units.nextUnit() { found.append(Array(stream[unit.range])) }
        return found
    }

    @Test(arguments: [
        ("", []),
        ("00 00 01", []),
        ("00 00 00 01", []),
        ("00 00 01 65", ["65"]),
        ("ff ff 00 00 01 65", ["65"]),
        ("00 00 00 01 67 42 00 00 00 01 68 ce 00 00 01 65 88 00", ["6742", "68ce", "6588"]),
        ("00 00 01 00 00 01 41 9a", ["419a"]),
        ("00 00 01 41 00 00 03 01 00 00 02 00 00 01 41", ["410000030100 0002", "41"]),
        ("00 00 01 41 01 00 01 00 00 01 09", ["41010001", "09"]),
        ("00 00 00 00 00 01 41 00 00 00", ["41"]),
    ])
    func startCodesDivideAStream(stream: String, expected: [String]) throws {
        #expect(try Self.units(of: Self.bytes(stream)) == expected.map { try Self.bytes($0) })
    }

    @Test func naiveSearchFindsTheSameUnits() {
        var random = UInt32(1)
        for _ in 0..<300 {
            // Only bytes that matter to a start code, so there are many.
            let stream = (0..<60).map { (_) -> UInt8 in
                random = random &* 1_664_525 &+ 1_013_904_223
                return [0, 0, 0, 1, 1, 3, 0x65][Int(random >> 16) % 7]
            }
            #expect(Self.units(of: stream) == naiveUnits(stream))
        }
    }

    private func naiveUnits(_ stream: [UInt8]) -> [[UInt8]] {
        var (found, current): ([[UInt8]], [UInt8]?) = ([], nil)
        var index = 0
        func close() {
            while current?.last == 0 { current?.removeLast() }
            if let unit = current, !unit.isEmpty { found.append(unit) }
        }
        while index < stream.count {
            if stream[index...].starts(with: [0, 0, 1]) {
                close()
                current = []
                index += 3
            } else {
                current?.append(stream[index])
                index += 1
            }
        }
        close()
        return found
    }

    @Test(arguments: 1...4)
    func lengthsDivideAUnit(size: Int) throws {
        let prefix = [UInt8](repeating: 0, count: size - 1)
        let bytes: [UInt8] = prefix + [2, 0x65, 0x88] + prefix + [0] + prefix + [1, 0x41]
        var units = LengthPrefixedUnits(bytes.span, lengthSize: size)
        let first = try units.nextUnit()
        #expect(first?.kind == .keySlice && first?.range.count == 2)
        #expect(try units.nextUnit()?.header == 0x41)
        #expect(try units.nextUnit() == nil)
    }

    @Test(arguments: [[0, 0, 0, 3, 0x65, 0x88], [0, 0, 1], [0xff, 0xff, 0xff, 0xff, 0x65]] as [[UInt8]])
    func lengthBeyondTheEndIsRefused(bytes: [UInt8]) {
        #expect(throws: MediaError.self) {
            var units = LengthPrefixedUnits(bytes.span, lengthSize: 4)
            while try units.nextUnit() != nil {}
        }
    }

    @Test func exponentialGolombCodes() throws {
        // 1, 010, 011, 00100, 00111: the numbers 0, 1, 2, 3, 6 (H.264 table 9-2).
        let bytes: [UInt8] = [0b1010_0110, 0b0100_0011, 0b1000_0000]
        var bits = BitReader(bytes.span)
        for expected: UInt32 in [0, 1, 2, 3, 6] { #expect(try bits.unsigned() == expected) }
        let signed: [UInt8] = [0b0100_1100, 0b1000_0101, 0b0000_0000]
        var more = BitReader(signed.span)
        for expected in [1, -1, 2, -2] { #expect(try more.signed() == expected) }
    }

    @Test func endOfBitsAndAbsurdCodesAreErrors() {
        #expect(throws: DecodeError.truncated) {
            let bytes: [UInt8] = [0xff, 0xff]
            var bits = BitReader(bytes.span)
            _ = try bits.bits(17)
        }
        #expect(throws: DecodeError.malformed) {
            let bytes = [UInt8](repeating: 0, count: 8)
            var bits = BitReader(bytes.span)
            _ = try bits.unsigned()
        }
    }

    @Test func emulationPreventionIsLeftOut() throws {
        let bytes: [UInt8] = [0, 0, 3, 1, 0, 0, 3, 0, 0, 3]
        var bits = BitReader(bytes.span)
        #expect(try bits.bits(24) == 1)
        #expect(try bits.bits(32) == 0)
    }

    /// The example of the hang catalogue: 320x240 of another encoder.
    private static let set = "67 42c00d 8c68141f26a0c020c0f08846a0"

    @Test func sequenceParameterSetOfACatalogue() throws {
        let bytes = try Self.bytes(Self.set)
        let set = try SequenceParameterSet.parse(bytes.span)
        #expect((set.profile, set.constraints, set.level) == (66, 0xc0, 13))
        #expect((set.width, set.height, set.codedWidth, set.codedHeight) == (320, 240, 320, 240))
        #expect(set.isProgressive && set.bitDepth == 8 && set.chromaFormat == 1 && set.refusal == nil)
        #expect(H264(form: .avc3, set).codec == "avc3.42c00d")
    }

    @Test func everyPrefixOfASetIsAnError() throws {
        let whole = try Self.bytes(Self.set)
        for count in 0..<(whole.count - 1) {
            let prefix = Array(whole.prefix(count))
            #expect(throws: MediaError.self) { try SequenceParameterSet.parse(prefix.span) }
        }
    }

    @Test func descriptionOfACatalogue() throws {
        let bytes = try Self.bytes(
            "0142c00dffe100116742c00d8c68141f26a0c020c0f08846a001000468ce3c80"
        )
        let description = try AVCDecoderConfiguration.parse(bytes.span)
        #expect(description.lengthSize == 4)
        #expect(description.codec == "avc1.42c00d")
        #expect(description.sequenceParameterSets == [try Self.bytes(Self.set)])
        #expect(description.pictureParameterSets == [[0x68, 0xce, 0x3c, 0x80]])
        #expect(description.encode() == bytes)
        let again = AVCDecoderConfiguration(
            sequenceParameterSets: description.sequenceParameterSets,
            pictureParameterSets: description.pictureParameterSets
        )
        #expect(again == description)
        for count in 0..<bytes.count {
            let prefix = Array(bytes.prefix(count))
            #expect(throws: MediaError.self) { try AVCDecoderConfiguration.parse(prefix.span) }
        }
    }

    @Test(arguments: [
        "0242c00dffe1000167010001 68", "0142c00dfee1000167010001 68", "0142c00dffe0010001 68",
        "0142c00dffe100016700", "0142c00dffe1000168010001 68", "0142c00dffe100000100 0168",
    ])
    func wrongDescriptionsAreErrors(hex: String) throws {
        let bytes = try Self.bytes(hex)
        #expect(throws: MediaError.self) { try AVCDecoderConfiguration.parse(bytes.span) }
    }

    @Test func hugeDescriptionIsRefused() {
        let bytes = [UInt8](repeating: 1, count: AVCDecoderConfiguration.sizeLimit + 1)
        #expect(throws: MediaError.self) { try AVCDecoderConfiguration.parse(bytes.span) }
    }

    @Test(arguments: [
        ("avc3.42c01f", true), ("avc1.42E01E", true), ("avc1.4d401f", true), ("avc1.640028", true),
        ("avc1.42001f", true), ("avc1.640034", true),
        ("avc1.6e0028", false), ("avc1.7a0028", false), ("avc1.f40028", false), ("avc1.58001f", false),
        ("avc1.53001f", false), ("avc1.640035", false), ("avc1.64003c", false),
        ("avc1", false), ("avc1.", false), ("avc1.42c0", false), ("avc1.42c01f00", false),
        ("avc2.42c01f", false),
        ("avc1.42c01g", false), ("hev1.1.6.L93", false), ("", false), ("avc1.42c01f.1", false),
    ])
    func codecStrings(codec: String, isSupported: Bool) {
        #expect(H264.supports(codec: codec) == isSupported)
        #expect((H264.refusal(codec: codec) == nil) == isSupported)
        if isSupported { #expect(H264(codec: codec)?.codec == codec.lowercased()) }
    }

    /// Builds sets bit by bit, for values no encoder writes.
    private struct BitWriter {
        var bits: [Bool] = []

        mutating func write(_ value: Int, bits count: Int) {
            for bit in (0..<count).reversed() { bits.append(value >> bit & 1 == 1) }
        }

        mutating func unsigned(_ value: Int) {
            let length = (value + 1).bitWidth - (value + 1).leadingZeroBitCount
            write(0, bits: length - 1)
            write(value + 1, bits: length)
        }

        var bytes: [UInt8] {
            var padded = bits + [true]
            while padded.count % 8 != 0 { padded.append(false) }
            return stride(from: 0, to: padded.count, by: 8).map { (start) in
                padded[start..<(start + 8)].reduce(0) { $0 << 1 | ($1 ? 1 : 0) }
            }
        }
    }

    private static func baseline(
        columns: Int,
        rows: Int,
        references: Int = 1,
        crop: (Int, Int, Int, Int)? = nil
    ) -> [UInt8] {
        var writer = BitWriter()
        writer.write(0x67, bits: 8)
        writer.write(0x42c01f, bits: 24)
        for value in [0, 0, 2, references] { writer.unsigned(value) }
        writer.write(0, bits: 1)
        writer.unsigned(columns - 1)
        writer.unsigned(rows - 1)
        writer.write(0b11, bits: 2)
        writer.write(crop == nil ? 0 : 1, bits: 1)
        if let crop { for value in [crop.0, crop.1, crop.2, crop.3] { writer.unsigned(value) } }
        writer.write(0, bits: 1)
        return writer.bytes
    }

    @Test func cropping() throws {
        let cropped = Self.baseline(columns: 41, rows: 23, crop: (1, 6, 0, 3))
        let set = try SequenceParameterSet.parse(cropped.span)
        #expect((set.width, set.height) == (642, 362))
        for crop in [(4, 4, 0, 0), (0, 0, 8, 0), (1 << 30, 0, 0, 0)] {
            let absurd = Self.baseline(columns: 1, rows: 1, crop: crop)
            #expect(throws: MediaError.self) { try SequenceParameterSet.parse(absurd.span) }
        }
    }

    @Test(arguments: [(256, 256, true), (257, 1, false), (1, 257, false), (1 << 20, 1 << 20, false)])
    func absurdSizesAreRefused(columns: Int, rows: Int, isAccepted: Bool) {
        let set = Self.baseline(columns: columns, rows: rows)
        if isAccepted {
            #expect((try? SequenceParameterSet.parse(set.span))?.width == 4096)
        } else {
            #expect(throws: MediaError.self) { try SequenceParameterSet.parse(set.span) }
        }
    }

    /// What would make the decoder take hundreds of megabytes is refused before it does.
    @Test(arguments: [
        (120, 68, 16, true), (80, 45, 16, true), (256, 144, 5, true), (256, 144, 6, false),
        (256, 145, 1, false),
        (256, 256, 1, false),
    ])
    func memoryOfTheDecoderIsBounded(columns: Int, rows: Int, references: Int, isAccepted: Bool) throws {
        let bytes = Self.baseline(columns: columns, rows: rows, references: references)
        let refusal = try SequenceParameterSet.parse(bytes.span).refusal
        #expect(refusal?.code == (isAccepted ? nil : .limit))
    }

    @Test func unitOfAHostsEncoder() throws {
        let set = Self.baseline(columns: 40, rows: 23)
        let key: [UInt8] = [0, 0, 1, 9, 16, 0, 0, 1] + set + [0, 0, 1, 0x68, 0xce, 0, 0, 1, 0x65, 0x88]
        let unit = try H264AccessUnit(annexB: key.span)
        #expect(unit.isKey && unit.isReference && !unit.isEmpty)
        #expect(unit.parameterSet?.width == 640)
        let disposable: [UInt8] = [0, 0, 0, 1, 0x01, 0x9a]
        let other = try H264AccessUnit(annexB: disposable.span)
        #expect(!other.isKey && !other.isReference && !other.isEmpty && other.parameterSet == nil)
        let nothing: [UInt8] = [0, 0, 0, 1, 9, 16]
        #expect(try H264AccessUnit(annexB: nothing.span) == H264AccessUnit())
    }
}
