import BurrowBase
import BurrowMedia
import FuzzHarness

/// Any bytes as a byte stream and as units behind lengths: the units lie inside, in order, and a stream made of those
/// found has the same again.
enum AnnexBTarget: FuzzTarget {
    static func run() {
        fuzz { (input) in
            var choices = Choices(input)
            let lengthSize = choices.byte() % 4 + 1
            let bytes = Array(choices.rest)
            var units = AnnexB(bytes.span)
            var (last, stream, found): (Int, [UInt8], [[UInt8]]) = (0, [], [])
            while let unit = units.nextUnit() {
                check(unit, in: bytes, after: last)
                last = unit.range.upperBound
                found.append(Array(bytes[unit.range]))
                stream += [0, 0, 1] + bytes[unit.range]
            }
            var again = AnnexB(stream.span)
            for unit in found {
                guard let next = again.nextUnit() else { preconditionFailure("a unit is lost") }
                precondition(Array(stream[next.range]) == unit, "a unit changes")
            }
            precondition(again.nextUnit() == nil, "a unit comes from nowhere")
            readLengths(bytes, lengthSize)
            bringIntoForm(bytes, cut: bytes.count * lengthSize / 5)
        }
    }

    /// As a host's encoder gives it, in two units: a key picture that goes out can be decoded without what was before.
    private static func bringIntoForm(_ bytes: [UInt8], cut: Int) {
        _ = try? AnnexBForm.check(bytes.span)
        let allocator = SliceAllocator()
        var form = AnnexBForm()
        for part in [Array(bytes[..<cut]), Array(bytes[cut...])] {
            guard let unit = try? form.convert(Slice(copying: part.span), allocator) else { continue }
            precondition(unit.payload.count >= part.count, "a part is lost")
            guard unit.isKey, let set = unit.parameterSet else { continue }
            var fresh = AnnexBForm()
            let again = try? fresh.convert(unit.payload, allocator)
            precondition(again?.isKey == true && again?.parameterSet == set, "the parameter sets are lost")
        }
    }

    private static func readLengths(_ bytes: [UInt8], _ lengthSize: Int) {
        var units = LengthPrefixedUnits(bytes.span, lengthSize: lengthSize)
        var last = 0
        while let unit = try? units.nextUnit() {
            check(unit, in: bytes, after: last)
            last = unit.range.upperBound
        }
    }

    private static func check(_ unit: NALUnit, in bytes: [UInt8], after last: Int) {
        precondition(
            unit.range.lowerBound >= last && !unit.range.isEmpty && unit.range.upperBound <= bytes.count
        )
        precondition(unit.header == bytes[unit.range.lowerBound])
    }
}
