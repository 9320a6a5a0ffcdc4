/// The head of an HTTP/1.1 answer (RFC 9112 §2.1), read as its bytes come in, with limits and without the liberties
/// that old servers are allowed.
package struct HTTPAnswer: Sendable {
    package let status: Int
    /// Names in lower case.
    package let fields: [(name: String, value: String)]

    package static let headBytes = 16 << 10
    package static let fieldLimit = 100

    /// Takes the head off the front of `bytes`. `nil` as long as it is not complete; `searched` is how far its end was
    /// looked for, 0 at the beginning.
    package static func take(
        from bytes: inout [UInt8],
        searched: inout Int
    ) throws(WebSocketError) -> HTTPAnswer? {
        guard let end = endOfHead(bytes, from: max(searched - 3, 0)) else {
            searched = bytes.count
            // What is no HTTP need not be waited for.
            let start = Array("HTTP/1.".utf8)
            guard bytes.prefix(start.count).elementsEqual(start.prefix(bytes.count)) else {
                throw error("answer is no HTTP")
            }
            guard bytes.count < headBytes else { throw error("answer is too long") }
            return nil
        }
        guard end <= headBytes else { throw error("answer is too long") }
        let head = bytes[..<(end - 4)]
        guard head.allSatisfy({ ($0 >= 0x20 && $0 != 0x7f) || $0 == 9 || $0 == 13 || $0 == 10 }),
            let text = String(validating: head, as: UTF8.self)
        else { throw error("answer has a character that HTTP does not") }
        let answer = try HTTPAnswer(text)
        bytes.removeFirst(end)
        return answer
    }

    private static func endOfHead(_ bytes: [UInt8], from start: Int) -> Int? {
        var last: UInt32 = 0
        for (index, byte) in bytes[min(start, bytes.count)...].enumerated() {
            last = last << 8 | UInt32(byte)
            // CR LF CR LF.
            if last == 0x0d0a_0d0a { return start + index + 1 }
        }
        return nil
    }

    private init(_ text: String) throws(WebSocketError) {
        var lines = try Self.lines(text)[...]
        guard let first = lines.popFirst() else { throw Self.error("answer is empty") }
        let words = first.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
        guard words.count >= 2, words[0] == "HTTP/1.1" || words[0] == "HTTP/1.0", words[1].utf8.count == 3,
            words[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }), let status = Int(words[1]),
            (100...599).contains(status)
        else { throw Self.error("answer is no HTTP") }
        self.status = status
        guard lines.count <= Self.fieldLimit else { throw Self.error("answer has too many fields") }
        var fields: [(name: String, value: String)] = []
        for line in lines {
            guard let colon = line.utf8.firstIndex(of: UInt8(ascii: ":")) else {
                throw Self.error("answer has a line that is no field")
            }
            let name = line[..<colon]
            guard !name.isEmpty, name.utf8.allSatisfy(Self.isTokenCharacter) else {
                throw Self.error("answer has a field with a bad name")
            }
            fields.append((name.lowercased(), Self.trimmed(line[line.utf8.index(after: colon)...])))
        }
        self.fields = fields
    }

    /// Splits at CR LF, and refuses one without the other.
    private static func lines(_ text: String) throws(WebSocketError) -> [Substring] {
        var lines: [Substring] = []
        var rest = text.utf8[...]
        while let end = rest.firstIndex(of: 13) {
            lines.append(Substring(rest[..<end]))
            rest = rest[rest.index(after: end)...]
            guard rest.popFirst() == 10 else { throw error("answer has half a line end") }
        }
        lines.append(Substring(rest))
        guard lines.allSatisfy({ !$0.utf8.contains(10) }) else { throw error("answer has half a line end") }
        return lines
    }

    private static func trimmed(_ text: Substring) -> String {
        var bytes = text.utf8[...]
        while let first = bytes.first, first == 0x20 || first == 9 { bytes = bytes.dropFirst() }
        while let last = bytes.last, last == 0x20 || last == 9 { bytes = bytes.dropLast() }
        return String(Substring(bytes))
    }

    /// RFC 9110 §5.6.2.
    private static func isTokenCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }

    /// The one value of a field; `nil` when it is missing or stands twice.
    package func value(of name: String) -> String? {
        let found = fields.filter { $0.name == name }
        return found.count == 1 ? found.first?.value : nil
    }

    package func has(_ name: String) -> Bool {
        fields.contains { $0.name == name }
    }

    /// Whether a list field names a token, in whatever case.
    package func names(_ token: String, in name: String) -> Bool {
        fields.contains { (field) in
            field.name == name
                && field.value.split(separator: ",").contains { Self.trimmed($0).lowercased() == token }
        }
    }

    private static func error(_ problem: String) -> WebSocketError {
        WebSocketError(.badAnswer, "server's \(problem)")
    }
}
