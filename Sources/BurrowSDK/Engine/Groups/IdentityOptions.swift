package import BurrowBase

/// Whose identity is opened, and where its state is.
package struct IdentityOptions: Sendable {
    var key = KeySource.own
    /// `nil` keeps everything in memory only.
    package var path: String?
    /// 32 bytes when there is a path.
    package var storageKey: [UInt8] = []
    /// How long a host may take to answer for a key that is elsewhere; `nil` for as long as usual.
    package var keyPatience: Interval?

    package init() {}
}

/// Where an identity stands, as the host sees it.
package enum IdentityPhase: UInt32, Sendable {
    case opening = 1
    case open, closed
}

/// Where a group stands, as the host sees it.
package enum GroupPhase: UInt32, Sendable {
    case founding = 1
    /// Somebody added us, and we have not answered.
    case invited
    case active
    /// We are no member any more.
    case removed
    /// It was declined or could not be founded.
    case gone
}
