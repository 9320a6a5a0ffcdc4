import BurrowMedia

/// Pictures like those of a camera: a soft background that drifts, shapes that move over it, and the noise of a sensor.
/// The same picture for the same number, so a test can compare what comes back with what went in.
struct MovingScene {
    let width: Int
    let height: Int
    var noise = 2

    func picture(_ number: Int, timestamp: Int64) -> Picture? {
        guard var picture = Picture(width: width, height: height, timestamp: timestamp) else { return nil }
        draw(number, into: &picture)
        return picture
    }

    /// A film of `count` pictures of which `distinct` differ: forwards and back again, 30 a second.
    func film(_ count: Int, distinct: Int = 30) -> [Picture] {
        let drawn = (0..<min(count, distinct)).compactMap { picture($0, timestamp: 0) }
        return (0..<count).map { (number) in
            var picture = drawn[triangle(number, drawn.count - 1)]
            picture.timestamp = Int64(number) * 1_000_000 / 30
            return picture
        }
    }

    /// Writes picture `number`.
    func draw(_ number: Int, into picture: inout Picture) {
        var random = UInt32(truncatingIfNeeded: number &* 7919 &+ 1)
        let (w, h, stride) = (width, height, picture.lumaStride)
        let (centreX, centreY) = (w / 2 + triangle(number * 2, w / 4), h / 2 + triangle(number, h / 8))
        let radius = h / 4
        let columns = (0..<w).map { 60 + triangle($0 + number / 2, w) * 80 / w }
        let wave = (0..<80).map { 150 + triangle($0, 40) }
        var luma = picture.mutableSamples(of: .y)
        for y in 0..<h {
            let row = triangle(y * 2, h) * 40 / h
            let inside = radius * radius - (y - centreY) * (y - centreY)
            for x in 0..<w {
                random = random &* 1_664_525 &+ 1_013_904_223
                let dx = x - centreX
                var value = columns[x] + row
                if dx * dx < inside { value = wave[(dx * 3 + y - centreY + 80 * 64) % 80] }
                value += Int(random >> 24) * (2 * noise + 1) / 256 - noise
                luma[y * stride + x] = UInt8(clamping: value)
            }
        }
        drawChroma(.u, number, &picture, inside: 110, outside: 132)
        drawChroma(.v, number, &picture, inside: 155, outside: 124)
    }

    private func drawChroma(
        _ plane: Picture.Plane,
        _ number: Int,
        _ picture: inout Picture,
        inside: Int,
        outside: Int
    ) {
        let (w, h, stride) = (picture.chromaWidth, picture.chromaHeight, picture.chromaStride)
        let (centreX, centreY) = (
            width / 2 + triangle(number * 2, width / 4), height / 2 + triangle(number, height / 8)
        )
        let radius = height / 4
        var samples = picture.mutableSamples(of: plane)
        for y in 0..<h {
            for x in 0..<w {
                let (dx, dy) = (2 * x - centreX, 2 * y - centreY)
                let isInside = dx * dx + dy * dy < radius * radius
                samples[y * stride + x] = UInt8(clamping: isInside ? inside : outside + triangle(x, 16) / 4)
            }
        }
    }

    /// Goes up to `period` and back, again and again.
    private func triangle(_ position: Int, _ period: Int) -> Int {
        guard period > 0 else { return 0 }
        let phase = ((position % (2 * period)) + 2 * period) % (2 * period)
        return phase < period ? phase : 2 * period - phase
    }
}
