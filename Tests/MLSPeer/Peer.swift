import BurrowBase
import BurrowCrypto
import BurrowMLS
import Glibc

/// One member with at most one group, as other implementations of RFC 9420 meet it: MLSMessages in and out, and nothing of
/// Marmot or Nostr around them.
struct Peer {
    struct Failure: Error {
        let text: String

        init(_ text: String) { self.text = text }
    }

    typealias Reply = [JSON.Object.Member]

    let suite = CipherSuite(.x25519AES128GCM)
    var identity: MemberIdentity?
    var policy = GroupPolicy()
    /// Key packages nobody has used yet.
    var bundles: [KeyPackageBundle] = []
    var group: Group?
    var frameKeys = FrameKeys()

    var now: UInt64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return UInt64(clamping: time.tv_sec)
    }

    mutating func answer(_ line: [UInt8]) -> [UInt8] {
        do {
            let limits = JSON.Limits(bytes: 8 << 20, depth: 16)
            guard case .object(let request) = try JSON.parse(line, limits: limits) else {
                throw Failure("request is no object")
            }
            return JSON.object(JSON.Object([.init("ok", .bool(true))] + (try perform(request)))).encoded
        } catch let error as MLSError {
            return Self.failure("\(error)")
        } catch let error as Failure {
            return Self.failure(error.text)
        } catch {
            return Self.failure("\(error)")
        }
    }

    private static func failure(_ text: String) -> [UInt8] {
        JSON.object(JSON.Object([.init("ok", .bool(false)), .init("error", .string(text))])).encoded
    }
}

extension JSON.Object {
    func bytes(_ key: String) throws -> [UInt8] { try Hex.decode(try string(key)) }

    func optionalBytes(_ key: String) throws -> [UInt8]? {
        try optionalString(key).map { try Hex.decode($0) }
    }

    func number(_ key: String) throws -> UInt64 {
        guard let value = UInt64(exactly: try integer(key)) else { throw Peer.Failure("\(key) is negative") }
        return value
    }
}

extension JSON.Object.Member {
    init(_ key: String, hex bytes: [UInt8]) { self.init(key, .string(Hex.encode(bytes))) }
}
