import BurrowBase
import BurrowCrypto
import BurrowMLS
import Testing

/// A member who breaks rules: signs and protects what no honest member would send.
extension Group {
    mutating func forge(
        _ content: Content,
        _ format: WireFormat = .publicMessage,
        tag: [UInt8]? = nil
    ) throws -> [UInt8] {
        let signed = try sign(content, [], format)
        let isCommit = content.kind == .commit
        let message = AuthenticatedContent(
            wireFormat: format,
            content: signed.content,
            authentication: ContentAuthentication(
                signature: signed.authentication.signature,
                confirmationTag: isCommit ? tag ?? [UInt8](repeating: 7, count: 32) : tag
            )
        )
        return try protect(message).encoded
    }

    mutating func forge(_ proposals: [Proposal], path: UpdatePath? = nil) throws -> [UInt8] {
        try forge(.commit(Commit(proposals: proposals.map { .proposal($0) }, path: path)))
    }

    /// An honest commit in the clear, changed, and signed again.
    mutating func forge(
        _ request: CommitRequest = CommitRequest(),
        _ change: (Commit) throws -> Commit
    ) throws -> [UInt8] {
        policy.handshakeFormat = .publicMessage
        let honest = try commit(request, now: now).message
        discardPendingCommit()
        guard case .publicMessage(let message) = try MLSMessage(decoding: honest),
            case .commit(let commit) = message.content.content
        else { throw MLSError(.invalidArgument, "not a commit in the clear") }
        return try forge(.commit(change(commit)), tag: message.authentication.confirmationTag)
    }
}

extension PublicMessage {
    /// The same with other parts.
    func with(
        content: FramedContent? = nil,
        authentication: ContentAuthentication? = nil,
        membershipTag: [UInt8]?? = nil
    ) -> PublicMessage {
        PublicMessage(
            content: content ?? self.content,
            authentication: authentication ?? self.authentication,
            membershipTag: membershipTag ?? self.membershipTag
        )
    }
}

extension FramedContent {
    func with(
        groupID: [UInt8]? = nil,
        epoch: UInt64? = nil,
        sender: Sender? = nil,
        content: Content? = nil
    ) -> FramedContent {
        FramedContent(
            groupID: groupID ?? self.groupID,
            epoch: epoch ?? self.epoch,
            sender: sender ?? self.sender,
            authenticatedData: authenticatedData,
            content: content ?? self.content
        )
    }
}

extension [UInt8] {
    func flipped(_ index: Int) -> [UInt8] {
        var copy = self
        copy[index] ^= 1
        return copy
    }
}

/// A Welcome taken apart with the joiner's keys, to be changed and closed again.
struct OpenWelcome {
    let suite: CipherSuite
    let bundle: KeyPackageBundle
    let signer: SignatureKeyPair
    var info: GroupInfo
    var secrets: GroupSecrets
    var keys: PreSharedKeys

    init(
        _ welcome: [UInt8]?,
        _ bundle: KeyPackageBundle,
        signer: SignatureKeyPair,
        keys: PreSharedKeys = PreSharedKeys(),
        _ suite: CipherSuite
    ) throws {
        guard case .welcome(let welcome) = try MLSMessage(decoding: try #require(welcome)) else {
            throw MLSError(.invalidArgument, "not a Welcome")
        }
        let opened = try Group.open(
            welcome,
            for: bundle.keyPackage,
            initKey: bundle.initKey,
            preSharedKeys: keys,
            suite: suite
        )
        self.suite = suite
        self.bundle = bundle
        self.signer = signer
        self.keys = keys
        info = opened.info
        secrets = opened.secrets
    }

    var tree: RatchetTree {
        get throws {
            try RatchetTree(
                decoding: try #require(info.extensions.data(of: Extension.ratchetTree)),
                suite: suite
            )
        }
    }

    /// Puts another tree in, with its hash where hashes belong.
    mutating func setTree(_ encoded: [UInt8], hash: [UInt8]? = nil) throws {
        info.extensions = [Extension(type: Extension.ratchetTree, data: encoded)]
        info.context.treeHash = try hash ?? RatchetTree(decoding: encoded, suite: suite).treeHash()
    }

    /// Signs the GroupInfo and gives it a confirmation tag that fits, then encrypts everything again.
    func closed(signs: Bool = true, confirms: Bool = true) throws -> [UInt8] {
        var info = info
        let psk = try keys.secret(secrets.preSharedKeys, suite: suite)
        if confirms {
            let schedule = try KeySchedule(
                joinerSecret: secrets.joinerSecret,
                pskSecret: psk,
                encodedContext: info.context.encoded,
                suite: suite
            )
            info.confirmationTag = try suite.authenticate(
                info.context.confirmedTranscriptHash,
                key: schedule.secrets.confirmation
            )
        }
        if signs { info.signature = try suite.sign(info.signedBytes, "GroupInfoTBS", signer) }
        let secret = try KeySchedule.welcomeSecret(
            joinerSecret: secrets.joinerSecret,
            pskSecret: psk,
            suite: suite
        )
        let encrypted = try suite.seal(
            info.encoded,
            key: suite.expand(secret, "key", [], suite.keyLength),
            nonce: suite.expand(secret, "nonce", [], suite.nonceLength).copied(),
            additional: []
        )
        let sealed = try suite.encrypt(
            secrets.encoded(suite),
            label: Array("Welcome".utf8),
            context: encrypted,
            to: bundle.keyPackage.initKey
        )
        let entry = EncryptedGroupSecrets(
            newMember: try bundle.keyPackage.reference(suite),
            encryptedGroupSecrets: sealed
        )
        return MLSMessage.welcome(
            Welcome(cipherSuite: suite.id.rawValue, secrets: [entry], encryptedGroupInfo: encrypted)
        ).encoded
    }
}
