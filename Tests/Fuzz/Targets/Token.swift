import BurrowBase
import BurrowCrypto
import BurrowMoQ
import FuzzHarness

/// What a stranger sends to be let in: a path with a query, a raw token, or header and payload behind a good
/// signature, which is the only way to the claims.
enum TokenTarget: FuzzTarget {
    /// Not the secret of the seeds, whose token must be refused.
    static let secret = Array(UInt8(32)...63)
    static let key = #"{"alg":"HS256","k":"ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8"}"#

    static func run() {
        guard let file = try? TokenKeyFile(Array(key.utf8)), let verifier = try? TokenVerifier(file),
            let prefix = try? BroadcastPath("anon"), let first = file.keys.first,
            let signer = try? TokenSigner(first)
        else { preconditionFailure("the sample key is good") }
        let policy = AccessPolicy(
            verifier: verifier,
            publicPrefixes: [AccessPolicy.PublicPrefix(path: prefix)]
        )
        fuzz { (input) in
            var choices = Choices(input)
            switch choices.byte() % 3 {
            case 0:
                let path = String(decoding: choices.rest, as: UTF8.self)
                guard let grant = try? policy.authorize(setupPath: path, now: 0) else { return }
                precondition(grant.expires == nil, "nobody can guess the secret")
                precondition(
                    (grant.scope.publish + grant.scope.subscribe).allSatisfy { isPublic($0, grant, prefix) }
                )
            case 1:
                let token = String(decoding: choices.rest, as: UTF8.self)
                precondition((try? verifier.verify(token, now: 0)) == nil, "nobody can guess the secret")
            default:
                let header = choices.bytes(choices.byte())
                let payload = choices.bytes(choices.byte() << 4)
                let path = String(decoding: choices.rest, as: UTF8.self)
                let token = sign(header.isEmpty ? Array(#"{"alg":"HS256"}"#.utf8) : header, payload)
                guard let claims = try? verifier.verify(token, now: 1000) else { return }
                precondition(claims.expires ?? .max > 1000)
                precondition(
                    (try? signer.sign(claims)).map { (try? verifier.verify($0, now: 0)) == claims } ?? true
                )
                guard let grant = try? policy.authorize(path: path, query: "jwt=" + token, now: 0) else {
                    return
                }
                check(grant.scope.publish, claims.scope.publish, grant, claims)
                check(grant.scope.subscribe, claims.scope.subscribe, grant, claims)
            }
        }
    }

    private static func isPublic(
        _ path: BroadcastPath,
        _ grant: AccessPolicy.Grant,
        _ prefix: BroadcastPath
    ) -> Bool {
        (try? grant.scope.root.appending(path))?.hasPrefix(prefix) ?? true
    }

    /// Nothing is granted that the token does not grant, wherever the session connects.
    private static func check(
        _ granted: [BroadcastPath],
        _ claimed: [BroadcastPath],
        _ grant: AccessPolicy.Grant,
        _ claims: TokenClaims
    ) {
        for path in granted {
            guard let absolute = try? grant.scope.root.appending(path) else { continue }
            let isCovered = claimed.contains { (claim) in
                (try? claims.scope.root.appending(claim)).map { absolute.hasPrefix($0) } ?? true
            }
            precondition(isCovered, "more is granted than was claimed")
        }
    }

    private static func sign(_ header: [UInt8], _ payload: [UInt8]) -> String {
        let signed = Base64.url.encode(header) + "." + Base64.url.encode(payload)
        let code = try? HMACSHA256.authenticate(Array(signed.utf8).span, key: secret.span)
        return signed + "." + Base64.url.encode(code ?? [])
    }
}
