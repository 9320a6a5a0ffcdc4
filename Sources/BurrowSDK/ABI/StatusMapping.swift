import BurrowEngine
import CBurrow

/// The only place where our errors become the header's numbers.
enum StatusMapping {
    static func status(of code: EngineError.Code) -> burrow_status {
        burrow_status(number(of: code))
    }

    private static func number(of code: EngineError.Code) -> Int {
        switch code {
        case .invalidArgument: BURROW_ERR_INVALID_ARGUMENT
        case .staleHandle: BURROW_ERR_STALE_HANDLE
        case .forked: BURROW_ERR_FORKED
        case .unsupported: BURROW_ERR_UNSUPPORTED
        case .bufferTooSmall: BURROW_ERR_BUFFER_TOO_SMALL
        case .busy: BURROW_ERR_BUSY
        case .wouldDeadlock: BURROW_ERR_WOULD_DEADLOCK
        case .closed: BURROW_ERR_CLOSED
        case .cancelled: BURROW_ERR_CANCELLED
        case .timeout: BURROW_ERR_TIMEOUT
        case .limit: BURROW_ERR_LIMIT
        case .system: BURROW_ERR_SYSTEM
        case .internalError: BURROW_ERR_INTERNAL
        case .exists: BURROW_ERR_EXISTS
        case .wrongKind: BURROW_ERR_WRONG_KIND
        case .transport: BURROW_ERR_TRANSPORT
        case .nameNotFound: BURROW_ERR_NAME_NOT_FOUND
        case .unreachable: BURROW_ERR_UNREACHABLE
        case .certificateExpired: BURROW_ERR_TLS_EXPIRED
        case .certificateWrongHost: BURROW_ERR_TLS_WRONG_HOST
        case .certificateUnknownIssuer: BURROW_ERR_TLS_UNKNOWN_ISSUER
        case .certificateWrongPin: BURROW_ERR_TLS_WRONG_PIN
        case .noCommonProtocol: BURROW_ERR_TLS_NO_COMMON_PROTOCOL
        case .tls: BURROW_ERR_TLS
        case .connectionLost: BURROW_ERR_CONNECTION_LOST
        case .protocolViolation: BURROW_ERR_PROTOCOL
        case .version: BURROW_ERR_VERSION
        case .unauthorized: BURROW_ERR_UNAUTHORIZED
        case .notFound: BURROW_ERR_NOT_FOUND
        case .tooFarBehind: BURROW_ERR_TOO_FAR_BEHIND
        case .goingAway: BURROW_ERR_GOING_AWAY
        case .peer: BURROW_ERR_PEER
        case .addressInUse: BURROW_ERR_ADDRESS_IN_USE
        case .overloaded: BURROW_ERR_OVERLOADED
        case .nostrEvent: BURROW_ERR_NOSTR_EVENT
        case .nostrRefused: BURROW_ERR_NOSTR_REFUSED
        case .nostrKey: BURROW_ERR_NOSTR_KEY
        case .nostrUnreadable: BURROW_ERR_NOSTR_UNREADABLE
        case .keyRefused: BURROW_ERR_KEY_REFUSED
        case .keyAnswer: BURROW_ERR_KEY_ANSWER
        case .codec: BURROW_ERR_CODEC
        case .damaged: BURROW_ERR_DAMAGED
        case .format: BURROW_ERR_FORMAT
        case .keyMissing: BURROW_ERR_KEY_MISSING
        case .keyExhausted: BURROW_ERR_KEY_EXHAUSTED
        case .frameRepeated: BURROW_ERR_FRAME_REPEATED
        case .frameRejected: BURROW_ERR_FRAME_REJECTED
        case .group: BURROW_ERR_GROUP
        case .notAdmin: BURROW_ERR_NOT_ADMIN
        case .notMember: BURROW_ERR_NOT_MEMBER
        case .lostRace: BURROW_ERR_LOST_RACE
        case .notPublished: BURROW_ERR_NOT_PUBLISHED
        case .commitPending: BURROW_ERR_CHANGE_PENDING
        case .marmotVersion: BURROW_ERR_MARMOT_VERSION
        case .storage: BURROW_ERR_STORAGE
        case .storageInUse: BURROW_ERR_STORAGE_IN_USE
        case .storageKey: BURROW_ERR_STORAGE_KEY
        case .storageDamaged: BURROW_ERR_STORAGE_DAMAGED
        case .storageVersion: BURROW_ERR_STORAGE_VERSION
        case .storageFull: BURROW_ERR_STORAGE_FULL
        case .tokenKey: BURROW_ERR_TOKEN_KEY
        case .token: BURROW_ERR_TOKEN
        case .tokenExpired: BURROW_ERR_TOKEN_EXPIRED
        }
    }

