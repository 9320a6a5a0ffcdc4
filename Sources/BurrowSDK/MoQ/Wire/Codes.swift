/// Codes in RESET_STREAM and STOP_SENDING. No logic may depend on what a peer sends here; generations differ.
///
/// Upstream peers shift stream codes into the range that WebTransport uses (draft-ietf-webtrans-http3 §4.4), even on
/// raw QUIC, and understand only those. So `wire` goes on everything we send, and `plain` takes either form.
package enum StreamCode {
    package static let internalError: UInt64 = 0x0
    /// The routine end of a subscription, and of a stream nobody wants.
    package static let cancelled: UInt64 = 0x1
    /// The group became older than the subscriber's maximum age.
    package static let deliveryTimeout: UInt64 = 0x2
    package static let sessionClosed: UInt64 = 0x3
    package static let goingAway: UInt64 = 0x4
    package static let tooFarBehind: UInt64 = 0x5
    /// No such broadcast, track or group. Older peers read "not found", current ones "unspecified".
    package static let notFound: UInt64 = 0xd
    /// The message could not be decoded.
    package static let malformed: UInt64 = 0x12
    /// What current peers send for a track or group they do not have.
    package static let noSuchTrack: UInt64 = 0x33
    /// What current peers send for a broadcast they do not have.
    package static let noSuchBroadcast: UInt64 = 0x36

    private static let first: UInt64 = 0x52e4_a40f_a8db
    private static let last: UInt64 = 0x52e5_ac98_3162

    /// The code to put on the wire. Codes stop at 32 bits in that range.
    package static func wire(_ code: UInt64) -> UInt64 {
        let code = min(code, UInt64(UInt32.max))
        return first + code + code / 30
    }

    /// The code behind a number from the wire, which is itself when it was not shifted.
    package static func plain(_ wire: UInt64) -> UInt64 {
        guard isShifted(wire) else { return wire }
        let distance = wire - first
        return distance - distance / 31
    }

    /// A plain 0 in STOP_SENDING only says that upstream dropped its half; a shifted one is an internal error.
    package static func isShifted(_ wire: UInt64) -> Bool {
        (first...last).contains(wire)
    }

    /// For logs.
    package static func name(_ code: UInt64) -> String {
        switch code {
        case internalError: "internal error"
        case cancelled: "cancelled"
        case deliveryTimeout: "delivery timeout"
        case sessionClosed: "session closed"
        case goingAway: "going away"
        case tooFarBehind: "too far behind"
        case notFound: "not found"
        case malformed: "malformed message"
        case noSuchTrack: "no such track or group"
        case noSuchBroadcast: "no such broadcast"
        case 64...: "application code \(code - 64)"
        default: "stream code \(code)"
        }
    }
}

/// Codes in CONNECTION_CLOSE of the application kind. Never shifted on raw QUIC, and a space apart from
/// `StreamCode`: 0 is no error here.
package enum SessionCode {
    package static let noError: UInt64 = 0x0
    package static let internalError: UInt64 = 0x1
    /// The one code with consequences: do not come back without other credentials.
    package static let unauthorized: UInt64 = 0x2
    package static let protocolViolation: UInt64 = 0x3
    package static let keyValueFormatting: UInt64 = 0x6
    package static let goawayTimeout: UInt64 = 0x10
    package static let controlMessageTimeout: UInt64 = 0x11
    package static let versionNegotiationFailed: UInt64 = 0x15

    /// For logs.
    package static func name(_ code: UInt64) -> String {
        switch code {
        case noError: "no error"
        case internalError: "internal error"
        case unauthorized: "unauthorized"
        case protocolViolation: "protocol violation"
        case keyValueFormatting: "key-value formatting error"
        case goawayTimeout: "goaway timeout"
        case controlMessageTimeout: "control message timeout"
        case versionNegotiationFailed: "version negotiation failed"
        case 64...: "application code \(code - 64)"
        default: "session code \(code)"
        }
    }
}
