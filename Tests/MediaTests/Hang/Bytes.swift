import BurrowBase
import BurrowMedia

/// Bytes written as hexadecimal, spaces allowed.
func bytes(_ hex: String) -> [UInt8] {
    (try? Hex.decode(hex.filter { $0 != " " })) ?? []
}

func slice(_ bytes: [UInt8]) -> Slice { Slice(copying: bytes.span) }

func slice(_ hex: String) -> Slice { slice(bytes(hex)) }

/// A frame with a payload of a few bytes.
func encoded(_ timestamp: Int64, key: Bool = false, _ payload: [UInt8] = [1, 2, 3]) -> EncodedFrame {
    EncodedFrame(timestamp: timestamp, isKey: key, payload: slice(payload))
}

/// What a frame is, to compare.
struct Unpacked: Equatable, Sendable {
    let timestamp: Int64
    let isKey: Bool
    let payload: [UInt8]

    init(_ timestamp: Int64, _ isKey: Bool, _ payload: [UInt8]) {
        self.timestamp = timestamp
        self.isKey = isKey
        self.payload = payload
    }

    init(_ frame: EncodedFrame) {
        self.init(frame.timestamp, frame.isKey, [UInt8](frame.payload))
    }
}

/// Opens the frames of a track.
func unpack(
    _ frame: [UInt8],
    _ container: Container,
    _ kind: MediaKind = .video,
    isFirst: Bool = true
) throws(MediaError) -> [Unpacked] {
    var frames: ContiguousArray<EncodedFrame> = []
    try ContainerReader(container, of: kind).read(slice(frame), isFirst: isFirst, into: &frames)
    return frames.map { Unpacked($0) }
}
