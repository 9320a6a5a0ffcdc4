internal import BurrowBase

/// The address of a server that people publish or hosts configure, in its one normal spelling.
///
/// The query may hold a token; `description` does not show it, `text` does.
package struct ServerURL: Hashable, Sendable {
    package let scheme: Scheme
    /// In lower case without a dot at the end, or an address; IPv6 without brackets.
    package let host: String
    package let port: UInt16
    /// Empty, or beginning with a slash and not ending with one.
    package let path: String
    package let query: String?

    package enum Scheme: String, Sendable, CaseIterable {
        case ws, wss, http, https, moq, moqt, moql

        package var defaultPort: UInt16 {
            switch self {
            case .ws, .http: 80
            case .wss, .https, .moq, .moqt, .moql: 443
            }
        }

        /// Without encryption, for development only.
        package var isPlain: Bool { self == .ws || self == .http }
    }

    /// What is accepted beyond public servers reached with encryption.
    package struct Policy: Sendable {
        package var schemes: [Scheme]
        package var allowsPlain: Bool
        package var allowsPrivate: Bool
        /// Without scheme it is `wss` for relays and `moq` for media, which only configuration may leave out.
        package var assumedScheme: Scheme?

        package init(
            schemes: [Scheme],
            allowsPlain: Bool = false,
            allowsPrivate: Bool = false,
            assumedScheme: Scheme? = nil
        ) {
            self.schemes = schemes
            self.allowsPlain = allowsPlain
            self.allowsPrivate = allowsPrivate
            self.assumedScheme = assumedScheme
        }

        /// Nostr relays as other people name them.
        package static let relays = Policy(schemes: [.wss, .ws])
        /// Nostr relays as the host names them.
        package static let ownRelays = Policy(
            schemes: [.wss, .ws],
            allowsPlain: true,
            allowsPrivate: true,
            assumedScheme: .wss
        )
        /// Services over HTTP as the host names them.
        package static let ownServices = Policy(
            schemes: [.https, .http],
            allowsPlain: true,
            allowsPrivate: true
        )
        /// MoQ relays as other people name them.
        package static let media = Policy(schemes: [.moq, .moqt, .moql, .https, .wss, .http, .ws])
        /// MoQ relays as the host names them.
        package static let ownMedia = Policy(
            schemes: [.moq, .moqt, .moql, .https, .wss, .http, .ws],
            allowsPlain: true,
            allowsPrivate: true,
            assumedScheme: .moq
        )
    }

    package init(_ text: String, policy: Policy) throws(NostrError) {
        guard text.utf8.count <= NostrLimits.urlBytes else { throw Self.error("is too long") }
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
            throw Self.error("has a character that a URL cannot have")
        }
        guard !text.utf8.contains(UInt8(ascii: "#")) else { throw Self.error("has a fragment") }
        let (scheme, rest) = try Self.scheme(text, policy)
        guard policy.schemes.contains(scheme), policy.allowsPlain || !scheme.isPlain else {
            throw Self.error("has a scheme that is not accepted")
        }
        let (hierarchy, query) = Self.cut(rest, at: "?")
        let authority = hierarchy.prefix { $0 != "/" }
        guard !authority.utf8.contains(UInt8(ascii: "@")) else { throw Self.error("has user information") }
        self.scheme = scheme
        (host, port) = try Self.endpoint(authority, scheme)
        path = try Self.path(hierarchy[authority.endIndex...])
        self.query = query.flatMap { $0.isEmpty ? nil : String($0) }
        if let query = self.query, !PercentEncoding.isComplete(in: query[...]) {
            throw Self.error("has an incomplete percent-encoding")
        }
        guard policy.allowsPrivate || !isPrivate else { throw Self.error("is of a private network") }
    }

    private init(scheme: Scheme, host: String, port: UInt16, path: String, query: String?) {
        self.scheme = scheme
        self.host = host
        self.port = port
        self.path = path
        self.query = query
    }

    /// The same without a token (`jwt`) in its query, which is nobody else's business.
    package var withoutToken: ServerURL {
        guard let query else { return self }
        let kept = query.split(separator: "&").filter { (part) in
            let name = Self.decoded(part.prefix { $0 != "=" })
            return name != Array("jwt".utf8)
        }
        return ServerURL(
            scheme: scheme,
            host: host,
            port: port,
            path: path,
            query: kept.isEmpty ? nil : kept.joined(separator: "&")
        )
    }

    /// The URL, query included.
    package var text: String { location + (query.map { "?" + $0 } ?? "") }

    private var location: String { "\(scheme.rawValue)://\(authority)\(path)" }

    /// The host, with the port unless it is the scheme's.
    package var authority: String {
        let name = host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host
        return port == scheme.defaultPort ? name : "\(name):\(port)"
    }

    private static func scheme(_ text: String, _ policy: Policy) throws(NostrError) -> (Scheme, Substring) {
        let bytes = text.utf8
        let end = bytes.firstIndex(of: UInt8(ascii: ":"))
        if let end, text[text.index(after: end)...].hasPrefix("//") {
            guard let scheme = Scheme(rawValue: text[..<end].lowercased()) else {
                throw error("has a scheme that is not known")
            }
            return (scheme, text[text.index(end, offsetBy: 3)...])
        }
        guard let assumed = policy.assumedScheme else { throw error("has no scheme and host") }
        return (assumed, text[...])
    }

    private static func endpoint(
        _ authority: Substring,
        _ scheme: Scheme
    ) throws(NostrError) -> (String, UInt16) {
        guard authority.first == "[" else {
            let (name, port) = cut(authority, at: ":")
            return (try host(name), try self.port(port, scheme))
        }
        let (literal, rest) = cut(authority.dropFirst(), at: "]")
        guard let rest, rest.isEmpty || rest.first == ":", !literal.contains("%"),
            let ip = SocketAddress.IP(String(literal)), case .v6 = ip
        else { throw error("has a bad IPv6 address") }
        return (ip.description, try port(rest.isEmpty ? nil : rest.dropFirst(), scheme))
    }

    private static func host(_ text: Substring) throws(NostrError) -> String {
        var name = text.lowercased()
        if name.hasSuffix(".") { name.removeLast() }
        guard !name.isEmpty, name.utf8.count <= 253 else { throw error("has no host") }
        if let ip = SocketAddress.IP(name) { return ip.description }
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        let areGood = labels.allSatisfy { (label) in
            (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
                && label.utf8.allSatisfy(isHostCharacter)
        }
        // A name that ends in a number is an IPv4 address to some programs and a name to others.
        let endsInNumber = labels.last?.utf8.first.map { (0x30...0x39).contains($0) } ?? true
        guard areGood, !endsInNumber else { throw error("has a bad host name") }
        return name
    }

    private static func isHostCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "-"), UInt8(ascii: "_"): true
        default: false
        }
    }

    private static func port(_ text: Substring?, _ scheme: Scheme) throws(NostrError) -> UInt16 {
        guard let text, !text.isEmpty else { return scheme.defaultPort }
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = UInt16(text), port != 0 else {
            throw error("has a bad port")
        }
        return port
    }

    /// Refuses paths that read differently once decoded.
    private static func path(_ text: Substring) throws(NostrError) -> String {
        guard PercentEncoding.isComplete(in: text) else { throw error("has an incomplete percent-encoding") }
        var path = text
        while path.hasSuffix("/") { path.removeLast() }
        for segment in path.split(separator: "/") {
            let plain = decoded(segment)
            guard !plain.contains(UInt8(ascii: "/")), plain != Array(".".utf8), plain != Array("..".utf8)
            else {
                throw error("has a path that leads elsewhere")
            }
        }
        return String(path)
    }

    static func decoded(_ text: Substring) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = text.utf8
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%"), let high = rest.popFirst().flatMap(Hex.value),
                let low = rest.popFirst().flatMap(Hex.value)
            else {
                bytes.append(byte)
                continue
            }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    private static func cut(_ text: Substring, at separator: Character) -> (Substring, Substring?) {
        guard let index = text.firstIndex(of: separator) else { return (text, nil) }
        return (text[..<index], text[text.index(after: index)...])
    }

    private static func error(_ problem: String) -> NostrError {
        NostrError(.invalidURL, "server URL \(problem)")
    }
}

extension ServerURL: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { location + (query == nil ? "" : "?…") }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: ["url": description]) }
}
