import BurrowBase
import BurrowCrypto
import BurrowMoQ
import BurrowQUIC
import BurrowSimulation
import Testing

/// Connections that never become one, packets that come again, and times that jump.
@Suite struct HostileHandshakeTests {
    /// Handshakes of one address that never get further, because nothing of what the relay answers arrives.
    private func beginHandshakes(_ count: Int, at scene: HostileScene) throws {
        let deaf = scene.simulation.addRawPeer("deaf")
        scene.simulation.setConditions(.init(delay: .milliseconds(5)), from: deaf, to: scene.room.relay)
        scene.simulation.setConditions(.init(loss: 1), from: scene.room.relay, to: deaf)
        for _ in 0..<count {
            _ = try deaf.connect(to: scene.relayAddress, alpn: ["moq-lite-05"], now: scene.simulation.now)
            scene.simulation.settle(deaf)
        }
    }

    /// Somebody who means it is let in meanwhile.
    private func letCarolIn(to scene: HostileScene) throws {
        let carol = try scene.room.join("carol", path: "carol", conditions: .init(delay: .milliseconds(5)))
        scene.room.wait("carol is let in") { carol.state == .connected }
        carol.peer.node.closeRoom(carol.room, request: RequestID(rawValue: 0), now: scene.simulation.now)
    }

    @Test func halfOpenConnectionsKeepNobodyOut() throws {
        let scene = try HostileScene(seed: 561) {
            $0.acceptLimits.handshakesBeforeRetry = 20
            $0.acceptLimits.handshakes = 40
        }
        scene.startCall(seconds: 4)
        try beginHandshakes(300, at: scene)
        scene.run(.seconds(1))
        let endpoint = try #require(scene.statistics?.endpoint)
        #expect(endpoint.retriesSent >= 200)
        #expect(endpoint.accepted <= 23)
        try letCarolIn(to: scene)
        scene.expectCallUndisturbed()
        scene.run(.seconds(20))
        scene.expectNothingLeft()
    }

    @Test func moreConnectionsThanAllowedAreRefused() throws {
        let scene = try HostileScene(seed: 562) { $0.acceptLimits.connections = 6 }
        scene.startCall(seconds: 3)
        for _ in 0..<20 {
            _ = try scene.attacker.connect(to: scene.relayAddress, alpn: ["moql"], now: scene.simulation.now)
        }
        scene.run(.seconds(1))
        #expect(scene.attacker.connections.count { $0.isConnected } == 4)
        #expect(scene.attacker.connections.count { $0.closed?.code == .refused } == 16)
        scene.expectCallUndisturbed()
        scene.expectNothingLeft()
    }

    /// One machine may take its part of a relay, and no more.
    @Test func moreConnectionsThanOneAddressMayHave() throws {
        let scene = try HostileScene(seed: 566) { $0.acceptLimits.connectionsPerAddress = 5 }
        scene.startCall(seconds: 3)
        for _ in 0..<20 {
            _ = try scene.attacker.connect(to: scene.relayAddress, alpn: ["moql"], now: scene.simulation.now)
        }
        scene.run(.seconds(1))
        #expect(scene.attacker.connections.count { $0.isConnected } == 5)
        #expect(scene.attacker.connections.count { $0.closed?.code == .refused } == 15)
        #expect(scene.statistics?.endpoint.crowded == 15)
        try letCarolIn(to: scene)
        // Places that are given back can be taken again.
        for raw in scene.attacker.connections where raw.closed == nil {
            raw.connection.close(code: 0, reason: "")
        }
        scene.run(.seconds(3))
        let late = try scene.connect()
        #expect(late.isConnected)
        scene.expectCallUndisturbed()
        scene.expectNothingLeft()
    }

    /// Handshakes that are not completed bring the address, not everybody, to where it has to prove itself.
    @Test func halfOpenConnectionsOfOneAddress() throws {
        let scene = try HostileScene(seed: 567) {
            $0.acceptLimits.handshakesBeforeRetryPerAddress = 10
        }
        scene.startCall(seconds: 4)
        try beginHandshakes(100, at: scene)
        scene.run(.milliseconds(500))
        let endpoint = try #require(scene.statistics?.endpoint)
        #expect(endpoint.retriesSent >= 80)
        #expect(endpoint.accepted <= 13)
        #expect(endpoint.crowded == 0)
        let carol = try scene.room.join("carol", path: "carol", conditions: .init(delay: .milliseconds(5)))
        scene.room.wait("carol is let in") { carol.state == .connected }
        let proved = try #require(scene.statistics?.endpoint.retriesSent)
        scene.run(.milliseconds(1))
        #expect(scene.statistics?.endpoint.retriesSent == proved)
        carol.peer.node.closeRoom(carol.room, request: RequestID(rawValue: 0), now: scene.simulation.now)
        scene.expectCallUndisturbed()
        scene.run(.seconds(20))
        scene.expectNothingLeft()
    }

