import BurrowBase
import BurrowMoQ
import FuzzHarness

/// Key files. A key that signs and verifies must verify what it signed.
enum TokenKeyFileTarget: FuzzTarget {
    static func run() {
        fuzz { (input) in
            guard let file = try? TokenKeyFile(input) else { return }
            let scope = SessionScope(root: .root, publish: [.root], subscribe: [])
            let verifier = try? TokenVerifier(file)
            for key in file.keys {
                guard let signer = try? TokenSigner(key),
                    let token = try? signer.sign(TokenClaims(scope: scope)),
                    key.mayVerify, !file.isSet
                else { continue }
                let claims = try? verifier?.verify(token, now: 0)
                precondition(claims?.scope == scope, "a key does not know its own signature")
            }
        }
    }
}
