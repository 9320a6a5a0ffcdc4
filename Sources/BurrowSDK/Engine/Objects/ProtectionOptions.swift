internal import BurrowCrypto

/// What a host says about the broadcast whose frames it seals or opens itself.
package struct ProtectionOptions: Sendable {
    package var suite: UInt16
    package var callID: [UInt8]
    package var path: [UInt8]
    /// The publisher's, for those who open; those who seal have a new one.
    package var instance: [UInt8]?

    package init(suite: UInt16, callID: [UInt8], path: [UInt8], instance: [UInt8]?) {
        self.suite = suite
        self.callID = callID
        self.path = path
        self.instance = instance
    }

    var chosenSuite: SFrameSuite {
        get throws(EngineError) {
            guard let suite = SFrameSuite(rawValue: suite) else {
                throw EngineError(.unsupported, "there is no SFrame suite \(suite)")
            }
            return suite
        }
    }
}

/// A key that a host brings for an epoch.
package struct HostKey: ~Escapable {
    let epoch: UInt64
    let bytes: Span<UInt8>
    /// Whether it comes from an exporter and is the base key itself.
    let isExported: Bool
    let isRemoval: Bool

    @_lifetime(copy bytes)
    package init(epoch: UInt64, _ bytes: Span<UInt8>, isExported: Bool, isRemoval: Bool) {
        self.epoch = epoch
        self.bytes = bytes
        self.isExported = isExported
        self.isRemoval = isRemoval
    }
}