    @Test func datagramsThatComeAgain() throws {
        let scene = try HostileScene(seed: 563)
        scene.startCall(seconds: 3)
        scene.attacker.recordsDatagrams = true
        let raw = try scene.attack(.lite05)
        raw.open(bidirectional: true, try subscribe(1, .lite05))
        scene.run(.milliseconds(500))
        let sent = scene.attacker.sent
        #expect(sent.count > 5)
        let before = scene.statistics?.subscriptions
        var random = SeededRandom(seed: 3)
        for round in 0..<3 {
            for datagram in sent {
                var bytes = datagram.bytes
                // As it was, damaged, and cut off.
                if round == 1 { bytes[Int(random.next() % UInt64(bytes.count))] ^= 0x40 }
                if round == 2 { bytes.removeLast(Int(random.next() % UInt64(bytes.count))) }
                scene.simulation.network.send(bytes, from: datagram.source, to: datagram.destination)
                // And from an address of somebody who is not meant.
                let elsewhere = SocketAddress(ip: datagram.source.ip, port: 999)
                scene.simulation.network.send(bytes, from: elsewhere, to: datagram.destination)
            }
            scene.run()
        }
        #expect(raw.closed == nil)
        #expect(scene.statistics?.subscriptions == before)
        scene.expectCallUndisturbed()
        scene.run(.seconds(12))
        scene.expectNothingLeft()
    }

    @Test func aTokenThatRunsOut() throws {
        let file = """
            {"alg":"HS256","key_ops":["sign","verify"],"kty":"oct",\
            "k":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8","kid":"test-key"}
            """
        let keys = try TokenKeyFile(Array(file.utf8))
        let key = try #require(keys.keys.first)
        let room = SessionScope(root: try BroadcastPath("room"), publish: [.root], subscribe: [.root])
        func token(_ seconds: Int64) throws -> String {
            try TokenSigner(key).sign(TokenClaims(scope: room, expires: 1_800_000_000 + seconds))
        }
        let long = try token(1 << 40)
        let access = AccessPolicy(verifier: try TokenVerifier(keys))
        let scene = try HostileScene(seed: 564, access: access, urlPath: "/room?jwt=\(long)")
        scene.startCall(seconds: 8)
        let raw = try scene.attack(.lite05, path: "/room?jwt=\(try token(5))")
        raw.open(bidirectional: true, try subscribe(1, .lite05))
        scene.run()
        #expect(raw.closed == nil && scene.statistics?.subscriptions == 2)
        let member = try scene.room.join("carol", urlPath: "/room?jwt=\(try token(5))")
        scene.run(.seconds(5))
        #expect(raw.closed?.code == .application(SessionCode.unauthorized.rawValue))
        #expect(member.error?.code == .unauthorized)
        #expect(scene.statistics?.counters.sessionsExpired == 2)
        let none = try scene.attack(.lite05)
        #expect(none.closed?.code == .application(SessionCode.unauthorized.rawValue))
        let old = try scene.attack(.lite05, path: "/room?jwt=\(try token(-5))")
        #expect(old.closed?.code == .application(SessionCode.unauthorized.rawValue))
        let legacy = try scene.attack(.lite04)
        #expect(legacy.closed?.code == .application(SessionCode.unauthorized.rawValue))
        scene.expectCallUndisturbed()
        scene.expectNothingLeft()
    }

    /// A machine that slept: its clock is far ahead at once, and must not go back.
    @Test(arguments: [Interval.seconds(60), .seconds(86_400 * 400), .microseconds(1 << 61)])
    func clocksThatJump(by interval: Interval) throws {
        let scene = try HostileScene(seed: 565)
        let now = scene.simulation.now
        let nodes = [scene.relay, scene.alice.peer.node, scene.bob.peer.node]
        var batch = DatagramBatch()
        func turn(_ node: Node, _ time: Instant) {
            node.handleTimeouts(now: time)
            node.process(now: time)
            while !node.flush(into: &batch, now: time) { batch.removeAll() }
            batch.removeAll()
            while node.nextEffect() != nil {}
        }
        for node in nodes {
            turn(node, now)
            turn(node, now)
            turn(node, now + interval)
            turn(node, now + interval)
            turn(node, now)
            turn(node, Instant(microseconds: 0))
            turn(node, now + interval + interval)
            #expect(node.deadline > Instant(microseconds: 0))
        }
        var states: [RoomState] = []
        while let event = scene.bob.peer.node.nextEvent() {
            if case .room(_, let state, _) = event { states.append(state) }
        }
        #expect(states.first == .reconnecting)
        #expect(scene.statistics?.sessions == 0)
        #expect(scene.statistics?.broadcasts == 0)
    }
}
