import BurrowBase
import BurrowMoQ
import BurrowQUIC
import BurrowSimulation
import Testing

/// Names, addresses and certificates: how a room finds its relay, and what it says when it does not.
@Suite struct ConnectionTests {
    static let line = LinkConditions(delay: .milliseconds(20))
    static let unreachable = SocketAddress.IP.v6(0x2001_0db8_0000_0000, 0x99, scope: 0)
    static let own = SocketAddress.IP.v6(0x2001_0db8_0000_0000, 0x1, scope: 0)

    private func seconds(_ member: RoomMember, until state: RoomState, since begin: Instant) -> Double? {
        let event = member.peer.events.first { (_, event) in
            if case .room(member.room, state, _) = event { return true }
            return false
        }
        return event.map { Double(($0.time - begin).microseconds) / 1_000_000 }
    }

    private func byName(
        _ scene: RoomScene,
        _ addresses: [SocketAddress.IP],
        ips: [SocketAddress.IP]? = nil,
        _ configure: (inout RoomConfiguration) -> Void = { _ in }
    ) throws -> RoomMember {
        let peer = scene.simulation.addPeer("bob", ips: ips)
        if !addresses.isEmpty { peer.names["relay.test"] = addresses }
        let url = try RelayURL("moqt://relay.test:\(RoomScene.relayPort)")
        return try scene.join("bob", on: peer, conditions: Self.line) { (configuration) in
            let trust = configuration.trust
            configuration = RoomConfiguration(url: url)
            configuration.trust = trust
            configure(&configuration)
        }
    }

    @Test func aBlackHoleInOneFamilyCostsAQuarterOfASecond() throws {
        let scene = try RoomScene(seed: 221)
        let ips = [Self.own, .v4(0x0a00_0064)]
        let bob = try byName(scene, [Self.unreachable, scene.relay.ip], ips: ips)
        let begin = scene.simulation.now
        scene.wait("bob is connected") { bob.state == .connected }
        let took = try #require(seconds(bob, until: .connected, since: begin))
        #expect(took > 0.25 && took < 0.35)
        scene.simulation.run(for: .seconds(20))
        #expect(bob.state == .connected)
        #expect(bob.peer.openSockets == 1)
    }

    @Test func aFamilyWithoutARouteCostsNothing() throws {
        let scene = try RoomScene(seed: 222)
        let bob = try byName(scene, [Self.unreachable, scene.relay.ip])
        let begin = scene.simulation.now
        scene.wait("bob is connected") { bob.state == .connected }
        let took = try #require(seconds(bob, until: .connected, since: begin))
        #expect(took < 0.1)
    }

    @Test func anUnknownNameIsSaidToBeOne() throws {
        let scene = try RoomScene(seed: 223)
        let bob = try byName(scene, [])
        scene.wait("it fails") { bob.history.last == "closed" }
        #expect(bob.error?.code == .nameNotFound)
        #expect(bob.isDone(bob.request))
    }

    @Test func nobodyAnswering() throws {
        let scene = try RoomScene(seed: 224)
        let bob = try scene.join("bob", conditions: LinkConditions(loss: 1)) {
            $0.connectTimeout = .seconds(3)
        }
        let begin = scene.simulation.now
        scene.wait("it fails", seconds: 30) { bob.history.last == "closed" }
        #expect(bob.error?.code == .timeout)
        let took = try #require(seconds(bob, until: .closed, since: begin))
        #expect(took >= 3 && took < 3.1)
        scene.simulation.run(for: .seconds(2))
        #expect(bob.peer.openSockets == 0)
    }

    enum Mistake: CaseIterable { case pin, issuer, host, protocols }

    @Test(arguments: Mistake.allCases) func whatIsWrongWithARelayIsNamed(mistake: Mistake) throws {
        let scene = try RoomScene(seed: 225, versions: mistake == .protocols ? [.lite03] : Version.preferred)
        let bob = try byName(scene, [scene.relay.ip]) { (configuration) in
            switch mistake {
            case .pin: configuration.trust.pinsSHA256 = [[UInt8](repeating: 7, count: 32)]
            case .issuer: configuration.trust = .init(systemRoots: false)
            case .host:
                let roots = Array(SimulatedIdentity.certificatePEM.utf8)
                configuration.trust = .init(systemRoots: false, rootsPEM: roots)
                configuration.serverName = "other.test"
            case .protocols: configuration.versions = [.lite05]
            }
        }
        scene.wait("it fails") { bob.history.last == "closed" }
        let expected: MoQError.Code =
            switch mistake {
            case .pin: .certificatePinMismatch
            case .issuer: .certificateUnknownIssuer
            case .host: .certificateHostMismatch
            case .protocols: .noCommonProtocol
            }
        #expect(bob.error?.code == expected)
        #expect(!bob.history.contains("reconnecting"))
    }

    @Test func aTrustedRootIsEnough() throws {
        let scene = try RoomScene(seed: 226)
        let bob = try byName(scene, [scene.relay.ip]) { (configuration) in
            let roots = Array(SimulatedIdentity.certificatePEM.utf8)
            configuration.trust = .init(systemRoots: false, rootsPEM: roots)
        }
        scene.wait("bob is connected") { bob.state == .connected }
    }

