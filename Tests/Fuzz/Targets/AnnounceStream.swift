import BurrowMoQ
import FuzzHarness

/// A publisher's side of an announce stream, whole and in pieces, which must read alike.
enum AnnounceStreamTarget: FuzzTarget {
    static func run() {
        fuzz { (input) in
            var choices = Choices(input)
            let version = choices.element(of: Version.allCases)
            let size = 1 + choices.byte()
            let stream = Array(choices.rest)
            let whole = read(version, stream, pieces: max(stream.count, 1))
            precondition(whole == read(version, stream, pieces: size), "pieces read differently")
            for message in whole { _ = message.encode(version) }
        }
    }

    private static func read(_ version: Version, _ stream: [UInt8], pieces size: Int) -> [AnnounceMessage] {
        var choices = Choices(stream)
        var buffer = MessageBuffer()
        var decoder = AnnounceDecoder(version)
        var result: [AnnounceMessage] = []
        while !choices.rest.isEmpty {
            buffer.append(choices.bytes(size).span)
            do {
                while let message = try decoder.next(from: &buffer) { result.append(message) }
            } catch {
                return result
            }
        }
        return result
    }
}
