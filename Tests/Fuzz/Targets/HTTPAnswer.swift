import BurrowNostr
import FuzzHarness

/// The head of a server's answer: whether it comes at once or byte by byte must make no difference.
enum HTTPAnswerTarget: FuzzTarget {
    static func run() {
        fuzz { (input) in
            var whole = Array(input)
            var start = 0
            let first = result(&whole, &start)
            var partial: [UInt8] = []
            var searched = 0
            for byte in input {
                partial.append(byte)
                let next = result(&partial, &searched)
                if next == .incomplete { continue }
                if case .answer = next {
                    require(first == next, "byte by byte it reads differently")
                } else {
                    require(first != .incomplete, "byte by byte it is refused")
                }
                return
            }
            require(first == .incomplete, "byte by byte it has no end")
        }
    }

    private enum Outcome: Equatable {
        case incomplete
        case refused
        case answer(status: Int, fields: Int)
    }

    private static func result(_ bytes: inout [UInt8], _ searched: inout Int) -> Outcome {
        let count = bytes.count
        do throws(WebSocketError) {
            guard let answer = try HTTPAnswer.take(from: &bytes, searched: &searched) else {
                require(count < HTTPAnswer.headBytes, "more is waited for than may come")
                return .incomplete
            }
            require((100...599).contains(answer.status), "a status that is none")
            require(bytes.count < count, "an answer of nothing")
            return .answer(status: answer.status, fields: answer.fields.count)
        } catch {
            return .refused
        }
    }
}
