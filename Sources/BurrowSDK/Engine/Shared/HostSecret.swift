internal import BurrowQUIC

/// A secret on its way from the host's thread to the loop. Nobody changes it.
package final class HostSecret: @unchecked Sendable {
    package static let byteCount = EndpointSecret.byteCount

    let value: EndpointSecret

    /// A copy of `byteCount` bytes, or nil when there are more or fewer.
    package init?(copying bytes: Span<UInt8>) {
        guard let value = EndpointSecret(copying: bytes) else { return nil }
        self.value = value
    }
}
