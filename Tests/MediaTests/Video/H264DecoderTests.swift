import BurrowBase
import BurrowMedia
import Testing

@Suite struct H264DecoderTests {
    private static func bytes(_ stream: H264Stream) throws -> [(timestamp: Int64, bytes: [UInt8])] {
        try stream.units.map { ($0.timestamp, try Base64.standard.decode($0.base64)) }
    }

    /// The mean of the luma: it tells which picture of a stream this is.
    private static func brightness(_ picture: Picture) -> Int {
        let luma = picture.samples(of: .y)
        var sum = 0
        for y in 0..<picture.height {
            for x in 0..<picture.width { sum += Int(luma[y * picture.lumaStride + x]) }
        }
        return sum / (picture.width * picture.height)
    }

    @Test(arguments: [
        (H264Stream.baseline, 0), (.mainWithoutReordering, 1), (.mainWithReordering, 2), (.high, 3),
    ])
    func picturesOfAnotherEncoderComeInOrder(stream: H264Stream, mostDelay: Int) throws {
        let decoder = try H264Decoder(pool: PicturePool())
        var shown: [Picture] = []
        for (number, unit) in try Self.bytes(stream).enumerated() {
            if let picture = try decoder.decode(unit.bytes, timestamp: unit.timestamp).picture {
                shown.append(picture)
            }
            #expect(shown.count >= number + 1 - mostDelay)
        }
        while let picture = decoder.flush() { shown.append(picture) }
        #expect(shown.map(\.timestamp) == stream.units.map(\.timestamp).sorted())
        let levels = shown.map(Self.brightness)
        for (earlier, later) in zip(levels, levels.dropFirst()) {
            #expect((9...15).contains(later - earlier))
        }
        #expect(!decoder.needsKeyFrame)
        #expect(shown.allSatisfy { ($0.width, $0.height) == (128, 96) })
    }

