internal import BurrowBase
internal import BurrowCrypto
internal import BurrowMLS
internal import Synchronization

/// What the keys of an epoch are made of, on its way to the loop, which keeps it as long as it is of use. Nobody changes it.
package final class RoomKey: @unchecked Sendable {
    /// The host's secret, or the exporter of a group.
    private enum Material {
        case secret(Secret)
        case exporter(SharedExporter)
    }

    private static let lastNumber = Atomic<UInt64>(0)

    package let epoch: UInt64
    /// Somebody who knew the keys so far must not read on.
    package let isRemoval: Bool
    /// Tells it from keys of other epochs that have the same number.
    let number = RoomKey.lastNumber.add(1, ordering: .relaxed).newValue
    private let material: Material

    package init(epoch: UInt64, _ secret: Span<UInt8>, isRemoval: Bool) throws(EngineError) {
        self.epoch = epoch
        self.isRemoval = isRemoval
        do throws(CryptoError) {
            material = .secret(Secret(try SecretBytes(copying: secret)))
        } catch {
            throw EngineError(error)
        }
    }

    package init(_ exporter: SharedExporter, isRemoval: Bool) {
        epoch = exporter.epoch
        self.isRemoval = isRemoval
        material = .exporter(exporter)
    }

    /// Lends the base key of one start of one publisher.
    func withBaseKey(
        of context: BroadcastContext,
        _ suite: SFrameSuite,
        _ body: (Span<UInt8>) throws(CryptoError) -> Void
    ) throws(CryptoError) {
        switch material {
        case .secret(let secret):
            try secret.withBytes { (secret) throws(CryptoError) in
                let key = try context.baseKey(from: secret, suite: suite)
                try body(key.bytes)
            }
        case .exporter(let exporter):
            var key: [UInt8]
            do throws(MLSError) {
                key = try exporter.export(
                    label: Array(BroadcastContext.exporterLabel.utf8),
                    context: context.encoded,
                    count: suite.keyByteCount
                )
            } catch {
                throw CryptoError(.missingKey, error.context)
            }
            defer { Erasure.erase(&key) }
            try body(key.span)
        }
    }
}
