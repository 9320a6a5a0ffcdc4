extension SocketAddress.IP {
    /// Reads a literal address: dotted IPv4, or IPv6 as RFC 4291 §2.2 writes it, with a numeric zone (`%2`) if any.
    ///
    /// IPv4 is read strictly: four decimal numbers without leading zeros, because other readings differ between
    /// programs.
    package init?(_ text: String) {
        if text.utf8.contains(UInt8(ascii: ":")) {
            let parts = text.split(separator: "%", maxSplits: 1, omittingEmptySubsequences: false)
            var scope: UInt32 = 0
            if parts.count == 2 {
                guard let zone = Self.decimal(parts[1], below: UInt32.max) else { return nil }
                scope = zone
            }
            guard let groups = Self.ipv6Groups(parts[0]) else { return nil }
            let halves = [groups[..<4], groups[4...]].map { $0.reduce(UInt64(0)) { $0 << 16 | UInt64($1) } }
            self = .v6(halves[0], halves[1], scope: scope)
        } else {
            guard let bits = Self.ipv4Bits(Substring(text)) else { return nil }
            self = .v4(bits)
        }
    }

    private static func ipv4Bits(_ text: Substring) -> UInt32? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bits: UInt32 = 0
        for part in parts {
            guard let byte = decimal(part, below: 256) else { return nil }
            bits = bits << 8 | byte
        }
        return bits
    }

    /// Eight groups, the run behind `::` filled in.
    private static func ipv6Groups(_ text: Substring) -> [UInt16]? {
        // Nine colons would already be one group too many, so longer texts are not worth splitting.
        guard text.utf8.count <= 45 else { return nil }
        let bytes = Array(text.utf8)
        let gaps = bytes.indices.dropLast().filter {
            bytes[$0] == UInt8(ascii: ":") && bytes[$0 + 1] == bytes[$0]
        }
        switch gaps.count {
        case 0:
            let groups = groups(text)
            return groups?.count == 8 ? groups : nil
        case 1:
            let start = text.utf8.index(text.startIndex, offsetBy: gaps[0])
            let stop = text.utf8.index(start, offsetBy: 2)
            guard let front = groups(text[..<start], isFront: true), let back = groups(text[stop...]),
                front.count + back.count < 8
            else { return nil }
            return front + [UInt16](repeating: 0, count: 8 - front.count - back.count) + back
        default: return nil
        }
    }

    /// The groups between colons; the last may be an IPv4 address, unless more follows.
    private static func groups(_ text: Substring, isFront: Bool = false) -> [UInt16]? {
        if text.isEmpty { return [] }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        var groups: [UInt16] = []
        for (index, part) in parts.enumerated() {
            if !isFront, index == parts.count - 1, part.utf8.contains(UInt8(ascii: ".")) {
                guard let bits = ipv4Bits(part) else { return nil }
                groups += [UInt16(truncatingIfNeeded: bits >> 16), UInt16(truncatingIfNeeded: bits)]
            } else {
                guard let group = group(part) else { return nil }
                groups.append(group)
            }
        }
        return groups.count <= 8 ? groups : nil
    }

    private static func group(_ text: Substring) -> UInt16? {
        guard (1...4).contains(text.utf8.count) else { return nil }
        var value: UInt16 = 0
        for byte in text.utf8 {
            guard let digit = Hex.value(byte) else { return nil }
            value = value << 4 | UInt16(digit)
        }
        return value
    }

    private static func decimal(_ text: Substring, below limit: UInt32) -> UInt32? {
        let digits = text.utf8
        guard (1...9).contains(digits.count), digits.count == 1 || digits.first != UInt8(ascii: "0") else {
            return nil
        }
        var value: UInt32 = 0
        for byte in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            value = value * 10 + UInt32(byte - UInt8(ascii: "0"))
        }
        return value < limit ? value : nil
    }
}
