internal import CBurrowQUIC

/// Credentials and trust of one side, shared by many connections. Verification is GnuTLS's, by the machine's clock.
@safe package final class TLSContext {
    /// Whom a client believes. With pins, the server's own certificate must be one of them and nothing else
    /// counts; otherwise its chain must lead to a root and its names must contain the host.
    package struct ClientTrust: Hashable, Sendable {
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
    package let isServer: Bool
    let handle: OpaquePointer

    private init(handle: OpaquePointer, isServer: Bool, fingerprint: [UInt8]) {
        unsafe self.handle = handle
        self.isServer = isServer
        leafFingerprint = fingerprint
    }

    deinit {
        unsafe cburrow_quic_tls_free(handle)
    }

    package static func client(trust: ClientTrust) throws(QUICError) -> TLSContext {
        guard trust.pinsSHA256.allSatisfy({ $0.count == 32 }) else {
            throw QUICError(.invalidConfiguration, "a certificate pin is 32 bytes of SHA-256")
        }
        let roots = trust.rootsPEM ?? []
        let pins = trust.pinsSHA256.flatMap { $0 }
        var error: Int32 = 0
        let handle = unsafe cburrow_quic_tls_client(
            trust.systemRoots ? 1 : 0,
            roots,
            roots.count,
            pins,
            trust.pinsSHA256.count,
            trust.insecure ? 1 : 0,
            &error
        )
        guard let handle = unsafe handle else { throw failure("trusted roots cannot be used", error) }
        return unsafe TLSContext(handle: handle, isServer: false, fingerprint: [])
    }

    package static func server(certificatePEM: [UInt8], keyPEM: [UInt8]) throws(QUICError) -> TLSContext {
        var fingerprint = [UInt8](repeating: 0, count: 32)
        let parsed = unsafe cburrow_quic_fingerprint(certificatePEM, certificatePEM.count, &fingerprint)
        guard parsed == 0 else { throw failure("certificate cannot be read", parsed) }
        var error: Int32 = 0
        let handle = unsafe cburrow_quic_tls_server(
            certificatePEM,
            certificatePEM.count,
            keyPEM,
            keyPEM.count,
            &error
        )
        guard let handle = unsafe handle else { throw failure("certificate and key cannot be used", error) }
        return unsafe TLSContext(handle: handle, isServer: true, fingerprint: fingerprint)
    }

    /// A P-256 certificate for these host names and IP addresses, valid for 14 days from an hour before `unixTime`
    /// (seconds).
    package static func selfSigned(hostNames: [String], unixTime: Int64) throws(QUICError) -> TLSContext {
        let begin = unixTime.subtractingReportingOverflow(3600).partialValue
        let end = unixTime.addingReportingOverflow(14 * 86400).partialValue
        let request = CertificateRequest(hostNames: hostNames, notBefore: begin, notAfter: end)
        let made = try GeneratedCertificate.make(request, issuer: nil)
        return try server(certificatePEM: made.certificatePEM, keyPEM: made.keyPEM)
    }

    private static func failure(_ what: String, _ error: Int32) -> QUICError {
        let text = unsafe String(cString: cburrow_quic_tls_error_text(error))
        return QUICError(.invalidConfiguration, "\(what): \(text)")
    }
}
