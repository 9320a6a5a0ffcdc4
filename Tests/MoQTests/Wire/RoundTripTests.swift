import BurrowBase
import BurrowMoQ
import Testing

/// Whatever we can say in a version comes back as it was.
@Suite struct RoundTripTests {
    /// Makes values of all sizes up.
    private struct Source {
        var random: SeededRandom

        mutating func number(below limit: UInt64 = Varint.max) -> UInt64 {
            min(random.next() >> UInt64.random(in: 2...63, using: &random), limit - 1)
        }

        mutating func flag() -> Bool { Bool.random(using: &random) }

        mutating func text(_ limit: Int) -> String {
            let characters = Array("abcxyz019-_.é𝄞 ")
            let count = Int.random(in: 0...limit, using: &random)
            return String((0..<count).map { _ in characters.randomElement(using: &random) ?? "a" })
        }

        mutating func path() throws -> BroadcastPath {
            let count = Int.random(in: 0...6, using: &random)
            return try BroadcastPath((0..<count).map { _ in text(20) }.joined(separator: "/"))
        }

        mutating func options(_ version: Version) -> SubscribeOptions {
            var options = SubscribeOptions(priority: UInt8.random(in: 0...255, using: &random))
            guard version.hasSubscribeOptions else { return options }
            options.ordered = flag()
            options.maxAge = .milliseconds(Int64(clamping: number(below: 1 << 50)))
            options.startGroup = flag() ? number(below: Varint.max - 1) : nil
            options.endGroup = flag() ? number(below: Varint.max - 1) : nil
            return options
        }

        mutating func announcement(_ version: Version) throws -> Announcement {
            var hops: [UInt64] = []
            if version.hasHopCount {
                for _ in 0..<Int.random(in: 0...WireLimits.hops, using: &random) {
                    hops.append(version.hasHopIDs ? number() : 0)
                }
            }
            let statuses: [Announcement.Status] =
                version.allowsReannounce ? [.active, .ended, .restarted] : [.active, .ended]
            let status = statuses.randomElement(using: &random) ?? .active
            return Announcement(status: status, suffix: try path(), hops: hops)
        }
    }

    private func expectRoundTrip<M: ControlMessage>(_ message: M, _ version: Version) throws {
        #expect(try only(M.self, version, in: message.encode(version)) == message)
    }

    @Test(arguments: Version.allCases, 1...8)
    func messages(version: Version, seed: UInt64) throws {
        var source = Source(random: SeededRandom(seed: seed))
        for _ in 0..<100 {
            let hop = version.hasHopIDs ? source.number() : 0
            try expectRoundTrip(AnnounceRequest(prefix: source.path(), excludedHop: hop), version)
            try expectRoundTrip(source.announcement(version), version)
            let (broadcast, track) = (try source.path(), source.text(30))
            let options = source.options(version)
            try expectRoundTrip(
                Subscribe(id: source.number(), broadcast: broadcast, track: track, options: options),
                version
            )
            try expectRoundTrip(SubscribeUpdate(options: source.options(version)), version)
            try expectRoundTrip(GroupHeader(subscribeID: source.number(), sequence: source.number()), version)
            try expectRoundTrip(TrackRequest(broadcast: broadcast, track: track), version)
            try expectRoundTrip(
                Fetch(broadcast: broadcast, track: track, priority: 3, group: source.number()),
                version
            )
            let rtt = version.hasProbeRTT ? source.number() : nil
            let probe = Probe(bitrate: source.number(), rtt: rtt)
            try expectRoundTrip(probe, version)
            #expect(probe.header(version).bytes == probe.encode(version))
            try expectRoundTrip(Goaway(uri: source.text(100)), version)
            try expectRoundTrip(
                TrackInfo(
                    priority: options.priority,
                    ordered: source.flag(),
                    maxAge: .milliseconds(Int64(clamping: source.number(below: 1 << 50))),
                    timescale: source.number() + 1
                ),
                version
            )
        }
    }

    @Test(arguments: Version.allCases, 1...8)
    func announceStreams(version: Version, seed: UInt64) throws {
        var source = Source(random: SeededRandom(seed: seed))
        var sent: [AnnounceMessage] = []
        if version.hasAnnounceInitial { sent.append(.initial([try source.path(), try source.path()])) }
        if version.hasAnnounceOK { sent.append(.ok(hop: source.number(), activeCount: source.number())) }
        for _ in 0..<20 { sent.append(.announce(try source.announcement(version))) }

        var buffer = MessageBuffer(sent.flatMap { $0.encode(version) })
        var decoder = AnnounceDecoder(version)
        for message in sent { #expect(try decoder.next(from: &buffer) == message) }
        #expect(buffer.isEmpty)
    }

    @Test(arguments: Version.allCases, 1...8)
    func responses(version: Version, seed: UInt64) throws {
        var source = Source(random: SeededRandom(seed: seed))
        let ok = version.hasTypedResponses ? source.options(version) : SubscribeOK()
        let first = source.number(below: 1 << 60)
        let responses: [SubscribeResponse] = [
            .ok(ok), .start(group: source.number()), .end(group: source.number()),
            .dropped(first: first, last: first + source.number(below: 1 << 60), code: source.number()),
        ]
        for response in responses {
            guard let bytes = response.encode(version) else { continue }
            var buffer = MessageBuffer(bytes)
            #expect(try SubscribeResponse.next(from: &buffer, version) == response)
            #expect(buffer.isEmpty)
        }
    }

    @Test(arguments: 1...8)
    func setups(seed: UInt64) throws {
        var source = Source(random: SeededRandom(seed: UInt64(seed)))
        for _ in 0..<100 {
            let setup = Setup(
                probe: source.flag() ? source.number() : nil,
                path: source.flag() ? "/" + source.text(50) : nil,
                role: source.flag() ? source.number() : nil,
                cost: source.flag() ? source.number() : nil,
                origin: source.flag() ? source.number() : nil
            )
            var buffer = MessageBuffer(setup.encode())
            let next = try buffer.nextMessage()
            let body = try #require(next)
            #expect(try Setup.decode(body.span) == setup)
        }
    }

    @Test(arguments: [false, true], 1...8)
    func groups(timestamped: Bool, seed: UInt64) throws {
        var source = Source(random: SeededRandom(seed: seed))
        var sent: [Frame] = []
        var bytes: [UInt8] = []
        for _ in 0..<50 {
            let delta = Int64(source.number(below: 1 << 61)) * (source.flag() ? 1 : -1)
            let frame = Frame(timestamped ? delta : nil, source.text(200))
            let header = FrameHeader(timestampDelta: delta, payloadLength: frame.payload.count)
            bytes += header.encoded.bytes.dropFirst(timestamped ? 0 : header.deltaLength)
            bytes += frame.payload
            sent.append(frame)
        }
        var pieces: [[UInt8]] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let size = min(Int(source.number(below: 400)), rest.count)
            pieces.append(Array(rest.prefix(size)))
            rest = rest.dropFirst(size)
        }
        #expect(try frames(timestamped: timestamped, pieces: pieces) == sent)
    }
}
