internal import CBurrowQUIC

/// What a certificate made by us is to say.
package struct CertificateRequest: Sendable {
    /// DNS names and IP addresses; the first is also the subject.
    package var hostNames: [String]
    /// Unix seconds.
    package var notBefore: Int64
    package var notAfter: Int64
    /// For signing others, not for a server.
    package var isAuthority = false
    /// An Ed25519 key, whose signatures all have one length, in place of P-256.
    package var usesEd25519 = false

    package init(hostNames: [String], notBefore: Int64, notAfter: Int64) {
        self.hostNames = hostNames
        self.notBefore = notBefore
        self.notAfter = notAfter
    }
}

/// A fresh key and a certificate for it.
package struct GeneratedCertificate: Sendable {
    package let certificatePEM: [UInt8]
    package let keyPEM: [UInt8]

    /// Signed by `issuer`, or by itself.
    package static func make(
        _ request: CertificateRequest,
        issuer: GeneratedCertificate?
    ) throws(QUICError) -> GeneratedCertificate {
        guard request.hostNames.allSatisfy({ !$0.isEmpty && !$0.utf8.contains(0) && $0.utf8.count < 256 })
        else {
            throw QUICError(.invalidConfiguration, "a host name for a certificate is empty or too long")
        }
        guard request.notBefore >= 0, request.notAfter > request.notBefore else {
            throw QUICError(.invalidConfiguration, "a certificate ends before it begins")
        }
        var names: [CChar] = []
        for name in request.hostNames {
            names.append(contentsOf: name.utf8.map { CChar(bitPattern: $0) })
            names.append(0)
        }
        // The empty name that ends the list, also when it is empty.
        names.append(0)

        var certificate: UnsafeMutablePointer<UInt8>?
        var certificateCount = 0
        var key: UnsafeMutablePointer<UInt8>?
        var keyCount = 0
        let issuerCertificate = issuer?.certificatePEM ?? []
        let issuerKey = issuer?.keyPEM ?? []
        let result = unsafe names.withUnsafeBufferPointer { (names) -> Int32 in
            unsafe issuerCertificate.withUnsafeBufferPointer { (issuerCertificate) -> Int32 in
                unsafe issuerKey.withUnsafeBufferPointer { (issuerKey) -> Int32 in
                    var wanted = unsafe cburrow_quic_certificate_request()
                    unsafe wanted.names = names.baseAddress
                    unsafe wanted.not_before = request.notBefore
                    unsafe wanted.not_after = request.notAfter
                    unsafe wanted.is_authority = request.isAuthority ? 1 : 0
                    unsafe wanted.ed25519 = request.usesEd25519 ? 1 : 0
                    if issuer != nil {
                        unsafe wanted.issuer_certificate = issuerCertificate.baseAddress
                        unsafe wanted.issuer_certificate_count = issuerCertificate.count
                        unsafe wanted.issuer_key = issuerKey.baseAddress
                        unsafe wanted.issuer_key_count = issuerKey.count
                    }
                    return unsafe cburrow_quic_make_certificate(
                        &wanted,
                        &certificate,
                        &certificateCount,
                        &key,
                        &keyCount
                    )
                }
            }
        }
        defer {
            unsafe cburrow_quic_release(certificate)
            unsafe cburrow_quic_release(key)
        }
        guard result == 0 else {
            let text = unsafe String(cString: cburrow_quic_tls_error_text(result))
            throw QUICError(.internalError, "certificate cannot be made: \(text)")
        }
        return unsafe GeneratedCertificate(
            certificatePEM: [UInt8](UnsafeBufferPointer(start: certificate, count: certificateCount)),
            keyPEM: [UInt8](UnsafeBufferPointer(start: key, count: keyCount))
        )
    }
}
