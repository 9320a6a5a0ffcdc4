import BurrowBase
import FuzzHarness

/// Base 64, hexadecimal and addresses: what is accepted has one text only, and everything can be written.
enum TextCodingTarget: FuzzTarget {
    static func run() {
        fuzz { (input) in
            for coding in [Base64.standard, .url] {
                if let bytes = try? coding.decode(input) {
                    precondition(Array(coding.encode(bytes).utf8) == input, "two texts for the same bytes")
                }
                precondition((try? coding.decode(coding.encode(input))) == input)
            }
            precondition((try? Hex.decode(Hex.encode(input))) == input)
            let text = String(decoding: input, as: UTF8.self)
            if let bytes = try? Hex.decode(text) { precondition(Hex.encode(bytes) == text.lowercased()) }
            if let ip = SocketAddress.IP(text) {
                precondition(SocketAddress.IP(ip.description) == ip, "an address changes on its way")
            }
        }
    }
}
