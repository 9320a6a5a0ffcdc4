import BurrowBase
import BurrowQUIC

/// A probe stream of the peer's: it is told how fast we could send (reference §8).
final class ProbeServer {
    /// Between two messages. Ten times what the protocol allows: a rate that is to be followed must stand for a while.
    static let period = Interval.seconds(1)

    let stream: Stream
    var lastBitrate: UInt64 = 0

    init(stream: Stream) {
        self.stream = stream
    }
}

/// A probe stream of ours.
final class ProbeWatcher {
    var buffer = MessageBuffer()
}

extension Session {
    func serveProbe(_ stream: Stream) {
        let server = ProbeServer(stream: stream)
        setRole(.probeServer(server), of: stream)
        probeServers.append(server)
        reportIfDue()
    }

    /// Tells the peer what the line can carry, if that changed by more than a tenth. Called when there is traffic
    /// anyway: what is idle does not change.
    func reportIfDue() {
        guard !probeServers.isEmpty, now - lastReport >= ProbeServer.period else { return }
        lastReport = now
        let statistics = connection.statistics
        let rtt = max(statistics.rtt.microseconds, 1)
        let (bits, overflow) = statistics.congestionWindow.multipliedReportingOverflow(by: 8_000_000)
        let bitrate = overflow ? 0 : bits / UInt64(rtt)
        for server in probeServers {
            let moved =
                bitrate > server.lastBitrate ? bitrate - server.lastBitrate : server.lastBitrate - bitrate
            // Who does not read needs no news.
            guard server.stream.backlog < 1024 else { continue }
            guard moved > server.lastBitrate / 10 else { continue }
            server.lastBitrate = bitrate
            let message = Probe(bitrate: bitrate, rtt: UInt64((rtt + 999) / 1000))
            connection.write(message.header(version).span, to: server.stream)
        }
    }

    func end(_ server: ProbeServer) {
        guard let index = probeServers.firstIndex(where: { $0 === server }) else { return }
        probeServers.remove(at: index)
        setRole(.ignored, of: server.stream)
        connection.finish(server.stream)
    }

    /// Asks the peer how fast it could send. Nothing may follow the stream's type.
    func watchBandwidth() {
        guard version.hasProbe else { return }
        _ = request(.probe, [], role: .probeWatcher(ProbeWatcher()))
    }

    func receiveProbes(_ stream: Stream, _ watcher: ProbeWatcher) {
        let ended = fill(&watcher.buffer, from: stream)
        do throws(DecodeError) {
            let version = version
            while let probe = try watcher.buffer.nextMessage(
                limit: WireLimits.answerBytes,
                { (body) throws(DecodeError) in try Probe.decode(body, version) }
            ) {
                peerBandwidth = probe.bitrate
            }
            if ended { give(up: stream) }
        } catch {
            counters.malformed &+= 1
            give(up: stream, .malformed)
        }
    }
}
