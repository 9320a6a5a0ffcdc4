import BurrowBase
import BurrowQUIC
import Testing

/// Small streams on a line that loses packets: sent again before anybody knows that they are needed.
@Suite struct RepeatTests {
    /// Sends a packet of sound every 20 ms, and says how long each one took.
    private final class Scene {
        let world: World
        let client: Connection
        var sent: [Int64: Instant] = [:]
        var took: [Int64: Interval] = [:]

        init(loss: Double, repeats: Bool = true, seed: UInt64) throws {
            var settings = TransportSettings()
            settings.repeatsOnLoss = repeats
            world = try World(settings: settings, seed: seed)
            world.delay = .milliseconds(25)
            client = try world.connect()
            let isConnected = world.run { [world] in
                !world.client.connected.isEmpty && !world.server.connected.isEmpty
            }
            try #require(isConnected)
            world.loss = loss
            world.server.keeps = false
            world.server.onEvent = { [unowned self] (_, event) in
                guard case .readable(let stream) = event, took[stream.id] == nil else { return }
                took[stream.id] = world.now - (sent[stream.id] ?? world.now)
            }
        }

        func speak(_ count: Int, besides bytes: Int = 0) throws {
            let picture = [UInt8](repeating: 2, count: bytes)
            for index in 0..<count {
                if bytes > 0, index % 2 == 0 { try send(picture, level: 60) }
                let id = try send([UInt8](repeating: 1, count: 120), level: 80)
                sent[id] = world.now
                world.run(for: .milliseconds(20))
            }
            world.run(for: .milliseconds(200))
        }

        @discardableResult
        private func send(_ bytes: [UInt8], level: UInt16) throws -> Int64 {
            let stream = try #require(client.openStream(bidirectional: false))
            client.setPriority(stream, SendPriority(level: level, flow: UInt32(level), order: 0))
            client.write(bytes, to: stream)
            client.finish(stream)
            return stream.id
        }

        /// How many came later than a copy would, of those sent after a while.
        func late(after first: Int, limit: Interval = .milliseconds(36)) -> Int {
            let settled = sent.filter { $0.value - World.start > .milliseconds(Int64(first) * 20) }
            return settled.filter { (took[$0.key] ?? .seconds(9)) > limit }.count
        }
    }

    @Test(arguments: [0.05, 0.1]) func soundDoesNotWaitForRetransmissions(loss: Double) throws {
        let plain = try Scene(loss: loss, repeats: false, seed: 31)
        try plain.speak(600)
        #expect(plain.late(after: 250) > Int(350 * loss / 2))
        #expect(plain.client.statistics.repeatedPackets == 0)
        let scene = try Scene(loss: loss, seed: 31)
        try scene.speak(600)
        // A packet and two copies: once in a thousand all three are lost, at 10 percent.
        #expect(scene.late(after: 250) <= 2)
        #expect(scene.client.statistics.repeatedPackets > 300)
        #expect(scene.client.statistics.repeatedPackets < 1300)
    }

    /// Four packets in a row: the second copy comes after most of them are over.
    @Test func copiesKeepApartWhenLossesComeInRows() throws {
        let scene = try Scene(loss: 0, seed: 36)
        var random = SeededRandom(seed: 37)
        var isBad = false
        scene.world.filter = { _ in
            isBad = Double(random.next() >> 11) / Double(1 << 53) < (isBad ? 0.75 : 0.014_55)
            return !isBad
        }
        try scene.speak(1500, besides: 3000)
        let late = scene.late(after: 500, limit: .milliseconds(67))
        #expect(late <= 15)
        // Some came with the first copy, and some with the second.
        #expect(scene.late(after: 500, limit: .milliseconds(40)) > late + 5)
    }

    @Test func onlySoundIsRepeated() throws {
        let scene = try Scene(loss: 0.05, seed: 32)
        try scene.speak(500, besides: 3000)
        #expect(scene.late(after: 250) <= 2)
        let statistics = scene.client.statistics
        #expect(statistics.repeatedPackets > 500)
        // Three copies of each at most, and none of what is larger.
        #expect(statistics.repeatedPackets <= 3 * 500)
        // Each holds a packet of sound and little else.
        let each = statistics.repeatedBytes / max(statistics.repeatedPackets, 1)
        #expect((80..<600).contains(each), "\(each)")
    }

    @Test func aCleanLineCarriesEverythingOnce() throws {
        let scene = try Scene(loss: 0, seed: 33)
        try scene.speak(200)
        #expect(scene.client.statistics.repeatedPackets == 0)
        #expect(scene.client.statistics.repeatedBytes == 0)
        #expect(scene.late(after: 0) == 0)
    }

    @Test func itEndsWhenTheLineIsCleanAgain() throws {
        let scene = try Scene(loss: 0.1, seed: 34)
        try scene.speak(200)
        let whenLossy = scene.client.statistics.repeatedPackets
        #expect(whenLossy > 0)
        scene.world.loss = 0
        try scene.speak(1150)
        let afterwards = scene.client.statistics.repeatedPackets
        try scene.speak(50)
        #expect(scene.client.statistics.repeatedPackets == afterwards)
    }
}
