package import BurrowBase

/// Where a relay is: `moqt://`, `moql://` or `moq://`, all of which mean raw QUIC.
///
/// The query may hold a token, so no text made from a value shows it.
package struct RelayURL: Hashable, Sendable {
    package enum Host: Hashable, Sendable {
        /// In lower case, to be resolved, and named in the handshake.
        case name(String)
        case address(SocketAddress.IP)
    }

    package let scheme: String
    package let host: Host
    package let port: UInt16
    /// As written, percent-encoding included; empty or beginning with a slash.
    package let path: String
    /// As written, without the question mark.
    package let query: String?

    package static let defaultPort: UInt16 = 443
    private static let schemes = ["moqt", "moql", "moq"]

    /// What SETUP carries as path: the URL's path and query. `nil` when there is neither, because early peers
    /// refuse an empty value.
    package var setupPath: String? {
        guard let query else { return path.isEmpty || path == "/" ? nil : path }
        return (path.isEmpty ? "/" : path) + "?" + query
    }

    package init(_ text: String) throws(RelayURLError) {
        guard text.utf8.count <= WireLimits.setupPathBytes else { throw RelayURLError("is too long") }
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
            throw RelayURLError("has a character that must be percent-encoded")
        }
        let (scheme, afterScheme) = Self.cut(text[...], at: ":")
        guard let rest = afterScheme, rest.hasPrefix("//") else {
            throw RelayURLError("has no scheme and host")
        }
        self.scheme = scheme.lowercased()
        guard Self.schemes.contains(self.scheme) else {
            throw RelayURLError("has a scheme other than moqt, moql or moq")
        }
        guard !rest.utf8.contains(UInt8(ascii: "#")) else { throw RelayURLError("has a fragment") }
        let (hierarchy, query) = Self.cut(rest.dropFirst(2), at: "?")
        let authority = hierarchy.prefix { $0 != "/" }
        let path = hierarchy[authority.endIndex...]
        guard PercentEncoding.isComplete(in: path), query.map(PercentEncoding.isComplete) ?? true else {
            throw RelayURLError("has an incomplete percent-encoding")
        }
        self.path = String(path)
        self.query = query.flatMap { $0.isEmpty ? nil : String($0) }
        guard !authority.contains("@") else { throw RelayURLError("has user information") }
        (host, port) = try Self.endpoint(authority)
    }

    /// The same with this token in the place of the one that is there.
    package func with(token: String) throws(RelayURLError) -> RelayURL {
        let isToken = token.utf8.allSatisfy { (byte) in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "-_.".utf8.contains(byte)
            }
        }
        guard isToken, !token.isEmpty else { throw RelayURLError("cannot have such a token") }
        let others = (query ?? "").split(separator: "&").filter { (pair) in
            URLQuery.decoded(pair.utf8.prefix { $0 != UInt8(ascii: "=") }) != "jwt"
        }
        let next = (others.map(String.init) + ["jwt=" + token]).joined(separator: "&")
        guard path.utf8.count + next.utf8.count + 2 <= WireLimits.setupPathBytes else {
            throw RelayURLError("is too long")
        }
        return RelayURL(self, query: next)
    }

    /// Whether nothing but the query differs.
    package func isSamePlace(as other: RelayURL) -> Bool {
        host == other.host && port == other.port && path == other.path
    }

    private init(_ url: RelayURL, query: String) {
        (scheme, host, port, path) = (url.scheme, url.host, url.port, url.path)
        self.query = query
    }

    private static func endpoint(_ authority: Substring) throws(RelayURLError) -> (Host, UInt16) {
        guard authority.first == "[" else {
            let (name, port) = cut(authority, at: ":")
            return (try host(name), try self.port(port))
        }
        let (literal, rest) = cut(authority.dropFirst(), at: "]")
        guard let rest, rest.isEmpty || rest.first == ":" else {
            throw RelayURLError("has a bad IPv6 address")
        }
        // RFC 6874 §2: the percent sign before a zone is escaped.
        let (address, zone) = cut(literal, at: "%")
        var text = String(address)
        if let zone {
            guard zone.hasPrefix("25") else { throw RelayURLError("has a bad IPv6 zone") }
            text += "%" + zone.dropFirst(2)
        }
        guard let ip = SocketAddress.IP(text), case .v6 = ip else {
            throw RelayURLError("has a bad IPv6 address")
        }
        return (.address(ip), try port(rest.isEmpty ? nil : rest.dropFirst()))
    }

    private static func host(_ text: Substring) throws(RelayURLError) -> Host {
        let name = text.lowercased()
        guard !name.isEmpty else { throw RelayURLError("has no host") }
        if let ip = SocketAddress.IP(name) { return .address(ip) }
        let fqdn = name.last == "." ? name.dropLast() : name[...]
        let labels = fqdn.split(separator: ".", omittingEmptySubsequences: false)
        let areGood = labels.allSatisfy { (label) in
            (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
                && label.utf8.allSatisfy(isHostCharacter)
        }
        // A name that ends in a number would be an IPv4 address to some programs and a name to others.
        let endsInNumber = labels.last?.utf8.allSatisfy { (0x30...0x39).contains($0) } ?? true
        guard fqdn.utf8.count <= 253, areGood, !endsInNumber else {
            throw RelayURLError("has a bad host name")
        }
        return .name(name)
    }

    private static func port(_ text: Substring?) throws(RelayURLError) -> UInt16 {
        guard let text, !text.isEmpty else { return defaultPort }
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = UInt16(text), port != 0 else {
            throw RelayURLError("has a bad port")
        }
        return port
    }

    private static func isHostCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "-"), UInt8(ascii: "_"): true
        default: false
        }
    }

    /// The parts before and after the first separator; no second part without one.
    private static func cut(_ text: Substring, at separator: Character) -> (Substring, Substring?) {
        guard let index = text.firstIndex(of: separator) else { return (text, nil) }
        return (text[..<index], text[text.index(after: index)...])
    }
}

extension RelayURL.Host: CustomStringConvertible {
    package var description: String {
        switch self {
        case .name(let name): name
        case .address(let ip): ip.description
        }
    }
}

extension RelayURL: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The URL with its query hidden, fit for logs.
    package var description: String {
        let host =
            switch self.host {
            case .address(.v6(let high, let low, let scope)):
                "[\(SocketAddress.IP.v6(high, low, scope: 0))\(scope == 0 ? "" : "%25\(scope)")]"
            case let other: other.description
            }
        let port = port == Self.defaultPort ? "" : ":\(port)"
        return scheme + "://" + host + port + path + (query == nil ? "" : "?…")
    }

    package var debugDescription: String { description }

    package var customMirror: Mirror { Mirror(self, children: ["url": description]) }
}

/// Why a text is no relay URL; never contains any of it.
package struct RelayURLError: Error, Equatable, Sendable, CustomStringConvertible {
    package let context: String

    init(_ problem: String) {
        context = "relay URL \(problem)"
    }

    package var description: String { context }
}
