/// The certificate of simulated relays. Ed25519 signatures always have the same size, so two runs with one seed send
/// datagrams of the same sizes at the same times. Valid until 2126; good for nothing but tests.
package enum SimulatedIdentity {
    package static let certificatePEM = """
        -----BEGIN CERTIFICATE-----
        MIIBaTCCARugAwIBAgIUDm9ovxRLVQ2phP3CrtQPMyYcEsIwBQYDK2VwMBUxEzAR
        BgNVBAMMCnJlbGF5LnRlc3QwIBcNMjYxMTIzMDU1ODI1WhgPMjEyNjEwMzAwNTU4
        MjVaMBUxEzARBgNVBAMMCnJlbGF5LnRlc3QwKjAFBgMrZXADIQBq0u2n2V0tcH5Y
        PpvDV1PeBCXBXHD2U+/PhY3opPZbcKN7MHkwHQYDVR0OBBYEFIG1Zlq6NagDV+C9
        1asiNYnJRrRLMB8GA1UdIwQYMBaAFIG1Zlq6NagDV+C91asiNYnJRrRLMA8GA1Ud
        EwEB/wQFMAMBAf8wJgYDVR0RBB8wHYIKcmVsYXkudGVzdIIJbG9jYWxob3N0hwQK
        AAABMAUGAytlcANBAOF2Xj6481ayDK18Obwe3Tf8KPnVnKX/o34grrghwaLRbg5A
        QKTDUxbmXTq7EnM/QKC09EOGSLCMjCRZtOA5rQs=
        -----END CERTIFICATE-----
        """

    package static let keyPEM = """
        -----BEGIN PRIVATE KEY-----
        MC4CAQAwBQYDK2VwBCIEICL1W/pZvuBwRyJK191fzndp/HNiQqfkLc+FRCMKHIJs
        -----END PRIVATE KEY-----
        """

    /// SHA-256 of the certificate's DER.
    package static let fingerprint: [UInt8] = [
        0x4c, 0x5d, 0x57, 0x8d, 0x92, 0x13, 0x6b, 0xc5, 0x13, 0x9e, 0xea, 0x56,
        0x14, 0x25, 0xfa, 0x91, 0x1c, 0x88, 0x1b, 0x99, 0x14, 0x7f, 0x49, 0x15,
        0xbe, 0x92, 0xef, 0x1b, 0x02, 0x76, 0xd4, 0xe3,
    ]
}
