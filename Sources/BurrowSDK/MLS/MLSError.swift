internal import BurrowCrypto

/// Why a group message, a tree or a request was refused.
///
/// Each rule of RFC 9420 that can be broken has a code of its own, for tests and logs. A peer is told none of them.
package struct MLSError: Error, Equatable, Sendable {
    package enum Code: String, CaseIterable, Sendable {
        // Codec
        case codecInvalidLength
        case codecTruncated
        case codecLimit
        case codecInvalidValue
        case codecTrailing
        case unsupportedVersion
        case unsupportedCipherSuite
        case duplicateExtension
        // Key packages and leaves
        case keyPackageMismatch
        case invalidKeyPackageSignature
        case initKeyReused
        case invalidLeafSignature
        case wrongLeafSource
        case lifetimeNotCurrent
        case lifetimeTooLong
        case unsupportedExtension
        case missingRequiredCapability
        case unsupportedCredential
        case duplicateSignatureKey
        case duplicateEncryptionKey
        case credentialRejected
        case invalidPublicKey
        // Framing
        case wrongGroup
        case staleEpoch
        case futureEpoch
        case invalidMembershipTag
        case invalidSignature
        case unknownSender
        case applicationInPublicMessage
        case senderNotAllowed
        case senderDataInvalid
        case generationTooFar
        case generationConsumed
        case generationsExhausted
        case decryptionFailed
        case nonZeroPadding
        case missingConfirmationTag
        case ownMessage
        case wireFormatRefused
        // Proposals
        case committerUpdate
        case committerRemove
        case conflictingProposals
        case removeUnknownLeaf
        case duplicateAdd
        case updateKeyReused
        case duplicatePSK
        case multipleContextExtensions
        case reinitNotAlone
        case reinitDowngrade
        case unexpectedExternalInit
        case proposalNotFound
        case unsupportedProposal
        // Commits
        case pathRequired
        case pathKeyReused
        case pathLengthMismatch
        case pathCiphertextCount
        case parentHashMismatch
        case pathKeyMismatch
        case confirmationTagMismatch
        case groupReinitialized
        case pendingProposals
        case staleStagedCommit
        // Welcome and trees
        case noMatchingKeyPackage
        case welcomeDecryptFailed
        case invalidGroupInfoSignature
        case groupAlreadyExists
        case missingRatchetTree
        case treeHashMismatch
        case parentHashInvalid
        case invalidUnmergedLeaves
        case malformedTree
        case ownLeafMissing
        case invalidResumption
        // External joins
        case invalidExternalCommit
        case externalJoinRefused
        case missingExternalKey
        // Pre-shared keys
        case pskUnavailable
        case invalidPSKNonce
        case invalidPSKUsage
        // Requests
        case invalidLength
        case groupInactive
        case pendingCommitExists
        case noPendingCommit
        case invalidArgument
        case limit
        /// The cryptography below failed for a reason that is not the peer's.
        case cryptoFailure
    }

    package let code: Code
    /// In lower case, without a full stop, free of secrets.
    package let context: String

    package init(_ code: Code, _ context: String) {
        self.code = code
        self.context = context
    }

    init(_ error: CryptoError) {
        self.init(.cryptoFailure, error.context)
    }
}

extension MLSError: CustomStringConvertible {
    package var description: String { "\(code.rawValue): \(context)" }
}
