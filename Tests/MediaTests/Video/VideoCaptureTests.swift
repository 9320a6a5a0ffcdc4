import BurrowBase
import BurrowMedia
import Testing

@Suite struct VideoCaptureTests {
    /// A clock that goes on by two milliseconds each time it is asked.
    private final class TestClock {
        private var time: Int64 = 0

        func now() -> Instant {
            time += 2000
            return Instant(microseconds: time)
        }
    }

    private static func capture(
        _ width: Int,
        _ height: Int,
        bitRate: Int = 200_000,
        change: (inout VideoCaptureConfiguration) -> Void = { _ in }
    ) throws -> VideoCapture<H264Encoder> {
        var configuration = VideoCaptureConfiguration(width: width, height: height, bitRate: bitRate)
        change(&configuration)
        return try VideoCapture(configuration)
    }

    private static func unit(_ outcome: VideoCaptureOutcome) -> VideoAccessUnit? {
        if case .unit(let unit, _) = outcome { unit } else { nil }
    }

    /// Pushes a film and returns the times of the key pictures in units of pictures.
    private static func keys(
        _ capture: VideoCapture<H264Encoder>,
        _ film: [Picture],
        before: (Int) throws -> Void = { _ in }
    ) throws -> [Int] {
        let clock = TestClock()
        var keys: [Int] = []
        for (number, picture) in film.enumerated() {
            try before(number)
            if unit(try capture.push(picture, clock: clock.now))?.isKey == true { keys.append(number) }
        }
        return keys
    }

    @Test func everyGroupBeginsWithAKeyPicture() throws {
        let film = MovingScene(width: 96, height: 64).film(150)
        #expect(try Self.keys(Self.capture(96, 64), film) == [0, 60, 120])
        let shorter = try Self.capture(96, 64) { $0.groupDuration = .seconds(1) }
        #expect(try Self.keys(shorter, film) == [0, 30, 60, 90, 120])
    }

    @Test func requestsOfHalfASecondAreOneKeyPicture() throws {
        let capture = try Self.capture(96, 64)
        let film = MovingScene(width: 96, height: 64).film(60)
        // At 5 one has just been; ten more viewers come until 30.
        let keys = try Self.keys(capture, film) { (number) in
            if number == 5 || (20..<30).contains(number) { capture.requestKey() }
        }
        #expect(keys == [0, 15, 30])
        #expect(capture.figures.keys == 3)
    }

    /// An encoder that was made for little has a level that holds no more; whatever the target, pictures go on.
    @Test(arguments: [(320, 180), (160, 90), (640, 360)])
    func targetsRiseBeyondWhatTheEncoderWasMadeFor(width: Int, height: Int) throws {
        let capture = try Self.capture(width, height, bitRate: 30_000) { $0.frameRate = 5 }
        let film = MovingScene(width: width, height: height).film(60)
        let clock = TestClock()
        for (number, picture) in film.enumerated() {
            let bitRate = 30_000 + number * 50_000
            try capture.setTarget(bitRate: bitRate, frameRate: number < 10 ? 5 : 30)
            _ = try capture.push(picture, clock: clock.now)
        }
        #expect(capture.figures.encoded > 30)
        #expect(capture.figures.encoders == 1)
    }

    /// The first is answered at once; those that follow within half a second asked for the same.
    @Test func requestsThatFollowAnAnswerAreOneWithIt() throws {
        let capture = try Self.capture(96, 64) { $0.groupDuration = .seconds(60) }
        let film = MovingScene(width: 96, height: 64).film(120)
        let keys = try Self.keys(capture, film) { (number) in
            if [40, 43, 46, 90].contains(number) { capture.requestKey() }
        }
        #expect(keys == [0, 40, 90])
    }

