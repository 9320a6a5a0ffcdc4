package import BurrowCrypto

/// What somebody who joins brings along.
package struct JoinOptions {
    /// The tree, when the Welcome or GroupInfo does not carry it.
    package var ratchetTree: [UInt8]?
    package var policy = GroupPolicy()
    package var preSharedKeys = PreSharedKeys()
    /// Groups we are in already; one of them cannot be joined again.
    package var knownGroups: Set<[UInt8]> = []
    /// The group that the new one continues, if it does.
    package var predecessor: Group?

    package init() {}
}

/// Joining by invitation (RFC 9420 §12.4.3.1).
extension Group {
    /// Which of several key packages a Welcome is for: its index, `nil` if none.
    package static func match(
        _ welcome: Welcome,
        _ bundles: [KeyPackageBundle],
        suite: CipherSuite
    ) throws(MLSError) -> Int? {
        for (index, bundle) in bundles.enumerated() {
            let reference = try bundle.keyPackage.reference(suite)
            if welcome.secrets.contains(where: { $0.newMember == reference }) { return index }
        }
        return nil
    }

    /// Joins with one of our key packages. On success its init key has done its service, unless it is of last resort.
    package init(
        joining welcome: Welcome,
        with bundle: KeyPackageBundle,
        options: JoinOptions = JoinOptions(),
        now: UInt64,
        suite: CipherSuite
    ) throws(MLSError) {
        guard welcome.cipherSuite == bundle.keyPackage.cipherSuite,
            welcome.cipherSuite == suite.id.rawValue
        else { throw MLSError(.keyPackageMismatch, "Welcome is of cipher suite \(welcome.cipherSuite)") }
        var preSharedKeys = options.preSharedKeys
        if let predecessor = options.predecessor {
            preSharedKeys.set(
                predecessor.epoch.resumptionSecret,
                groupID: predecessor.groupID,
                epoch: predecessor.epochNumber
            )
        }
        let opened = try Self.open(
            welcome,
            for: bundle.keyPackage,
            initKey: bundle.initKey,
            preSharedKeys: preSharedKeys,
            suite: suite
        )
        let (secrets, info) = (opened.secrets, opened.info)
        guard !options.knownGroups.contains(info.context.groupID) else {
            throw MLSError(.groupAlreadyExists, "we are in this group already")
        }
        let tree = try info.validatedTree(
            options.ratchetTree,
            suite: suite,
            now: options.policy.checksReceivedLifetimes ? now : nil
        )
        try Self.validateResumption(secrets.preSharedKeys, info, tree, options.predecessor)
        let own = try Self.ownLeaf(bundle.keyPackage.leafNode, in: tree)
        guard own != info.signer else {
            throw MLSError(.invalidGroupInfoSignature, "GroupInfo is signed by ourselves")
        }
        var keys: [UInt32: EncryptionKeyPair] = [own << 1: bundle.encryptionKey]
        if let pathSecret = secrets.pathSecret {
            try Self.derive(pathSecret, signer: info.signer, own: own, tree, &keys)
        }
        let schedule = try KeySchedule(
            joinerSecret: secrets.joinerSecret,
            pskSecret: opened.pskSecret,
            encodedContext: info.context.encoded,
            suite: suite
        )
        let isConfirmed = try suite.isAuthentic(
            info.confirmationTag,
            info.context.confirmedTranscriptHash,
            key: schedule.secrets.confirmation
        )
        guard isConfirmed else {
            throw MLSError(.confirmationTagMismatch, "confirmation tag does not match")
        }
        let epoch = try Epoch(
            suite: suite,
            context: info.context,
            tree: tree,
            ownLeaf: own,
            keys: keys,
            confirmationTag: info.confirmationTag,
            secrets: schedule.secrets
        )
        self.init(
            epoch: epoch,
            signatureKey: bundle.signatureKey,
            policy: options.policy,
            preSharedKeys: preSharedKeys
        )
    }

    /// What a Welcome holds for the owner of a key package, decrypted; nothing of it is checked yet.
    package struct OpenedWelcome {
        package let secrets: GroupSecrets
        package let pskSecret: Secret
        package let info: GroupInfo
    }

