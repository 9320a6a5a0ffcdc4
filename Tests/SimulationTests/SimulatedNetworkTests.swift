import BurrowBase
import BurrowSimulation
import Testing

@Suite struct SimulatedNetworkTests {
    /// Every impairment at once, both ways.
    private static let rough = LinkConditions(
        delay: .milliseconds(20),
        jitter: .milliseconds(10),
        keepsOrder: false,
        reordering: LinkConditions.Reordering(chance: 0.05, extraDelay: .milliseconds(7)),
        loss: 0.03,
        burstLoss: LinkConditions.BurstLoss(begin: 0.01, end: 0.3),
        duplication: 0.02,
        corruption: 0.02,
        rateLimit: LinkConditions.RateLimit(
            bitsPerSecond: 2_000_000,
            queueBytes: 20_000,
            markAboveBytes: 5000
        )
    )

    /// A conversation in which b answers all it gets, with rebinding and a blackout on the way.
    private func conversation(seed: UInt64) -> (deliveries: [SimulatedNetwork.Delivery], fingerprint: UInt64)
    {
        var pair = PairOfHosts(seed: seed)
        pair.network.setDefaultConditions(Self.rough)
        pair.network.setConditions(Self.rough, between: pair.a, and: pair.b)
        pair.network.addBlackout(
            (pair.start + .milliseconds(300))..<(pair.start + .milliseconds(350)),
            of: pair.a
        )
        var deliveries: [SimulatedNetwork.Delivery] = []
        for number in 0..<1000 {
            if number == 500 { pair.network.rebind(pair.a) }
            pair.network.send(
                PairOfHosts.bytes(number, size: 300),
                from: pair.addressA,
                to: pair.addressB,
                ecn: 2
            )
            let end = pair.network.now + .milliseconds(1)
            while let delivery = pair.network.nextDelivery(until: end) {
                deliveries.append(delivery)
                guard delivery.host == pair.b else { continue }
                pair.network.send(delivery.datagram.bytes, from: pair.addressB, to: delivery.datagram.source)
            }
        }
        return (deliveries + pair.wait(.seconds(5)), pair.network.fingerprint)
    }

    @Test(arguments: 1...10 as ClosedRange<UInt64>)
    func sameSeedSameRun(seed: UInt64) {
        let first = conversation(seed: seed)
        let second = conversation(seed: seed)
        #expect(first.deliveries == second.deliveries)
        #expect(first.fingerprint == second.fingerprint)
        #expect(first.deliveries.count > 500)
        #expect(first.fingerprint != conversation(seed: seed + 1000).fingerprint)
    }

    /// Another process must go the same way. The number changes only with the network itself.
    @Test func knownFingerprint() {
        #expect(conversation(seed: 42).fingerprint == 104_442_765_063_431_443)
    }

    @Test func trafficElsewhereChangesNothing() {
        func fates(withOthers: Bool) -> [Int] {
            var pair = PairOfHosts(seed: 9, LinkConditions(loss: 0.3))
            let c = SocketAddress(ip: .v4(0x0a00_0003), port: 3)
            _ = pair.network.addHost("c", ips: [c.ip])
            var numbers: [Int] = []
            for number in 0..<200 {
                pair.network.send(PairOfHosts.bytes(number, size: 10), from: pair.addressA, to: pair.addressB)
                if withOthers {
                    pair.network.send([0, 0], from: c, to: pair.addressA)
                    pair.network.send([0, 0], from: pair.addressB, to: pair.addressA)
                }
                numbers += pair.wait(.milliseconds(1)).filter { $0.host == pair.b }.map(\.number)
            }
            return numbers
        }
        #expect(fates(withOthers: false) == fates(withOthers: true))
    }

    @Test func timeStopsAtEachDelivery() {
        var pair = PairOfHosts(LinkConditions(delay: .milliseconds(5)))
        #expect(pair.network.nextEventTime == nil)
        pair.network.send([0, 1], from: pair.addressA, to: pair.addressB)
        pair.network.send([0, 2], from: pair.addressA, to: pair.addressB)
        #expect(pair.network.nextEventTime == pair.start + .milliseconds(5))
        #expect(pair.network.nextDelivery(until: pair.start + .milliseconds(4)) == nil)
        #expect(pair.network.now == pair.start + .milliseconds(4))
        #expect(pair.network.nextDelivery(until: .distantFuture)?.number == 1)
        #expect(pair.network.now == pair.start + .milliseconds(5))
        #expect(pair.network.nextDelivery(until: pair.start + .milliseconds(5))?.number == 2)
        #expect(pair.network.nextDelivery(until: pair.start + .seconds(3)) == nil)
        #expect(pair.network.now == pair.start + .seconds(3))
        #expect(pair.network.clock.unixSeconds == 1_800_000_003)
    }

    @Test func addressesNobodyHas() {
        var pair = PairOfHosts()
        pair.network.send([0, 0], from: pair.addressA, to: SocketAddress(ip: .v4(0x0a00_0009), port: 1))
        pair.network.send([0, 0], from: pair.addressA, to: SocketAddress(ip: .v6(0, 1, scope: 0), port: 1))
        #expect(pair.wait(.seconds(1)).isEmpty)
        #expect(pair.network.statistics.unroutable == 2)
    }

