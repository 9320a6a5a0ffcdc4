/// Bytes of a URL that are written as a percent sign and two hexadecimal digits (RFC 3986 §2.1).
package enum PercentEncoding {
    /// Whether two digits follow every percent sign.
    package static func isComplete(in text: Substring) -> Bool {
        var rest = text.utf8
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else { continue }
            guard rest.popFirst().flatMap(Hex.value) != nil, rest.popFirst().flatMap(Hex.value) != nil else {
                return false
            }
        }
        return true
    }
}
