/// Text with a prefix that says what it is and a checksum (BIP-173), without that document's limit of 90 characters.
package enum Bech32 {
    private static let alphabet = Array("qpzry9x8gf2tvdw0s3jn54khce6mua7l".utf8)
    private static let separator = UInt8(ascii: "1")
    private static let checksumCount = 6

    /// `prefix` must be lower-case ASCII without white space.
    package static func encode(prefix: String, _ bytes: [UInt8]) -> String {
        var groups: [UInt8] = []
        groups.reserveCapacity(bytes.count * 8 / 5 + 1 + checksumCount)
        var buffer: UInt32 = 0
        var bits: UInt32 = 0
        for byte in bytes {
            buffer = (buffer << 8 | UInt32(byte)) & 0xfff
            bits += 8
            while bits >= 5 {
                bits -= 5
                groups.append(UInt8(truncatingIfNeeded: buffer >> bits) & 31)
            }
        }
        if bits > 0 { groups.append(UInt8(truncatingIfNeeded: buffer << (5 - bits)) & 31) }
        let zeros = [UInt8](repeating: 0, count: checksumCount)
        let checksum = polymod(expand(prefix.utf8) + groups + zeros) ^ 1
        for index in 0..<checksumCount {
            groups.append(UInt8(truncatingIfNeeded: checksum >> (5 * UInt32(checksumCount - 1 - index))) & 31)
        }
        let text = Array(prefix.utf8) + [separator] + groups.map { alphabet[Int($0)] }
        return String(decoding: text, as: UTF8.self)
    }

    /// The prefix in lower case, and the bytes. Refuses mixed case, a wrong checksum, and bits that are left over
    /// and not zero, so that the bytes have one text in lower case.
    package static func decode(
        _ text: String,
        limit: Int
    ) throws(DecodeError) -> (prefix: String, bytes: [UInt8]) {
        guard text.utf8.count <= limit else { throw .tooLarge }
        var characters = Array(text.utf8)
        guard characters.allSatisfy({ (33...126).contains($0) }) else { throw .malformed }
        let hasUpper = characters.contains { (0x41...0x5a).contains($0) }
        let hasLower = characters.contains { (0x61...0x7a).contains($0) }
        guard !(hasUpper && hasLower) else { throw .malformed }
        if hasUpper { characters = characters.map { (0x41...0x5a).contains($0) ? $0 + 0x20 : $0 } }
        guard let split = characters.lastIndex(of: separator), split > 0 else { throw .malformed }
        guard characters.count - split - 1 >= checksumCount else { throw .truncated }
        var groups: [UInt8] = []
        groups.reserveCapacity(characters.count - split)
        for character in characters[(split + 1)...] {
            guard let value = alphabet.firstIndex(of: character) else { throw .malformed }
            groups.append(UInt8(truncatingIfNeeded: value))
        }
        guard polymod(expand(characters[..<split]) + groups) == 1 else { throw .malformed }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(groups.count * 5 / 8)
        var buffer: UInt32 = 0
        var bits: UInt32 = 0
        for group in groups.dropLast(checksumCount) {
            buffer = (buffer << 5 | UInt32(group)) & 0xfff
            bits += 5
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: buffer >> bits))
            }
        }
        guard bits < 5, buffer & ((1 << bits) - 1) == 0 else { throw .malformed }
        return (String(decoding: characters[..<split], as: UTF8.self), bytes)
    }

    private static func expand(_ prefix: some Collection<UInt8>) -> [UInt8] {
        prefix.map { $0 >> 5 } + [0] + prefix.map { $0 & 31 }
    }

    private static func polymod(_ values: [UInt8]) -> UInt32 {
        let generator: [UInt32] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3]
        var checksum: UInt32 = 1
        for value in values {
            let top = checksum >> 25
            checksum = (checksum & 0x1ff_ffff) << 5 ^ UInt32(value)
            for index in 0..<5 where top >> UInt32(index) & 1 == 1 { checksum ^= generator[index] }
        }
        return checksum
    }
}
