import BurrowBase
import BurrowMoQ
import BurrowQUIC
import BurrowSimulation
import Testing

/// Paths that come and go faster than anyone reads, and more of them than anyone may have.
@Suite struct HostileAnnounceTests {
    private func encode(_ announcement: Announcement, _ version: Version) -> [UInt8] {
        AnnounceMessage.announce(announcement).encode(version)
    }

    /// The relay's question, answered.
    private func announcer(_ scene: HostileScene, _ version: Version) throws -> (RawConnection, Stream) {
        let raw = try scene.attack(version)
        scene.room.wait("the relay asks") { raw.announceStream != nil }
        let stream = try #require(raw.announceStream)
        raw.send(announceFront(version), on: stream)
        scene.run()
        return (raw, stream)
    }

    /// A client that wants to know everything and reads nothing of it.
    private func deafWatcher(_ scene: HostileScene, _ version: Version) throws -> (RawConnection, Int64) {
        var settings = TransportSettings()
        settings.streamWindow = 1000
        settings.streamWindowLimit = 100_000
        let deaf = try scene.attack(version, hop: 0x99, settings: settings)
        deaf.reads = false
        let request = opening(.announce, AnnounceRequest(prefix: .root), version)
        let stream = try #require(deaf.open(bidirectional: true, request))
        scene.run()
        return (deaf, stream.id)
    }

    /// What a watcher was told, one line each.
    private func told(_ raw: RawConnection, _ stream: Int64, _ version: Version) throws -> [String] {
        var decoder = AnnounceDecoder(version)
        var buffer = MessageBuffer()
        let bytes = raw.received[stream] ?? []
        buffer.append(bytes.span)
        var lines: [String] = []
        while let message = try decoder.next(from: &buffer) {
            switch message {
            case .initial(let suffixes): lines += suffixes.map { "+\($0)" }
            case .ok: break
            case .announce(let announcement):
                lines.append((announcement.status == .ended ? "-" : "+") + "\(announcement.suffix)")
            }
        }
        return lines
    }

