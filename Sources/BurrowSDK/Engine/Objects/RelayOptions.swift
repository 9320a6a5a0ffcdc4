package import BurrowBase
package import BurrowMoQ
package import BurrowQUIC

/// How an embedded relay is to work, as the host says it.
package struct RelayOptions: Sendable {
    package var listen: [SocketAddress]
    /// PEM texts; `nil` for a self-signed certificate.
    package var certificate: (chain: [UInt8], key: [UInt8])?
    package var hostNames = ["localhost"]
    package var access: RelayAccess
    package var versions = Version.preferred
    package var settings = TransportSettings()
    package var limits = RelayLimits()
    package var qlogFolder: String?

    package init(listen: [SocketAddress], access: RelayAccess) {
        self.listen = listen
        self.access = access
    }
}
