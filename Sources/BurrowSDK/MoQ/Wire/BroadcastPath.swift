package import BurrowBase

/// The name of a broadcast or a prefix of such names: segments between slashes.
///
/// Always in normal form: no slash at either end, no empty segment, within `WireLimits`. Equality is by bytes, as
/// it is for every other peer, not by Unicode equivalence.
package struct BroadcastPath: Hashable, Sendable, CustomStringConvertible {
    /// The normal form as valid UTF-8.
    package let utf8: [UInt8]

    private static let slash = UInt8(ascii: "/")

    /// The empty path; a prefix of all.
    package static let root = BroadcastPath(normal: [])

    private init(normal: [UInt8]) {
        utf8 = normal
    }

    /// Brings `text` into normal form.
    package init(_ text: String) throws(DecodeError) {
        try self.init(validUTF8: Array(text.utf8))
    }

    /// Brings bytes from a peer into normal form.
    package init(bytes: [UInt8]) throws(DecodeError) {
        guard String(validating: bytes, as: UTF8.self) != nil else { throw .malformed }
        try self.init(validUTF8: bytes)
    }

    private init(validUTF8 raw: [UInt8]) throws(DecodeError) {
        guard raw.count <= WireLimits.rawPathBytes else { throw .tooLarge }
        var normal: [UInt8] = []
        normal.reserveCapacity(raw.count)
        var segments = 0
        for segment in raw.split(separator: Self.slash) {
            if !normal.isEmpty { normal.append(Self.slash) }
            normal.append(contentsOf: segment)
            segments += 1
        }
        guard normal.count <= WireLimits.pathBytes, segments <= WireLimits.pathSegments else {
            throw .tooLarge
        }
        utf8 = normal
    }

    package var isEmpty: Bool { utf8.isEmpty }

    package var segmentCount: Int {
        isEmpty ? 0 : utf8.reduce(1) { $1 == Self.slash ? $0 + 1 : $0 }
    }

    package var segments: [String] {
        utf8.split(separator: Self.slash).map { String(decoding: $0, as: UTF8.self) }
    }

    package var description: String { String(decoding: utf8, as: UTF8.self) }

    /// Whether the path begins with all segments of `prefix`: `room/bob` has the prefix `room`, but not `ro`.
    package func hasPrefix(_ prefix: BroadcastPath) -> Bool {
        guard !prefix.isEmpty else { return true }
        guard utf8.starts(with: prefix.utf8) else { return false }
        return utf8.count == prefix.utf8.count || utf8[prefix.utf8.count] == Self.slash
    }

    /// The segments after `prefix`, or `nil` when the path lies elsewhere.
    package func removingPrefix(_ prefix: BroadcastPath) -> BroadcastPath? {
        guard hasPrefix(prefix) else { return nil }
        guard !prefix.isEmpty else { return self }
        return BroadcastPath(normal: Array(utf8.dropFirst(prefix.utf8.count + 1)))
    }

    /// This path with the segments of `suffix` behind it. Throws when the result exceeds a limit.
    package func appending(_ suffix: BroadcastPath) throws(DecodeError) -> BroadcastPath {
        if isEmpty { return suffix }
        if suffix.isEmpty { return self }
        guard utf8.count + 1 + suffix.utf8.count <= WireLimits.pathBytes,
            segmentCount + suffix.segmentCount <= WireLimits.pathSegments
        else { throw .tooLarge }
        return BroadcastPath(normal: utf8 + [Self.slash] + suffix.utf8)
    }
}
