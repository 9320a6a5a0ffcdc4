/// Why a stream was reset or stopped.
///
/// On the wire a code is shifted into the range that WebTransport uses (reference §9.1); peers that send it plain are
/// understood as well.
package struct StreamCode: Hashable, Sendable, CustomStringConvertible {
    package let rawValue: UInt64

    package init(_ rawValue: UInt64) {
        self.rawValue = rawValue
    }

    package static let internalError = StreamCode(0x0)
    /// Routine: the subscriber has enough, or the stream was not expected.
    package static let cancelled = StreamCode(0x1)
    package static let deliveryTimeout = StreamCode(0x2)
    package static let sessionClosed = StreamCode(0x3)
    package static let goingAway = StreamCode(0x4)
    package static let tooFarBehind = StreamCode(0x5)
    /// What we send for a refused subscription; older peers read it as "not found".
    package static let notFound = StreamCode(0xd)
    package static let malformed = StreamCode(0x12)
    package static let noSuchTrack = StreamCode(0x33)
    package static let noSuchBroadcast = StreamCode(0x36)

    /// Where the shifted range begins and ends.
    private static let first: UInt64 = 0x52e4_a40f_a8db
    private static let last: UInt64 = 0x52e5_ac98_3162

    /// Reads a code from RESET_STREAM or STOP_SENDING, shifted or plain.
    package init(wire: UInt64) {
        guard Self.isShifted(wire) else {
            rawValue = wire
            return
        }
        let distance = wire - Self.first
        rawValue = distance - distance / 31
    }

    /// The code as it is sent. Codes are 32 bits wide; larger ones become the largest.
    package var wire: UInt64 {
        let code = min(rawValue, UInt64(UInt32.max))
        return Self.first + code + code / 30
    }

    package static func isShifted(_ wire: UInt64) -> Bool {
        (first...last).contains(wire)
    }

    package var description: String {
        switch self {
        case .internalError: "internal error"
        case .cancelled: "cancelled"
        case .deliveryTimeout: "delivery timeout"
        case .sessionClosed: "session closed"
        case .goingAway: "going away"
        case .tooFarBehind: "too far behind"
        case .notFound: "not found"
        case .malformed: "malformed message"
        case .noSuchTrack: "no such track or group"
        case .noSuchBroadcast: "no such broadcast"
        case _ where rawValue >= 64: "application code \(rawValue - 64)"
        default: "stream code \(rawValue)"
        }
    }
}

/// Why a session was closed; sent as it is in CONNECTION_CLOSE.
package struct SessionCode: Hashable, Sendable, CustomStringConvertible {
    package let rawValue: UInt64

    package init(_ rawValue: UInt64) {
        self.rawValue = rawValue
    }

    package static let noError = SessionCode(0x0)
    package static let internalError = SessionCode(0x1)
    /// The only code with a consequence: do not come back without other credentials.
    package static let unauthorized = SessionCode(0x2)
    package static let protocolViolation = SessionCode(0x3)
    package static let keyValueFormatting = SessionCode(0x6)
    package static let goawayTimeout = SessionCode(0x10)
    package static let controlMessageTimeout = SessionCode(0x11)
    package static let versionNegotiationFailed = SessionCode(0x15)

    package var description: String {
        switch self {
        case .noError: "no error"
        case .internalError: "internal error"
        case .unauthorized: "unauthorized"
        case .protocolViolation: "protocol violation"
        case .keyValueFormatting: "key-value formatting error"
        case .goawayTimeout: "goaway timeout"
        case .controlMessageTimeout: "control message timeout"
        case .versionNegotiationFailed: "version negotiation failed"
        case _ where rawValue >= 64: "application code \(rawValue - 64)"
        default: "session code \(rawValue)"
        }
    }
}
