internal import BurrowBase

/// Asks a proxy for a connection to a server, without a socket: CONNECT of HTTP/1.1 (RFC 9110 §9.3.6) with Basic
/// authentication (RFC 7617), or SOCKS 5 (RFC 1928) with user and password (RFC 1929).
///
/// The server's name is handed on as it is, so nobody but the proxy looks it up.
package struct ProxyHandshake: Sendable {
    private enum Phase: Sendable {
        /// HTTP's one answer.
        case answer
        /// Which way to log in the proxy has chosen.
        case method
        case login
        /// What became of the connection.
        case reply
        case open
    }

    private let proxy: ProxyURL
    private let host: String
    private let port: UInt16
    private var phase: Phase
    private var output: [UInt8]
    private var received: [UInt8] = []
    private var searched = 0

    package init(_ proxy: ProxyURL, host: String, port: UInt16, userAgent: String) {
        self.proxy = proxy
        self.host = host
        self.port = port
        switch proxy.scheme {
        case .http:
            phase = .answer
            output = []
            output = connectRequest(userAgent)
        case .socks5:
            phase = .method
            // Without a login none is offered, so that the proxy says whether it wants one.
            output = proxy.login == nil ? [5, 1, Self.noLogin] : [5, 2, Self.noLogin, Self.passwordLogin]
        }
    }

    /// Takes what is to be sent to the proxy now.
    package mutating func takeOutput() -> [UInt8] {
        defer { output = [] }
        return output
    }

    /// Reads on. `nil` until the proxy has connected us; then what the server has said behind that, mostly nothing.
    package mutating func receive(_ more: [UInt8]) throws(ProxyError) -> [UInt8]? {
        received.append(contentsOf: more)
        while try advance() {}
        guard case .open = phase else { return nil }
        defer { received = [] }
        return received
    }

    /// Takes one answer of the proxy's. False when none is complete.
    private mutating func advance() throws(ProxyError) -> Bool {
        switch phase {
        case .answer: try takeAnswer()
        case .method: try takeMethod()
        case .login: try takeLogin()
        case .reply: try takeReply()
        case .open: false
        }
    }

    // MARK: HTTP

    private var target: String {
        host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)"
    }

    private func connectRequest(_ userAgent: String) -> [UInt8] {
        var lines = ["CONNECT \(target) HTTP/1.1", "Host: \(target)", "User-Agent: \(userAgent)"]
        if let login = proxy.login {
            let proof = Base64.standard.encode(login.user + [UInt8(ascii: ":")] + login.password)
            lines.append("Proxy-Authorization: Basic \(proof)")
        }
        return Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
    }

    private mutating func takeAnswer() throws(ProxyError) -> Bool {
        let head: HTTPAnswer?
        do throws(WebSocketError) {
            head = try HTTPAnswer.take(from: &received, searched: &searched)
        } catch {
            throw bad("does not answer as one of HTTP does")
        }
        guard let head else { return false }
        // Whatever it says about a body: behind success there is none (RFC 9110 §9.3.6).
        guard (200...299).contains(head.status) else { throw refusal(status: head.status) }
        phase = .open
        return true
    }

    private func refusal(status: Int) -> ProxyError {
        switch status {
        case 407: error(.unauthorized, loginProblem, status)
        case 401, 403: error(.unauthorized, "does not let us connect to \(target)", status)
        case 404, 502, 503: error(.unreachable, "cannot reach \(target)", status)
        case 408, 504: error(.timeout, "gets no answer from \(target)", status)
        case 429: error(.overloaded, "has too much to do", status)
        case 405, 501: error(.unsupported, "connects nobody", status)
        default: error(.refused, "refuses to connect to \(target)", status)
        }
    }

    private var loginProblem: String {
        proxy.login == nil ? "wants a user and a password" : "does not accept user and password"
    }

    // MARK: SOCKS

    private static let noLogin: UInt8 = 0
    private static let passwordLogin: UInt8 = 2
    private static let noneAccepted: UInt8 = 0xff

    /// Version and result, with which all answers begin.
    private func opening() -> (version: UInt8, result: UInt8)? {
        let bytes = received
        var reader = ByteReader(bytes.span)
        guard let version = try? reader.readUInt8(), let result = try? reader.readUInt8() else { return nil }
        return (version, result)
    }

    /// What was answered before it was asked cannot be meant for us.
    private mutating func take(only count: Int) throws(ProxyError) {
        guard received.count == count else { throw bad("speaks before it is asked") }
        received = []
    }

    private mutating func takeMethod() throws(ProxyError) -> Bool {
        guard let (version, method) = opening() else { return false }
        guard version == 5 else { throw bad("does not answer as one of SOCKS 5 does") }
        try take(only: 2)
        switch (method, proxy.login) {
        case (Self.noLogin, _): askForConnection()
        case (Self.passwordLogin, let login?):
            phase = .login
            output = [1, UInt8(clamping: login.user.count)] + login.user
            output += [UInt8(clamping: login.password.count)] + login.password
        case (Self.noneAccepted, _), (Self.passwordLogin, nil):
            throw error(.unauthorized, loginProblem, Int(method))
        default: throw bad("chooses a way to log in that was not offered")
        }
        return true
    }

    private mutating func takeLogin() throws(ProxyError) -> Bool {
        guard let (version, status) = opening() else { return false }
        // Five is what some say by mistake.
        guard version == 1 || version == 5 else { throw bad("does not answer to a login") }
        guard status == 0 else { throw error(.unauthorized, loginProblem, Int(status)) }
        try take(only: 2)
        askForConnection()
        return true
    }

    private mutating func askForConnection() {
        phase = .reply
        var request = ByteWriter()
        request.writeBytes([5, 1, 0])
        switch SocketAddress.IP(host) {
        case .v4(let bits):
            request.writeUInt8(1)
            request.writeUInt16(UInt16(truncatingIfNeeded: bits >> 16))
            request.writeUInt16(UInt16(truncatingIfNeeded: bits))
        case .v6(let high, let low, scope: _):
            request.writeUInt8(4)
            for half in [high, low] {
                for shift in stride(from: UInt64(48), through: 0, by: -16) {
                    request.writeUInt16(UInt16(truncatingIfNeeded: half >> shift))
                }
            }
        case nil:
            // No name is longer than 253 bytes, or it would be no URL's.
            request.writeBytes([3, UInt8(clamping: host.utf8.count)] + host.utf8.prefix(255))
        }
        request.writeUInt16(port)
        output = request.bytes
    }

    private mutating func takeReply() throws(ProxyError) -> Bool {
        guard let (version, result) = opening() else { return false }
        guard version == 5 else { throw bad("does not answer as one of SOCKS 5 does") }
        // Who refuses need not say the rest.
        guard result == 0 else { throw refusal(reply: result) }
        guard let end = try endOfReply() else { return false }
        received.removeFirst(end)
        phase = .open
        return true
    }

    /// Where the reply ends, behind the address from which the proxy connects; `nil` when that has not come.
    private func endOfReply() throws(ProxyError) -> Int? {
        let bytes = received
        var reader = ByteReader(bytes.span)
        do throws(DecodeError) {
            // Version, result, and a byte that means nothing.
            try reader.skip(3)
            switch try reader.readUInt8() {
            case 1: try reader.skip(4)
            case 3: try reader.skip(Int(try reader.readUInt8()))
            case 4: try reader.skip(16)
            default: throw DecodeError.malformed
            }
            try reader.skip(2)
            return reader.offset
        } catch {
            guard error == .truncated else { throw bad("replies with an address of an unknown kind") }
            return nil
        }
    }

    /// RFC 1928 §6.
    private func refusal(reply: UInt8) -> ProxyError {
        let number = Int(reply)
        return switch reply {
        case 2: error(.unauthorized, "does not let us connect to \(target)", number)
        case 3: error(.unreachable, "has no way to the network of \(target)", number)
        case 4: error(.unreachable, "cannot reach \(target)", number)
        case 5: error(.unreachable, "is refused by \(target)", number)
        case 6: error(.timeout, "gets no answer from \(target)", number)
        case 7: error(.unsupported, "connects nobody", number)
        case 8: error(.unsupported, "knows no address like \(target)", number)
        default: error(.refused, "fails to connect to \(target)", number)
        }
    }

    // MARK: Errors

    private func bad(_ problem: String) -> ProxyError {
        ProxyError(.badAnswer, "proxy \(proxy) \(problem)")
    }

    private func error(_ code: ProxyError.Code, _ problem: String, _ number: Int) -> ProxyError {
        ProxyError(code, "proxy \(proxy) \(problem) (\(number))", number: number)
    }
}
