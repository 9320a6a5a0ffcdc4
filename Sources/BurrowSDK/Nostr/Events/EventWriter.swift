/// Writes events as JSON without white space, escaped the one way of NIP-01 that every implementation hashes.
struct EventWriter {
    private(set) var bytes: [UInt8] = []

    init(capacity: Int = 0) {
        bytes.reserveCapacity(capacity)
    }

    mutating func raw(_ text: StaticString) {
        text.withUTF8Buffer { unsafe bytes.append(contentsOf: $0) }
    }

    mutating func raw(_ text: [UInt8]) {
        bytes.append(contentsOf: text)
    }

    mutating func integer(_ value: some FixedWidthInteger) {
        bytes.append(contentsOf: String(value).utf8)
    }

    mutating func raw(_ text: Span<UInt8>) {
        unsafe text.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
    }

    mutating func hex(_ value: Bytes32) {
        raw("\"")
        value.appendHex(to: &bytes)
        raw("\"")
    }

    mutating func string(_ text: String) {
        raw("\"")
        var text = text
        text.withUTF8 { (text) in
            // Nearly all bytes stand for themselves, so they are taken over in runs.
            var start = 0
            for index in text.indices {
                let byte = unsafe text[index]
                if byte >= 0x20, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") { continue }
                unsafe bytes.append(contentsOf: text[start..<index])
                escape(byte)
                start = index + 1
            }
            unsafe bytes.append(contentsOf: text[start...])
        }
        raw("\"")
    }

    private mutating func escape(_ byte: UInt8) {
        switch byte {
        case 0x08: raw("\\b")
        case 0x09: raw("\\t")
        case 0x0a: raw("\\n")
        case 0x0c: raw("\\f")
        case 0x0d: raw("\\r")
        case UInt8(ascii: "\""): raw("\\\"")
        case UInt8(ascii: "\\"): raw("\\\\")
        default:
            raw(byte < 0x10 ? "\\u000" : "\\u001")
            let low = byte & 0xf
            bytes.append(low < 10 ? UInt8(ascii: "0") + low : UInt8(ascii: "a") + low - 10)
        }
    }

    mutating func tags(_ tags: [Tag]) {
        raw("[")
        for (index, tag) in tags.enumerated() {
            raw(index == 0 ? "[" : ",[")
            for (index, element) in tag.elements.enumerated() {
                if index > 0 { raw(",") }
                string(element)
            }
            raw("]")
        }
        raw("]")
    }

    /// The bytes whose hash is the event's id.
    static func canonicalForm(
        publicKey: PublicKey,
        createdAt: UnixTime,
        kind: EventKind,
        tags: [Tag],
        content: String
    ) -> [UInt8] {
        var writer = EventWriter(capacity: 128 + content.utf8.count + content.utf8.count / 8)
        writer.beginCanonicalForm(publicKey, createdAt, kind)
        writer.tags(tags)
        writer.raw(",")
        writer.string(content)
        writer.raw("]")
        return writer.bytes
    }

    /// The same of tags and a content whose JSON is canonical already.
    mutating func canonicalForm(
        publicKey: PublicKey,
        createdAt: UnixTime,
        kind: EventKind,
        tags: Span<UInt8>,
        content: Span<UInt8>
    ) {
        beginCanonicalForm(publicKey, createdAt, kind)
        raw(tags)
        raw(",")
        raw(content)
        raw("]")
    }

    private mutating func beginCanonicalForm(_ publicKey: PublicKey, _ createdAt: UnixTime, _ kind: EventKind)
    {
        raw("[0,")
        hex(publicKey.value)
        raw(",")
        integer(createdAt.seconds)
        raw(",")
        integer(kind.rawValue)
        raw(",")
    }

    /// The event as an object; without a signature it is the unsigned form.
    mutating func event(_ rumor: Rumor, signature: EventSignature?) {
        raw("{\"id\":")
        hex(rumor.id.value)
        raw(",\"pubkey\":")
        hex(rumor.publicKey.value)
        raw(",\"created_at\":")
        integer(rumor.createdAt.seconds)
        raw(",\"kind\":")
        integer(rumor.kind.rawValue)
        raw(",\"tags\":")
        tags(rumor.tags)
        raw(",\"content\":")
        string(rumor.content)
        if let signature {
            raw(",\"sig\":\"")
            signature.appendHex(to: &bytes)
            raw("\"")
        }
        raw("}")
    }
}
