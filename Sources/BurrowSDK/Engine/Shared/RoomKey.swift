internal import BurrowBase
internal import BurrowCrypto

/// The secret of an epoch on its way from the host's thread to the loop, which keeps it as long as it is of use. Nobody
/// changes it.
package final class RoomKey: @unchecked Sendable {
    package let epoch: UInt64
    /// Somebody who knew the keys so far must not read on.
    let isRemoval: Bool
    let secret: SecretBytes

    package init(epoch: UInt64, _ secret: Span<UInt8>, isRemoval: Bool) throws(EngineError) {
        self.epoch = epoch
        self.isRemoval = isRemoval
        do throws(CryptoError) {
            self.secret = try SecretBytes(copying: secret)
        } catch {
            throw EngineError(error)
        }
    }
}
