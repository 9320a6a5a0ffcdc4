package import BurrowCrypto

/// The secrets of one epoch (RFC 9420 §8).
package struct EpochSecrets {
    package let senderData: Secret
    package let encryption: Secret
    package let exporter: Secret
    package let authenticator: Secret
    package let external: Secret
    package let confirmation: Secret
    package let membership: Secret
    package let resumption: Secret
    package let initSecret: Secret

    /// For an epoch whose secrets are gone.
    init(allEqual secret: Secret) {
        senderData = secret
        encryption = secret
        exporter = secret
        authenticator = secret
        external = secret
        confirmation = secret
        membership = secret
        resumption = secret
        initSecret = secret
    }

    /// From `epoch_secret`.
    init(epochSecret: Secret, suite: CipherSuite) throws(MLSError) {
        senderData = try suite.deriveSecret(epochSecret, "sender data")
        encryption = try suite.deriveSecret(epochSecret, "encryption")
        exporter = try suite.deriveSecret(epochSecret, "exporter")
        authenticator = try suite.deriveSecret(epochSecret, "authentication")
        external = try suite.deriveSecret(epochSecret, "external")
        confirmation = try suite.deriveSecret(epochSecret, "confirm")
        membership = try suite.deriveSecret(epochSecret, "membership")
        resumption = try suite.deriveSecret(epochSecret, "resumption")
        initSecret = try suite.deriveSecret(epochSecret, "init")
    }
}

/// The way from one epoch's `init_secret` to the next epoch's secrets (RFC 9420 §8).
package struct KeySchedule {
    package let joinerSecret: Secret
    package let welcomeSecret: Secret
    package let secrets: EpochSecrets

    /// For a member: `context` is that of the new epoch.
    package init(
        initSecret: Secret,
        commitSecret: Secret,
        pskSecret: Secret,
        context: GroupContext,
        suite: CipherSuite
    ) throws(MLSError) {
        let extracted = try suite.extract(salt: initSecret, commitSecret)
        let encoded = context.encoded
        let joiner = try suite.expand(extracted, "joiner", encoded, suite.hashLength)
        try self.init(joinerSecret: joiner, pskSecret: pskSecret, encodedContext: encoded, suite: suite)
    }

    /// For a joiner, who learns `joiner_secret` from the Welcome.
    package init(
        joinerSecret: Secret,
        pskSecret: Secret,
        encodedContext: [UInt8],
        suite: CipherSuite
    ) throws(MLSError) {
        let intermediate = try suite.extract(salt: joinerSecret, pskSecret)
        self.joinerSecret = joinerSecret
        welcomeSecret = try suite.deriveSecret(intermediate, "welcome")
        let epoch = try suite.expand(intermediate, "epoch", encodedContext, suite.hashLength)
        secrets = try EpochSecrets(epochSecret: epoch, suite: suite)
    }

    /// What opens the GroupInfo of a Welcome, which has to be known before the context is.
    package static func welcomeSecret(
        joinerSecret: Secret,
        pskSecret: Secret,
        suite: CipherSuite
    ) throws(MLSError) -> Secret {
        try suite.deriveSecret(suite.extract(salt: joinerSecret, pskSecret), "welcome")
    }
}

extension EpochSecrets {
    /// MLS-Exporter (RFC 9420 §8.5).
    package func export(
        label: [UInt8],
        context: [UInt8],
        count: Int,
        suite: CipherSuite
    ) throws(MLSError) -> Secret {
        guard count > 0, count <= 255 * suite.hashLength else {
            throw MLSError(.invalidLength, "exporter cannot give \(count) bytes")
        }
        let derived = try suite.expand(exporter, label: label, context: [], count: suite.hashLength)
        return try suite.expand(derived, "exported", suite.hash(context), count)
    }
}
