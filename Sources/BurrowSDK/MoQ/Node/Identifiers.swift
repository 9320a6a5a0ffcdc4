/// A room of a node.
package struct RoomID: Hashable, Comparable, Sendable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static func < (a: RoomID, b: RoomID) -> Bool { a.rawValue < b.rawValue }
}

/// A track of a room, published or subscribed.
package struct TrackID: Hashable, Comparable, Sendable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static func < (a: TrackID, b: TrackID) -> Bool { a.rawValue < b.rawValue }
}

/// An embedded relay of a node.
package struct RelayID: Hashable, Comparable, Sendable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static func < (a: RelayID, b: RelayID) -> Bool { a.rawValue < b.rawValue }
}

/// A question to the resolver.
package struct QueryID: Hashable, Sendable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) { self.rawValue = rawValue }
}

/// The host's number for something it waits for; 0 when it does not.
package struct RequestID: Hashable, Sendable {
    package let rawValue: UInt64

    package init(rawValue: UInt64) { self.rawValue = rawValue }
}
