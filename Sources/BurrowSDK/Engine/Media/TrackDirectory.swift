import BurrowBase
import BurrowMedia
import BurrowMoQ

/// The host's tracks of frames in a protected room. On the wire they have numbers; what they are called stands in the
/// sealed catalogue, ours and those of the others.
final class TrackDirectory {
    /// A subscription of the host's.
    private struct Seeker {
        let track: HostTrack
        let handle: UInt
        let path: BroadcastPath
        /// What it goes by, as far as that is known.
        var name: String?
    }

    private unowned let room: MediaRoom
    private var listed: ContiguousArray<(track: HostTrack, name: String)> = []
    private var seekers: ContiguousArray<Seeker> = []

    init(_ room: MediaRoom) {
        self.room = room
    }

    // MARK: Ours

    func list(_ track: HostTrack, as name: String) {
        guard !track.snapshot.withLock({ $0.isClosed }) else { return }
        listed.append((track, name))
        publish()
    }

    private func publish() {
        room.broadcast.list(listed.map { Catalogue.DataTrack(name: $0.track.name, track: $0.name) })
    }

    // MARK: Those of others

    func seek(_ track: HostTrack, _ handle: UInt, _ path: BroadcastPath) {
        guard !track.snapshot.withLock({ $0.isClosed }) else { return }
        seekers.append(Seeker(track: track, handle: handle, path: path))
        do throws(EngineError) {
            let participant = try room.participant(track.path)
            resolve(track.path, participant.catalogue)
        } catch {
            forget(track)
        }
    }

    func seeks(_ path: String) -> Bool { seekers.contains { $0.track.path == path } }

    /// Somebody's catalogue says which number is whose.
    func resolve(_ path: String, _ catalogue: Catalogue?) {
        for index in seekers.indices where seekers[index].track.path == path {
            let seeker = seekers[index]
            guard let name = catalogue?.data(named: seeker.track.name)?.track, name != seeker.name else {
                continue
            }
            seekers[index].name = name
            room.loop.engine.submit(
                .subscribe(seeker.track, handle: seeker.handle, seeker.path, name: name)
            )
        }
    }

    // MARK: Ends

    /// A track is over, or the host has closed it.
    func forget(_ track: HostTrack) {
        if let index = listed.firstIndex(where: { $0.track === track }) {
            listed.remove(at: index)
            publish()
        }
        if let index = seekers.firstIndex(where: { $0.track === track }) {
            end(seekers.remove(at: index))
            room.unfollowUnwanted()
        }
    }

    /// The room is over.
    func end() {
        for seeker in seekers { end(seeker) }
        seekers.removeAll()
        listed.removeAll()
    }

    /// Whatever the loop knows of, it ends by itself.
    private func end(_ seeker: Seeker) {
        guard seeker.name == nil else { return }
        seeker.track.exchange.end()
        seeker.track.snapshot.withLock { (state) in
            state.phase = .ended
            state.isClosed = true
        }
        room.loop.engine.events.post([
            HostEvent(.trackState(.ended), subject: seeker.handle, time: SystemCall.now())
        ])
    }
}
