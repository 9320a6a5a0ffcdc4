import BurrowBase
import BurrowMedia
import FuzzHarness

/// A stream of access units into the decoder, each behind a length of two bytes. A picture that comes out has a size
/// within the limits, and never more are out than the pool allows.
enum H264StreamTarget: FuzzTarget {
    static func run() {
        fuzz { (input) in
            var choices = Choices(input)
            let pool = PicturePool(limit: 2)
            guard let decoder = try? H264Decoder(pool: pool) else { preconditionFailure("no decoder") }
            var time: Int64 = 0
            while !choices.rest.isEmpty {
                let length = choices.byte() << 8 | choices.byte()
                let unit = choices.bytes(length)
                time += 33_333
                guard let decoded = try? decoder.decode(unit.span, timestamp: time) else { continue }
                if let picture = decoded.picture { check(picture) }
            }
            var left = 0
            while let picture = decoder.flush() {
                check(picture)
                left += 1
                precondition(left <= 32, "more pictures are left than a decoder may keep")
            }
            precondition(pool.made <= 32)
        }
    }

    private static func check(_ picture: Picture) {
        precondition((1...Picture.sizeLimit).contains(picture.width))
        precondition((1...Picture.sizeLimit).contains(picture.height))
    }
}
