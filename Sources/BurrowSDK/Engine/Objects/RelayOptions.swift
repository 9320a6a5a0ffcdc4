package import BurrowBase
package import BurrowMoQ
package import BurrowQUIC

/// How an embedded relay is to work, as the host says it.
package struct RelayOptions: Sendable {
    /// A certificate chain and its key, as PEM.
    package struct Certificate: Sendable {
        package var chain: [UInt8]
        package var key: [UInt8]

        package init(chain: [UInt8], key: [UInt8]) {
            self.chain = chain
            self.key = key
        }
    }

    package var listen: [SocketAddress]
    /// `nil` makes a self-signed one for `hostNames`.
    package var certificate: Certificate?
    package var hostNames = ["localhost"]
    /// A JWK or a set of them; `nil` believes no tokens.
    package private(set) var tokenKeys: [UInt8]?
    /// What needs no token.
    package var publicPrefix: BroadcastPath?
    package var versions = Version.preferred
    package var settings = TransportSettings()
    package var acceptLimits = AcceptLimits()
    package var sessionLimits = SessionLimits()
    package var cacheBytes: Int?
    package var qlogFolder: String?
    /// See `RelayConfiguration`.
    package var resetSecret: HostSecret?

    package init(listen: [SocketAddress]) {
        self.listen = listen
    }

    /// Sets the keys after a look at them, so that the host learns at once when they are no good.
    package mutating func setTokenKeys(_ bytes: [UInt8]) throws(EngineError) {
        tokenKeys = bytes
        _ = try verifier()
    }

    private func verifier() throws(EngineError) -> TokenVerifier? {
        guard let tokenKeys else { return nil }
        do throws(AccessError) {
            return try TokenVerifier(try TokenKeyFile(tokenKeys))
        } catch {
            throw EngineError(error)
        }
    }

    /// What the node is started with.
    func configuration(tls: TLSContext) throws(EngineError) -> RelayConfiguration {
        let prefixes = publicPrefix.map { [AccessPolicy.PublicPrefix(path: $0)] } ?? []
        var configuration = RelayConfiguration(
            tls: tls,
            access: AccessPolicy(verifier: try verifier(), publicPrefixes: prefixes)
        )
        configuration.versions = versions
        configuration.settings = settings
        configuration.acceptLimits = acceptLimits
        configuration.sessionLimits = sessionLimits
        configuration.qlogFolder = qlogFolder
        configuration.resetSecret = resetSecret?.value
        return configuration
    }
}
