package import BurrowCrypto

/// The exporter of one epoch (RFC 9420 §8.5), apart from its group: for whoever exports on another thread.
///
/// It has memory of its own for its secret, which lives as long as it does.
package final class Exporter {
    package let epoch: UInt64
    private let suite: CipherSuite
    private let secret: Secret

    init(_ epoch: Epoch) throws(MLSError) {
        self.epoch = epoch.context.epoch
        suite = CipherSuite(epoch.suite.id)
        var copy = epoch.exporterSecret.copied()
        defer { Erasure.erase(&copy) }
        secret = try suite.secret(copy)
    }

    package func export(label: [UInt8], context: [UInt8], count: Int) throws(MLSError) -> Secret {
        try Self.export(secret, label: label, context: context, count: count, suite)
    }

    static func export(
        _ secret: Secret,
        label: [UInt8],
        context: [UInt8],
        count: Int,
        _ suite: CipherSuite
    ) throws(MLSError) -> Secret {
        guard count > 0, count <= 255 * suite.hashLength else {
            throw MLSError(.invalidLength, "exporter cannot give \(count) bytes")
        }
        let derived = try suite.expand(secret, label: label, context: [], count: suite.hashLength)
        return try suite.expand(derived, "exported", suite.hash(context), count)
    }
}

extension Group {
    /// The exporter of the current epoch.
    package func exporter() throws(MLSError) -> Exporter {
        try requireMember()
        return try Exporter(epoch)
    }
}
