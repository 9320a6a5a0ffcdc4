import BurrowBase
import BurrowQUIC
import Testing

@Suite struct HandshakeTests {
    @Test func bothSidesLearnTheProtocol() throws {
        let world = try World(serverALPN: ["b", "a"])
        let connection = try world.connect(alpn: ["a", "b"])
        #expect(world.run { !world.client.connected.isEmpty && !world.server.connected.isEmpty })
        // The server's order counts.
        #expect(world.client.connected == ["b"])
        #expect(world.server.connected == ["b"])
        #expect(connection.alpn == "b")
        #expect(world.server.connections.first?.remoteAddress == World.clientAddress)
        // One round trip for the client.
        #expect(world.now - World.start <= .milliseconds(31))
    }

    @Test func withoutCommonProtocolBothSidesSaySo() throws {
        let world = try World(serverALPN: ["a"])
        _ = try world.connect(alpn: ["b"])
        world.run(for: .seconds(3)) { !world.client.closed.isEmpty }
        #expect(world.client.closed.map(\.code) == [.noCommonProtocol])
        #expect(world.server.connections.isEmpty)
    }
}
