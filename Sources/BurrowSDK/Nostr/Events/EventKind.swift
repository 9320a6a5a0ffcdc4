/// What an event is, and thereby what relays do with it (NIP-01 "Kinds").
package struct EventKind: RawRepresentable, Hashable, Comparable, Sendable {
    package let rawValue: UInt16

    package init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    package init(_ rawValue: UInt16) {
        self.rawValue = rawValue
    }

    package static func < (a: EventKind, b: EventKind) -> Bool { a.rawValue < b.rawValue }

    package static let deletion = EventKind(5)
    package static let seal = EventKind(13)
    package static let oldKeyPackage = EventKind(443)
    package static let welcome = EventKind(444)
    package static let groupMessage = EventKind(445)
    package static let giftWrap = EventKind(1059)
    /// Like `giftWrap`, but relays do not store it.
    package static let ephemeralGiftWrap = EventKind(21059)
    package static let relayList = EventKind(10002)
    package static let inboxRelays = EventKind(10050)
    package static let keyPackageRelays = EventKind(10051)
    package static let mediaRelays = EventKind(10053)
    package static let relayAuthentication = EventKind(22242)
    package static let httpAuthentication = EventKind(27235)
    package static let keyPackage = EventKind(30443)

    package enum Storage: Equatable, Sendable {
        /// Every event is kept.
        case regular
        /// The newest of each author and kind is kept.
        case replaceable
        /// Handed on and forgotten.
        case ephemeral
        /// The newest of each author, kind and `d` tag is kept.
        case addressable
    }

    package var storage: Storage {
        switch rawValue {
        case 0, 3, 10000...19999: .replaceable
        case 20000...29999: .ephemeral
        case 30000...39999: .addressable
        default: .regular
        }
    }

    package var isGiftWrap: Bool { self == .giftWrap || self == .ephemeralGiftWrap }
}
