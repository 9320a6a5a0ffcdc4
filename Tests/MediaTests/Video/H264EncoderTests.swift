import BurrowBase
import BurrowMedia
import Testing

@Suite struct H264EncoderTests {
    private static func encoder(
        _ width: Int,
        _ height: Int,
        bitRate: Int,
        change: (inout VideoEncoderSettings) -> Void = { _ in }
    ) throws -> H264Encoder {
        var settings = VideoEncoderSettings(width: width, height: height, bitRate: bitRate, frameRate: 30)
        change(&settings)
        return try H264Encoder(settings, allocator: SliceAllocator(blockSize: 128 * 1024))
    }

    private static func kinds(_ unit: VideoAccessUnit) -> [UInt8] {
        var units = AnnexB(unit.payload.span)
        var kinds: [UInt8] = []
        while let next = units.nextUnit() { kinds.append(next.header & 31) }
        return kinds
    }

    @Test func parameterSetsComeBeforeEachKeyPictureOnly() throws {
        let encoder = try Self.encoder(160, 96, bitRate: 200_000)
        for (number, picture) in MovingScene(width: 160, height: 96).film(40).enumerated() {
            guard let unit = try encoder.encode(picture, asKey: number == 20) else { continue }
            #expect(unit.isKey == (number == 0 || number == 20))
            #expect(Self.kinds(unit) == (unit.isKey ? [7, 8, 5] : [1]))
            guard unit.isKey else { continue }
            // The same each time, and the same that a catalogue was told before the first picture.
            #expect(unit.payload.prefix(encoder.parameterSets.count).equals(encoder.parameterSets))
        }
        #expect(encoder.codec.hasPrefix("avc3.42c0"))
        #expect(H264.supports(codec: encoder.codec))
    }

    @Test(arguments: [
        PictureColor(.bt601, .limited), PictureColor(.bt601, .full), PictureColor(.bt709, .limited),
        PictureColor(.bt709, .full),
    ])
    func coloursTravelWithTheStream(color: PictureColor) throws {
        let encoder = try Self.encoder(64, 48, bitRate: 100_000) { $0.color = color }
        let picture = try #require(MovingScene(width: 64, height: 48).picture(0, timestamp: 0))
        let unit = try #require(try encoder.encode(picture, asKey: false))
        let other = PictureColor(color.matrix == .bt601 ? .bt709 : .bt601, .limited)
        let decoder = try H264Decoder(pool: PicturePool(), color: other)
        #expect(try decoder.decode(unit.payload.span, timestamp: 0).picture?.color == color)
    }

    @Test(arguments: [(642, 362), (16, 16), (640, 360), (90, 160), (1280, 720)])
    func sizesWithCroppedEdges(width: Int, height: Int) throws {
        let encoder = try Self.encoder(width, height, bitRate: 800_000)
        let scene = MovingScene(width: width, height: height)
        let decoder = try H264Decoder(pool: PicturePool())
        let picture = try #require(scene.picture(3, timestamp: 7))
        let unit = try #require(try encoder.encode(picture, asKey: false))
        let decoded = try #require(try decoder.decode(unit.payload.span, timestamp: 7).picture)
        #expect((decoded.width, decoded.height, decoded.timestamp) == (width, height, 7))
        #expect(meanSquaredError(picture, decoded) <= meanSquaredError(atDecibels: 30))
    }

    @Test(arguments: [
        (0, 16), (16, 0), (15, 16), (17, 32), (8, 8), (4098, 16), (16, 4098), (4096, 4096), (-2, 16),
        (.max, .max),
    ])
    func sizesThatCannotBe(width: Int, height: Int) {
        #expect(throws: MediaError.self) { try Self.encoder(width, height, bitRate: 100_000) }
    }

