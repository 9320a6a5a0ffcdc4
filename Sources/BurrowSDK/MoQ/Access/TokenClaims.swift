internal import BurrowBase

/// What a token says: `root`, `put`, `get`, `exp` and `iat` of moq-token. Other claims are not read.
package struct TokenClaims: Equatable, Sendable {
    package var scope: SessionScope
    /// Unix seconds from which on the token is worth nothing.
    package var expires: Int64?
    /// Unix seconds of its making; for people.
    package var issued: Int64?

    package init(scope: SessionScope, expires: Int64? = nil, issued: Int64? = nil) {
        self.scope = scope
        self.expires = expires
        self.issued = issued
    }

    init(_ object: JSON.Object) throws(AccessError) {
        scope = try SessionScope(granting: object)
        expires = try Self.time("exp", object)
        issued = try Self.time("iat", object)
    }

    /// The claims as JSON, with their names of moq-token.
    package var json: [UInt8] {
        var writer = JSONWriter()
        write(to: &writer)
        return writer.bytes
    }

    func write(to writer: inout JSONWriter) {
        writer.object { (writer) in
            if !scope.root.isEmpty { writer.string(scope.root.description, for: "root") }
            Self.write(scope.publish, "put", &writer)
            Self.write(scope.subscribe, "get", &writer)
            if let expires { writer.integer(expires, for: "exp") }
            if let issued { writer.integer(issued, for: "iat") }
        }
    }

    private static func write(_ paths: [BroadcastPath], _ name: String, _ writer: inout JSONWriter) {
        guard !paths.isEmpty else { return }
        writer.array(for: name) { (writer) in
            for path in paths { writer.string(path.description) }
        }
    }

    /// RFC 7519 §2: a number, perhaps with a fraction.
    static func time(_ name: String, _ object: JSON.Object) throws(AccessError) -> Int64? {
        switch object[name] {
        case nil, .null: return nil
        case .integer(let seconds): return seconds
        case .double(let seconds):
            if let whole = Int64(exactly: seconds.rounded(.down)) { return whole }
            fallthrough
        default: throw AccessError(.malformed, "token claim \"\(name)\" is not a time")
        }
    }
}

extension SessionScope {
    /// Reads `root`, `put` and `get`, of a token's claims or a key's `scope`.
    init(granting object: JSON.Object) throws(AccessError) {
        let root: String
        do {
            root = try object.optionalString("root") ?? ""
        } catch {
            throw AccessError(.malformed, error.context)
        }
        self.init(
            root: try Self.path(root, "root"),
            publish: try Self.paths("put", object),
            subscribe: try Self.paths("get", object)
        )
    }

    var grantsNothing: Bool { publish.isEmpty && subscribe.isEmpty }

    private static func paths(_ name: String, _ object: JSON.Object) throws(AccessError) -> [BroadcastPath] {
        let values: [JSON]
        switch object[name] {
        case nil, .null: return []
        case .array(let elements): values = elements
        case .some(let single): values = [single]
        }
        guard values.count <= AccessLimits.grants else {
            throw AccessError(.malformed, "\"\(name)\" has more than \(AccessLimits.grants) prefixes")
        }
        var paths: [BroadcastPath] = []
        for value in values {
            guard let text = value.stringValue else {
                throw AccessError(.malformed, "\"\(name)\" is neither a string nor a list of strings")
            }
            paths.append(try path(text, name))
        }
        return paths
    }

    private static func path(_ text: String, _ name: String) throws(AccessError) -> BroadcastPath {
        do {
            return try BroadcastPath(text)
        } catch {
            throw AccessError(.malformed, "\"\(name)\" has a path beyond the limits")
        }
    }
}
