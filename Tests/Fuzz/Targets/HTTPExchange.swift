import BurrowNostr
import FuzzHarness

/// A server's whole answer: whether it comes at once or byte by byte must make no difference.
enum HTTPExchangeTarget: FuzzTarget {
    static func run() {
        fuzz { (input) in
            let whole = outcome(input, step: max(input.count, 1))
            let slow = outcome(input, step: 1)
            // What follows the body is not looked at, and a mistake in it is seen or not.
            require(whole == slow, "byte by byte it reads differently")
            if case .body(let bytes) = whole {
                require(bytes.count <= HTTPBody.byteLimit && bytes.count <= input.count, "more than was sent")
            }
        }
    }

    private enum Outcome: Equatable {
        case body([UInt8])
        case refused
    }

    private static func outcome(_ input: [UInt8], step: Int) -> Outcome {
        var exchange = HTTPExchange()
        var rest = input[...]
        do throws(WebSocketError) {
            while !rest.isEmpty {
                let part = Array(rest.prefix(step))
                rest = rest.dropFirst(part.count)
                if let body = try exchange.receive(part) { return .body(body) }
            }
            return .body(try exchange.end())
        } catch {
            return .refused
        }
    }
}
