import BurrowBase
import BurrowMedia
import FuzzHarness

/// Frames in the containers `legacy` and `loc`: what comes out lies inside of what went in, and a legacy frame written
/// from it holds the same.
enum ContainerTarget: FuzzTarget {
    static func run() {
        let allocator = SliceAllocator()
        fuzz { (input) in
            var choices = Choices(input)
            let container = choices.element(of: [Container.legacy, .loc])
            let kind = choices.element(of: MediaKind.allCases)
            let isFirst = choices.byte() % 2 == 0
            let frame = Slice(copying: Array(choices.rest).span)
            var frames: ContiguousArray<EncodedFrame> = []
            guard let reader = try? ContainerReader(container, of: kind) else { preconditionFailure() }
            do {
                try reader.read(frame, isFirst: isFirst, into: &frames)
            } catch {
                return require(frames.isEmpty, "something is left of a bad frame")
            }
            require(frames.count <= 1, "more than one frame")
            guard let taken = frames.first else { return }
            require(taken.payload.count > 0 && taken.payload.count < frame.count, "payload of a wrong length")
            require(
                Array(choices.rest).suffix(taken.payload.count).elementsEqual([UInt8](taken.payload)),
                "other bytes"
            )
            require(taken.isKey == (isFirst || kind == .audio), "key frame where there is none")
            let written = try? LegacyFrame.write(
                timestamp: taken.timestamp,
                payload: taken.payload.span,
                allocator: allocator
            )
            guard let written else { return require(false, "a frame that was read cannot be written") }
            var again: ContiguousArray<EncodedFrame> = []
            try? ContainerReader(.legacy, of: kind).read(written, isFirst: isFirst, into: &again)
            require(again.first?.timestamp == taken.timestamp, "the timestamp changes on its way")
            require(
                again.first.map { [UInt8]($0.payload) } == [UInt8](taken.payload),
                "bytes change on their way"
            )
        }
    }
}
