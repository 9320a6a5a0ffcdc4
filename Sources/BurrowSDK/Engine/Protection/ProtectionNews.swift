/// What the host has to know about the protection of a room.
package enum ProtectionNews: Equatable, Sendable {
    /// Frames of an epoch came that there is no key of; `bits` are the low four of its number. `newest` is the newest epoch
    /// there is a key of.
    case keyMissing(path: String, bits: UInt64, newest: UInt64?)
    /// Frames came that are not authentic, so many in a second.
    case rejected(path: String, count: Int)
    /// Somebody's catalogue is not protected, or in a way we do not know.
    case unprotected(path: String)
    /// Frames are not authentic; perhaps because the publisher has started anew and its catalogue did not come. Not for the
    /// host.
    case doubtful(path: String)
    /// A broadcast is no member's, or, after that was told, it is one's now.
    case stranger(path: String)
    case member(path: String)
    /// Our own key has done a lot: the group should make a new epoch.
    case refresh(epoch: UInt64)
}
