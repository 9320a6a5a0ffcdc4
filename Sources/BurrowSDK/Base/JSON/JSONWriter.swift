/// Writes compact JSON. Objects and arrays are closures, so brackets always match.
///
/// The caller gives names inside an object and none inside an array, and writes one value at the top.
package struct JSONWriter {
    package private(set) var bytes: [UInt8] = []
    private var needsComma = false

    package init() {}

    /// The JSON text of what `body` writes.
    package static func text(_ body: (inout JSONWriter) -> Void) -> String {
        var writer = JSONWriter()
        body(&writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    package mutating func object(for name: String? = nil, _ body: (inout JSONWriter) -> Void) {
        nest(name, open: "{", close: "}", body)
    }

    package mutating func array(for name: String? = nil, _ body: (inout JSONWriter) -> Void) {
        nest(name, open: "[", close: "]", body)
    }

    package mutating func string(_ value: String, for name: String? = nil) {
        begin(name)
        quote(value)
    }

    package mutating func integer(_ value: some FixedWidthInteger, for name: String? = nil) {
        begin(name)
        bytes.append(contentsOf: String(value).utf8)
    }

    /// JSON has no infinity and no NaN; they are written as `null`.
    package mutating func double(_ value: Double, for name: String? = nil) {
        guard value.isFinite else { return null(for: name) }
        begin(name)
        bytes.append(contentsOf: value.description.utf8)
    }

    package mutating func bool(_ value: Bool, for name: String? = nil) {
        begin(name)
        bytes.append(contentsOf: (value ? "true" : "false").utf8)
    }

    package mutating func null(for name: String? = nil) {
        begin(name)
        bytes.append(contentsOf: "null".utf8)
    }

    package mutating func value(_ value: JSON, for name: String? = nil) {
        switch value {
        case .null: null(for: name)
        case .bool(let value): bool(value, for: name)
        case .integer(let value): integer(value, for: name)
        case .double(let value): double(value, for: name)
        case .string(let value): string(value, for: name)
        case .array(let elements):
            array(for: name) { (writer) in
                for element in elements { writer.value(element) }
            }
        case .object(let object):
            self.object(for: name) { (writer) in
                for member in object.members { writer.value(member.value, for: member.key) }
            }
        }
    }

    private mutating func nest(
        _ name: String?,
        open: Unicode.Scalar,
        close: Unicode.Scalar,
        _ body: (inout JSONWriter) -> Void
    ) {
        begin(name)
        bytes.append(UInt8(ascii: open))
        needsComma = false
        body(&self)
        bytes.append(UInt8(ascii: close))
        needsComma = true
    }

    private mutating func begin(_ name: String?) {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
        guard let name else { return }
        quote(name)
        bytes.append(UInt8(ascii: ":"))
    }

    /// RFC 8259 §7: quotation mark, backslash and control characters are escaped, all else stands as UTF-8.
    private mutating func quote(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): bytes.append(contentsOf: "\\\"".utf8)
            case UInt8(ascii: "\\"): bytes.append(contentsOf: "\\\\".utf8)
            case 0x0a: bytes.append(contentsOf: "\\n".utf8)
            case 0x0d: bytes.append(contentsOf: "\\r".utf8)
            case 0x09: bytes.append(contentsOf: "\\t".utf8)
            case 0..<0x20, 0x7f:
                bytes.append(contentsOf: "\\u00".utf8)
                bytes.append(contentsOf: Hex.encode([byte]).utf8)
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}

extension JSON {
    /// The value as compact JSON text.
    package var encoded: [UInt8] {
        var writer = JSONWriter()
        writer.value(self)
        return writer.bytes
    }
}
