import BurrowBase
import BurrowMoQ
import FuzzHarness

/// A unidirectional stream from its first byte, whole and in pieces, which must read alike.
enum GroupStreamTarget: FuzzTarget {
    static func run() {
        fuzz { (input) in
            var choices = Choices(input)
            let version = choices.element(of: Version.allCases)
            let size = 1 + choices.byte()
            let stream = Array(choices.rest)
            let whole = read(version, stream, pieces: max(stream.count, 1))
            precondition(whole == read(version, stream, pieces: size), "pieces read differently")
        }
    }

    private struct Outcome: Equatable {
        var opening: StreamOpeningParser.Opening?
        var deltas: [Int64?] = []
        var lengths: [Int] = []
        var payload: [UInt8] = []
        var ends = 0
        var error: DecodeError?
    }

    private static func read(_ version: Version, _ stream: [UInt8], pieces size: Int) -> Outcome {
        var choices = Choices(stream)
        var opening = StreamOpeningParser(version)
        var parser = GroupParser(timestamped: version.hasTimestamps)
        var outcome = Outcome()
        do {
            while !choices.rest.isEmpty {
                var input = Slice(copying: choices.bytes(size).span)
                if outcome.opening == nil { outcome.opening = try opening.next(&input) }
                guard case .group = outcome.opening else { continue }
                while let event = try parser.next(&input) {
                    switch event {
                    case .frame(let delta, let length):
                        precondition(length <= WireLimits.frameBytes)
                        outcome.deltas.append(delta)
                        outcome.lengths.append(length)
                    case .payload(let bytes, let isLast):
                        outcome.payload += [UInt8](bytes)
                        if isLast { outcome.ends += 1 }
                    }
                }
                precondition(input.count == 0, "a parser that wants more left something")
            }
        } catch {
            outcome.error = error
        }
        return outcome
    }
}