    /// One path, withdrawn and announced again as fast as the line carries, for somebody who does not read: what waits for
    /// him stays small, and when he reads he is told the truth.
    @Test(arguments: Version.preferred) func aPathThatFlaps(version: Version) throws {
        let scene = try HostileScene(seed: 527)
        let (deaf, watched) = try deafWatcher(scene, version)
        let (raw, stream) = try announcer(scene, version)
        var comes = try Announcement.active(String(repeating: "n", count: 1000))
        comes.hops = version.hasHopIDs ? [7] : []
        var goes = comes
        goes.status = .ended
        for _ in 0..<100 {
            for _ in 0..<20 { raw.send(encode(comes, version) + encode(goes, version), on: stream) }
            // And once so that it is seen.
            raw.send(encode(comes, version), on: stream)
            scene.run(.milliseconds(50))
            raw.send(encode(goes, version), on: stream)
            scene.run(.milliseconds(50))
        }
        raw.send(encode(comes, version), on: stream)
        scene.run(.seconds(2))
        #expect(deaf.closed == nil && raw.closed == nil)
        deaf.startReading()
        scene.run(.seconds(3))
        let bytes = deaf.received[watched]?.count ?? 0
        #expect(bytes < 72 * 1024, "\(bytes) bytes waited")
        let lines = try told(deaf, watched, version).filter { !$0.hasSuffix("alice") }
        #expect(lines.count > 10 && lines.last?.first == "+")
        for (number, line) in lines.enumerated() { #expect((line.first == "+") == (number % 2 == 0)) }
        #expect(scene.bob.participants.count == 2)
        scene.expectNothingLeft()
    }

    /// A hundred thousand paths in waves, each coming and going, with one who does not read and one who does.
    @Test func aStormOfPaths() throws {
        let scene = try HostileScene(seed: 528)
        let (deaf, watched) = try deafWatcher(scene, .lite05)
        let (raw, stream) = try announcer(scene, .lite05)
        let seconds = 12
        scene.startCall(seconds: seconds)
        for wave in 0..<4 {
            for status in [Announcement.Status.active, .ended] {
                var bytes: [UInt8] = []
                for number in 0..<10_000 {
                    var announcement = try Announcement.active("storm/\(wave)/\(number)")
                    announcement.status = status
                    bytes += encode(announcement, .lite05)
                }
                raw.send(bytes, on: stream)
                scene.run(.milliseconds(400))
            }
        }
        let last = try (0..<100).map { try Announcement.active("last/\($0)") }
        raw.send(last.flatMap { encode($0, .lite05) }, on: stream)
        scene.run(.milliseconds(500))
        #expect(raw.closed == nil && deaf.closed == nil)
        #expect(scene.statistics?.total.announcementsReceived == 80_101)
        #expect(scene.statistics?.broadcasts == 101)
        deaf.startReading()
        scene.run(.seconds(5))
        #expect((deaf.received[watched]?.count ?? 0) < 256 * 1024)
        var live: Set<Substring> = []
        for line in try told(deaf, watched, .lite05) {
            if line.first == "+" {
                #expect(live.insert(line.dropFirst()).inserted)
            } else {
                #expect(live.remove(line.dropFirst()) != nil)
            }
        }
        #expect(live.count == 101 && live.contains("last/99") && live.contains("alice"))
        #expect(scene.bob.participants.count == 101)
        scene.expectCallUndisturbed(latency: .milliseconds(200))
        scene.expectNothingLeft()
    }

    /// A million paths at once are what one session may not have.
    @Test(arguments: [Version.lite05, .lite02]) func aMillionPaths(version: Version) throws {
        let scene = try HostileScene(seed: 529)
        let (deaf, _) = try deafWatcher(scene, .lite05)
        scene.startCall(seconds: 4)
        let (raw, stream) = try announcer(scene, version)
        let pattern = encode(try .active("storm/0000000"), version)
        let tail = try #require(pattern.lastIndex(of: UInt8(ascii: "0")))
        var bytes: [UInt8] = []
        bytes.reserveCapacity(pattern.count * 10_000)
        var sent = 0
        while sent < 1_000_000 {
            bytes.removeAll(keepingCapacity: true)
            for number in sent..<(sent + 10_000) {
                let start = bytes.count
                bytes += pattern
                var rest = number
                for digit in 0..<7 {
                    bytes[start + tail - digit] = UInt8(ascii: "0") + UInt8(rest % 10)
                    rest /= 10
                }
            }
            raw.send(bytes, on: stream)
            sent += 10_000
        }
        scene.run(.seconds(2))
        #expect(raw.closed?.code == .application(SessionCode.protocolViolation.rawValue))
        let received = scene.statistics?.total.announcementsReceived ?? 0
        #expect(received <= UInt64(SessionLimits().announcements) + 2)
        #expect(scene.statistics?.broadcasts == 1)
        #expect(deaf.closed == nil)
        scene.expectCallUndisturbed(latency: .milliseconds(300))
        scene.expectNothingLeft()
    }

    /// Paths count as memory of whoever announces them.
    @Test func pathsCountInTheBudget() throws {
        let scene = try HostileScene(seed: 530)
        scene.relay.cache.limit = 1 << 20
        scene.relay.cache.overdraft = 0
        scene.startCall(seconds: 2)
        let (raw, stream) = try announcer(scene, .lite05)
        for number in 0..<5000 {
            let path = "\(number)/" + String(repeating: "n", count: 900)
            raw.send(encode(try .active(path), .lite05), on: stream)
        }
        scene.run(.seconds(1))
        #expect(raw.closed == nil)
        #expect(scene.relay.cache.bytes < (1 << 20) + 64 * 1024)
        #expect((scene.statistics?.broadcasts ?? 0) > 100)
        #expect((scene.statistics?.total.announcementsRefused ?? 0) > 1000)
        scene.expectCallUndisturbed()
        scene.expectNothingLeft()
    }
}