    @Test func accessLinksAreShared() {
        // a sends to b and c through one uplink of one datagram per millisecond.
        var pair = PairOfHosts()
        let c = SocketAddress(ip: .v4(0x0a00_0003), port: 3)
        let hostC = pair.network.addHost("c", ips: [c.ip])
        let limit = LinkConditions.RateLimit(bitsPerSecond: 1_024_000, queueBytes: 128_000)
        pair.network.setUplink(LinkConditions(rateLimit: limit), of: pair.a)
        for _ in 0..<10 {
            pair.network.send(PairOfHosts.bytes(0, size: 100), from: pair.addressA, to: pair.addressB)
            pair.network.send(PairOfHosts.bytes(0, size: 100), from: pair.addressA, to: c)
        }
        let deliveries = pair.wait(.seconds(1))
        #expect(deliveries.map(\.time) == (1...20).map { pair.start + .milliseconds($0) })
        #expect(deliveries.filter { $0.host == hostC }.count == 10)
        #expect(pair.network.uplinkStatistics(of: pair.a).left == 20)
        #expect(pair.network.downlinkStatistics(of: hostC).left == 10)
    }

    @Test func downlinkAddsItsDelay() {
        var pair = PairOfHosts(LinkConditions(delay: .milliseconds(5)))
        pair.network.setDownlink(LinkConditions(delay: .milliseconds(7)), of: pair.b)
        pair.network.setUplink(LinkConditions(delay: .milliseconds(3)), of: pair.a)
        #expect(pair.run(1).map(\.time) == [pair.start + .milliseconds(15)])
    }

    @Test func hostBlackoutCutsBothDirections() {
        var pair = PairOfHosts()
        pair.network.addBlackout(pair.start..<(pair.start + .milliseconds(10)), of: pair.a)
        pair.network.send([0, 1], from: pair.addressA, to: pair.addressB)
        pair.network.send([0, 2], from: pair.addressB, to: pair.addressA)
        #expect(pair.wait(.milliseconds(10)).isEmpty)
        pair.network.send([0, 3], from: pair.addressA, to: pair.addressB)
        pair.network.send([0, 4], from: pair.addressB, to: pair.addressA)
        #expect(pair.wait(.milliseconds(10)).map(\.number).sorted() == [3, 4])
    }

    @Test func rebindingChangesTheSourceAndKillsTheOldOne() throws {
        var pair = PairOfHosts(LinkConditions(delay: .milliseconds(5)))
        #expect(pair.run(1)[0].datagram.source == pair.addressA)

        pair.network.rebind(pair.a)
        let first = pair.run(1)[0].datagram.source
        #expect(first != pair.addressA)
        #expect(first.ip == pair.addressA.ip)
        // Answers reach the inside address; the address before rebinding is dead.
        pair.network.send([0, 7], from: pair.addressB, to: first)
        let answers = pair.wait(.seconds(1))
        #expect(answers.map(\.datagram.destination) == [pair.addressA])
        pair.network.send([0, 8], from: pair.addressB, to: pair.addressA)
        #expect(pair.wait(.seconds(1)).isEmpty)
        #expect(pair.network.statistics.unmapped == 1)

        pair.network.rebind(pair.a)
        let second = pair.run(1)[0].datagram.source
        #expect(second != first)
        // The same sender keeps its mapping, another port of the host gets one of its own.
        #expect(pair.run(1)[0].datagram.source == second)
        let other = SocketAddress(ip: pair.addressA.ip, port: 9)
        pair.network.send([0, 0], from: other, to: pair.addressB)
        let third = try #require(pair.wait(.seconds(1)).first?.datagram.source)
        #expect(third != second)
        pair.network.send([0, 9], from: pair.addressB, to: first)
        #expect(pair.wait(.seconds(1)).isEmpty)
    }

    @Test func rebindingLosesWhatIsOnItsWay() {
        var pair = PairOfHosts()
        pair.network.rebind(pair.a)
        let source = pair.run(1)[0].datagram.source
        pair.network.setConditions(LinkConditions(delay: .milliseconds(5)), from: pair.b, to: pair.a)
        pair.network.send([0, 1], from: pair.addressB, to: source)
        #expect(pair.wait(.milliseconds(1)).isEmpty)
        pair.network.rebind(pair.a)
        #expect(pair.wait(.seconds(1)).isEmpty)
        #expect(pair.network.statistics.unmapped == 1)
    }

    @Test func translatorWithAnotherAddress() {
        var pair = PairOfHosts()
        let outside = SocketAddress.IP.v4(0xc633_6401)
        pair.network.translate(pair.addressA.ip, to: outside)
        // Nobody gets in before something went out.
        pair.network.send([0, 1], from: pair.addressB, to: pair.addressA)
        #expect(pair.wait(.seconds(1)).isEmpty)
        let source = pair.run(1)[0].datagram.source
        #expect(source.ip == outside)
        pair.network.send([0, 2], from: pair.addressB, to: source)
        #expect(pair.wait(.seconds(1)).map(\.host) == [pair.a])
        let moved = SocketAddress.IP.v4(0xc633_6402)
        pair.network.translate(pair.addressA.ip, to: moved)
        #expect(pair.run(1)[0].datagram.source.ip == moved)
        pair.network.send([0, 3], from: pair.addressB, to: source)
        #expect(pair.wait(.seconds(1)).isEmpty)
    }
}
