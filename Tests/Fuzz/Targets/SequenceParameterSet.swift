import BurrowBase
import BurrowMedia
import FuzzHarness

/// The first parameter set of a stream. What is accepted has a size that memory can be had for.
enum SequenceParameterSetTarget: FuzzTarget {
    static func run() {
        fuzz { (input) in
            guard let set = try? SequenceParameterSet.parse(input.span) else { return }
            precondition(set.width > 0 && set.width <= set.codedWidth && set.codedWidth <= Picture.sizeLimit)
            precondition(
                set.height > 0 && set.height <= set.codedHeight && set.codedHeight <= Picture.sizeLimit
            )
            precondition(H264(codec: H264(form: .avc3, set).codec) == H264(form: .avc3, set))
            if set.refusal == nil {
                precondition(set.isProgressive && set.bitDepth == 8 && set.chromaFormat == 1)
            }
        }
    }
}
