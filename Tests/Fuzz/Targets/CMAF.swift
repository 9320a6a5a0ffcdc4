import BurrowBase
import BurrowMedia
import FuzzHarness

/// A CMAF stream: its beginning, then fragments. Samples lie within the fragment and within the limits.
enum CMAFTarget: FuzzTarget {
    static func run() {
        fuzz { (input) in
            var choices = Choices(input)
            let kind = choices.element(of: MediaKind.allCases)
            let length = choices.byte() << 8 | choices.byte()
            let container = Container.cmaf(initialisation: choices.bytes(length))
            guard let reader = try? ContainerReader(container, of: kind) else { return }
            require(
                reader.description.map { $0.count <= HangLimits.descriptionBytes } ?? false,
                "description too long"
            )
            let frame = Slice(copying: Array(choices.rest).span)
            var frames: ContiguousArray<EncodedFrame> = []
            do {
                try reader.read(frame, isFirst: true, into: &frames)
            } catch {
                return require(frames.isEmpty, "something is left of a bad frame")
            }
            require(frames.count <= HangLimits.fragmentSamples, "more samples than allowed")
            for (index, sample) in frames.enumerated() {
                require(
                    sample.payload.count > 0 && sample.payload.count < frame.count,
                    "sample of a wrong length"
                )
                require(sample.payload.block === frame.block, "sample of other memory")
                require((0...HangLimits.timestamp).contains(sample.timestamp), "timestamp out of range")
                require(sample.isKey == (index == 0 || kind == .audio), "key frame where there is none")
            }
        }
    }
}
