import BurrowBase
import BurrowCrypto
import BurrowMLS

/// The requests.
extension Peer {
    mutating func perform(_ request: JSON.Object) throws -> Reply {
        let operation = try request.string("op")
        switch operation {
        case "hello":
            try introduce(request)
            return []
        case "key_package":
            let bundle = try makeKeyPackage()
            // Some take the structure and not the message that carries it.
            return [
                .init("bytes", hex: MLSMessage.keyPackage(bundle.keyPackage).encoded),
                .init("bare", hex: bundle.keyPackage.encoded),
            ]
        case "create":
            group = try Group(
                founding: request.bytes("group_id"),
                requireIdentity(),
                lifetime: .standard(now: now),
                policy: policy,
                suite: suite
            )
            return []
        case "join": return try join(request)
        case "join_outside": return try joinFromOutside(request)
        case "frame_seal", "frame_open": return try frame(operation, request)
        default:
            guard var group else { throw Failure("there is no group") }
            // Nothing else may hold the state while it changes; after a failure it goes on as it is.
            self.group = nil
            defer { self.group = group }
            return try change(operation, &group, request)
        }
    }

    func requireIdentity() throws -> MemberIdentity {
        guard let identity else { throw Failure("say hello first") }
        return identity
    }

    private mutating func introduce(_ request: JSON.Object) throws {
        let grease = try request.optionalBool("grease") ?? true
        identity = MemberIdentity(
            credential: .basic(Array(try request.string("name").utf8)),
            capabilities: Capabilities(
                cipherSuites: [suite.id.rawValue] + (grease ? [Capabilities.grease(1)] : []),
                extensions: grease ? [Capabilities.grease(2)] : [],
                proposals: [Proposal.selfRemoveType] + (grease ? [Capabilities.grease(3)] : [])
            ),
            signatureKey: try suite.generateSignatureKey()
        )
        if try request.optionalBool("public") ?? false { policy.handshakeFormat = .publicMessage }
        policy.acceptsExternalCommits = true
    }

    private mutating func makeKeyPackage() throws -> KeyPackageBundle {
        let bundle = try KeyPackageBundle(
            generate: requireIdentity(),
            lifetime: .standard(now: now),
            suite: suite
        )
        bundles.append(bundle)
        return bundle
    }

    var joinOptions: JoinOptions {
        var options = JoinOptions()
        options.policy = policy
        return options
    }

    private mutating func join(_ request: JSON.Object) throws -> Reply {
        let message = try request.bytes("welcome")
        let watch = Stopwatch()
        guard case .welcome(let welcome) = try MLSMessage(decoding: message) else {
            throw Failure("not a Welcome")
        }
        guard let index = try Group.match(welcome, bundles, suite: suite) else {
            throw Failure("the Welcome is for nobody here")
        }
        var options = joinOptions
        options.ratchetTree = try request.optionalBytes("tree")
        group = try Group(joining: welcome, with: bundles[index], options: options, now: now, suite: suite)
        let taken = watch.reply
        bundles.remove(at: index)
        return taken
    }

    private mutating func joinFromOutside(_ request: JSON.Object) throws -> Reply {
        guard case .groupInfo(let info) = try MLSMessage(decoding: request.bytes("group_info")) else {
            throw Failure("not a GroupInfo")
        }
        let joined = try Group.join(info, requireIdentity(), options: joinOptions, now: now, suite: suite)
        group = joined.group
        return [.init("commit", hex: joined.commit)]
    }

    private func keyPackages(_ request: JSON.Object) throws -> [Proposal] {
        try request.array("key_packages").map { (json) in
            let bytes = try Hex.decode(json.stringValue ?? "")
            if case .keyPackage(let package)? = try? MLSMessage(decoding: bytes) { return .add(package) }
            return .add(try KeyPackage(decoding: bytes))
        }
    }

    private func change(_ operation: String, _ group: inout Group, _ request: JSON.Object) throws -> Reply {
        switch operation {
        case "commit":
            var commit = CommitRequest()
            if request["key_packages"] != nil { commit.proposals += try keyPackages(request) }
            if let leaf = try request.optionalInteger("remove") {
                commit.proposals.append(.remove(UInt32(clamping: leaf)))
            }
            commit.forcesPath = try request.optionalBool("path") ?? true
            let watch = Stopwatch()
            let result = try group.commit(commit, now: now)
            var reply = watch.reply
            reply.append(.init("commit", hex: result.message))
            if let welcome = result.welcome { reply.append(.init("welcome", hex: welcome)) }
            return reply
        case "merge":
            try group.mergePendingCommit(now: now)
            return []
        case "discard":
            group.discardPendingCommit()
            return []
        case "propose":
            switch try request.string("what") {
            case "update": return [.init("bytes", hex: try group.proposeUpdate())]
            case "leave": return [.init("bytes", hex: try group.propose(.selfRemove))]
            case "remove":
                let leaf = UInt32(clamping: try request.number("leaf"))
                return [.init("bytes", hex: try group.propose(.remove(leaf)))]
            case "add":
                let proposals = try keyPackages(request)
                return [
                    .init("bytes", .array(try proposals.map { .string(Hex.encode(try group.propose($0))) }))
                ]
            default: throw Failure("unknown proposal")
            }
        case "process": return try process(&group, request.bytes("bytes"))
        case "seal":
            let data = try request.bytes("data")
            let watch = Stopwatch()
            let message = try group.seal(data)
            return watch.reply + [.init("bytes", hex: message)]
        case "grow":
            try grow(&group, to: Int(clamping: request.number("size")))
            return []
        case "memory": return [.init("bytes", .integer(Int64(try stateBytes(group))))]
        case "export":
            let secret = try group.export(
                label: request.bytes("label"),
                context: request.bytes("context"),
                count: Int(clamping: request.number("length"))
            )
            return [.init("bytes", hex: secret.copied())]
        case "group_info": return [.init("bytes", hex: try group.groupInfo())]
        case "state": return state(group)
        default: throw Failure("unknown request \(operation)")
        }
    }

    private func process(_ group: inout Group, _ message: [UInt8]) throws -> Reply {
        let watch = Stopwatch()
        switch try group.process(message, now: now) {
        case .application(let message):
            return watch.reply + [
                .init("kind", .string("application")),
                .init("data", hex: message.data),
                .init("sender", .integer(Int64(message.sender))),
            ]
        case .proposal: return [.init("kind", .string("proposal"))]
        case .ownCommit:
            try group.mergePendingCommit(now: now)
            return [.init("kind", .string("own_commit"))]
        case .commit(let staged):
            let isRemoved = staged.removesUs
            try group.merge(staged, now: now)
            return watch.reply + [.init("kind", .string(isRemoved ? "removed" : "commit"))]
        }
    }

    private func state(_ group: Group) -> Reply {
        let members = group.tree.members.map { (member) in
            JSON.object(
                JSON.Object([
                    .init("leaf", .integer(Int64(member.leaf))),
                    .init("name", .string(name(member.node.credential))),
                ])
            )
        }
        return [
            .init("epoch", .integer(Int64(clamping: group.epochNumber))),
            .init("group_id", hex: group.groupID),
            .init("leaf", .integer(Int64(group.ownLeaf))),
            .init("active", .bool(group.status == .active)),
            .init("members", .array(members)),
        ]
    }

    private func name(_ credential: Credential) -> String {
        if case .basic(let identity) = credential { return String(decoding: identity, as: UTF8.self) }
        return ""
    }
}
