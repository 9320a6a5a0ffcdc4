/// What an update of a catalogue changes for whoever plays the broadcast.
package struct CatalogueDiff: Equatable, Sendable {
    /// What became of one rendition.
    package enum Change: Equatable, Sendable {
        case added
        case removed
        /// What is decoded is not the same any more; a new decoder is needed.
        case restarted
        /// Bit rate, jitter and the like. Nothing that plays must stop.
        case adjusted
    }

    /// A rendition that is not as it was.
    package struct Entry: Equatable, Sendable {
        package let kind: MediaKind
        package let name: String
        package let change: Change

        package init(kind: MediaKind, name: String, change: Change) {
            self.kind = kind
            self.name = name
            self.change = change
        }
    }

    /// In the order of the catalogue, removed ones first.
    package private(set) var entries: [Entry] = []
    /// The display size, rotation or flip of all pictures.
    package let changesDisplay: Bool
    package let changesUser: Bool
    package let changesData: Bool

    /// `nil` is what was before the first catalogue.
    package init(from old: Catalogue?, to new: Catalogue) {
        let old = old ?? Catalogue()
        changesUser = old.user != new.user
        changesData = old.data != new.data
        changesDisplay =
            old.video.display != new.video.display || old.video.rotation != new.video.rotation
            || old.video.isFlipped != new.video.isFlipped
        for rendition in old.video.renditions where new.video(named: rendition.name) == nil {
            entries.append(Entry(kind: .video, name: rendition.name, change: .removed))
        }
        for rendition in old.audio.renditions where new.audio(named: rendition.name) == nil {
            entries.append(Entry(kind: .audio, name: rendition.name, change: .removed))
        }
        for rendition in new.video.renditions {
            guard let change = Self.change(old.video(named: rendition.name), rendition) else { continue }
            entries.append(Entry(kind: .video, name: rendition.name, change: change))
        }
        for rendition in new.audio.renditions {
            guard let change = Self.change(old.audio(named: rendition.name), rendition) else { continue }
            entries.append(Entry(kind: .audio, name: rendition.name, change: change))
        }
    }

    package var isEmpty: Bool { entries.isEmpty && !changesDisplay && !changesUser && !changesData }

    /// Whether tracks came, went or need another decoder.
    package var isStructural: Bool { entries.contains { $0.change != .adjusted } }

    private static func change(_ old: VideoRendition?, _ new: VideoRendition) -> Change? {
        guard let old else { return .added }
        guard old != new else { return nil }
        return new.keepsDecoder(of: old) ? .adjusted : .restarted
    }

    private static func change(_ old: AudioRendition?, _ new: AudioRendition) -> Change? {
        guard let old else { return .added }
        guard old != new else { return nil }
        return new.keepsDecoder(of: old) ? .adjusted : .restarted
    }
}
