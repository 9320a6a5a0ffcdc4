/// Who may enter a relay, and what they may do there.
package struct AccessPolicy {
    /// A part of the relay that needs no token.
    package struct PublicPrefix: Equatable, Sendable {
        package var path: BroadcastPath
        package var mayPublish: Bool
        package var maySubscribe: Bool

        package init(path: BroadcastPath, mayPublish: Bool = true, maySubscribe: Bool = true) {
            self.path = path
            self.mayPublish = mayPublish
            self.maySubscribe = maySubscribe
        }

        /// As if a token had granted it.
        fileprivate var scope: SessionScope {
            SessionScope(
                root: path,
                publish: mayPublish ? [.root] : [],
                subscribe: maySubscribe ? [.root] : []
            )
        }
    }

    /// A session that was let in.
    package struct Grant: Equatable, Sendable {
        /// Where the session's paths begin and what it may do below; the owner enforces it.
        package let scope: SessionScope
        /// Unix seconds at which the owner must close the session.
        package let expires: Int64?
    }

    /// Believes tokens. Without it every token is refused, because the peer expects more than it would get.
    package var verifier: TokenVerifier?
    package var publicPrefixes: [PublicPrefix]

    /// Without verifier and public prefix nobody gets in.
    package init(verifier: TokenVerifier? = nil, publicPrefixes: [PublicPrefix] = []) {
        self.verifier = verifier
        self.publicPrefixes = publicPrefixes
    }

    /// Everybody may do everything.
    package static var open: AccessPolicy {
        AccessPolicy(publicPrefixes: [PublicPrefix(path: .root)])
    }

    /// Decides about a session from the value of SETUP's path parameter, `nil` when there was none.
    package func authorize(setupPath: String?, now unixSeconds: Int64) throws(AccessError) -> Grant {
        let target = setupPath ?? ""
        let path = target.utf8.prefix { $0 != UInt8(ascii: "?") }
        let query = target.utf8.dropFirst(path.count + 1)
        return try authorize(
            path: String(Substring(path)),
            query: query.isEmpty ? nil : String(Substring(query)),
            now: unixSeconds
        )
    }

    /// Decides about a session at `path`, whose token, if any, is in `query` under `jwt`. Percent-encoding in the
    /// path is left alone, as other relays do.
    package func authorize(
        path: String,
        query: String?,
        now unixSeconds: Int64
    ) throws(AccessError) -> Grant {
        let root: BroadcastPath
        do {
            root = try BroadcastPath(path)
        } catch {
            throw AccessError(.malformed, "connection path is beyond the limits")
        }
        guard let token = try query.map(URLQuery.token(in:)) ?? nil else {
            return Grant(scope: try publicScope(at: root), expires: nil)
        }
        guard let verifier else { throw AccessError(.unauthorized, "tokens are not accepted here") }
        let claims = try verifier.verify(token, now: unixSeconds)
        guard let scope = try claims.scope.entered(at: root) else {
            throw AccessError(.forbiddenPath, "token grants nothing at the connection path")
        }
        return Grant(scope: scope, expires: claims.expires)
    }

    private func publicScope(at path: BroadcastPath) throws(AccessError) -> SessionScope {
        var result = SessionScope(root: path, publish: [], subscribe: [])
        for prefix in publicPrefixes {
            if let scope = try prefix.scope.entered(at: path) { result.merge(scope) }
        }
        guard !result.grantsNothing else {
            throw AccessError(.unauthorized, "connection path needs a token")
        }
        return result
    }
}
