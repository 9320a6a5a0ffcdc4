package import BurrowMLS
package import BurrowNostr

extension MarmotGroup {
    /// The exporter of the current epoch, for other threads; labels are to be checked with `isExportable`.
    package func exporter() throws(MarmotError) -> Exporter {
        do { return try mls.exporter() } catch { throw MarmotError(error) }
    }

    /// Whether keys of this label are not the protocol's own.
    package static func isExportable(label: [UInt8]) -> Bool {
        !label.starts(with: MarmotProtocol.reservedLabel)
    }
}

extension MarmotGroup.Member {
    /// Somebody in a group that we are only invited to.
    package init(invited identity: PublicKey, isAdmin: Bool) {
        self.init(identity: identity, leaves: [], isAdmin: isAdmin)
    }
}
