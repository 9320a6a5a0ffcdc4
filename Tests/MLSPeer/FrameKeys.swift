import BurrowBase
import BurrowCrypto

/// SFrame keys of one base key, as the peer asks for them by number.
struct FrameKeys {
    private var baseKey: [UInt8] = []
    private var suite = SFrameSuite.aes128GCM
    private var keys: [UInt64: SFrameKey] = [:]

    mutating func key(_ baseKey: [UInt8], _ suite: SFrameSuite, _ keyID: UInt64) throws -> SFrameKey {
        if baseKey != self.baseKey || suite != self.suite {
            self.baseKey = baseKey
            self.suite = suite
            keys = [:]
        }
        if let key = keys[keyID] { return key }
        let key = try SFrameSecret(suite, baseKey: baseKey.span).key(keyID)
        keys[keyID] = key
        return key
    }
}

extension Peer {
    /// Frames by themselves: the driver says what the keys are made of.
    mutating func frame(_ operation: String, _ request: JSON.Object) throws -> Reply {
        let baseKey = try request.bytes("base_key")
        let metadata = try request.optionalBytes("metadata") ?? []
        guard let suite = SFrameSuite(rawValue: UInt16(clamping: try request.number("suite"))) else {
            throw Failure("unknown suite")
        }
        if operation == "frame_seal" {
            let key = try frameKeys.key(baseKey, suite, request.number("kid"))
            let data = try request.bytes("data")
            let counter = try request.number("counter")
            let frame = try key.seal(data.span, counter: counter, metadata: metadata.span)
            return [.init("bytes", hex: frame)]
        }
        let frame = try request.bytes("bytes")
        var reader = ByteReader(frame.span)
        let header = try SFrameHeader(from: &reader)
        let key = try frameKeys.key(baseKey, suite, header.keyID)
        guard let data = try key.open(frame.span, metadata: metadata.span) else {
            throw Failure("frame is not authentic")
        }
        return [
            .init("data", hex: data),
            .init("kid", .integer(Int64(clamping: header.keyID))),
            .init("counter", .integer(Int64(clamping: header.counter))),
        ]
    }
}
