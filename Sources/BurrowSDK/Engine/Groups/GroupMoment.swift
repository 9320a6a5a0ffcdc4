package import BurrowNostr

/// A group as its rooms see it: who is in it, and the keys of its last epochs.
package struct GroupMoment: Sendable {
    /// Goes up; what comes late is older than what is known.
    package var revision: UInt64
    /// Who is in it; `nil` when we are not.
    package var members: Set<PublicKey>?
    /// The oldest first, the last one of the current epoch.
    package var keys: [RoomKey]

    package init(revision: UInt64, members: Set<PublicKey>?, keys: [RoomKey]) {
        self.revision = revision
        self.members = members
        self.keys = keys
    }
}
