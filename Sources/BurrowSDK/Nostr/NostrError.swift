/// Why something of Nostr was not accepted or could not be made. The context never contains content, keys or URLs
/// of people.
package struct NostrError: Error, Equatable, Sendable {
    package enum Code: Equatable, Hashable, Sendable, CaseIterable {
        // Events (NIP-01).
        /// Not JSON.
        case malformedJSON
        /// Text that is not UTF-8.
        case invalidUTF8
        /// A JSON object names a member twice.
        case duplicateMember
        /// More bytes, tags or levels than the limits allow.
        case tooLarge
        case missingMember
        /// A member with another type than it must have.
        case wrongType
        /// Not the right number of lower-case hexadecimal digits.
        case invalidHex
        case kindOutOfRange
        case timeOutOfRange
        /// Tags that are not arrays of strings.
        case invalidTag
        /// The id is not the hash of the event.
        case wrongID
        /// The signature does not belong to id and key, or the key is not on the curve.
        case invalidSignature
        /// An unsigned event with a signature.
        case unexpectedSignature
        case expired

        // Text forms (NIP-19) and keys.
        case invalidBech32
        case invalidKey
        case invalidURL

        // Encryption (NIP-44).
        case unknownVersion
        case invalidLength
        case invalidBase64
        case invalidMAC
        case invalidPadding
        /// More than we encrypt, or the form for more than we decrypt.
        case messageTooLong

        // Gift wraps (NIP-59).
        /// An outer event of another kind.
        case notAWrap
        /// Addressed to others.
        case notForUs
        /// The middle layer is no seal.
        case invalidSeal
        /// The inner event claims another author than the seal.
        case senderMismatch

        // Proofs (NIP-42, NIP-98) and lists.
        case wrongKind
        case wrongAuthor
        /// Outside the window of time.
        case notInTime
        case wrongChallenge
        case wrongRelay
        case wrongURL
        case wrongMethod
        case wrongPayload
        case replayed
        /// A header that cannot be read, or several of them.
        case invalidHeader

        // Relay protocol.
        /// A message that is no message of the protocol.
        case invalidMessage

        // Keys that live elsewhere.
        /// The holder of the key said no.
        case keyRefused
        /// The holder of the key did not answer in time.
        case keyTimeout
        /// The holder of the key answered something else than it was asked.
        case wrongKeyAnswer
        /// More at once than the limits allow.
        case tooMany

        /// Memory, or a library below.
        case failure
    }

    package let code: Code
    package let context: String

    package init(_ code: Code, _ context: String) {
        self.code = code
        self.context = context
    }
}

extension NostrError: CustomStringConvertible {
    package var description: String { context }
}
