internal import CBurrowQUIC

extension QUICError {
    /// What the check of a peer's certificate found wrong with it; `nil` when that was nothing.
    init?(verdict: Int, _ text: String) {
        switch verdict {
        case Int(CBURROW_QUIC_VERIFY_EXPIRED): self.init(.certificateExpired, text)
        case Int(CBURROW_QUIC_VERIFY_HOST): self.init(.certificateHostMismatch, text)
        case Int(CBURROW_QUIC_VERIFY_ISSUER): self.init(.certificateUnknownIssuer, text)
        case Int(CBURROW_QUIC_VERIFY_PIN): self.init(.certificatePinMismatch, text)
        case Int(CBURROW_QUIC_VERIFY_INVALID): self.init(.certificateInvalid, text)
        default: return nil
        }
    }
}
