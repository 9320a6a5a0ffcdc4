import BurrowMedia
import Testing

@Suite struct PicturePoolTests {
    @Test func memoryIsUsedAgainAndBounded() throws {
        let pool = PicturePool(limit: 3)
        func take(_ width: Int = 64) -> Picture? {
            pool.picture(width: width, height: 48, timestamp: 1, color: .standard)
        }
        for _ in 0..<100 { #expect(take() != nil) }
        #expect(pool.made == 1)
        var held = [take(), take(), take()]
        #expect(held.allSatisfy { $0 != nil } && take() == nil)
        let places = Set(held.compactMap { $0.map { ObjectIdentifier($0.memory) } })
        #expect(places.count == 3)
        held[1] = nil
        #expect(take() != nil)
        #expect(pool.made == 3)
        // Larger pictures replace the memory, smaller ones fit.
        held = []
        for _ in 0..<10 { #expect(take(128) != nil) }
        let made = pool.made
        for _ in 0..<10 { #expect(take(32) != nil && take(128) != nil) }
        #expect(pool.made == made && made <= 6)
    }

    @Test(arguments: [(0, 1), (1, 0), (4097, 1), (1, 4097), (-1, -1), (.max, .max)])
    func impossibleSizesGetNoMemory(width: Int, height: Int) {
        let pool = PicturePool()
        #expect(pool.picture(width: width, height: height, timestamp: 0, color: .standard) == nil)
        #expect(Picture(width: width, height: height) == nil)
        #expect(pool.made == 0)
    }

    @Test(arguments: [(1, 1), (63, 47), (4096, 4096)])
    func planesAreAlignedAndApart(width: Int, height: Int) throws {
        let picture = try #require(Picture(width: width, height: height))
        let starts = Picture.Plane.allCases.map { unsafe Int(bitPattern: picture.start(of: $0)) }
        #expect(starts.allSatisfy { $0 % PictureMemory.alignment == 0 })
        #expect(starts[1] - starts[0] == picture.lumaStride * height)
        #expect(starts[2] - starts[1] == picture.chromaStride * ((height + 1) / 2))
        #expect(picture.lumaStride >= width && picture.chromaStride >= (width + 1) / 2)
        #expect(picture.samples(of: .v).count == picture.chromaStride * picture.chromaHeight)
    }
}