    @Test(arguments: [
        (H264Stream.interlaced, "interlaced video"), (.high10, "H.264 High 10 profile"),
        (.high422, "H.264 High 4:2:2 profile"), (.high444, "H.264 High 4:4:4 profile"),
    ])
    func whatCannotBeDecodedIsRefusedWithAReason(stream: H264Stream, reason: String) throws {
        let decoder = try H264Decoder(pool: PicturePool())
        let units = try Self.bytes(stream)
        #expect(throws: MediaError(.unsupported, reason)) {
            try decoder.decode(units[0].bytes, timestamp: 0)
        }
        // What follows is ignored, not tried.
        #expect(try decoder.decode(units[1].bytes, timestamp: 1).picture == nil)
        #expect(decoder.needsKeyFrame)
    }

    @Test func unitsBehindLengthsNeedTheirDescription() throws {
        let units = try Self.bytes(.baseline)
        var sets: (sequence: [[UInt8]], picture: [[UInt8]]) = ([], [])
        // As a publisher of avc1 would: the sets go to the description, everything else behind its length.
        let prefixed = units.map { (unit) -> [UInt8] in
            var out: [UInt8] = []
            var parts = AnnexB(unit.bytes.span)
            while let part = parts.nextUnit() {
                let bytes = Array(unit.bytes[part.range])
                switch part.kind {
                case .sequenceParameterSet: sets.sequence = [bytes]
                case .pictureParameterSet: sets.picture = [bytes]
                default: out += [0, 0, UInt8(bytes.count >> 8), UInt8(bytes.count & 0xff)] + bytes
                }
            }
            return out
        }
        let description = try #require(
            AVCDecoderConfiguration(sequenceParameterSets: sets.sequence, pictureParameterSets: sets.picture)
        )
        #expect(H264.supports(codec: description.codec))
        let record = description.encode()
        let described = try H264Decoder(pool: PicturePool(), configuration: .parse(record.span))
        let plain = try H264Decoder(pool: PicturePool())
        for nothing in [[], [0, 0, 1]] as [[UInt8]] {
            let isDisposable = plain.isDisposable(nothing.span)
            #expect(!isDisposable)
        }
        for (number, unit) in units.enumerated() {
            let isDisposable = plain.isDisposable(unit.bytes.span)
            let another = prefixed[number]
            let isDisposableToo = described.isDisposable(another.span)
            #expect(isDisposableToo == isDisposable)
            let a = try #require(try described.decode(prefixed[number], timestamp: unit.timestamp).picture)
            let b = try #require(try plain.decode(unit.bytes, timestamp: unit.timestamp).picture)
            #expect(meanSquaredError(a, b) == 0)
        }
    }

    @Test func descriptionThatCannotBeDecodedIsRefusedAtOnce() throws {
        let bytes = try Self.bytes(.high10)[0].bytes
        var units = AnnexB(bytes.span)
        var sets: [[UInt8]] = []
        while let unit = units.nextUnit() { sets.append(Array(bytes[unit.range])) }
        let sequence = sets.filter { $0[0] & 31 == 7 }
        let picture = sets.filter { $0[0] & 31 == 8 }
        let description = try #require(
            AVCDecoderConfiguration(sequenceParameterSets: sequence, pictureParameterSets: picture)
        )
        #expect(throws: MediaError(.unsupported, "H.264 High 10 profile")) {
            try H264Decoder(pool: PicturePool(), configuration: description)
        }
    }

    @Test func coloursOfADescriptionAreThoseOfItsPictures() throws {
        var settings = VideoEncoderSettings(width: 64, height: 48, bitRate: 100_000, frameRate: 30)
        settings.color = PictureColor(.bt709, .full)
        let encoder = try H264Encoder(settings, allocator: SliceAllocator())
        let picture = try #require(MovingScene(width: 64, height: 48).picture(0, timestamp: 0))
        let unit = [UInt8](try #require(try encoder.encode(picture, asKey: true)).payload)
        var (sets, slice): ([[UInt8]], [UInt8]) = ([], [])
        var parts = AnnexB(unit.span)
        while let part = parts.nextUnit() {
            if part.kind == .keySlice {
                slice = Array(unit[part.range])
            } else {
                sets.append(Array(unit[part.range]))
            }
        }
        let description = try #require(
            AVCDecoderConfiguration(sequenceParameterSets: [sets[0]], pictureParameterSets: [sets[1]])
        )
        let decoder = try H264Decoder(pool: PicturePool(), configuration: description)
        let prefixed = [0, 0, UInt8(slice.count >> 8), UInt8(slice.count & 0xff)] + slice
        #expect(try decoder.decode(prefixed, timestamp: 0).picture?.color == settings.color)
    }

    @Test func parameterSetsMayComeInAUnitOfTheirOwn() throws {
        let units = try Self.bytes(.baseline)
        var (sets, picture): ([UInt8], [UInt8]) = ([], [])
        let key = units[0].bytes
        var parts = AnnexB(key.span)
        while let part = parts.nextUnit() {
            let bytes = [0, 0, 1] + key[part.range]
            if part.kind == .keySlice { picture += bytes } else { sets += bytes }
        }
        let decoder = try H264Decoder(pool: PicturePool())
        #expect(try decoder.decode(sets, timestamp: 0).picture == nil)
        #expect(try decoder.decode(picture, timestamp: 0).picture != nil)
        #expect(try decoder.decode(units[1].bytes, timestamp: 33_333).picture != nil)
        // However many come, they take no more memory than one unit may.
        for _ in 0..<20_000 { _ = try decoder.decode(sets, timestamp: 40_000) }
        #expect(try decoder.decode(units[0].bytes, timestamp: 66_666).picture != nil)
        #expect(!decoder.needsKeyFrame)
    }

    @Test func waitsForAKeyPicture() throws {
        let units = try Self.bytes(.baseline)
        let decoder = try H264Decoder(pool: PicturePool())
        #expect(decoder.needsKeyFrame)
        for unit in units.dropFirst() {
            #expect(try decoder.decode(unit.bytes, timestamp: unit.timestamp).picture == nil)
        }
        #expect(decoder.needsKeyFrame)
        #expect(try decoder.decode(units[0].bytes, timestamp: 1_000_000).picture != nil)
        #expect(!decoder.needsKeyFrame)
        decoder.reset()
        #expect(decoder.needsKeyFrame)
        #expect(try decoder.decode(units[1].bytes, timestamp: 1_033_333).picture == nil)
    }

    @Test func emptyAndHugeUnits() throws {
        let decoder = try H264Decoder(pool: PicturePool())
        let (empty, noise): ([UInt8], [UInt8]) = ([], [9, 9, 9])
        #expect(try decoder.decode(empty, timestamp: 0).picture == nil)
        // Nothing to decode is no picture, something that holds nothing is damage.
        #expect(throws: MediaError.self) { try decoder.decode(noise, timestamp: 0) }
        #expect(decoder.needsKeyFrame)
        let huge = [UInt8](repeating: 0, count: H264Decoder.unitLimit + 1)
        #expect(throws: MediaError.self) { try decoder.decode(huge, timestamp: 0) }
    }

    /// Losing a picture others refer to is noticed, shown for half a second, and mended by the next key picture.
    @Test func lossIsConcealedForHalfASecondThenFrozen() throws {
        let scene = MovingScene(width: 160, height: 96)
        var settings = VideoEncoderSettings(width: 160, height: 96, bitRate: 200_000, frameRate: 30)
        settings.temporalLayers = 1
        let encoder = try H264Encoder(settings, allocator: SliceAllocator())
        let decoder = try H264Decoder(pool: PicturePool())
        var (concealed, frozen) = (0, 0)
        for (number, picture) in scene.film(60).enumerated() {
            guard let unit = try encoder.encode(picture, asKey: number == 50), number != 10 else { continue }
            let decoded = try? decoder.decode(unit)
            switch number {
            case ..<10, 50...:
                #expect(decoded?.picture != nil && decoded?.isConcealed == false && !decoder.needsKeyFrame)
            default:
                #expect(decoder.needsKeyFrame)
                if decoded?.picture != nil { concealed += 1 } else { frozen += 1 }
            }
        }
        #expect((10...16).contains(concealed), "\(concealed) pictures guessed")
        #expect(frozen >= 20, "\(frozen) pictures not shown")
    }

    /// With three layers, what a lost unit spoils depends on its layer: nothing but itself in the highest, the pictures
    /// up to the next of the lowest in the middle, and everything from there on in the lowest, which must be noticed.
    @Test(arguments: [0, 1, 2])
    func lossInALayer(layer: Int) throws {
        let settings = VideoEncoderSettings(width: 160, height: 96, bitRate: 300_000, frameRate: 30)
        let encoder = try H264Encoder(settings, allocator: SliceAllocator())
        let whole = try H264Decoder(pool: PicturePool())
        let lossy = try H264Decoder(pool: PicturePool())
        var lostAt: Int?
        var spoiled: [Int] = []
        for (number, picture) in MovingScene(width: 160, height: 96).film(40).enumerated() {
            let unit = try #require(try encoder.encode(picture, asKey: false))
            let expected = try #require(try whole.decode(unit).picture)
            if number > 12 && lostAt == nil && unit.temporalLayer == layer {
                lostAt = number
                continue
            }
            let decoded = try? lossy.decode(unit).picture
            if decoded.map({ meanSquaredError($0, expected) }) != 0 { spoiled.append(number) }
        }
        let lost = try #require(lostAt)
        switch layer {
        case 2: #expect(spoiled.isEmpty && !lossy.needsKeyFrame)
        case 1: #expect(spoiled.allSatisfy { $0 - lost <= 2 })
        default: #expect(lossy.needsKeyFrame)
        }
    }

    /// Ten thousand streams with bytes changed, cut and exchanged: errors and guesses, but never a crash, and a clean
    /// key picture afterwards is shown as if nothing had been.
    @Test(arguments: 0..<10)
    func damageNeverCrashes(seed: Int) throws {
        var random = RandomBytes(seed: UInt64(seed) &* 7919 &+ 3)
        let all: [H264Stream] = [.baseline, .mainWithReordering, .high, .mainWithoutReordering]
        let stream = try Self.bytes(all[seed % all.count])
        let pool = PicturePool()
        let decoder = try H264Decoder(pool: pool)
        for _ in 0..<125 {
            for (index, unit) in stream.enumerated() {
                var bytes = unit.bytes
                // The first is left whole half of the time, so the others reach the decoder.
                if index > 0 || random.next(2) == 0 { random.damage(&bytes) }
                _ = try? decoder.decode(bytes, timestamp: unit.timestamp)
            }
        }
        while decoder.flush() != nil {}
        let clean = try H264Decoder(pool: PicturePool())
        decoder.reset()
        for unit in try Self.bytes(.baseline) {
            let mended = try #require(try decoder.decode(unit.bytes, timestamp: unit.timestamp).picture)
            let expected = try #require(try clean.decode(unit.bytes, timestamp: unit.timestamp).picture)
            #expect(meanSquaredError(mended, expected) == 0)
        }
        #expect(pool.made <= pool.limit)
    }

    @Test func picturesWithoutMemoryAreCounted() throws {
        let decoder = try H264Decoder(pool: PicturePool(limit: 3))
        var held: [Picture] = []
        for unit in try Self.bytes(.baseline) {
            if let picture = try decoder.decode(unit.bytes, timestamp: unit.timestamp).picture {
                held.append(picture)
            }
        }
        #expect(held.count == 3)
        #expect(decoder.pictureCountWithoutMemory == 5)
        #expect(!decoder.needsKeyFrame)
    }
}

/// A small generator, so that a failure can be repeated from its seed.
struct RandomBytes {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 | 1 }

    mutating func next(_ limit: Int) -> Int {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return Int(state >> 33) % max(limit, 1)
    }

    mutating func damage(_ bytes: inout [UInt8]) {
        guard bytes.count > 4 else { return }
        for _ in 0...next(4) {
            switch next(6) {
            case 0: bytes.removeLast(next(bytes.count - 4))
            case 1: bytes.insert(UInt8(next(256)), at: next(bytes.count))
            case 2: bytes.swapAt(next(bytes.count), next(bytes.count))
            default: bytes[next(bytes.count)] ^= 1 << UInt8(next(8))
            }
            guard bytes.count > 4 else { return }
        }
    }
}
