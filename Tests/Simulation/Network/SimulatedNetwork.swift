package import BurrowBase

/// Hosts and the links between them, on a clock of their own. The same seed and the same calls give the same
/// deliveries at the same times.
///
/// A datagram passes the sender's uplink, the path from host to host, and the receiver's downlink. The owner calls
/// `send`, asks for `nextEventTime`, and takes what arrives from `nextDelivery`.
package struct SimulatedNetwork {
    package struct HostID: Hashable, Sendable {
        fileprivate let index: Int
    }

    /// Something that arrived.
    package struct Delivery: Equatable, Sendable {
        package let time: Instant
        package let host: HostID
        /// With the receiver's own address as destination, also behind a translator.
        package var datagram: SimulatedDatagram
    }

    /// What was lost before or behind the links.
    package struct Statistics: Equatable, Sendable {
        package var sent = 0
        package var delivered = 0
        /// No host has the address, or its IP family is another.
        package var unroutable = 0
        /// The translator in front of the receiver does not know the address any more.
        package var unmapped = 0

        package init() {}
    }

    private struct Host {
        let name: String
        let ips: [SocketAddress.IP]
        var translator: AddressTranslator?
        let uplink: Int
        let downlink: Int
    }

    private struct Pair: Hashable {
        let from: HostID
        let to: HostID
    }

    private struct Transit {
        var passage: Link.Passage
        /// The links still to pass, by index; the first is the one it is in.
        var route: ArraySlice<Int>
        var host: HostID
    }

    package private(set) var clock: VirtualClock
    package private(set) var statistics = Statistics()
    /// A fingerprint of everything that was sent and delivered so far, contents and times included. Two runs that
    /// agree here went the same way.
    package private(set) var fingerprint: UInt64 = 0xcbf2_9ce4_8422_2325
    /// The same without contents: what two encrypted runs have in common whose keys differ.
    package private(set) var shape: UInt64 = 0xcbf2_9ce4_8422_2325

    private let seed: UInt64
    private var hosts: [Host] = []
    private var owners: [SocketAddress.IP: HostID] = [:]
    private var links: [Link] = []
    private var paths: [Pair: Int] = [:]
    private var defaultConditions = LinkConditions.perfect
    /// Paths that have conditions of their own.
    private var chosenPaths: Set<Int> = []
    private var events = EventHeap<Transit>()

    package init(seed: UInt64, clock: VirtualClock = VirtualClock()) {
        self.seed = seed
        self.clock = clock
    }

    package var now: Instant { clock.now }

    package mutating func addHost(_ name: String, ips: [SocketAddress.IP]) -> HostID {
        let id = HostID(index: hosts.count)
        for ip in ips {
            precondition(owners[ip] == nil, "\(ip) belongs to two hosts")
            owners[ip] = id
        }
        hosts.append(Host(name: name, ips: ips, uplink: addLink(), downlink: addLink()))
        return id
    }

    package func name(of host: HostID) -> String { hosts[host.index].name }

    /// Conditions of all paths between hosts for which nothing else is set.
    package mutating func setDefaultConditions(_ conditions: LinkConditions) {
        defaultConditions = conditions
        for index in paths.values where !chosenPaths.contains(index) { links[index].conditions = conditions }
    }

    package mutating func setConditions(_ conditions: LinkConditions, from: HostID, to: HostID) {
        let index = path(from: from, to: to)
        links[index].conditions = conditions
        chosenPaths.insert(index)
    }

    package mutating func setConditions(_ conditions: LinkConditions, between a: HostID, and b: HostID) {
        setConditions(conditions, from: a, to: b)
        setConditions(conditions, from: b, to: a)
    }

    /// Conditions of all a host sends, shared by its paths.
    package mutating func setUplink(_ conditions: LinkConditions, of host: HostID) {
        links[hosts[host.index].uplink].conditions = conditions
    }

    /// Conditions of all a host receives, shared by its paths.
    package mutating func setDownlink(_ conditions: LinkConditions, of host: HostID) {
        links[hosts[host.index].downlink].conditions = conditions
    }

    /// Cuts a host off for a while, in both directions.
    package mutating func addBlackout(_ window: Range<Instant>, of host: HostID) {
        links[hosts[host.index].uplink].conditions.blackouts.append(window)
        links[hosts[host.index].downlink].conditions.blackouts.append(window)
    }

    package func statistics(from: HostID, to: HostID) -> LinkStatistics {
        paths[Pair(from: from, to: to)].map { links[$0].statistics } ?? LinkStatistics()
    }

    package func uplinkStatistics(of host: HostID) -> LinkStatistics {
        links[hosts[host.index].uplink].statistics
    }

    package func downlinkStatistics(of host: HostID) -> LinkStatistics {
        links[hosts[host.index].downlink].statistics
    }

    /// Puts a host behind a translator with another IP, or gives it another one. Who never sent cannot be reached.
    package mutating func translate(_ inside: SocketAddress.IP, to outside: SocketAddress.IP) {
        guard let id = owners[inside] else { preconditionFailure("no host has \(inside)") }
        precondition(owners[outside] == nil || owners[outside] == id, "\(outside) belongs to two hosts")
        owners[outside] = id
        var translator = hosts[id.index].translator ?? newTranslator(of: id)
        translator.outsideIPs[inside] = outside
        translator.rebind()
        hosts[id.index].translator = translator
    }

    /// Gives a host new outside ports from its next datagram on; what is sent to the old ones is lost.
    package mutating func rebind(_ host: HostID) {
        var translator = hosts[host.index].translator ?? newTranslator(of: host)
        translator.rebind()
        hosts[host.index].translator = translator
    }

    private func newTranslator(of host: HostID) -> AddressTranslator {
        AddressTranslator(firstPort: UInt16(truncatingIfNeeded: 40_000 + 499 * host.index))
    }

    /// Sends from a host's own address, now. Whether and when it arrives is up to the links.
    package mutating func send(
        _ bytes: [UInt8],
        from source: SocketAddress,
        to destination: SocketAddress,
        ecn: UInt8 = 0
    ) {
        guard let from = owners[source.ip] else { preconditionFailure("no host has \(source.ip)") }
        statistics.sent += 1
        let outside = hosts[from.index].translator?.translate(source) ?? source
        let datagram = SimulatedDatagram(source: outside, destination: destination, bytes: bytes, ecn: ecn)
        note(datagram, 0)
        guard source.isIPv6 == destination.isIPv6, let to = owners[destination.ip] else {
            statistics.unroutable += 1
            return
        }
        let route = [hosts[from.index].uplink, path(from: from, to: to), hosts[to.index].downlink]
        enter(datagram, route[...], to)
    }

    /// When something may arrive next; until then nothing happens unless something is sent.
    package var nextEventTime: Instant? { events.nextTime }

    /// Runs until the next arrival, at most to `limit`, and moves the clock there.
    package mutating func nextDelivery(until limit: Instant) -> Delivery? {
        while let (time, transit) = events.removeFirst(until: limit) {
            clock.advance(to: time)
            var transit = transit
            if let link = transit.route.popFirst() { links[link].leave(transit.passage) }
            if transit.route.isEmpty {
                if let delivery = arrive(transit) { return delivery }
            } else {
                enter(transit.passage.datagram, transit.route, transit.host)
            }
        }
        if limit > clock.now { clock.advance(to: limit) }
        return nil
    }

    private mutating func enter(_ datagram: SimulatedDatagram, _ route: ArraySlice<Int>, _ host: HostID) {
        var route = route
        // Perfect links but the last are passed at once, which spares an event each.
        while route.count > 1, let index = route.first, links[index].isPerfect {
            links[index].pass(datagram)
            route.removeFirst()
        }
        guard let index = route.first else { return }
        for passage in links[index].enter(datagram, now: clock.now) {
            events.add(Transit(passage: passage, route: route, host: host), at: passage.time)
        }
    }

    /// Translates only now, so what was on its way when a translator was rebound is lost.
    private mutating func arrive(_ transit: Transit) -> Delivery? {
        var datagram = transit.passage.datagram
        if let translator = hosts[transit.host.index].translator {
            guard let inside = translator.inside[datagram.destination] else {
                statistics.unmapped += 1
                return nil
            }
            datagram.destination = inside
        }
        statistics.delivered += 1
        note(datagram, 1)
        return Delivery(time: clock.now, host: transit.host, datagram: datagram)
    }

    private mutating func path(from: HostID, to: HostID) -> Int {
        let pair = Pair(from: from, to: to)
        if let index = paths[pair] { return index }
        let index = addLink()
        links[index].conditions = defaultConditions
        paths[pair] = index
        return index
    }

    private mutating func addLink() -> Int {
        var random = SeededRandom(seed: seed ^ UInt64(links.count) &* 0xd6e8_feb8_6659_fd93)
        links.append(Link(seed: random.next()))
        return links.count - 1
    }

    /// Address, time and the ends of the content; what QUIC sends differs at its ends when it differs.
    private mutating func note(_ datagram: SimulatedDatagram, _ kind: UInt64) {
        let bytes = datagram.bytes
        let ports = UInt64(datagram.source.port) << 16 | UInt64(datagram.destination.port)
        let head = kind << 56 | UInt64(datagram.ecn) << 48 | ports
        let time = UInt64(bitPattern: clock.now.microseconds)
        Self.mix(&shape, head)
        Self.mix(&shape, time)
        Self.mix(&shape, UInt64(bytes.count))
        Self.mix(&fingerprint, head)
        Self.mix(&fingerprint, time)
        var ends = UInt64(bytes.count)
        var index = 0
        while index < min(bytes.count, 8) {
            ends = (ends << 8 | ends >> 56) ^ UInt64(bytes[index])
            index += 1
        }
        Self.mix(&fingerprint, ends)
        index = max(bytes.count - 8, 0)
        while index < bytes.count {
            ends = (ends << 8 | ends >> 56) ^ UInt64(bytes[index])
            index += 1
        }
        Self.mix(&fingerprint, ends)
    }

    /// FNV-1a with words for bytes, and a shift that brings the high bits back down.
    private static func mix(_ hash: inout UInt64, _ word: UInt64) {
        hash = (hash ^ word) &* 0x100_0000_01b3
        hash ^= hash >> 29
    }
}
