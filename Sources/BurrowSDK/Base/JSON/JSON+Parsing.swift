internal import CJansson

extension JSON {
    /// What a text may cost us.
    package struct Limits: Sendable {
        package var bytes: Int
        /// How many objects and arrays may stand inside each other.
        package var depth: Int
        /// Whether strings may contain the character NUL, escaped. Names of members never may.
        package var allowsNUL: Bool

        package init(bytes: Int = 1 << 20, depth: Int = 32, allowsNUL: Bool = false) {
            self.bytes = bytes
            self.depth = depth
            self.allowsNUL = allowsNUL
        }
    }

    /// Reads one JSON text of any type. Objects that name a member twice, NUL characters unless the limits allow them,
    /// and integers beyond 64 bits are refused.
    package static func parse(_ bytes: [UInt8], limits: Limits = Limits()) throws(JSONError) -> JSON {
        try parse(bytes.span, limits: limits)
    }

    package static func parse(_ bytes: Span<UInt8>, limits: Limits = Limits()) throws(JSONError) -> JSON {
        guard bytes.count <= limits.bytes else {
            throw JSONError(.tooLarge, "JSON is longer than \(limits.bytes) bytes")
        }
        try scan(bytes, limits: limits)
        var error = json_error_t()
        let flags = Int(JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | (limits.allowsNUL ? JSON_ALLOW_NUL : 0))
        let loaded = unsafe bytes.withUnsafeBytes { (buffer) in
            // An empty span has no address, and Jansson wants one.
            guard let start = buffer.baseAddress else { return unsafe json_loadb("", 0, flags, &error) }
            let text = unsafe start.assumingMemoryBound(to: CChar.self)
            return unsafe json_loadb(text, buffer.count, flags, &error)
        }
        guard let root = unsafe loaded else { throw JSONError(error) }
        defer { unsafe json_decref(root) }
        return try unsafe JSON(copying: root)
    }

    /// Refuses what Jansson would not: it recurses per level up to a depth of its own choice, and takes a NUL for the
    /// end of the text. The depth is judged by the brackets outside of strings.
    private static func scan(_ bytes: Span<UInt8>, limits: Limits) throws(JSONError) {
        var depth = 0
        var isString = false
        var isEscaped = false
        for index in bytes.indices {
            let byte = bytes[index]
            guard byte != 0 else { throw JSONError(.malformed, "malformed JSON at byte \(index)") }
            if isString {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isString = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): isString = true
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                guard depth <= limits.depth else {
                    throw JSONError(.tooLarge, "JSON is nested deeper than \(limits.depth) levels")
                }
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
            default: break
            }
        }
    }

    /// Copies a value and everything below it, so that nothing of Jansson outlives the parse.
    private init(copying value: UnsafeMutablePointer<json_t>) throws(JSONError) {
        switch unsafe value.pointee.type {
        case JSON_NULL: self = .null
        case JSON_TRUE: self = .bool(true)
        case JSON_FALSE: self = .bool(false)
        case JSON_INTEGER: self = unsafe .integer(Int64(json_integer_value(value)))
        case JSON_REAL: self = unsafe .double(json_real_value(value))
        case JSON_STRING:
            self = unsafe .string(Self.text(json_string_value(value), json_string_length(value)))
        case JSON_ARRAY:
            var elements: [JSON] = []
            let count = unsafe json_array_size(value)
            elements.reserveCapacity(count)
            for index in 0..<count {
                guard let element = unsafe json_array_get(value, index) else { break }
                elements.append(try unsafe JSON(copying: element))
            }
            self = .array(elements)
        case JSON_OBJECT:
            var members: [Object.Member] = []
            unsafe members.reserveCapacity(json_object_size(value))
            var position = unsafe json_object_iter(value)
            while let current = unsafe position {
                let key = unsafe Self.text(json_object_iter_key(current), json_object_iter_key_len(current))
                guard let member = unsafe json_object_iter_value(current) else { break }
                members.append(Object.Member(key, try unsafe JSON(copying: member)))
                unsafe position = json_object_iter_next(value, current)
            }
            self = .object(Object(members))
        default: throw JSONError(.malformed, "JSON value of unknown type")
        }
    }

    private static func text(_ start: UnsafePointer<CChar>?, _ count: Int) -> String {
        let raw = unsafe UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : count)
        return unsafe String(decoding: raw, as: UTF8.self)
    }
}

extension JSONError {
    /// Jansson's own message quotes the text, which may be a secret, so only the position is kept.
    fileprivate init(_ error: json_error_t) {
        // The code is in the last byte of the message (`json_error_code` of jansson.h).
        let code = UInt32(UInt8(bitPattern: error.text.159))
        let position = max(error.position, 0)
        switch code {
        case json_error_duplicate_key.rawValue:
            self.init(.duplicateKey, "JSON object has a duplicate member before byte \(position)")
        case json_error_out_of_memory.rawValue:
            self.init(.outOfMemory, "no memory for JSON")
        default:
            self.init(.malformed, "malformed JSON at byte \(position)")
        }
    }
}