    @Test func settingsThatCannotBe() throws {
        #expect(throws: MediaError.self) { try Self.encoder(64, 64, bitRate: 0) }
        #expect(throws: MediaError.self) { try Self.encoder(64, 64, bitRate: .max) }
        #expect(throws: MediaError.self) { try Self.encoder(64, 64, bitRate: 100_000) { $0.frameRate = 0 } }
        #expect(throws: MediaError.self) {
            try Self.encoder(64, 64, bitRate: 100_000) { $0.frameRate = .nan }
        }
        #expect(throws: MediaError.self) {
            try Self.encoder(64, 64, bitRate: 100_000) { $0.temporalLayers = 5 }
        }
        #expect(throws: MediaError.self) {
            try Self.encoder(64, 64, bitRate: 100_000) { $0.quantizers = 12...52 }
        }
        #expect(throws: MediaError.self) {
            try Self.encoder(64, 64, bitRate: 100_000) { $0.quantizers = 0...51 }
        }
        let encoder = try Self.encoder(64, 64, bitRate: 100_000)
        #expect(throws: MediaError.self) { try encoder.setTarget(bitRate: -1, frameRate: 30) }
        #expect(throws: MediaError.self) { try encoder.setTarget(bitRate: 100_000, frameRate: .infinity) }
        let other = try #require(Picture(width: 32, height: 64))
        #expect(throws: MediaError.self) { try encoder.encode(other, asKey: false) }
    }

    /// What a call sends at 360p: the quality asked of it, and the rate it was told, over five seconds.
    @Test func qualityAndRateOfACameraPicture() throws {
        let encoder = try Self.encoder(640, 360, bitRate: 500_000)
        let decoder = try H264Decoder(pool: PicturePool())
        let film = MovingScene(width: 640, height: 360).film(150, distinct: 24)
        var (bytes, compared, skipped) = (0, 0, 0)
        var error = 0.0
        for (number, picture) in film.enumerated() {
            guard let unit = try encoder.encode(picture, asKey: false) else {
                skipped += 1
                continue
            }
            bytes += unit.payload.count
            let shown = try #require(try decoder.decode(unit).picture)
            guard number % 8 == 0 else { continue }
            error += meanSquaredError(picture, shown)
            compared += 1
        }
        let rate = Double(bytes * 8) / 5
        #expect((450_000...550_000).contains(rate), "\(rate) bits per second")
        #expect(error / Double(compared) <= meanSquaredError(atDecibels: 36))
        #expect(skipped <= 8, "\(skipped) pictures left out")
    }

    @Test func rateFollowsItsTargetWithoutAKeyPicture() throws {
        let encoder = try Self.encoder(320, 180, bitRate: 600_000)
        var bytes = [0, 0, 0]
        for (number, picture) in MovingScene(width: 320, height: 180, noise: 4).film(270, distinct: 24)
            .enumerated()
        {
            if number == 90 { try encoder.setTarget(bitRate: 150_000, frameRate: 30) }
            if number == 180 { try encoder.setTarget(bitRate: 600_000, frameRate: 30) }
            guard let unit = try encoder.encode(picture, asKey: false) else { continue }
            #expect(unit.isKey == (number == 0))
            // The first half second after a change is for the change.
            if number % 90 >= 15 { bytes[number / 90] += unit.payload.count }
        }
        let rates = bytes.map { Double($0 * 8) / 2.5 }
        for (rate, target) in zip(rates, [600_000.0, 150_000, 600_000]) {
            #expect((0.85 * target...1.15 * target).contains(rate), "\(rate) for \(target)")
        }
    }

    @Test(arguments: [15, 60])
    func rateHoldsAtOtherFrameRates(frameRate: Int) throws {
        let encoder = try Self.encoder(320, 180, bitRate: 300_000)
        try encoder.setTarget(bitRate: 300_000, frameRate: Float(frameRate))
        var bytes = 0
        let film = MovingScene(width: 320, height: 180, noise: 4).film(6 * frameRate, distinct: 24)
        for (number, picture) in film.enumerated() {
            var picture = picture
            picture.timestamp = Int64(number * 1_000_000 / frameRate)
            bytes += try encoder.encode(picture, asKey: false)?.payload.count ?? 0
        }
        #expect((255_000...345_000).contains(Double(bytes * 8) / 6), "\(bytes * 8 / 6) bits per second")
    }

    @Test func picturesAreLeftOutWhereTheCoarsestIsTooFine() throws {
        let encoder = try Self.encoder(320, 180, bitRate: 40_000)
        var (bytes, skipped) = (0, 0)
        for picture in MovingScene(width: 320, height: 180, noise: 20).film(180, distinct: 24) {
            if let unit = try encoder.encode(picture, asKey: false) {
                bytes += unit.payload.count
            } else {
                skipped += 1
            }
        }
        #expect(skipped > 0)
        #expect(Double(bytes * 8) / 6 <= 60_000, "\(bytes * 8 / 6) bits per second")
    }

    /// Without the highest layers the rest decodes as cleanly as with them.
    @Test(arguments: [0, 1])
    func higherTemporalLayersCanBeLeftOut(highest: Int) throws {
        let encoder = try Self.encoder(160, 96, bitRate: 300_000)
        let whole = try H264Decoder(pool: PicturePool())
        let reduced = try H264Decoder(pool: PicturePool())
        var layers = [0, 0, 0]
        for picture in MovingScene(width: 160, height: 96).film(64) {
            guard let unit = try encoder.encode(picture, asKey: false) else { continue }
            layers[unit.temporalLayer] += 1
            let expected = try #require(try whole.decode(unit).picture)
            let isDisposable = reduced.isDisposable(unit.payload.span)
            #expect(isDisposable == (unit.temporalLayer == 2))
            guard unit.temporalLayer <= highest else { continue }
            let decoded = try reduced.decode(unit)
            #expect(!decoded.isConcealed && !reduced.needsKeyFrame)
            #expect(meanSquaredError(try #require(decoded.picture), expected) == 0)
        }
        #expect(layers[0] >= 14 && layers[1] >= 14 && layers[2] >= 28, "\(layers)")
    }

    /// A decoder follows a publisher from one size to another and back at key pictures.
    @Test func sizeChangesInOneStream() throws {
        let decoder = try H264Decoder(pool: PicturePool())
        for (width, height) in [(160, 96), (320, 180), (96, 160), (160, 96)] {
            let encoder = try Self.encoder(width, height, bitRate: 300_000)
            for picture in MovingScene(width: width, height: height).film(6) {
                guard let unit = try encoder.encode(picture, asKey: false) else { continue }
                let decoded = try #require(try decoder.decode(unit).picture)
                #expect((decoded.width, decoded.height) == (width, height))
                #expect(meanSquaredError(picture, decoded) <= meanSquaredError(atDecibels: 30))
            }
        }
        #expect(!decoder.needsKeyFrame)
    }

    /// One receiver tells what it has; after a loss the sender goes on from there, without a key picture.
    @Test func longTermReferenceMendsALoss() throws {
        let encoder = try Self.encoder(160, 96, bitRate: 300_000) {
            $0.temporalLayers = 1
            $0.longTermPeriod = 10
        }
        let decoder = try H264Decoder(pool: PicturePool())
        let reference = try H264Decoder(pool: PicturePool())
        var lastGood = 0
        var wasLost = false
        for (number, picture) in MovingScene(width: 160, height: 96).film(60).enumerated() {
            let unit = try #require(try encoder.encode(picture, asKey: false))
            #expect(unit.isKey == (number == 0))
            let expected = try #require(try reference.decode(unit).picture)
            guard number != 35 else { continue }
            let decoded = try decoder.decode(unit)
            let position = decoder.position
            if decoder.needsKeyFrame && !wasLost {
                wasLost = true
                try encoder.recover(at: position, lastGood: lastGood)
                decoder.acceptRecovery()
                continue
            }
            lastGood = position.pictureNumber
            try encoder.acknowledge(position, succeeded: true)
            if number >= 40 {
                #expect(!decoder.needsKeyFrame && !decoded.isConcealed)
                #expect(meanSquaredError(try #require(decoded.picture), expected) == 0)
            }
        }
        #expect(wasLost)
    }

    @Test func timeThatJumpsDoesNotUpsetTheRate() throws {
        let encoder = try Self.encoder(160, 96, bitRate: 200_000)
        var bytes = 0
        for (number, picture) in MovingScene(width: 160, height: 96, noise: 4).film(120).enumerated() {
            var picture = picture
            switch number {
            case 30: picture.timestamp = .max
            case 31: picture.timestamp = .min
            case 60...: picture.timestamp += 7_200_000_000
            default: break
            }
            bytes += try encoder.encode(picture, asKey: false)?.payload.count ?? 0
        }
        #expect((140_000...260_000).contains(bytes * 8 / 4), "\(bytes * 2) bits per second")
    }

    @Test func unitsCostNoNewMemoryInSteadyState() throws {
        let allocator = SliceAllocator(blockSize: 32 * 1024)
        let settings = VideoEncoderSettings(width: 320, height: 180, bitRate: 400_000, frameRate: 30)
        let encoder = try H264Encoder(settings, allocator: allocator)
        let pool = PicturePool()
        let decoder = try H264Decoder(pool: pool)
        var made = (blocks: 0, pictures: 0)
        for (number, picture) in MovingScene(width: 320, height: 180).film(300, distinct: 8).enumerated() {
            if number == 100 { made = (allocator.blocksMade, pool.made) }
            guard let unit = try encoder.encode(picture, asKey: false) else { continue }
            _ = try decoder.decode(unit)
        }
        #expect((allocator.blocksMade, pool.made) == made)
    }
}

extension Slice {
    fileprivate func equals(_ other: Slice) -> Bool { [UInt8](self) == [UInt8](other) }
}
