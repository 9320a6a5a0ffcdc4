/// The names of the tracks we publish in a room, so that a second one is refused at once.
package struct TrackNames: Sendable {
    enum Use: Sendable {
        /// A track of the host with frames of its own.
        case frames
        /// An audio or video track of the host.
        case media
        /// A track that serves one of the latter. It may be called like it, and is there a moment longer.
        case wire
    }

    private var frames: Set<String> = []
    private var media: Set<String> = []
    private var wires: Set<String> = []

    /// False when another track has the name.
    mutating func take(_ name: String, for use: Use) -> Bool {
        switch use {
        case .frames: !media.contains(name) && !wires.contains(name) && frames.insert(name).inserted
        case .media: !frames.contains(name) && media.insert(name).inserted
        case .wire: !frames.contains(name) && wires.insert(name).inserted
        }
    }

    mutating func giveUp(_ name: String, of use: Use) {
        switch use {
        case .frames: frames.remove(name)
        case .media: media.remove(name)
        case .wire: wires.remove(name)
        }
    }
}

extension HostTrack {
    /// Another track may have the name from now on.
    func giveUpName() {
        let use: TrackNames.Use = isWire ? .wire : media == nil ? .frames : .media
        room.snapshot.withLock { $0.names.giveUp(name, of: use) }
    }
}
