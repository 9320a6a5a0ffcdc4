package import BurrowMLS
package import BurrowNostr

/// Why an event, an invitation or a request about a group was refused. The context holds no content, keys or names.
package struct MarmotError: Error, Equatable, Sendable {
    package enum Code: Equatable, Hashable, Sendable {
        // Versions
        /// Made by software of another version of the protocol, recognised by its marks.
        case unsupportedMarmotVersion(MarmotVersion)

        // Events
        case wrongKind
        /// A tag is missing, occurs twice or says something else than it must.
        case invalidTag
        /// The content is not base64 of what it should be.
        case invalidContent
        /// Dated too far ahead or too long ago.
        case notInTime
        case tooLarge
        case expired
        /// Seen before.
        case replayed

        // Key packages
        /// The credential is not the key of the event's author.
        case identityMismatch
        /// The reference in the event is not that of the content.
        case referenceMismatch
        case lifetimeTooLong

        // Groups
        case missingGroupData
        case invalidGroupData
        /// A credential that is no Nostr key, or a cipher suite that groups do not use.
        case invalidMember
        case unknownGroup
        case groupAlreadyKnown
        case groupInactive
        case noMatchingKeyPackage
        /// Invited by somebody who is not listed as admin, or by another one than who signed the group's state.
        case inviterNotAdmin
        case inviterMismatch

        // Group events
        /// None of the keys we have opens it.
        case undecryptable
        /// The inner message is of another epoch than the key that opened the outer layer.
        case epochMismatch
        case senderMismatch
        /// Application data that is no unsigned event.
        case invalidRumor
        case ownEvent
        case externalSender
        case ignoredProposal

        // Commits
        case notAdmin
        case adminCannotLeave
        case emptyCommit
        case forbiddenProposal
        case noAdminLeft
        case lostRace
        /// Dated so early that it would undo what everybody has long had.
        case tooEarlyToUndo
        case noWayBack

        // Requests
        case commitPending
        case notPublished
        case unknownMember
        case invalidArgument
        case reservedLabel
        case storage

        case mls(MLSError.Code)
        case nostr(NostrError.Code)
    }

    package let code: Code
    package let context: String

    package init(_ code: Code, _ context: String) {
        self.code = code
        self.context = context
    }

    package init(_ error: MLSError) {
        self.init(.mls(error.code), error.context)
    }

    package init(_ error: NostrError) {
        self.init(.nostr(error.code), error.context)
    }

    init(_ version: MarmotVersion, _ context: String) {
        self.init(.unsupportedMarmotVersion(version), context)
    }
}

extension MarmotError: CustomStringConvertible {
    package var description: String { context }
}

/// The versions of the protocol that were in use. Nothing on the wire says which one is spoken; each has its marks.
package enum MarmotVersion: String, Sendable, CaseIterable {
    /// Early: outer layer of NIP-44, key packages 443 with bare or hexadecimal content.
    case a
    /// Like `c`, without SelfRemove and with key packages of kind 443 only.
    case b
    /// What is spoken here: MDK 0.8.
    case c
    /// Group data in components, framed key packages, proofs of identity.
    case d
}
