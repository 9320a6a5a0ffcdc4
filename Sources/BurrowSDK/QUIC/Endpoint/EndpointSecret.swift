internal import BurrowBase
internal import CBurrowQUIC

/// From what an endpoint makes the reset tokens and address tokens it gives to peers (RFC 9000 §10.3.2, §8.1.4). In memory of
/// its own, which is wiped when nobody needs it any more.
///
/// Not `SecretBytes`: every endpoint has one, and making it cannot fail.
@safe package final class EndpointSecret {
    package static let byteCount = Int(CBURROW_QUIC_SECRET_SIZE)

    let start: UnsafeMutablePointer<UInt8>

    /// A copy of `byteCount` bytes, or nil when there are more or fewer. The original is the caller's to erase.
    package init?(copying bytes: Span<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        unsafe start = .allocate(capacity: Self.byteCount)
        for index in bytes.indices { unsafe (start + index).initialize(to: bytes[index]) }
    }

    init(_ random: inout any RandomSource) {
        unsafe start = .allocate(capacity: Self.byteCount)
        unsafe start.initialize(repeating: 0, count: Self.byteCount)
        unsafe random.fill(UnsafeMutableRawBufferPointer(start: start, count: Self.byteCount))
    }

    deinit {
        unsafe cburrow_quic_wipe(start, Self.byteCount)
        unsafe start.deallocate()
    }
}
