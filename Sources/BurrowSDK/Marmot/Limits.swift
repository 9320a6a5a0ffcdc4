/// What input may cost, and how long things are kept.
package enum MarmotLimits {
    /// Bytes of one name or description that is read.
    package static let textBytes = 64 << 10
    package static let nameCharacters = 255
    package static let descriptionCharacters = 1000
    package static let admins = 1024
    package static let relays = 64
    package static let relayBytes = 2048
    /// Bytes of the group data extension.
    package static let groupDataBytes = 512 << 10
    /// Bytes of the content of a group event.
    package static let contentBytes = 128 << 10
    /// Invitees of one commit: relays take events of 64 KiB.
    package static let invitees = 50
    package static let keyPackageBytes = 16 << 10
    /// Past epochs whose messages can be read, and to which one can go back.
    package static let pastEpochs = 5
    package static let pastEpochSeconds: Int64 = 7 * 86_400
    /// A group event dated further ahead is refused.
    package static let aheadSeconds: Int64 = 300
    package static let ageSeconds: Int64 = 45 * 86_400
    /// A commit dated earlier than the newest event of its epoch by more than this undoes nothing.
    package static let undoSeconds: Int64 = 15 * 60
    /// Events of one group that cannot be opened yet.
    package static let heldEvents = 512
    package static let heldBytes = 8 << 20
    package static let heldSeconds: Int64 = 3600
    package static let seenEvents = 1024
    /// Messages of ours that are kept to be sent again when their epoch is undone.
    package static let ownMessages = 64
    package static let abandonedCommits = 8
    package static let mediaRelays = 8
    package static let invitations = 256
    /// How long the private keys of a key package are kept after another one took its place.
    package static let keyPackageGraceSeconds: Int64 = 7 * 86_400
    /// The longest lifetime of a key package when lifetimes are limited.
    package static let longestLifetime: UInt64 = 366 * 86_400 + 3600
    package static let keyPackages = 64
}
