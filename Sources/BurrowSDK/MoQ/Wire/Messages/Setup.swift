package import BurrowBase

/// The one message of a unidirectional setup stream (lite-05), sent by each side right after the handshake.
///
/// A client always sends it: the server stays silent until it has read the path.
package struct Setup: Equatable, Sendable {
    /// Whether the sender serves PROBE streams: 0 no, 1 it reports, 2 or more it also probes upward.
    package var probe: UInt64?
    /// Path and query of the URL, by the client only. Never empty: peers refuse an empty value, so it is not sent.
    package var path: String?
    /// What the client is going to do: 0 both, 1 publish, 2 subscribe.
    package var role: UInt64?
    package var cost: UInt64?
    /// The sender's hop id; 0 means none.
    package var origin: UInt64?

    package init(
        probe: UInt64? = nil,
        path: String? = nil,
        role: UInt64? = nil,
        cost: UInt64? = nil,
        origin: UInt64? = nil
    ) {
        self.probe = probe
        self.path = path
        self.role = role
        self.cost = cost
        self.origin = origin
    }

    private enum Parameter: UInt64 {
        case probe = 1
        case path, role, cost, origin
    }

    /// The message with its length in front.
    package func encode() -> [UInt8] {
        var parameters = ByteWriter()
        var count: UInt64 = 0
        func write(_ id: Parameter, _ value: [UInt8]) {
            parameters.writeVarint(id.rawValue)
            parameters.writeVarint(UInt64(value.count))
            parameters.writeBytes(value)
            count += 1
        }
        func write(_ id: Parameter, _ number: UInt64?) {
            guard let number else { return }
            var value = ByteWriter()
            value.writeVarint(number)
            write(id, value.bytes)
        }
        write(.probe, probe)
        if let path, !path.isEmpty { write(.path, Array(path.utf8)) }
        write(.role, role)
        write(.cost, cost)
        write(.origin, origin)

        var message = ByteWriter()
        message.writeMessage {
            $0.writeVarint(count)
            $0.writeBytes(parameters.bytes)
        }
        return message.bytes
    }

    /// Reads a whole body, without its length. Parameters come in any order; unknown ones are ignored, but none may
    /// come twice.
    package static func decode(_ body: Span<UInt8>) throws(DecodeError) -> Setup {
        var reader = ByteReader(body)
        var setup = Setup()
        var seen: [UInt64] = []
        for _ in 0..<(try reader.readLength(limit: WireLimits.setupParameters)) {
            let id = try reader.readVarint()
            guard !seen.contains(id) else { throw .malformed }
            seen.append(id)
            let value = try reader.readBytes(try reader.readLength(limit: WireLimits.messageBytes))
            switch Parameter(rawValue: id) {
            case .probe: setup.probe = try number(value)
            case .path: setup.path = try path(value)
            case .role: setup.role = try number(value)
            case .cost: setup.cost = try number(value)
            case .origin: setup.origin = try number(value)
            case nil: break
            }
        }
        try reader.expectEnd()
        return setup
    }

    private static func number(_ value: [UInt8]) throws(DecodeError) -> UInt64 {
        var reader = ByteReader(value.span)
        let number = try reader.readVarint()
        try reader.expectEnd()
        return number
    }

    private static func path(_ value: [UInt8]) throws(DecodeError) -> String? {
        guard value.count <= WireLimits.setupPathBytes else { throw .tooLarge }
        guard let text = String(validating: value, as: UTF8.self) else { throw .malformed }
        return text.isEmpty ? nil : text
    }
}
