/// Credentials and trust of one side, shared by many connections.
@safe package final class TLSContext {
    /// Whom a client believes. With pins, the server's own certificate must be one of them and nothing else
    /// counts; otherwise its chain must lead to a root and its names must contain the host.
    package struct ClientTrust: Sendable {
        package var systemRoots = true
        package var rootsPEM: [UInt8]?
        /// SHA-256 of the server certificate's DER.
        package var pinsSHA256: [[UInt8]] = []
        /// Accepts anything.
        package var insecure = false

        package init(
            systemRoots: Bool = true,
            rootsPEM: [UInt8]? = nil,
            pinsSHA256: [[UInt8]] = [],
            insecure: Bool = false
        ) {
            self.systemRoots = systemRoots
            self.rootsPEM = rootsPEM
            self.pinsSHA256 = pinsSHA256
            self.insecure = insecure
        }
    }

    /// SHA-256 of the server certificate's DER; empty for a client.
    package let leafFingerprint: [UInt8]

    private init(fingerprint: [UInt8]) {
        leafFingerprint = fingerprint
    }

    package static func client(trust: ClientTrust) throws(QUICError) -> TLSContext {
        throw QUICError(.invalidConfiguration, "")
    }

    package static func server(certificatePEM: [UInt8], keyPEM: [UInt8]) throws(QUICError) -> TLSContext {
        throw QUICError(.invalidConfiguration, "")
    }

    /// A P-256 certificate for these host names and IP addresses, valid for 14 days from an hour before `unixTime`
    /// (seconds).
    package static func selfSigned(hostNames: [String], unixTime: Int64) throws(QUICError) -> TLSContext {
        throw QUICError(.invalidConfiguration, "")
    }
}
