import BurrowBase
import BurrowQUIC

/// Following tracks of the peer (reference §5 and §6).
extension Session: TrackProvider {
    /// A broadcast that the peer may have, without waiting for it to be announced.
    func unannounced(_ path: BroadcastPath) -> Broadcast {
        Broadcast(path: path, hops: [], provider: self)
    }

    package func openTrack(_ name: String, of broadcast: Broadcast, for asker: AnyObject?) -> Track? {
        guard isEstablished, let path = broadcast.path.removingPrefix(scope.root) else { return nil }
        if let asker, !mayAsk(for: asker) { return nil }
        // Without track information the peer's timestamps are our arrival stamps, in milliseconds.
        let info = version.hasTrackInfo ? nil : TrackInfo(timescale: 1000)
        let track = Track(
            broadcast: broadcast.path,
            name: name,
            info: info,
            context: context,
            account: account
        )
        let upstream = Upstream(
            session: self,
            broadcast: broadcast,
            id: nextSubscribeID,
            path: path,
            track: track
        )
        nextSubscribeID &+= 1
        upstreams[upstream.id] = upstream
        track.source = upstream
        track.announcesStart = version.hasSubscribeStart
        upstream.abandonLater(self)
        if version.hasTrackInfo {
            let message = TrackRequest(broadcast: path, track: name).encode(version)
            // Our half stays open until the answer is here: a FIN makes current peers forget the question.
            upstream.infoStream = request(.track, message, role: .infoRequest(upstream, MessageBuffer()))
            guard upstream.infoStream != nil else {
                upstreams[upstream.id] = nil
                return nil
            }
        }
        if let asker { upstream.ask = ask(for: asker, streams: version.hasTrackInfo ? 2 : 1) }
        return track
    }

    func receiveInfo(_ upstream: Upstream, _ stream: Stream, _ buffer: MessageBuffer) {
        var buffer = buffer
        let ended = fill(&buffer, from: stream)
        do {
            guard let body = try buffer.nextMessage(limit: WireLimits.answerBytes) else {
                if ended { throw DecodeError.truncated }
                return setRole(.infoRequest(upstream, buffer), of: stream)
            }
            upstream.infoStream = nil
            upstream.track.setInfo(try TrackInfo.decode(body.span, version))
            answered(upstream)
            setRole(.ignored, of: stream)
            connection.finish(stream)
        } catch {
            counters.malformed &+= 1
            upstream.infoStream = nil
            give(up: stream, .malformed)
            fail(upstream, .malformed)
        }
    }

    /// Without the information the track's frames mean nothing.
    func infoRefused(_ upstream: Upstream, _ code: StreamCode) {
        upstream.infoStream = nil
        if upstream.track.info == nil { fail(upstream, code) }
    }

    func receiveResponses(_ upstream: Upstream) {
        guard let stream = upstream.stream else { return }
        let ended = fill(&upstream.buffer, from: stream)
        do {
            while let response = try SubscribeResponse.next(from: &upstream.buffer, version) {
                switch response {
                case .ok: answered(upstream)
                case .start(let group):
                    answered(upstream)
                    upstream.track.setStart(group)
                case .end(let group): upstream.track.endGroup = group
                case .dropped: break
                }
            }
        } catch {
            counters.malformed &+= 1
            return fail(upstream, .malformed)
        }
        if ended { end(upstream) }
    }

    /// The peer has the track.
    func answered(_ upstream: Upstream) {
        upstream.track.setState(.live)
        guard let ask = upstream.ask else { return }
        upstream.ask = nil
        settle(ask)
    }

    /// The peer has no more groups for us; those under way still come.
    func end(_ upstream: Upstream) {
        guard upstreams[upstream.id] === upstream else { return }
        upstream.ending(self)
    }

    /// Everything the peer had for us is here.
    func conclude(_ upstream: Upstream) {
        guard remove(upstream) else { return }
        upstream.track.setState(.ended)
        if let stream = upstream.stream {
            setRole(.ignored, of: stream)
            connection.finish(stream)
        }
        upstream.detach()
    }

    /// The peer refused or broke off.
    func fail(_ upstream: Upstream, _ code: StreamCode) {
        let wasRefused = upstream.ask != nil
        guard remove(upstream) else { return }
        upstream.track.setState(.failed(code))
        cancelStream(of: upstream, code: .cancelled)
        guard wasRefused else { return upstream.detach() }
        // For a moment the refusal stands for all who ask, however many they are.
        context.timers.set(now + Upstream.refusal) { upstream.detach() }
    }

    /// Nobody reads the track any more.
    func abandon(_ upstream: Upstream) {
        guard remove(upstream) else { return }
        // Whoever finds the track in a broadcast must not take it for one that is still followed.
        upstream.track.setState(.failed(.cancelled))
        cancelStream(of: upstream, code: .cancelled)
        upstream.detach()
    }

    private func cancelStream(of upstream: Upstream, code: StreamCode) {
        if let question = upstream.infoStream { give(up: question) }
        upstream.infoStream = nil
        if let stream = upstream.stream {
            setRole(.ignored, of: stream)
            connection.reset(stream, code: code.wire)
            connection.stopReading(stream, code: code.wire)
        }
        upstream.streamIsGone()
    }

    private func remove(_ upstream: Upstream) -> Bool {
        guard upstreams[upstream.id] === upstream else { return false }
        upstreams[upstream.id] = nil
        if let ask = upstream.ask { settleLater(ask) }
        upstream.ask = nil
        return true
    }

    /// The control stream of a subscription is gone altogether.
    func finished(_ upstream: Upstream) {
        upstream.streamIsGone()
        upstream.ending(self)
    }
}
