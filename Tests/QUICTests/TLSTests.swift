import BurrowBase
import BurrowQUIC
import Testing

@Suite struct TLSTests {
    /// Connects, and says how it ended.
    private func outcome(
        _ tls: TLSContext,
        _ trust: TLSContext.ClientTrust,
        host: String? = "moq.example"
    ) throws -> (connected: Bool, error: QUICError?, server: [QUICError]) {
        let world = try World(tls: tls)
        _ = try world.connect(to: host, trust: trust)
        world.run(for: .seconds(3)) { !world.client.connected.isEmpty || !world.client.closed.isEmpty }
        let connected = !world.client.connected.isEmpty
        world.run(for: .seconds(1))
        // A failed handshake leaves nothing behind on either side.
        if !connected { #expect(world.server.endpoint.connectionCount <= 1) }
        world.run(for: .seconds(30))
        if !connected { #expect(world.server.endpoint.connectionCount == 0) }
        #expect(connected || world.client.endpoint.connectionCount == 0)
        return (connected, connected ? nil : world.client.closed.first, world.server.closed)
    }

    @Test func authorityIsTrusted() throws {
        let authority = try Credentials.authority()
        let tls = try Credentials.issued(by: authority, for: ["moq.example", "10.0.0.9", "fd00::9"])
        let trust = TLSContext.ClientTrust(systemRoots: false, rootsPEM: authority.certificatePEM)
        #expect(try outcome(tls, trust).connected)
        // Without a name the certificate must contain the address.
        #expect(try outcome(tls, trust, host: nil).connected)
        #expect(try outcome(tls, trust, host: "10.0.0.9").connected)
        #expect(try outcome(tls, trust, host: "fd00::9").connected)
        #expect(try outcome(tls, trust, host: "fd00::8").error?.code == .certificateHostMismatch)
    }

    @Test func expired() throws {
        let authority = try Credentials.authority()
        let now = Credentials.unixTime
        let tls = try Credentials.issued(
            by: authority,
            for: ["moq.example"],
            from: now - 9 * 86400,
            to: now - 2 * 86400 - 60
        )
        let trust = TLSContext.ClientTrust(systemRoots: false, rootsPEM: authority.certificatePEM)
        let error = try #require(try outcome(tls, trust).error)
        #expect(error == QUICError(.certificateExpired, "certificate for moq.example expired 2 days ago"))
    }

    @Test func notYetValid() throws {
        let authority = try Credentials.authority()
        let now = Credentials.unixTime
        let tls = try Credentials.issued(
            by: authority,
            for: ["moq.example"],
            from: now + 3700,
            to: now + 9000
        )
        let trust = TLSContext.ClientTrust(systemRoots: false, rootsPEM: authority.certificatePEM)
        let error = try #require(try outcome(tls, trust).error)
        #expect(
            error == QUICError(.certificateExpired, "certificate for moq.example becomes valid in 1 hour")
        )
    }

    @Test func otherHost() throws {
        let authority = try Credentials.authority()
        let tls = try Credentials.issued(by: authority, for: ["other.example", "10.1.2.3"])
        let trust = TLSContext.ClientTrust(systemRoots: false, rootsPEM: authority.certificatePEM)
        let error = try #require(try outcome(tls, trust).error)
        #expect(error.code == .certificateHostMismatch)
        #expect(error.context == "certificate is for other.example, 10.1.2.3, not for moq.example")
    }

    @Test(arguments: [true, false])
    func unknownIssuer(systemRoots: Bool) throws {
        let tls = try Credentials.issued(by: try Credentials.authority(), for: ["moq.example"])
        let roots = systemRoots ? nil : try Credentials.authority("another authority").certificatePEM
        let trust = TLSContext.ClientTrust(systemRoots: systemRoots, rootsPEM: roots)
        let error = try #require(try outcome(tls, trust).error)
        #expect(error.code == .certificateUnknownIssuer)
        #expect(error.context.contains("moq.example"))
    }

    @Test func pins() throws {
        let tls = try TLSContext.selfSigned(hostNames: ["elsewhere"], unixTime: Credentials.unixTime)
        #expect(tls.leafFingerprint.count == 32)
        let good = TLSContext.ClientTrust(pinsSHA256: [[UInt8](repeating: 1, count: 32), tls.leafFingerprint])
        #expect(try outcome(tls, good).connected)
        let bad = TLSContext.ClientTrust(pinsSHA256: [[UInt8](repeating: 1, count: 32)])
        let error = try #require(try outcome(tls, bad).error)
        #expect(error.code == .certificatePinMismatch)
        #expect(error.context.contains("not pinned"))
    }

    @Test func insecureTakesAnything() throws {
        let tls = try TLSContext.selfSigned(hostNames: ["elsewhere"], unixTime: 100_000)
        #expect(try outcome(tls, TLSContext.ClientTrust(insecure: true)).connected)
    }

    @Test func wrongInputIsAnError() throws {
        #expect(throws: QUICError.self) { try TLSContext.server(certificatePEM: [1, 2], keyPEM: [3]) }
        #expect(throws: QUICError.self) {
            try TLSContext.client(trust: TLSContext.ClientTrust(systemRoots: false, rootsPEM: [65, 66]))
        }
        #expect(throws: QUICError.self) {
            try TLSContext.client(trust: TLSContext.ClientTrust(pinsSHA256: [[1]]))
        }
        #expect(throws: QUICError.self) { try TLSContext.selfSigned(hostNames: [""], unixTime: 0) }
        let authority = try Credentials.authority()
        let other = try Credentials.authority()
        #expect(throws: QUICError.self) {
            try TLSContext.server(certificatePEM: authority.certificatePEM, keyPEM: other.keyPEM)
        }
        let world = try World()
        #expect(throws: QUICError.self) { try world.connect(alpn: []) }
        #expect(throws: QUICError.self) { try world.connect(alpn: [""]) }
        #expect(throws: QUICError.self) { try world.connect(to: "") }
        #expect(throws: QUICError.self) { try world.connect(to: String(repeating: "a", count: 300)) }
    }
}