    /// Who begins to watch needs a key picture now, and a group's length may change on the way.
    @Test func restartsWaitForNothing() throws {
        let capture = try Self.capture(96, 64) { $0.groupDuration = .seconds(60) }
        let film = MovingScene(width: 96, height: 64).film(90)
        let keys = try Self.keys(capture, film) { (number) in
            if [3, 5].contains(number) { capture.restart() }
            if number == 30 { try capture.setGroupDuration(.seconds(1)) }
        }
        #expect(keys == [0, 3, 5, 35, 65])
        #expect(capture.figures.encoders == 1)
        #expect(throws: MediaError.self) { try capture.setGroupDuration(.milliseconds(99)) }
    }

    @Test(arguments: [
        ((1280, 720), (640, 360), PictureRotation.none, (640, 360)),
        ((1280, 720), (640, 360), .quarter, (360, 640)),
        ((640, 480), (640, 360), .none, (480, 360)),
        ((1920, 800), (640, 360), .none, (640, 266)),
        ((320, 180), (640, 360), .none, (320, 180)),
        ((321, 181), (640, 360), .half, (320, 180)),
        ((360, 640), (640, 360), .none, (360, 640)),
        ((1, 1), (640, 360), .none, (0, 0)),
        ((4096, 16), (640, 360), .none, (0, 0)),
    ])
    func picturesKeepTheirShapeWithinTheSides(
        source: (Int, Int),
        sides: (Int, Int),
        rotation: PictureRotation,
        expected: (Int, Int)
    ) throws {
        let capture = try Self.capture(sides.0, sides.1)
        let host = HostPicture(.nv12, source.0, source.1)
        host.fill { (_, row, byte) in UInt8(truncatingIfNeeded: row &+ byte) }
        guard expected.0 > 0 else {
            #expect(throws: MediaError.self) {
                try capture.push(host.view(rotation: rotation), timestamp: 0, clock: TestClock().now)
            }
            return
        }
        let outcome = try capture.push(host.view(rotation: rotation), timestamp: 5, clock: TestClock().now)
        let unit = try #require(Self.unit(outcome))
        let picture = try H264Decoder(pool: PicturePool()).decode(unit).picture
        #expect(picture.map { ($0.width, $0.height) } ?? (0, 0) == expected)
        #expect(unit.timestamp == 5)
    }

    /// What a host pushes comes out upright and with its colours, whatever it is made of.
    /// Who begins to watch a picture that stands still gets it once more, as a key picture.
    @Test func theLastPictureMayBeEncodedAgain() throws {
        let capture = try Self.capture(96, 64)
        let film = MovingScene(width: 96, height: 64).film(4)
        let clock = TestClock()
        for picture in film { _ = try capture.push(picture, clock: clock.now) }
        guard case .stale = try capture.push(film[3], clock: clock.now) else {
            Issue.record("encoded twice unasked")
            return
        }
        capture.restart()
        let unit = try #require(Self.unit(try capture.push(film[3], clock: clock.now)))
        #expect(unit.isKey && unit.timestamp == film[3].timestamp)
        guard case .stale = try capture.push(film[3], clock: clock.now) else {
            Issue.record("encoded three times")
            return
        }
        capture.restart()
        guard case .stale = try capture.push(film[2], clock: clock.now) else {
            Issue.record("an older one encoded")
            return
        }
    }

    @Test(arguments: PictureFormat.allCases, [PictureRotation.none, .threeQuarters])
    func everyFormatArrives(format: PictureFormat, rotation: PictureRotation) throws {
        let expected = try #require(MovingScene(width: 160, height: 96, noise: 0).picture(9, timestamp: 0))
        var turned = expected
        // The host's camera is mounted so that its pictures must be turned.
        let back = PictureRotation(rawValue: (360 - rotation.rawValue) % 360) ?? .none
        turned.rotation = back
        let (width, height) = rotation.isSideways ? (96, 160) : (160, 96)
        let host = HostPicture(format, width, height, gap: 3, isUpsideDown: true)
        let converter = PictureConverter()
        try converter.convert(PictureView(turned), to: host.view())
        let capture = try Self.capture(160, 96, bitRate: 2_000_000)
        let decoder = try H264Decoder(pool: PicturePool())
        var shown: Picture?
        for number in 0..<10 {
            let view = try host.view(rotation: rotation)
            let outcome = try capture.push(view, timestamp: Int64(number) * 33_333, clock: TestClock().now)
            if let unit = Self.unit(outcome) { shown = try decoder.decode(unit).picture }
        }
        #expect(meanSquaredError(try #require(shown), expected) <= meanSquaredError(atDecibels: 36))
        #expect(host.isIntactAround)
    }

    @Test func newSizesAndColoursGetNewEncodersAndKeyPictures() throws {
        let capture = try Self.capture(160, 96)
        let decoder = try H264Decoder(pool: PicturePool())
        var timestamp: Int64 = 0
        var shown: [String] = []
        for (width, height, color) in [
            (160, 96, PictureColor(.bt601, .limited)), (96, 160, PictureColor(.bt601, .limited)),
            (96, 160, PictureColor(.bt709, .full)),
        ] {
            for number in 0..<4 {
                var picture = try #require(
                    MovingScene(width: width, height: height).picture(number, timestamp: timestamp)
                )
                picture.color = color
                timestamp += 33_333
                guard let unit = Self.unit(try capture.push(picture, clock: TestClock().now)) else {
                    continue
                }
                #expect(unit.isKey == (number == 0))
                let decoded = try #require(try decoder.decode(unit).picture)
                shown.append(
                    "\(decoded.width)x\(decoded.height) \(decoded.color.matrix) \(decoded.color.range)"
                )
            }
        }
        #expect(Set(shown) == ["160x96 bt601 limited", "96x160 bt601 limited", "96x160 bt709 full"])
        #expect(capture.figures.encoders == 3)
    }

    @Test func figuresAddUp() throws {
        let capture = try Self.capture(96, 64)
        let clock = TestClock()
        var units = 0
        var bytes = 0
        for (number, picture) in MovingScene(width: 96, height: 64).film(90).enumerated() {
            if number == 45 { try capture.setTarget(bitRate: 100_000, frameRate: 15) }
            if let unit = Self.unit(try capture.push(picture, clock: clock.now)) {
                units += 1
                bytes += unit.payload.count
            }
            // The same picture again is nothing new.
            if case .stale = try capture.push(picture, clock: clock.now) { continue }
            Issue.record("a picture of the same time was taken")
        }
        let figures = capture.figures
        #expect((figures.pushed, figures.stale) == (180, 90))
        #expect((figures.encoded, figures.bytes) == (units, bytes))
        #expect((21...24).contains(figures.thinned))
        #expect(figures.encoded + figures.thinned + figures.skipped == 90)
        #expect(figures.time == .milliseconds(Int64(figures.encoded + figures.skipped) * 2))
        #expect(figures.longestTime == .milliseconds(2))
    }

    @Test(arguments: [
        (0, 0, 100_000, 30), (8, 640, 100_000, 30), (5000, 360, 100_000, 30), (640, 360, 0, 30),
        (640, 360, 100_000, 0),
        (640, 360, 100_000, 61),
    ])
    func configurationsThatCannotBe(width: Int, height: Int, bitRate: Int, frameRate: Int) {
        #expect(throws: MediaError.self) {
            try Self.capture(width, height, bitRate: bitRate) { $0.frameRate = Float(frameRate) }
        }
    }

    /// A controller that moves the rate four times a second is followed without a single key picture more.
    @Test func rateMovesFourTimesASecond() throws {
        let capture = try Self.capture(320, 180, bitRate: 400_000)
        let film = MovingScene(width: 320, height: 180, noise: 4).film(120, distinct: 24)
        let keys = try Self.keys(capture, film) { (number) in
            guard number % 8 == 0 else { return }
            try capture.setTarget(bitRate: number / 8 % 2 == 0 ? 400_000 : 200_000, frameRate: 30)
        }
        #expect(keys == [0, 60])
        let rate = capture.figures.bytes * 8 / 4
        #expect((250_000...360_000).contains(rate), "\(rate) bits per second")
    }
}
