/// A secret that several owners share and nobody changes: a reference to `SecretBytes`.
///
/// It has no text form and no `==`; compare with `ConstantTime.equal`.
package final class Secret {
    private let storage: SecretBytes

    package init(_ bytes: consuming SecretBytes) {
        storage = bytes
    }

    package var count: Int { storage.count }

    /// Lends the bytes.
    package func withBytes<Result: ~Copyable, Failure: Error>(
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try storage.withBytes(body)
    }
}