    @Test func pausesGrowWhileARelayIsGone() throws {
        let scene = try RoomScene(seed: 227)
        let bob = try scene.join("bob", path: "bob", conditions: Self.line) { (configuration) in
            configuration.connectTimeout = .seconds(2)
            configuration.longestPause = .seconds(5)
        }
        scene.wait("bob is connected") { bob.state == .connected }
        scene.relay.crash()
        scene.wait("the loss is noticed", seconds: 30) { bob.state == .reconnecting }
        let before = scene.simulation.network.statistics.sent
        scene.simulation.run(for: .seconds(120))
        // A handful of packets every few seconds, not a storm.
        #expect(scene.simulation.network.statistics.sent - before < 400)
        #expect(bob.state == .reconnecting)
        #expect(bob.peer.openSockets <= 2)
        scene.relay.boot()
        try scene.startRelay()
        scene.wait("bob is back", seconds: 10) { bob.history.contains("restored") }
    }

    @Test func anIdleRoomStaysOpenForLittle() throws {
        let scene = try RoomScene(seed: 228)
        let bob = try scene.join("bob", path: "bob", conditions: Self.line)
        scene.wait("bob is connected") { bob.state == .connected }
        scene.simulation.run(for: .seconds(10))
        let before = scene.simulation.network.statistics.sent
        scene.simulation.run(for: .seconds(600))
        #expect(bob.history == ["connecting", "connected"])
        #expect(scene.simulation.network.statistics.sent - before <= 4 * 600 * 10 / 45)
        #expect(scene.relay.node.statistics(of: scene.relayID)?.sessions == 1)
    }

    @Test(arguments: Version.preferred, [true, false])
    func aRelayThatSaysGoodbyeIsLeftAtOnce(version: Version, isYoung: Bool) throws {
        let scene = try RoomScene(seed: 229, versions: [version])
        let bob = try scene.join("bob", path: "bob", conditions: Self.line)
        scene.wait("bob is connected") { bob.state == .connected }
        // The relay knows a moment later.
        scene.simulation.run(for: .milliseconds(isYoung ? 0 : 500))
        let begin = scene.simulation.now
        scene.relay.node.stopRelay(scene.relayID, request: scene.newRequest(), now: begin)
        scene.simulation.settle(scene.relay)
        scene.wait("bob knows", seconds: 3) { bob.state == .reconnecting }
        let took = try #require(seconds(bob, until: .reconnecting, since: begin))
        // Older versions have no word for it and hear when the relay closes.
        #expect(took < (version.hasGoaway ? 0.1 : 1.2))
        #expect(bob.error?.code == .goingAway)
    }

    /// A relay that dies without a word and comes back with its secret tells its clients that their sessions are gone; without
    /// it they find out when their time is up.
    @Test(arguments: [true, false]) func aRelayThatComesBack(keepsSecret: Bool) throws {
        let secret = [UInt8](repeating: 7, count: 32)
        let scene = try RoomScene(seed: 91) { $0.resetSecret = EndpointSecret(copying: secret.span) }
        let line = LinkConditions(delay: .milliseconds(10))
        let bob = try scene.join("bob", path: "bob", conditions: line) { $0.settings.keepAlive = .seconds(1) }
        scene.simulation.run(for: .seconds(1))
        #expect(bob.state == .connected)
        let begin = scene.simulation.now
        scene.relay.crash()
        scene.relay.boot()
        let next = keepsSecret ? secret : [UInt8](repeating: 8, count: 32)
        try scene.startRelay { $0.resetSecret = EndpointSecret(copying: next.span) }
        scene.wait("bob is back", seconds: 40) { bob.history.contains("restored") }
        let took = try #require(seconds(bob, until: .reconnecting, since: begin))
        if keepsSecret { #expect(took < 1.5) } else { #expect(took > 5) }
    }

    /// A relay that stops and is there again: everybody comes back and hears what is published, in every version.
    @Test(arguments: Version.preferred) func aRelayThatStopsAndStartsAgain(version: Version) throws {
        let scene = try RoomScene(seed: 92, versions: [version])
        let line = LinkConditions(delay: .milliseconds(10))
        let alice = try scene.join("alice", path: "alice", conditions: line)
        let bob = try scene.join("bob", conditions: line)
        let audio = try alice.publish("audio")
        let heard = try bob.subscribe("alice", "audio")
        scene.simulation.run(for: .seconds(1))
        try alice.push(audio, [1])
        scene.wait("bob hears") { bob.frames(heard).count == 1 }
        scene.relay.node.stopRelay(scene.relayID, request: scene.newRequest(), now: scene.simulation.now)
        scene.simulation.settle(scene.relay)
        scene.wait("the relay has stopped") { scene.relay.node.statistics(of: scene.relayID) == nil }
        try scene.startRelay(versions: [version])
        scene.wait("both are back", seconds: 20) {
            alice.history.contains("restored") && bob.history.contains("restored")
        }
        scene.simulation.run(for: .seconds(2))
        try alice.push(audio, [2])
        scene.wait("bob hears again") { bob.frames(heard).last?.payload == [2] }
    }
}