    package static func open(
        _ welcome: Welcome,
        for keyPackage: KeyPackage,
        initKey: EncryptionKeyPair,
        preSharedKeys: PreSharedKeys = PreSharedKeys(),
        suite: CipherSuite
    ) throws(MLSError) -> OpenedWelcome {
        let reference = try keyPackage.reference(suite)
        guard let entry = welcome.secrets.first(where: { $0.newMember == reference }) else {
            throw MLSError(.noMatchingKeyPackage, "Welcome is for somebody else")
        }
        let opened: Secret
        do {
            opened = try suite.decrypt(
                entry.encryptedGroupSecrets,
                label: Welcome.label,
                context: welcome.encryptedGroupInfo,
                with: initKey
            )
        } catch {
            throw MLSError(.welcomeDecryptFailed, "group secrets are not authentic")
        }
        let secrets = try GroupSecrets(decoding: opened, suite: suite)
        let pskSecret = try preSharedKeys.secret(secrets.preSharedKeys, suite: suite)
        let welcomeSecret = try KeySchedule.welcomeSecret(
            joinerSecret: secrets.joinerSecret,
            pskSecret: pskSecret,
            suite: suite
        )
        let info = try suite.open(
            welcome.encryptedGroupInfo,
            key: suite.expand(welcomeSecret, "key", [], suite.keyLength),
            nonce: suite.expand(welcomeSecret, "nonce", [], suite.nonceLength).copied(),
            additional: []
        )
        guard let info else { throw MLSError(.welcomeDecryptFailed, "GroupInfo is not authentic") }
        return OpenedWelcome(secrets: secrets, pskSecret: pskSecret, info: try GroupInfo(decoding: info))
    }

    /// The rules for groups that continue another one (RFC 9420 §11.2, §11.3).
    private static func validateResumption(
        _ ids: [PreSharedKeyID],
        _ info: GroupInfo,
        _ tree: RatchetTree,
        _ predecessor: Group?
    ) throws(MLSError) {
        guard Set(ids).count == ids.count else {
            throw MLSError(.duplicatePSK, "pre-shared key occurs twice")
        }
        let resumptions = ids.filter { $0.usage == .reinit || $0.usage == .branch }
        guard let first = resumptions.first, let usage = first.usage else { return }
        guard resumptions.count == 1, info.context.epoch == 1 else {
            throw MLSError(.invalidResumption, "group continues more than one, or late")
        }
        guard let predecessor else { return }
        guard case .resumption(_, let groupID, let epoch) = first.kind,
            groupID == predecessor.groupID, epoch == predecessor.epochNumber
        else { throw MLSError(.invalidResumption, "group continues another one") }
        try predecessor.requireSuccessor(info.context, usage)
        let old = predecessor.tree.members.map(\.node.credential)
        let new = tree.members.map(\.node.credential)
        let isSubset = new.allSatisfy { old.contains($0) }
        let isSuperset = old.allSatisfy { new.contains($0) }
        guard isSubset, usage == .branch || isSuperset else {
            throw MLSError(.invalidResumption, "members are not those of the group before")
        }
    }

    private static func ownLeaf(_ leaf: LeafNode, in tree: RatchetTree) throws(MLSError) -> UInt32 {
        for member in tree.members where member.node == leaf { return member.leaf }
        throw MLSError(.ownLeafMissing, "our leaf is not in the tree")
    }

    /// The keys of the nodes above us that the one who added us renewed.
    private static func derive(
        _ pathSecret: Secret,
        signer: UInt32,
        own: UInt32,
        _ tree: RatchetTree,
        _ keys: inout [UInt32: EncryptionKeyPair]
    ) throws(MLSError) {
        let suite = tree.suite
        let common = TreeMath.commonLevel(signer, own)
        var secret = pathSecret
        for step in tree.filteredPath(of: signer) where step.level >= common {
            let pair = try suite.nodeKeyPair(secret)
            guard pair.publicKey == tree.encryptionKey(ofNode: step.node) else {
                throw MLSError(.pathKeyMismatch, "path secret does not give the key of the tree")
            }
            keys[step.node] = pair
            secret = try suite.deriveSecret(secret, "path")
        }
    }
}
