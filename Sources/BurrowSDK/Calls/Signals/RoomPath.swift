package import BurrowNostr

/// Where in a relay a call is, and who announces what there (burrow-signalling §4.5).
///
/// Names that others chose are opaque: they are compared, and never put together again.
package struct RoomPath: Hashable, Sendable {
    /// What an offer names: one segment of every path of the call.
    package let room: String
    /// What all paths of the call begin with, the room included.
    package let prefix: String

    /// The room of somebody who announces this path; `nil` when one of the two is no name.
    package init?(room: String, path: String) {
        guard let segments = Self.segments(path), Self.segments(room)?.count == 1,
            let index = segments.firstIndex(where: { $0 == room }), index + 1 < segments.count
        else { return nil }
        self.room = room
        prefix = segments[...index].joined(separator: "/")
    }

    /// The plan's form: `burrow/<public id of the group>`.
    package init(literal id: Bytes32) {
        room = id.hex
        prefix = "burrow/\(id.hex)"
    }

    /// The path of a person's broadcast in the plan's form; a second device of the same person is told from the first.
    package func path(of person: PublicKey, device: DeviceID?) -> String {
        "\(prefix)/\(person.hex)" + (device.map { "/\($0.text)" } ?? "")
    }

    package func contains(_ path: String) -> Bool {
        Self.segments(path) != nil && path.utf8.starts(with: (prefix + "/").utf8)
    }

    /// Whose broadcast this is in the plan's form: the last segment that is the key of one of these people.
    package func owner(of path: String, among people: [PublicKey]) -> (PublicKey, DeviceID?)? {
        guard contains(path), let segments = Self.segments(path) else { return nil }
        for (index, segment) in segments.enumerated().reversed() {
            guard let key = PublicKey(hex: String(segment)), people.contains(key) else { continue }
            let device = index + 1 < segments.count ? DeviceID(String(segments[index + 1])) : nil
            return (key, device)
        }
        return nil
    }

    /// The segments of a valid path, `nil` for others.
    private static func segments(_ path: String) -> [Substring]? {
        guard (1...CallLimits.pathBytes).contains(path.utf8.count) else { return nil }
        let segments = path.split(separator: "/", omittingEmptySubsequences: false)
        guard segments.count <= CallLimits.pathSegments else { return nil }
        for segment in segments {
            guard !segment.isEmpty, segment != ".", segment != "..", segment.utf8.allSatisfy(allows) else {
                return nil
            }
        }
        return segments
    }

    private static func allows(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
