import BurrowMedia
import Glibc

/// The spoken words that come with alsa-utils: mono, 48 kHz.
enum RecordedSpeech {
    static let skipReason = "no recorded speech; alsa-utils brings some to /usr/share/sounds/alsa"

    private static var folder: String {
        unsafe getenv("BURROW_SPEECH").map { unsafe String(cString: $0) } ?? "/usr/share/sounds/alsa"
    }

    static var isPresent: Bool { !words.isEmpty }

    /// All of it, one word after the other, with the pauses between them.
    static let words: [Float] = [
        "Front_Center", "Front_Left", "Front_Right", "Rear_Center", "Rear_Left", "Rear_Right", "Side_Left",
        "Side_Right",
    ].flatMap { samples(of: $0) }

    static let noise = samples(of: "Noise")

    private static func samples(of name: String) -> [Float] {
        guard let bytes = read("\(folder)/\(name).wav") else { return [] }
        // Chunks: four letters, four bytes of length, content.
        var offset = 12
        while offset + 8 <= bytes.count {
            let length = (0..<4).reduce(0) { $0 | Int(bytes[offset + 4 + $1]) << (8 * $1) }
            if Array(bytes[offset..<offset + 4]) == Array("data".utf8) {
                let end = min(offset + 8 + length, bytes.count)
                return PCMFormat(.int16, rate: 48_000, channels: 1).samples(
                    in: Array(bytes[(offset + 8)..<end])
                )
            }
            offset += 8 + length
        }
        return []
    }

    private static func read(_ path: String) -> [UInt8]? {
        guard let file = unsafe fopen(path, "r") else { return nil }
        defer { unsafe fclose(file) }
        var content: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe fread(&buffer, 1, buffer.count, file)
            guard count > 0 else { return content }
            content += buffer.prefix(count)
        }
    }
}
