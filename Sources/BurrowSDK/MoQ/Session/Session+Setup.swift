import BurrowBase
import BurrowQUIC

/// Agreeing on who may do what, before anything else is said (reference §3.4 and §3.5).
extension Session {
    func sendClientSetup() {
        if version.hasLegacySetup {
            guard let stream = connection.openStream(bidirectional: true) else {
                return close(.internalError, "no stream for setup")
            }
            setRole(.legacySetup(MessageBuffer()), of: stream)
            connection.setPriority(stream, .control)
            connection.write(LegacySetup.client().encode(), to: stream)
            return
        }
        if version.hasSetup { sendSetup(Setup(probe: 1, path: setupPath, origin: hopID)) }
        establish()
        // From lite-05 on, the peer's SETUP says whether it reports.
        if !version.hasSetup { watchBandwidth() }
    }

    func sendSetup(_ setup: Setup) {
        guard let stream = connection.openStream(bidirectional: false) else {
            return close(.internalError, "no stream for setup")
        }
        setRole(.ignored, of: stream)
        connection.setPriority(stream, .control)
        var writer = ByteWriter()
        writer.writeVarint(UnidirectionalStreamType.setup.rawValue)
        writer.writeBytes(setup.encode())
        connection.write(writer.bytes, to: stream)
        connection.finish(stream)
    }

    /// Server: asks the owner whether this client may come in.
    func decide(path: String?) {
        phase = .deciding
        emit(.requested(path: path))
    }

    /// Server: lets the client in.
    package func accept(_ scope: SessionScope) {
        guard phase == .deciding else { return }
        self.scope = scope
        if version.hasSetup { sendSetup(Setup(probe: 1, origin: hopID)) }
        establish()
    }

    /// Client: a server of lite-05 says by its SETUP that it has accepted ours; before, nobody says anything.
    func tellIfAccepted() {
        guard isConnected, !isAccepted, phase == .established, hasPeerSetup || !version.hasSetup else {
            return
        }
        isAccepted = true
        emit(.established(version))
    }

    func establish() {
        guard phase == .settingUp || phase == .deciding else { return }
        phase = .established
        served.watch(self)
        if connection.isServer {
            emit(.established(version))
        } else {
            emit(.early(version))
            tellIfAccepted()
        }
        let waiting = held
        held.removeAll()
        for stream in waiting { readable(stream) }
    }

    func receiveSetup(_ stream: Stream, _ buffer: MessageBuffer) {
        var buffer = buffer
        let ended = fill(&buffer, from: stream)
        do {
            guard let body = try buffer.nextMessage(limit: WireLimits.messageBytes) else {
                if ended {
                    close(.protocolViolation, "setup cut off")
                } else {
                    setRole(.setup(buffer), of: stream)
                }
                return
            }
            let setup = try Setup.decode(body.span)
            setRole(.ignored, of: stream)
            hasPeerSetup = true
            peerHop = setup.origin ?? 0
            peerReportsBandwidth = (setup.probe ?? 0) >= 1
            guard !connection.isServer else { return decide(path: setup.path) }
            tellIfAccepted()
            if peerReportsBandwidth { watchBandwidth() }
        } catch {
            close(.keyValueFormatting, "malformed setup")
        }
    }

    func receiveLegacySetup(_ stream: Stream, _ buffer: MessageBuffer) {
        var buffer = buffer
        let ended = fill(&buffer, from: stream)
        defer { setRole(.legacySetup(buffer), of: stream) }
        guard phase == .settingUp else {
            // Bitrate messages may follow; they mean nothing to us. The end of the stream is the end of the session.
            buffer = MessageBuffer()
            if ended { close(.noError, "setup stream ended") }
            return
        }
        do {
            let side: LegacySetup.Side = connection.isServer ? .client : .server
            if !connection.isServer {
                // The server's answer begins with its type.
                guard try expectLegacyType(.serverSetup, &buffer) else { return }
            }
            guard let setup = try LegacySetup.next(from: &buffer, sentBy: side) else {
                if ended { close(.protocolViolation, "setup cut off") }
                return
            }
            guard setup.versions.contains(LegacySetup.lite02) else {
                return close(.versionNegotiationFailed, "no common version")
            }
            if connection.isServer {
                connection.write(LegacySetup.server().encode(), to: stream)
                decide(path: nil)
            } else {
                establish()
            }
        } catch {
            close(.protocolViolation, "malformed setup")
        }
    }

    func expectLegacyType(
        _ type: BidirectionalStreamType,
        _ buffer: inout MessageBuffer
    ) throws(DecodeError) -> Bool {
        if legacyTypeRead { return true }
        guard let found = buffer.readVarint() else { return false }
        guard found == type.rawValue else { throw .malformed }
        legacyTypeRead = true
        return true
    }
}
