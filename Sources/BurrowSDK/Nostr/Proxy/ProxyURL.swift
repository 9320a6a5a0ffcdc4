/// The proxy behind which relays and services are reached, as the host names it:
/// `socks5://user:password@host:port` or `http://host:port`.
///
/// No text made from a value shows who we are to the proxy.
package struct ProxyURL: Equatable, Sendable {
    package enum Scheme: String, Sendable {
        /// CONNECT (RFC 9110 §9.3.6).
        case http
        /// RFC 1928.
        case socks5

        var defaultPort: UInt16 {
            switch self {
            case .http: 80
            case .socks5: 1080
            }
        }
    }

    /// User and password as bytes, because the protocols have no opinion about characters.
    package struct Login: Equatable, Sendable {
        package let user: [UInt8]
        package let password: [UInt8]
    }

    package let scheme: Scheme
    /// A name in lower case, or an address; IPv6 without brackets.
    package let host: String
    package let port: UInt16
    package let login: Login?

    /// What one byte can count (RFC 1929 §2).
    private static let loginBytes = 255

    package init(_ text: String) throws(NostrError) {
        guard text.utf8.count <= NostrLimits.urlBytes else { throw Self.error("is too long") }
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
            throw Self.error("has a character that a URL cannot have")
        }
        let bytes = text.utf8
        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")),
            text[text.index(after: colon)...].hasPrefix("//")
        else { throw Self.error("has no scheme and host") }
        switch text[..<colon].lowercased() {
        case "http": scheme = .http
        // The second is how some programs ask for what we always do: names are looked up by the proxy.
        case "socks5", "socks5h": scheme = .socks5
        default: throw Self.error("has a scheme other than http and socks5")
        }
        var authority = text[text.index(colon, offsetBy: 3)...]
        if authority.last == "/" { authority.removeLast() }
        guard !authority.utf8.contains(where: { "/?#".utf8.contains($0) }) else {
            throw Self.error("has more than a host and a port")
        }
        if let at = authority.lastIndex(of: "@") {
            login = try Self.login(authority[..<at], scheme)
            authority = authority[authority.index(after: at)...]
        } else {
            login = nil
        }
        do throws(NostrError) {
            // Of the schemes that are known there, one whose usual port means nothing here.
            let server = try ServerURL("ws://\(authority)", policy: .ownRelays)
            let end = authority.lastIndex(of: "]") ?? authority.startIndex
            let hasPort = authority[end...].contains(":") && authority.last != ":"
            (host, port) = (server.host, hasPort ? server.port : scheme.defaultPort)
        } catch {
            throw Self.error("has a bad host or port")
        }
    }

    private static func login(_ text: Substring, _ scheme: Scheme) throws(NostrError) -> Login {
        let colon = text.firstIndex(of: ":")
        let parts = (text[..<(colon ?? text.endIndex)], colon.map { text[text.index(after: $0)...] } ?? "")
        let login = Login(user: ServerURL.decoded(parts.0), password: ServerURL.decoded(parts.1))
        guard (1...loginBytes).contains(login.user.count), login.password.count <= loginBytes,
            !(login.user + login.password).contains(where: { $0 < 0x20 || $0 == 0x7f })
        else { throw error("has a bad user or password") }
        // There the colon is what separates them (RFC 7617 §2).
        guard scheme != .http || !login.user.contains(UInt8(ascii: ":")) else {
            throw error("has a user with a colon, which HTTP cannot say")
        }
        return login
    }

    private static func error(_ problem: String) -> NostrError {
        NostrError(.invalidURL, "proxy URL \(problem)")
    }
}

extension ProxyURL: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String {
        let name = host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host
        return "\(scheme.rawValue)://\(name):\(port)"
    }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: ["url": description]) }
}

extension ProxyURL.Login: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "…" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
