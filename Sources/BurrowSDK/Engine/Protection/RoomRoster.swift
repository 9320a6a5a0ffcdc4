package import BurrowNostr

/// Whose broadcast is at a path, in a room of a group (burrow-signalling §4.5).
package struct RoomRoster: Equatable, Sendable {
    private static let longestPath = 255
    private static let mostSegments = 8

    package var members: Set<PublicKey>
    /// Paths that members have signed for.
    package var claims: [String: PublicKey]

    package init(members: Set<PublicKey>, claims: [String: PublicKey] = [:]) {
        self.members = members
        self.claims = claims
    }

    /// The member whose broadcast is at a path: who signed for it, else who the last segment names that is a public key.
    package func member(at path: String) -> PublicKey? {
        guard let segments = Self.segments(of: path) else { return nil }
        guard let key = claims[path] ?? Self.owner(in: segments), members.contains(key) else { return nil }
        return key
    }

    /// Whom a path names that nobody signed for.
    package static func owner(of path: String) -> PublicKey? {
        segments(of: path).flatMap(owner(in:))
    }

    private static func owner(in segments: [Substring]) -> PublicKey? {
        let last = segments.last { $0.utf8.count == 64 && $0.utf8.allSatisfy(isLowerHex) }
        return last.flatMap { PublicKey(hex: String($0)) }
    }

    /// `nil` when it is no path that a member would announce.
    private static func segments(of path: String) -> [Substring]? {
        guard path.utf8.count <= longestPath else { return nil }
        let segments = path.split(separator: "/", omittingEmptySubsequences: false)
        return segments.count <= mostSegments && segments.allSatisfy(isAllowed) ? segments : nil
    }

    private static func isAllowed(_ segment: Substring) -> Bool {
        guard !segment.isEmpty, segment != ".", segment != ".." else { return false }
        return segment.utf8.allSatisfy { (byte) in
            switch byte {
            case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f: true
            default: false
            }
        }
    }

    private static func isLowerHex(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte)
    }

    // MARK: Our own path

    /// Where the calls of a group are (decision 11: the plan's literal form).
    package static func prefix(nostrID: [UInt8]) -> String {
        Bytes32(nostrID).map { "burrow/\($0.hex)" } ?? ""
    }

    /// Where somebody announces. Who has several devices in the group says which one it is.
    package static func path(below prefix: String, _ key: PublicKey, leaf: UInt32, devices: Int) -> String {
        let path = prefix.isEmpty ? key.hex : "\(prefix)/\(key.hex)"
        guard devices > 1 else { return path }
        let digits = String(leaf, radix: 16)
        return path + "/" + String(repeating: "0", count: max(0, 8 - digits.count)) + digits
    }
}
