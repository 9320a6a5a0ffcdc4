import BurrowBase
import BurrowMoQ
import Testing

@Suite struct AccessPolicyTests {
    struct PathCase: Sendable {
        let root: String
        let put: String
        let get: String
        let path: String
        /// What is left, `nil` for a refusal.
        let expected: (publish: String, subscribe: String)?

        init(_ root: String, put: String, get: String, at path: String, _ expected: (String, String)?) {
            self.root = root
            self.put = put
            self.get = get
            self.path = path
            self.expected = expected
        }
    }

    @Test(arguments: [
        // path = root: as written
        PathCase("room/123", put: "alice", get: ".", at: "/room/123", ("alice", ".")),
        PathCase("room/123", put: "alice", get: ".", at: "//room//123/", ("alice", ".")),
        PathCase("", put: "a b", get: "", at: "", ("a b", "")),
        // deeper, grant extends the suffix: the remainder
        PathCase("room", put: "123/alice", get: "123/bob/x", at: "room/123", ("alice", "bob/x")),
        PathCase("room", put: "123", get: "", at: "room/123", (".", "")),
        // deeper, grant is everything: stays so
        PathCase("room", put: ".", get: ".", at: "room/123/alice", (".", ".")),
        // deeper, grant is a proper prefix of the suffix: everything below
        PathCase("", put: "room", get: "", at: "room/alice", (".", "")),
        PathCase("x", put: "room", get: "room/alice/phone", at: "x/room/alice", (".", "phone")),
        // deeper, unrelated grant: dropped
        PathCase("room", put: "bob", get: ".", at: "room/alice", ("", ".")),
        PathCase("room", put: "ali", get: ".", at: "room/alice", ("", ".")),
        PathCase("room", put: "alice2", get: ".", at: "room/alice", ("", ".")),
        // path is a parent of root: root's remainder in front
        PathCase("room/123", put: "alice", get: ".", at: "room", ("123/alice", "123")),
        PathCase("room/123", put: "alice", get: "", at: "", ("room/123/alice", "")),
        // unrelated
        PathCase("room/123", put: ".", get: ".", at: "room/124", nil),
        PathCase("room/123", put: ".", get: ".", at: "room/12", nil),
        PathCase("room/123", put: ".", get: ".", at: "other", nil),
        // nothing left
        PathCase("room", put: "bob", get: "carol", at: "room/alice", nil),
    ])
    func pathRules(test: PathCase) throws {
        let scope = SessionScope(
            root: try BroadcastPath(test.root),
            publish: try paths(test.put),
            subscribe: try paths(test.get)
        )
        let claims = TokenClaims(scope: scope, expires: Sample.expires)
        let token = try TokenSigner(try Sample.key(Sample.sharedKey)).sign(claims)
        let policy = AccessPolicy(verifier: try Sample.verifier(Sample.sharedKey))
        guard let expected = test.expected else {
            let error = #expect(throws: AccessError.self) {
                try policy.authorize(path: test.path, query: "jwt=\(token)", now: Sample.now)
            }
            #expect(error?.code == .forbiddenPath)
            return
        }
        let grant = try policy.authorize(path: test.path, query: "jwt=\(token)", now: Sample.now)
        #expect(grant.scope.root == (try BroadcastPath(test.path)))
        #expect(grant.scope.publish == (try paths(expected.publish)))
        #expect(grant.scope.subscribe == (try paths(expected.subscribe)))
        #expect(grant.expires == Sample.expires)
    }

    @Test func documentedExample() throws {
        let policy = AccessPolicy(verifier: try Sample.verifier(Sample.sharedKeyFile))
        let grant = try policy.authorize(setupPath: "/room/123?jwt=\(Sample.sharedToken)", now: Sample.now)
        #expect(grant.scope.root.description == "room/123")
        #expect(texts(grant.scope.publish) == ["alice"])
        #expect(texts(grant.scope.subscribe) == [""])
    }

    @Test(
        arguments: [
            ("", nil), ("/", nil), ("room", nil), (nil, nil), ("/?", nil), ("/a?x=1", nil),
            ("/anon", ("anon", ".", ".")), ("/anon/deep/er?x", ("anon/deep/er", ".", ".")),
            ("/anonymous", nil),
        ] as [(String?, (String, String, String)?)]
    )
    func publicPrefix(path: String?, expected: (String, String, String)?) throws {
        let policy = AccessPolicy(
            verifier: try Sample.verifier(Sample.sharedKey),
            publicPrefixes: [AccessPolicy.PublicPrefix(path: try BroadcastPath("anon"))]
        )
        if let expected {
            let grant = try policy.authorize(setupPath: path, now: 0)
            #expect(grant.scope.root.description == expected.0)
            #expect(grant.scope.publish == (try paths(expected.1)))
            #expect(grant.scope.subscribe == (try paths(expected.2)))
            #expect(grant.expires == nil)
        } else if path == nil || path == "" || path == "/" || path == "/?" {
            // Above the public part the session sees it with the way down in front.
            let grant = try policy.authorize(setupPath: path, now: 0)
            #expect(texts(grant.scope.publish) == ["anon"])
            #expect(texts(grant.scope.subscribe) == ["anon"])
        } else {
            let error = #expect(throws: AccessError.self) { try policy.authorize(setupPath: path, now: 0) }
            #expect(error?.code == .unauthorized)
        }
    }

    @Test func publicPrefixesAddUp() throws {
        let policy = AccessPolicy(publicPrefixes: [
            AccessPolicy.PublicPrefix(path: try BroadcastPath("stage"), mayPublish: false),
            AccessPolicy.PublicPrefix(path: try BroadcastPath("lobby")),
            AccessPolicy.PublicPrefix(path: try BroadcastPath("inbox"), maySubscribe: false),
        ])
        let above = try policy.authorize(path: "", query: nil, now: 0)
        #expect(texts(above.scope.publish) == ["lobby", "inbox"])
        #expect(texts(above.scope.subscribe) == ["stage", "lobby"])
        let stage = try policy.authorize(path: "stage/left", query: nil, now: 0)
        #expect(texts(stage.scope.publish) == [])
        #expect(texts(stage.scope.subscribe) == [""])
    }

    @Test func openAndClosed() throws {
        let grant = try AccessPolicy.open.authorize(path: "any/where", query: nil, now: 0)
        #expect(
            grant.scope
                == SessionScope(root: try BroadcastPath("any/where"), publish: [.root], subscribe: [.root])
        )
        #expect(throws: AccessError.self) { try AccessPolicy().authorize(path: "", query: nil, now: 0) }
        let error = #expect(throws: AccessError.self) {
            try AccessPolicy.open.authorize(path: "", query: "jwt=\(Sample.sharedToken)", now: 0)
        }
        #expect(error?.code == .unauthorized)
    }

    /// A bad token is not as good as none.
    @Test func badTokenDoesNotFallBackToPublicAccess() throws {
        let policy = AccessPolicy(
            verifier: try Sample.verifier(Sample.sharedKey),
            publicPrefixes: [AccessPolicy.PublicPrefix(path: .root)]
        )
        for query in ["jwt=", "jwt", "jwt=x", "jwt=a.b.c", "jwt=\(Sample.sharedToken)AA"] {
            #expect(throws: AccessError.self) {
                try policy.authorize(path: "", query: query, now: Sample.now)
            }
        }
        #expect(throws: Never.self) { try policy.authorize(path: "", query: "token=x", now: Sample.now) }
    }

    @Test func queryForms() throws {
        let policy = AccessPolicy(verifier: try Sample.verifier(Sample.sharedKey))
        let token = Sample.sharedToken
        let escaped = token.utf8.map { "%" + Hex.encode([$0]) }.joined()
        for query in [
            "jwt=\(token)", "a=b&jwt=\(token)", "&&jwt=\(token)&x", "%6a%77%74=\(token)", "jwt=\(escaped)",
            "jwt2=x&jwt=\(token)", "%zz=1&jwt=\(token)",
        ] {
            #expect(throws: Never.self) {
                try policy.authorize(path: "room/123", query: query, now: Sample.now)
            }
        }
        for query in [
            "jwt=\(token)&jwt=\(token)", "jwt=\(token)%", "jwt=\(token)%4", "jwt=%ff", "jwt=\(token)%zz",
        ] {
            let error = #expect(throws: AccessError.self) {
                try policy.authorize(path: "room/123", query: query, now: Sample.now)
            }
            #expect(error?.code == .malformed)
        }
        let error = #expect(throws: AccessError.self) {
            try policy.authorize(path: "room/123", query: "JWT=\(token)", now: Sample.now)
        }
        #expect(error?.code == .unauthorized)
    }

    @Test func pathsBeyondTheLimits() throws {
        for path in [String(repeating: "a/", count: 33), String(repeating: "a", count: 1025)] {
            let error = #expect(throws: AccessError.self) {
                try AccessPolicy.open.authorize(path: path, query: nil, now: 0)
            }
            #expect(error?.code == .malformed)
        }
        // The way down from the connection path makes a grant longer than a path may be.
        let deep = try BroadcastPath(Array(repeating: "d", count: 20).joined(separator: "/"))
        let scope = SessionScope(root: deep, publish: [deep], subscribe: [])
        let token = try TokenSigner(try Sample.key(Sample.sharedKey)).sign(TokenClaims(scope: scope))
        let policy = AccessPolicy(verifier: try Sample.verifier(Sample.sharedKey))
        let error = #expect(throws: AccessError.self) {
            try policy.authorize(path: "", query: "jwt=\(token)", now: 0)
        }
        #expect(error?.code == .malformed)
    }
}
