internal import BurrowBase

/// Reads events in the one form in which nearly all of them come: without white space, with the seven members of NIP-01
/// and no others, and with no other escapes than those of the canonical form.
///
/// Jansson takes longer for such a text than everything else does but the signature. Whatever is not of that form is not
/// judged here: `nil` means that Jansson has to read it, and says what is wrong. What is read here, Jansson reads the same
/// way. As the text of tags and content is the canonical one, the id is made of it without writing it anew.
package struct EventScanner: ~Escapable {
    private let text: Span<UInt8>
    private var position = 0
    /// A string without its escapes.
    private var plain: [UInt8] = []

    private enum Name { case id, publicKey, createdAt, kind, tags, content, signature }

    @_lifetime(copy text)
    private init(_ text: Span<UInt8>) {
        self.text = text
    }

    /// An event alone.
    package static func event(_ text: Span<UInt8>) throws(NostrError) -> UnverifiedEvent? {
        guard text.count <= NostrLimits.eventBytes else { return nil }
        var scanner = EventScanner(text)
        guard let event = try scanner.event(), scanner.position == text.count else { return nil }
        return event
    }

    /// A relay's message that brings an event.
    package static func message(
        _ text: Span<UInt8>
    ) throws(NostrError) -> (subscription: String, event: UnverifiedEvent)? {
        guard text.count <= NostrLimits.messageBytes else { return nil }
        var scanner = EventScanner(text)
        guard scanner.skip("[\"EVENT\","), let name = scanner.string(),
            name.utf8.count <= NostrLimits.subscriptionIDBytes, scanner.skip(","),
            let event = try scanner.event(), scanner.skip("]"), scanner.position == text.count
        else { return nil }
        return (name, event)
    }

    // MARK: The members

    @_lifetime(self: copy self)
    private mutating func event() throws(NostrError) -> UnverifiedEvent? {
        guard skip("{") else { return nil }
        var id: Bytes32?
        var publicKey: Bytes32?
        var createdAt: Int64?
        var kind: UInt16?
        var tags: (values: [Tag], text: Range<Int>)?
        var content: (value: String, text: Range<Int>)?
        var signature: (Bytes32, Bytes32)?
        for index in 0..<7 {
            guard index == 0 || skip(","), let name = self.name() else { return nil }
            let start = position
            // A member that stands twice leaves another one out, which is found missing below.
            switch name {
            case .id: id = quotedDigits()
            case .publicKey: publicKey = quotedDigits()
            case .createdAt: createdAt = number(digits: 15)
            case .kind: kind = number(digits: 5).flatMap { UInt16(exactly: $0) }
            case .tags:
                guard let values = self.tags() else { return nil }
                tags = (values, start..<position)
            case .content:
                guard let value = string() else { return nil }
                content = (value, start..<position)
            case .signature:
                guard skip("\""), let first = digits(), let second = digits(), skip("\"") else { return nil }
                signature = (first, second)
            }
        }
        guard skip("}"), let id, let publicKey, let createdAt, let kind, let tags, let content, let signature
        else { return nil }
        var form = EventWriter(capacity: 128 + tags.text.count + content.text.count)
        form.canonicalForm(
            publicKey: PublicKey(publicKey),
            createdAt: UnixTime(createdAt),
            kind: EventKind(kind),
            tags: text.extracting(tags.text),
            content: text.extracting(content.text)
        )
        return UnverifiedEvent(
            id: EventID(id),
            hash: try EventID(hashing: form.bytes),
            publicKey: PublicKey(publicKey),
            createdAt: UnixTime(createdAt),
            kind: EventKind(kind),
            tags: tags.values,
            content: content.value,
            signature: EventSignature(signature.0, signature.1)
        )
    }

    /// The name of a member and the colon behind it.
    @_lifetime(self: copy self)
    private mutating func name() -> Name? {
        guard skip("\""), position < text.count else { return nil }
        switch text[position] {
        case UInt8(ascii: "i"): return skip("id\":") ? .id : nil
        case UInt8(ascii: "p"): return skip("pubkey\":") ? .publicKey : nil
        case UInt8(ascii: "k"): return skip("kind\":") ? .kind : nil
        case UInt8(ascii: "t"): return skip("tags\":") ? .tags : nil
        case UInt8(ascii: "s"): return skip("sig\":") ? .signature : nil
        default: return skip("created_at\":") ? .createdAt : skip("content\":") ? .content : nil
        }
    }

    @_lifetime(self: copy self)
    private mutating func tags() -> [Tag]? {
        var tags: [Tag] = []
        guard skip("[") else { return nil }
        if skip("]") { return tags }
        repeat {
            guard tags.count < NostrLimits.tags, let tag = tag() else { return nil }
            tags.append(tag)
        } while skip(",")
        return skip("]") ? tags : nil
    }

    @_lifetime(self: copy self)
    private mutating func tag() -> Tag? {
        var elements: [String] = []
        guard skip("[") else { return nil }
        if skip("]") { return Tag(elements) }
        elements.reserveCapacity(4)
        repeat {
            guard let element = string(), element.utf8.count <= NostrLimits.tagStringBytes else { return nil }
            elements.append(element)
        } while skip(",")
        return skip("]") ? Tag(elements) : nil
    }

    // MARK: Values

    /// Whether this comes next, which is then behind us.
    @_lifetime(self: copy self)
    private mutating func skip(_ expected: StaticString) -> Bool {
        let count = expected.utf8CodeUnitCount
        guard text.count - position >= count else { return false }
        for index in 0..<count where unsafe text[position + index] != expected.utf8Start[index] {
            return false
        }
        position += count
        return true
    }

    /// A whole number that is not negative. What is longer may still be one, for Jansson.
    @_lifetime(self: copy self)
    private mutating func number(digits: Int) -> Int64? {
        let start = position
        var value: Int64 = 0
        while position < text.count, position - start < digits,
            case let digit = text[position] &- UInt8(ascii: "0"), digit < 10
        {
            value = 10 * value + Int64(digit)
            position += 1
        }
        guard position > start, position - start == 1 || text[start] != UInt8(ascii: "0") else { return nil }
        return value
    }

    @_lifetime(self: copy self)
    private mutating func quotedDigits() -> Bytes32? {
        guard skip("\""), let value = digits(), skip("\"") else { return nil }
        return value
    }

    /// 32 bytes in hexadecimal.
    @_lifetime(self: copy self)
    private mutating func digits() -> Bytes32? {
        guard text.count - position >= 64,
            let value = Bytes32(hex: text.extracting(position..<(position + 64)))
        else { return nil }
        position += 64
        return value
    }

    @_lifetime(self: copy self)
    private mutating func string() -> String? {
        guard skip("\"") else { return nil }
        plain.removeAll(keepingCapacity: true)
        var start = position
        while position < text.count {
            switch text[position] {
            case UInt8(ascii: "\""):
                let rest = text.extracting(start..<position)
                position += 1
                if plain.isEmpty { return Self.string(rest) }
                append(rest)
                return Self.string(plain.span)
            case UInt8(ascii: "\\"):
                append(text.extracting(start..<position))
                guard position + 1 < text.count, let byte = Self.unescaped(text[position + 1]) else {
                    return nil
                }
                plain.append(byte)
                position += 2
                start = position
            case 0..<0x20: return nil
            default: position += 1
            }
        }
        return nil
    }

    private static func string(_ bytes: Span<UInt8>) -> String? {
        guard let valid = try? UTF8Span(validating: bytes) else { return nil }
        return String(copying: valid)
    }

    @_lifetime(self: copy self)
    private mutating func append(_ run: Span<UInt8>) {
        unsafe run.withUnsafeBufferPointer { unsafe plain.append(contentsOf: $0) }
    }

    /// What the canonical form writes with a backslash and one character (NIP-01).
    private static func unescaped(_ character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "n"): 0x0a
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): character
        case UInt8(ascii: "t"): 0x09
        case UInt8(ascii: "r"): 0x0d
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0c
        default: nil
        }
    }
}
