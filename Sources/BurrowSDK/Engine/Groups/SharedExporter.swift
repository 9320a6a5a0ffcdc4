package import BurrowMLS

/// The exporter of one epoch of a group, for several threads, one at a time.
package final class SharedExporter: Sendable {
    package let epoch: UInt64
    private let exporter: Guarded<Confined<Exporter>>

    package init(_ exporter: Exporter) {
        epoch = exporter.epoch
        self.exporter = Guarded(Confined(exporter))
    }

    /// A key, which the caller erases.
    package func export(label: [UInt8], context: [UInt8], count: Int) throws(MLSError) -> [UInt8] {
        try exporter.withLock { (exporter) throws(MLSError) in
            // The exporter's secrets are one thread's, this one too.
            try exporter.object.export(label: label, context: context, count: count).copied()
        }
    }
}
