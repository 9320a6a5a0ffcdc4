import BurrowBase
import BurrowMedia
import Testing

@Suite struct H264RoundTripTests {
    @Test func picturesSurviveEncodingAndDecoding() throws {
        let scene = MovingScene(width: 320, height: 180)
        let encoder = try H264Encoder(
            .init(width: 320, height: 180, bitRate: 400_000, frameRate: 30),
            allocator: SliceAllocator()
        )
        let decoder = try H264Decoder(pool: PicturePool())
        var shown = 0
        var error = 0.0
        for number in 0..<30 {
            var picture = try #require(Picture(width: 320, height: 180, timestamp: Int64(number) * 33_333))
            scene.draw(number, into: &picture)
            guard let unit = try encoder.encode(picture, asKey: false) else { continue }
            #expect(unit.isKey == (number == 0))
            let decoded = try decoder.decode(unit)
            let result = try #require(decoded.picture)
            #expect((result.width, result.height, result.timestamp) == (320, 180, picture.timestamp))
            error += meanSquaredError(picture, result)
            shown += 1
        }
        #expect(shown >= 28)
        #expect(error / Double(shown) <= meanSquaredError(atDecibels: 36))
    }
}
