/// The body of an HTTP/1.1 answer (RFC 9112 §6 and §7.1), read as its bytes come in.
package struct HTTPBody: Sendable {
    private enum Framing: Sendable {
        case length(Int)
        /// The server says where it ends by ending the connection.
        case untilEnd
        case chunkSize
        case chunk(left: Int)
        case chunkEnd
        case trailer
        case complete
    }

    package static let byteLimit = 64 << 10
    /// A line of the chunked form, and all of the trailer.
    private static let lineLimit = 4096

    package private(set) var bytes: [UInt8] = []
    private var framing: Framing
    /// Of a line that is not complete.
    private var line: [UInt8] = []
    private var trailerBytes = 0

    /// What follows a head.
    package init(after head: HTTPAnswer) throws(WebSocketError) {
        if head.status == 204 || head.status == 304 {
            framing = .complete
        } else if head.has("transfer-encoding") {
            // Both together are how requests are smuggled (RFC 9112 §6.3).
            guard head.value(of: "transfer-encoding")?.lowercased() == "chunked",
                !head.has("content-length")
            else { throw Self.error("has a body in an unknown form") }
            framing = .chunkSize
        } else if head.has("content-length") {
            guard let text = head.value(of: "content-length"), let count = Self.number(text, radix: 10) else {
                throw Self.error("has a bad length")
            }
            guard count <= Self.byteLimit else { throw Self.tooLarge }
            framing = count == 0 ? .complete : .length(count)
        } else {
            framing = .untilEnd
        }
    }

    package var isComplete: Bool {
        if case .complete = framing { return true }
        return false
    }

    /// Reads on. What follows the body is left alone.
    package mutating func receive(_ more: [UInt8]) throws(WebSocketError) {
        var rest = more[...]
        while !rest.isEmpty, !isComplete {
            switch framing {
            case .complete: break
            case .length(let left): framing = try take(left, &rest).map { .length($0) } ?? .complete
            case .untilEnd:
                guard bytes.count + rest.count <= Self.byteLimit else { throw Self.tooLarge }
                bytes.append(contentsOf: rest)
                rest = []
            case .chunk(let left): framing = try take(left, &rest).map { .chunk(left: $0) } ?? .chunkEnd
            case .chunkSize, .chunkEnd, .trailer: try readLine(&rest)
            }
        }
    }

    /// The connection ended; whether the body did, too.
    package mutating func end() -> Bool {
        if case .untilEnd = framing { framing = .complete }
        return isComplete
    }

    /// Takes up to `left` bytes of content. How many are missing; `nil` when none are.
    private mutating func take(_ left: Int, _ rest: inout ArraySlice<UInt8>) throws(WebSocketError) -> Int? {
        let taken = rest.prefix(left)
        guard bytes.count + taken.count <= Self.byteLimit else { throw Self.tooLarge }
        bytes.append(contentsOf: taken)
        rest = rest.dropFirst(taken.count)
        return taken.count == left ? nil : left - taken.count
    }

    private mutating func readLine(_ rest: inout ArraySlice<UInt8>) throws(WebSocketError) {
        while let byte = rest.popFirst() {
            line.append(byte)
            guard line.count <= Self.lineLimit else { throw Self.error("has a line that is too long") }
            guard byte == 10 else { continue }
            guard line.count >= 2, line[line.count - 2] == 13 else {
                throw Self.error("has half a line end")
            }
            let text = line.dropLast(2)
            defer { line = [] }
            return try readLine(text)
        }
    }

    private mutating func readLine(_ text: ArraySlice<UInt8>) throws(WebSocketError) {
        switch framing {
        case .chunkEnd:
            guard text.isEmpty else { throw Self.error("has a chunk of another length") }
            framing = .chunkSize
        case .chunkSize:
            // Extensions may be ignored (RFC 9112 §7.1.1).
            let digits = text.prefix { $0 != UInt8(ascii: ";") && $0 != 0x20 && $0 != 9 }
            guard let count = Self.number(String(decoding: digits, as: UTF8.self), radix: 16) else {
                throw Self.error("has a chunk without a length")
            }
            guard bytes.count + count <= Self.byteLimit else { throw Self.tooLarge }
            framing = count == 0 ? .trailer : .chunk(left: count)
        default:
            trailerBytes += text.count + 2
            guard trailerBytes <= Self.lineLimit else { throw Self.error("has a trailer that is too long") }
            if text.isEmpty { framing = .complete }
        }
    }

    /// Digits and nothing else.
    private static func number(_ text: String, radix: Int) -> Int? {
        guard (1...15).contains(text.utf8.count),
            text.utf8.allSatisfy({ (byte) in
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"): true
                case UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"): radix == 16
                default: false
                }
            })
        else { return nil }
        return Int(text, radix: radix)
    }

    private static var tooLarge: WebSocketError {
        WebSocketError(.tooLarge, "server's answer is longer than \(byteLimit) bytes")
    }

    private static func error(_ problem: String) -> WebSocketError {
        WebSocketError(.badAnswer, "server's answer \(problem)")
    }
}
