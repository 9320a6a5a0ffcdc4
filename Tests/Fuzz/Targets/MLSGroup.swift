import BurrowBase
import BurrowCrypto
import BurrowMLS
import FuzzHarness

/// `process` of a live group: bytes from outside, messages of a member with bytes changed, and content that a member
/// signs and protects as the rules want but that breaks others. What is refused must leave the group as it was.
enum MLSGroupTarget: FuzzTarget {
    static let now: UInt64 = 1_800_000_000

    static func run() {
        guard let scene = try? Scene() else { preconditionFailure("no group to attack") }
        fuzz { (input) in
            var choices = Choices(input)
            var victim = scene.victim
            var attacker = scene.attacker
            for _ in 0..<4 {
                guard !choices.rest.isEmpty else { break }
                guard let message = try? scene.message(&attacker, &choices) else { continue }
                guard let received = try? victim.process(message, now: now) else { continue }
                if case .commit(let staged) = received { try? victim.merge(staged, now: now) }
            }
            guard victim.status == .active, victim.epochNumber == scene.victim.epochNumber else { return }
            require(victim.epochAuthenticator == scene.victim.epochAuthenticator, "epoch has changed")
            // The third member is heard as if nothing had happened.
            guard case .application(let heard)? = try? victim.process(scene.greeting, now: now) else {
                require(false, "an honest message is no longer read")
                return
            }
            require(heard.data == [42], "an honest message is read wrongly")
        }
    }

    struct Scene {
        var victim: Group
        var attacker: Group
        let greeting: [UInt8]
        let keyPackage: KeyPackage

        init() throws {
            let suite = CipherSuite(.x25519AES128GCM)
            var policy = GroupPolicy()
            policy.acceptsExternalCommits = true
            policy.handshakeFormat = .publicMessage
            func identity(_ name: UInt8) throws -> MemberIdentity {
                MemberIdentity(
                    credential: .basic([name]),
                    capabilities: Capabilities(cipherSuites: [1], proposals: [Proposal.selfRemoveType]),
                    signatureKey: try suite.generateSignatureKey()
                )
            }
            var options = JoinOptions()
            options.policy = policy
            var founder = try Group(
                founding: [1],
                identity(0),
                lifetime: .standard(now: now),
                policy: policy,
                suite: suite
            )
            let bundles = try (1..<4).map {
                try KeyPackageBundle(
                    generate: identity(UInt8($0)),
                    lifetime: .standard(now: now),
                    suite: suite
                )
            }
            keyPackage = bundles[2].keyPackage
            let commit = try founder.commit(
                CommitRequest(bundles[..<2].map { .add($0.keyPackage) }),
                now: now
            )
            try founder.mergePendingCommit(now: now)
            guard case .welcome(let welcome) = try MLSMessage(decoding: commit.welcome ?? []) else {
                throw MLSError(.invalidArgument, "no Welcome")
            }
            attacker = try Group(joining: welcome, with: bundles[0], options: options, now: now, suite: suite)
            victim = try Group(joining: welcome, with: bundles[1], options: options, now: now, suite: suite)
            greeting = try founder.seal([42])
        }

        /// What the attacker sends, by the choices of the input.
        func message(_ attacker: inout Group, _ choices: inout Choices) throws -> [UInt8] {
            switch choices.byte() % 7 {
            case 0: return choices.bytes(256)
            case 1: return try altered(attacker.seal(choices.bytes(16)), &choices)
            case 2: return try altered(attacker.propose(.remove(UInt32(choices.byte()))), &choices)
            case 3:
                attacker.discardPendingCommit()
                return try altered(attacker.commit(CommitRequest(), now: now).message, &choices)
            case 4:
                let count = choices.byte()
                return try forged(&attacker, .proposal(Proposal(decoding: choices.bytes(count))), &choices)
            case 5:
                let count = choices.byte()
                return try forged(&attacker, .commit(Commit(decoding: choices.bytes(count))), &choices)
            default: return try forged(&attacker, .commit(commit(&attacker, &choices)), &choices)
            }
        }

        private func altered(_ message: [UInt8], _ choices: inout Choices) -> [UInt8] {
            var message = message
            for _ in 0..<(choices.byte() % 4) {
                let position = (choices.byte() << 8 | choices.byte()) % message.count
                message[position] = UInt8(choices.byte())
            }
            if choices.byte() % 8 == 0 { message.removeLast(choices.byte() % message.count) }
            return message
        }

        /// A commit of pieces that are right by themselves.
        private func commit(_ attacker: inout Group, _ choices: inout Choices) throws -> Commit {
            var proposals: [ProposalOrRef] = []
            for _ in 0..<(choices.byte() % 4) {
                let proposal: Proposal =
                    switch choices.byte() % 8 {
                    case 0: .add(keyPackage)
                    case 1: .remove(UInt32(choices.byte()))
                    case 2:
                        .groupContextExtensions([
                            Extension(type: UInt16(choices.byte()), data: choices.bytes(8))
                        ])
                    case 3: .reinit(ReInit(groupID: [2], cipherSuite: 1, extensions: []))
                    case 4: try attacker.preSharedKeyProposal(.external(id: []))
                    case 5: .externalInit(kemOutput: choices.bytes(32))
                    case 6: .selfRemove
                    default: .update(keyPackage.leafNode)
                    }
                proposals.append(.proposal(proposal))
            }
            guard choices.byte() % 2 == 0 else { return Commit(proposals: proposals, path: nil) }
            attacker.discardPendingCommit()
            let honest = try attacker.commit(CommitRequest(), now: now).message
            guard case .publicMessage(let message) = try MLSMessage(decoding: honest),
                case .commit(let commit) = message.content.content, let path = commit.path
            else { return Commit(proposals: proposals, path: nil) }
            var nodes = path.nodes
            if choices.byte() % 2 == 0 {
                nodes += nodes
            } else {
                nodes.removeLast(min(nodes.count, choices.byte() % 3))
            }
            return Commit(proposals: proposals, path: UpdatePath(leafNode: path.leafNode, nodes: nodes))
        }

        private func forged(
            _ attacker: inout Group,
            _ content: Content,
            _ choices: inout Choices
        ) throws -> [UInt8] {
            let format: WireFormat = choices.byte() % 2 == 0 ? .publicMessage : .privateMessage
            let signed = try attacker.sign(content, [], format)
            let tag: [UInt8]? = content.kind == .commit ? choices.bytes(32) : nil
            let message = AuthenticatedContent(
                wireFormat: format,
                content: signed.content,
                authentication: ContentAuthentication(
                    signature: signed.authentication.signature,
                    confirmationTag: tag
                )
            )
            return try attacker.protect(message).encoded
        }
    }
}