    /// The constant's name in the header.
    static func name(of status: burrow_status) -> StaticString {
        switch Int(status) {
        case BURROW_OK: "BURROW_OK"
        case BURROW_AGAIN: "BURROW_AGAIN"
        default:
            EngineError.Code.allCases.first { Self.status(of: $0) == status }.map(name) ?? "BURROW_UNKNOWN"
        }
    }

    private static func name(of code: EngineError.Code) -> StaticString {
        switch code {
        case .invalidArgument: "BURROW_ERR_INVALID_ARGUMENT"
        case .staleHandle: "BURROW_ERR_STALE_HANDLE"
        case .forked: "BURROW_ERR_FORKED"
        case .unsupported: "BURROW_ERR_UNSUPPORTED"
        case .bufferTooSmall: "BURROW_ERR_BUFFER_TOO_SMALL"
        case .busy: "BURROW_ERR_BUSY"
        case .wouldDeadlock: "BURROW_ERR_WOULD_DEADLOCK"
        case .closed: "BURROW_ERR_CLOSED"
        case .cancelled: "BURROW_ERR_CANCELLED"
        case .timeout: "BURROW_ERR_TIMEOUT"
        case .limit: "BURROW_ERR_LIMIT"
        case .system: "BURROW_ERR_SYSTEM"
        case .internalError: "BURROW_ERR_INTERNAL"
        case .exists: "BURROW_ERR_EXISTS"
        case .wrongKind: "BURROW_ERR_WRONG_KIND"
        case .transport: "BURROW_ERR_TRANSPORT"
        case .nameNotFound: "BURROW_ERR_NAME_NOT_FOUND"
        case .unreachable: "BURROW_ERR_UNREACHABLE"
        case .certificateExpired: "BURROW_ERR_TLS_EXPIRED"
        case .certificateWrongHost: "BURROW_ERR_TLS_WRONG_HOST"
        case .certificateUnknownIssuer: "BURROW_ERR_TLS_UNKNOWN_ISSUER"
        case .certificateWrongPin: "BURROW_ERR_TLS_WRONG_PIN"
        case .noCommonProtocol: "BURROW_ERR_TLS_NO_COMMON_PROTOCOL"
        case .tls: "BURROW_ERR_TLS"
        case .connectionLost: "BURROW_ERR_CONNECTION_LOST"
        case .protocolViolation: "BURROW_ERR_PROTOCOL"
        case .version: "BURROW_ERR_VERSION"
        case .unauthorized: "BURROW_ERR_UNAUTHORIZED"
        case .notFound: "BURROW_ERR_NOT_FOUND"
        case .tooFarBehind: "BURROW_ERR_TOO_FAR_BEHIND"
        case .goingAway: "BURROW_ERR_GOING_AWAY"
        case .peer: "BURROW_ERR_PEER"
        case .addressInUse: "BURROW_ERR_ADDRESS_IN_USE"
        case .overloaded: "BURROW_ERR_OVERLOADED"
        case .nostrEvent: "BURROW_ERR_NOSTR_EVENT"
        case .nostrRefused: "BURROW_ERR_NOSTR_REFUSED"
        case .nostrKey: "BURROW_ERR_NOSTR_KEY"
        case .nostrUnreadable: "BURROW_ERR_NOSTR_UNREADABLE"
        case .keyRefused: "BURROW_ERR_KEY_REFUSED"
        case .keyAnswer: "BURROW_ERR_KEY_ANSWER"
        case .codec: "BURROW_ERR_CODEC"
        case .damaged: "BURROW_ERR_DAMAGED"
        case .format: "BURROW_ERR_FORMAT"
        case .keyMissing: "BURROW_ERR_KEY_MISSING"
        case .keyExhausted: "BURROW_ERR_KEY_EXHAUSTED"
        case .frameRepeated: "BURROW_ERR_FRAME_REPEATED"
        case .frameRejected: "BURROW_ERR_FRAME_REJECTED"
        case .group: "BURROW_ERR_GROUP"
        case .notAdmin: "BURROW_ERR_NOT_ADMIN"
        case .notMember: "BURROW_ERR_NOT_MEMBER"
        case .lostRace: "BURROW_ERR_LOST_RACE"
        case .notPublished: "BURROW_ERR_NOT_PUBLISHED"
        case .commitPending: "BURROW_ERR_CHANGE_PENDING"
        case .marmotVersion: "BURROW_ERR_MARMOT_VERSION"
        case .storage: "BURROW_ERR_STORAGE"
        case .storageInUse: "BURROW_ERR_STORAGE_IN_USE"
        case .storageKey: "BURROW_ERR_STORAGE_KEY"
        case .storageDamaged: "BURROW_ERR_STORAGE_DAMAGED"
        case .storageVersion: "BURROW_ERR_STORAGE_VERSION"
        case .storageFull: "BURROW_ERR_STORAGE_FULL"
        case .tokenKey: "BURROW_ERR_TOKEN_KEY"
        case .token: "BURROW_ERR_TOKEN"
        case .tokenExpired: "BURROW_ERR_TOKEN_EXPIRED"
        }
    }
}
