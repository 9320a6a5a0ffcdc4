internal import BurrowBase

/// Tells epochs of one group apart, also those that different commits led to.
struct EpochName: Hashable {
    static let byteCount = 16

    let bytes: [UInt8]

    init(_ context: GroupContext) {
        var writer = ByteWriter()
        writer.writeUInt64(context.epoch)
        writer.writeBytes(Array(context.confirmedTranscriptHash.prefix(8)))
        bytes = writer.bytes + [UInt8](repeating: 0, count: Self.byteCount - writer.bytes.count)
    }

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = Array(bytes)
    }
}
