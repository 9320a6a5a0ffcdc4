import BurrowBase
import BurrowCrypto
import FuzzHarness

/// A header that is read is written the same way: no header has two forms.
enum SFrameHeaderTarget: FuzzTarget {
    static func run() {
        fuzz { (input) in
            var reader = ByteReader(input.span)
            guard let header = try? SFrameHeader(from: &reader) else { return }
            require(header.bytes == Array(input.prefix(reader.offset)), "a header has two forms")
            require(header.byteCount == reader.offset, "a header has two lengths")
        }
    }
}
