internal import BurrowBase

/// Reads the query of a URL, `name=value` pairs between ampersands.
enum URLQuery {
    /// The token under `jwt`, `nil` when there is none. Two are one too many: programs disagree which counts.
    static func token(in query: String) throws(AccessError) -> String? {
        var token: String?
        for pair in query.utf8.split(separator: UInt8(ascii: "&")) {
            let name = pair.prefix { $0 != UInt8(ascii: "=") }
            guard decoded(name) == "jwt" else { continue }
            guard token == nil else { throw AccessError(.malformed, "query has two tokens") }
            guard let value = decoded(pair.dropFirst(name.count + 1)) else {
                throw AccessError(.malformed, "token in query is not percent-encoded UTF-8")
            }
            token = value
        }
        return token
    }

    /// Percent-decoding (RFC 3986 §2.1); `nil` when the escapes are incomplete or the result is not UTF-8.
    static func decoded(_ text: some Collection<UInt8>) -> String? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var rest = text[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%") {
                guard let high = rest.popFirst().flatMap(Hex.value),
                    let low = rest.popFirst().flatMap(Hex.value)
                else { return nil }
                bytes.append(high << 4 | low)
            } else {
                bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
