import BurrowBase
import BurrowMoQ
import BurrowQUIC
import BurrowSimulation
import Testing

/// Bytes that are not what the protocol says, from a client to a relay.
@Suite struct HostileMessageTests {
    /// Ends or gets a reset: one of them, on a stream that asked for nonsense.
    private func isRefused(_ raw: RawConnection, _ id: Int64) -> Bool {
        raw.resets[id] != nil || raw.stops[id] != nil || raw.ended.contains(id)
    }

    /// Requests that no version understands, or that are cut off.
    static let nonsense: [[UInt8]] = [
        [0x3f],  // an unknown type
        [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        [0x01, 0x40],  // half a length
        [0x01, 0x05, 0x01],
        [0x02, 0x03, 0x00, 0x00, 0x00],
        [0x02, 0xc0, 0, 0, 0, 0x40, 0, 0, 0],  // 1 GiB
        [0x02, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        [0x03, 0x02, 0x05, 0x61],
        [0x05, 0x02, 0x01, 0xff],  // invalid UTF-8
        [0x06, 0x01, 0x00],
        [0x21, 0x00, 0x00],
    ]

    @Test(arguments: Version.preferred) func nonsenseEndsTheStreamOnly(version: Version) throws {
        let scene = try HostileScene(seed: 501)
        scene.startCall(seconds: 3)
        let raw = try scene.attack(version)
        var streams: [Int64] = []
        for bytes in Self.nonsense {
            streams.append(try #require(raw.open(bidirectional: true, bytes, finish: true)).id)
        }
        scene.run(.milliseconds(500))
        for (id, bytes) in zip(streams, Self.nonsense) { #expect(isRefused(raw, id), "\(bytes)") }
        #expect(raw.closed == nil)
        scene.expectCallUndisturbed()
        let total = try #require(scene.statistics?.total)
        #expect(total.malformed > 0 && total.unknownStreams > 0)
        scene.expectNothingLeft()
    }

    @Test(arguments: Version.preferred) func nonsenseOnUnidirectionalStreamsEndsTheStreamOnly(
        version: Version
    ) throws {
        let scene = try HostileScene(seed: 502)
        scene.startCall(seconds: 3)
        let raw = try scene.attack(version)
        let inputs: [[UInt8]] = [
            [0x02], [0x3f], [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            [0x00], [0x00, 0x02, 0x00], [0x00, 0x3f], [0x00, 0x01, 0x40],
            // A group of a subscription that does not exist, with a frame of 2^62 - 1 bytes.
            [0x00, 0x02, 0x07, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        ]
        for bytes in inputs { raw.open(bidirectional: false, bytes, finish: true) }
        for bytes in inputs { raw.open(bidirectional: false, bytes) }
        raw.open(bidirectional: false, [])
        raw.open(bidirectional: false, [], finish: true)
        scene.run(.milliseconds(500))
        #expect(raw.closed == nil)
        let total = try #require(scene.statistics?.total)
        #expect(total.groupsUnknown == 2)
        #expect(total.malformed >= 2)
        scene.expectCallUndisturbed()
        scene.expectNothingLeft()
    }

    @Test func aSecondSetupEndsTheSession() throws {
        let scene = try HostileScene(seed: 503)
        let raw = try scene.attack(.lite05)
        raw.open(bidirectional: false, [0x01] + Setup().encode(), finish: true)
        scene.run()
        #expect(raw.closed?.code == .application(SessionCode.protocolViolation.rawValue))
        scene.expectNothingLeft()
    }

    @Test func aBrokenSetupEndsTheSession() throws {
        let scene = try HostileScene(seed: 504)
        for bytes: [UInt8] in [[0x01, 0x01, 0x05], [0x01, 0x07, 0x02, 0x01, 0x01, 0x01, 0x01, 0x01, 0x02]] {
            let raw = try scene.connect(.lite05)
            raw.open(bidirectional: false, bytes, finish: true)
            scene.run()
            #expect(raw.closed?.code == .application(SessionCode.keyValueFormatting.rawValue), "\(bytes)")
        }
        let cut = try scene.connect(.lite05)
        cut.open(bidirectional: false, [0x01, 0x20, 0x01], finish: true)
        scene.run()
        #expect(cut.closed?.code == .application(SessionCode.protocolViolation.rawValue))
        scene.expectNothingLeft()
    }

    @Test func aBrokenLegacySetupEndsTheSession() throws {
        let scene = try HostileScene(seed: 505)
        let wrongVersion = try scene.connect(.lite02)
        wrongVersion.open(bidirectional: true, LegacySetup.client(versions: [0xff00_0009]).encode())
        let garbage = try scene.connect(.lite02)
        garbage.open(bidirectional: true, [0x20, 0x00, 0x02, 0x3f, 0x00])
        scene.run()
        #expect(wrongVersion.closed?.code == .application(SessionCode.versionNegotiationFailed.rawValue))
        #expect(garbage.closed?.code == .application(SessionCode.protocolViolation.rawValue))
        scene.expectNothingLeft()
    }

    /// What a client says before it is admitted must not pile up, and it does not get for ever to be admitted.
    @Test(arguments: [Version.lite05, .lite02]) func aClientThatNeverSetsUpIsSentAway(version: Version) throws
    {
        let scene = try HostileScene(seed: 506)
        scene.startCall(seconds: 8)
        let raw = try scene.connect(version)
        // Half a setup, and then something else at length.
        if version.hasLegacySetup { raw.open(bidirectional: true, [0x20]) }
        let stream = try #require(raw.open(bidirectional: true, [0x02, 0x80, 0xff, 0xff, 0xff]))
        for _ in 0..<40 {
            raw.send([UInt8](repeating: 0, count: 100_000), on: stream)
            scene.run(.milliseconds(50))
        }
        // Flow control holds what nobody reads: the stream's window, and not the 4 MB.
        #expect(raw.connection.statistics.sentBytes < 2_500_000)
        scene.run(.seconds(12))
        #expect(raw.closed?.code == .application(SessionCode.controlMessageTimeout.rawValue))
        scene.expectCallUndisturbed()
        scene.expectNothingLeft()
    }

    /// Every message of every version, once with each byte changed and once cut off there.
    @Test(arguments: Version.preferred) func mutatedMessagesDoNoHarm(version: Version) throws {
        let scene = try HostileScene(seed: 507)
        scene.startCall(seconds: 3)
        let path = try BroadcastPath("alice")
        var requests = [
            opening(.announce, AnnounceRequest(prefix: .root, excludedHop: 1), version),
            try subscribe(3, version),
            opening(.fetch, Fetch(broadcast: path, track: "audio", priority: 1, group: 0), version),
            opening(.track, TrackRequest(broadcast: path, track: "audio"), version),
            opening(.goaway, Goaway(uri: "moqt://x"), version),
            [0x04],
        ]
        requests.append(requests[1] + SubscribeUpdate(options: SubscribeOptions(priority: 9)).encode(version))
        var raw = try scene.attack(version)
        for request in requests {
            for at in request.indices {
                for change: UInt8 in [0x01, 0x80, 0xff] {
                    var bytes = request
                    bytes[at] ^= change
                    if raw.closed != nil { raw = try scene.attack(version) }
                    raw.open(bidirectional: true, bytes, finish: at % 2 == 0)
                }
                raw.open(bidirectional: true, Array(request[..<at]), finish: true)
                if at % 8 == 0 { scene.run(.milliseconds(20)) }
            }
            for stream in raw.streams where stream.isLocal {
                raw.connection.reset(stream, code: StreamCode.cancelled.wire)
                raw.connection.stopReading(stream, code: StreamCode.cancelled.wire)
            }
            scene.run(.milliseconds(50))
        }
        scene.expectCallUndisturbed()
        scene.expectNothingLeft()
    }
}
