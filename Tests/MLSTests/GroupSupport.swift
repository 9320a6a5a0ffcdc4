import BurrowBase
import BurrowCrypto
import BurrowMLS
import Testing

/// A time for all tests, in seconds since 1970.
let now: UInt64 = 1_800_000_000

/// Somebody with a signature key, who makes key packages and joins groups.
struct Person {
    let suite: CipherSuite
    var identity: MemberIdentity

    init(
        _ name: String,
        _ suite: CipherSuite,
        proposals: [UInt16] = [Proposal.selfRemoveType],
        extensions: [UInt16] = []
    )
        throws
    {
        self.suite = suite
        identity = MemberIdentity(
            credential: .basic(Array(name.utf8)),
            capabilities: Capabilities(
                cipherSuites: [suite.id.rawValue, Capabilities.grease(3)],
                extensions: [Extension.lastResort, Capabilities.grease(4)] + extensions,
                proposals: proposals + [Capabilities.grease(5)],
                credentials: [Credential.basicType, Capabilities.grease(6)]
            ),
            signatureKey: try suite.generateSignatureKey()
        )
    }

    func bundle(lifetime: Lifetime = .standard(now: now), extensions: [Extension] = []) throws
        -> KeyPackageBundle
    {
        try KeyPackageBundle(generate: identity, lifetime: lifetime, extensions: extensions, suite: suite)
    }

    func found(
        _ groupID: [UInt8] = Array("group".utf8),
        extensions: [Extension] = [],
        policy: GroupPolicy = .test
    ) throws -> Group {
        try Group(
            founding: groupID,
            identity,
            extensions: extensions,
            lifetime: .standard(now: now),
            policy: policy,
            suite: suite
        )
    }

    func join(_ welcome: [UInt8]?, _ bundle: KeyPackageBundle, options: JoinOptions = .test) throws -> Group {
        guard case .welcome(let welcome) = try MLSMessage(decoding: try #require(welcome)) else {
            throw MLSError(.wireFormatRefused, "not a Welcome")
        }
        return try Group(joining: welcome, with: bundle, options: options, now: now, suite: suite)
    }
}

extension GroupPolicy {
    static var test: GroupPolicy {
        var policy = GroupPolicy()
        policy.acceptsExternalCommits = true
        return policy
    }

    static var inTheClear: GroupPolicy {
        var policy = GroupPolicy.test
        policy.handshakeFormat = .publicMessage
        return policy
    }
}

extension JoinOptions {
    static var test: JoinOptions {
        var options = JoinOptions()
        options.policy = .test
        return options
    }

    static func with(_ policy: GroupPolicy) -> JoinOptions {
        var options = JoinOptions()
        options.policy = policy
        return options
    }
}

/// Several members of one group, each with state of its own.
struct Circle {
    let suite: CipherSuite
    var groups: [Group]
    var people: [Person]

    /// A group of `count`, all added by the first in one commit.
    init(_ count: Int, _ suite: CipherSuite, policy: GroupPolicy = .test, extensions: [Extension] = []) throws
    {
        self.suite = suite
        people = [try Person("member 0", suite)]
        groups = [try people[0].found(extensions: extensions, policy: policy)]
        guard count > 1 else { return }
        let newcomers = try (1..<count).map { try Person("member \($0)", suite) }
        try add(newcomers, by: 0, policy: policy)
    }

    mutating func add(_ newcomers: [Person], by committer: Int, policy: GroupPolicy = .test) throws {
        let bundles = try newcomers.map { try $0.bundle() }
        let commit = try self.commit(by: committer, CommitRequest(bundles.map { .add($0.keyPackage) }))
        for (person, bundle) in zip(newcomers, bundles) {
            groups.append(try person.join(commit.welcome, bundle, options: .with(policy)))
            people.append(person)
        }
    }

    /// Makes a commit and lets everybody merge it.
    @discardableResult mutating func commit(
        by committer: Int,
        _ request: CommitRequest = CommitRequest()
    ) throws -> OutgoingCommit {
        let commit = try groups[committer].commit(request, now: now)
        for index in groups.indices where index != committer && groups[index].status == .active {
            guard case .commit(let staged) = try groups[index].process(commit.message, now: now) else {
                throw MLSError(.invalidArgument, "not a commit")
            }
            try groups[index].merge(staged, now: now)
        }
        try groups[committer].mergePendingCommit(now: now)
        return commit
    }

    /// Lets everybody but the sender have a message.
    mutating func deliver(_ message: [UInt8], from sender: Int?) throws {
        for index in groups.indices where index != sender && groups[index].status == .active {
            _ = try groups[index].process(message, now: now)
        }
    }

    var active: [Int] { groups.indices.filter { groups[$0].status != .removed } }

    /// Everybody who is a member knows the same.
    func expectAgreement() throws {
        let members = active.map { groups[$0] }
        let first = try #require(members.first)
        let exported = try first.export(label: "test", context: [1, 2], count: 48).hex
        try first.tree.validateParents()
        for group in members {
            #expect(group.epochAuthenticator == first.epochAuthenticator)
            #expect(group.context == first.context)
            #expect(try group.export(label: "test", context: [1, 2], count: 48).hex == exported)
        }
        #expect(first.tree.memberCount == members.count)
    }
}

/// Expects one particular refusal.
func expect(
    _ code: MLSError.Code,
    _ location: SourceLocation = #_sourceLocation,
    _ body: () throws -> Void
) {
    do {
        try body()
        Issue.record("accepted instead of \(code)", sourceLocation: location)
    } catch let error as MLSError {
        #expect(error.code == code, "\(error)", sourceLocation: location)
    } catch {
        Issue.record("\(error)", sourceLocation: location)
    }
}
