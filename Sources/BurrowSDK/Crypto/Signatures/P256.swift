internal import CGnuTLS

/// ECDSA on P-256 with SHA-256, signatures as the 64 bytes r ‖ s of RFC 7518 §3.4.
package enum P256 {
    package static let coordinateByteCount = 32
    package static let signatureByteCount = 64

    /// A point on the curve.
    @safe package final class PublicKey {
        private let key: gnutls_pubkey_t

        /// Refuses coordinates that are not a point of the curve.
        package init(x: Span<UInt8>, y: Span<UInt8>) throws(CryptoError) {
            guard x.count == coordinateByteCount, y.count == coordinateByteCount else {
                throw CryptoError(.invalidKey, "P-256 coordinate is not \(coordinateByteCount) bytes long")
            }
            var created: gnutls_pubkey_t?
            guard unsafe gnutls_pubkey_init(&created) == 0, let key = unsafe created else {
                throw CryptoError(.outOfMemory, "no memory for a P-256 key")
            }
            unsafe self.key = key
            let status = unsafe GnuTLS.withDatum(x) { (x) in
                unsafe GnuTLS.withDatum(y) { (y) in
                    unsafe gnutls_pubkey_import_ecc_raw(key, GNUTLS_ECC_CURVE_SECP256R1, &x, &y)
                }
            }
            guard status == 0, unsafe gnutls_pubkey_verify_params(key) == 0 else {
                throw CryptoError(.invalidKey, "P-256 coordinates are not a point of the curve")
            }
        }

        deinit {
            unsafe gnutls_pubkey_deinit(key)
        }

        package func isValid(_ signature: Span<UInt8>, for message: Span<UInt8>) -> Bool {
            guard signature.count == signatureByteCount else { return false }
            let r = minimal(signature.extracting(first: coordinateByteCount))
            let s = minimal(signature.extracting(last: coordinateByteCount))
            var encoded = unsafe gnutls_datum_t()
            defer { unsafe gnutls_memory_free(encoded.data) }
            let encoding = unsafe GnuTLS.withDatum(r.span) { (r) in
                unsafe GnuTLS.withDatum(s.span) { (s) in unsafe gnutls_encode_rs_value(&encoded, &r, &s) }
            }
            guard encoding == 0 else { return false }
            return unsafe GnuTLS.withDatum(message) { (message) in
                unsafe gnutls_pubkey_verify_data2(key, GNUTLS_SIGN_ECDSA_SHA256, 0, &message, &encoded) >= 0
            }
        }
    }

    /// A private key, kept by GnuTLS, which erases it.
    @safe package final class PrivateKey {
        private let key: gnutls_privkey_t

        /// Refuses a number that does not belong to the point.
        package init(d: Span<UInt8>, x: Span<UInt8>, y: Span<UInt8>) throws(CryptoError) {
            guard [d.count, x.count, y.count].allSatisfy({ $0 == coordinateByteCount }) else {
                throw CryptoError(.invalidKey, "P-256 key is not \(coordinateByteCount) bytes long")
            }
            var created: gnutls_privkey_t?
            guard unsafe gnutls_privkey_init(&created) == 0, let key = unsafe created else {
                throw CryptoError(.outOfMemory, "no memory for a P-256 key")
            }
            unsafe self.key = key
            let status = unsafe GnuTLS.withDatum(d) { (d) in
                unsafe GnuTLS.withDatum(x) { (x) in
                    unsafe GnuTLS.withDatum(y) { (y) in
                        unsafe gnutls_privkey_import_ecc_raw(key, GNUTLS_ECC_CURVE_SECP256R1, &x, &y, &d)
                    }
                }
            }
            guard status == 0, unsafe gnutls_privkey_verify_params(key) == 0 else {
                throw CryptoError(.invalidKey, "P-256 numbers are not a key")
            }
        }

        deinit {
            unsafe gnutls_privkey_deinit(key)
        }

        package func sign(_ message: Span<UInt8>) throws(CryptoError) -> [UInt8] {
            var encoded = unsafe gnutls_datum_t()
            defer { unsafe gnutls_memory_free(encoded.data) }
            let status = unsafe GnuTLS.withDatum(message) { (message) in
                unsafe gnutls_privkey_sign_data2(key, GNUTLS_SIGN_ECDSA_SHA256, 0, &message, &encoded)
            }
            guard status == 0 else { throw CryptoError(.failure, "P-256 could not sign: \(status)") }
            var r = unsafe gnutls_datum_t()
            var s = unsafe gnutls_datum_t()
            defer {
                unsafe gnutls_memory_free(r.data)
                unsafe gnutls_memory_free(s.data)
            }
            guard unsafe gnutls_decode_rs_value(&encoded, &r, &s) == 0,
                let first = unsafe padded(r), let second = unsafe padded(s)
            else { throw CryptoError(.failure, "P-256 signature could not be read") }
            return first + second
        }
    }

    /// A number without leading zeros, as DER wants it.
    private static func minimal(_ number: Span<UInt8>) -> [UInt8] {
        var bytes: [UInt8] = []
        for index in number.indices where number[index] != 0 || !bytes.isEmpty { bytes.append(number[index]) }
        return bytes.isEmpty ? [0] : bytes
    }

    /// A number in exactly 32 bytes.
    private static func padded(_ number: gnutls_datum_t) -> [UInt8]? {
        let raw = unsafe UnsafeBufferPointer(start: number.data, count: Int(number.size))
        let bytes = unsafe Array(raw.drop { $0 == 0 })
        guard bytes.count <= coordinateByteCount else { return nil }
        return [UInt8](repeating: 0, count: coordinateByteCount - bytes.count) + bytes
    }
}
