package import BurrowBase
import CBurrowShims

extension SocketAddress {
    init(_ raw: cburrow_address) {
        let ip: IP =
            raw.is_v6 == 1
            ? .v6(raw.high, raw.low, scope: raw.scope) : .v4(UInt32(truncatingIfNeeded: raw.low))
        self.init(ip: ip, port: raw.port)
    }

    var raw: cburrow_address {
        var raw = cburrow_address()
        switch ip {
        case .v4(let bits): raw.low = UInt64(bits)
        case .v6(let high, let low, let scope):
            (raw.high, raw.low, raw.scope, raw.is_v6) = (high, low, scope, 1)
        }
        raw.port = port
        raw.is_set = 1
        return raw
    }

    /// Reads `127.0.0.1:4443`, `[::1]:4443` or `[::]:0`.
    package init?(parsing text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            return nil
        }
        var host = text[..<colon]
        if host.hasPrefix("[") && host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
            guard host.contains(":") else { return nil }
        } else if host.contains(":") {
            return nil
        }
        guard let ip = SocketAddress.IP(String(host)) else { return nil }
        self.init(ip: ip, port: port)
    }
}
