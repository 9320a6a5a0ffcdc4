/// Why a call is over.
package enum CallEndReason: String, Hashable, Sendable, CaseIterable {
    // What signals say (burrow-signalling §4.2).
    case hangup, declined, busy, timeout, cancelled, glare, failed, unsupported, removed, unknown
    case answeredElsewhere = "answered_elsewhere"
    case declinedElsewhere = "declined_elsewhere"
    case relayUnreachable = "relay_unreachable"
    case authFailed = "auth_failed"
    case publishFailed = "publish_failed"
    // What only our own user is told.
    case remoteHangup = "remote_hangup"
    case missed
    case mediaFailed = "media_failed"
    case keysUnavailable = "keys_unavailable"

    /// What a signal may say; anything else is `unknown`.
    init(signalled text: String) {
        switch CallEndReason(rawValue: text) {
        case .remoteHangup, .missed, .mediaFailed, .keysUnavailable, nil: self = .unknown
        case .some(let reason): self = reason
        }
    }

    /// Whether the call did not end because somebody wanted it to.
    package var isFailure: Bool {
        switch self {
        case .failed, .relayUnreachable, .authFailed, .publishFailed, .mediaFailed, .keysUnavailable: true
        default: false
        }
    }
}
