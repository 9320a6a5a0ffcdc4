import BurrowBase
import BurrowMedia

/// The mean squared difference of the luma of two pictures of one size.
func meanSquaredError(_ a: Picture, _ b: Picture) -> Double {
    let (left, right) = (a.samples(of: .y), b.samples(of: .y))
    var sum = 0
    for y in 0..<min(a.height, b.height) {
        for x in 0..<min(a.width, b.width) {
            let difference = Int(left[y * a.lumaStride + x]) - Int(right[y * b.lumaStride + x])
            sum += difference * difference
        }
    }
    return Double(sum) / Double(a.width * a.height)
}

/// A peak signal-to-noise ratio of `decibels` as the mean squared error it stands for: no logarithm needed to compare.
func meanSquaredError(atDecibels decibels: Int) -> Double {
    var ratio = 1.0
    for _ in 0..<decibels { ratio *= 1.2589254117941673 }
    return 255 * 255 / ratio
}

extension VideoDecoder {
    func decode(_ unit: [UInt8], timestamp: Int64) throws(MediaError) -> DecodedPicture {
        try decode(unit.span, timestamp: timestamp)
    }

    func decode(_ unit: VideoAccessUnit) throws(MediaError) -> DecodedPicture {
        try decode(unit.payload.span, timestamp: unit.timestamp)
    }
}
