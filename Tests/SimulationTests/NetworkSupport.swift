import BurrowBase
import BurrowSimulation

/// Two hosts, `a` at 10.0.0.1 and `b` at 10.0.0.2, that send numbered datagrams to each other.
struct PairOfHosts {
    var network: SimulatedNetwork
    let a: SimulatedNetwork.HostID
    let b: SimulatedNetwork.HostID
    let addressA = SocketAddress(ip: .v4(0x0a00_0001), port: 1111)
    let addressB = SocketAddress(ip: .v4(0x0a00_0002), port: 2222)
    let start: Instant

    init(seed: UInt64 = 1, _ conditions: LinkConditions = .perfect) {
        network = SimulatedNetwork(seed: seed)
        a = network.addHost("a", ips: [addressA.ip])
        b = network.addHost("b", ips: [addressB.ip])
        network.setConditions(conditions, from: a, to: b)
        start = network.now
    }

    /// Sends numbers `0..<count` from a to b, one every `gap`, and collects what arrives within ten seconds more.
    mutating func run(
        _ count: Int,
        gap: Interval = .milliseconds(1),
        size: Int = 100,
        ecn: UInt8 = 0
    ) -> [SimulatedNetwork.Delivery] {
        var deliveries: [SimulatedNetwork.Delivery] = []
        for number in 0..<count {
            network.send(Self.bytes(number, size: size), from: addressA, to: addressB, ecn: ecn)
            deliveries += wait(gap)
        }
        return deliveries + wait(.seconds(10))
    }

    mutating func wait(_ time: Interval) -> [SimulatedNetwork.Delivery] {
        var deliveries: [SimulatedNetwork.Delivery] = []
        let end = network.now + time
        while let delivery = network.nextDelivery(until: end) { deliveries.append(delivery) }
        return deliveries
    }

    var statistics: LinkStatistics { network.statistics(from: a, to: b) }

    static func bytes(_ number: Int, size: Int) -> [UInt8] {
        [UInt8(truncatingIfNeeded: number >> 8), UInt8(truncatingIfNeeded: number)]
            + [UInt8](repeating: 0, count: size - 2)
    }
}

extension SimulatedNetwork.Delivery {
    var number: Int { Int(datagram.bytes[0]) << 8 | Int(datagram.bytes[1]) }
}
