/// What a broadcast offers: the content of its track `catalog.json` (hang, the format of upstream players).
///
/// Members this library has no use for are not kept; application sections other than `user` neither.
package struct Catalogue: Equatable, Sendable {
    /// The track that carries it. Every update is a group of one frame with the whole document.
    package static let trackName = "catalog.json"

    package var video = Video()
    package var audio = Audio()
    package var user: User?
    /// Tracks that are neither, where tracks have numbers for names on the wire: in protected broadcasts.
    package var data: [DataTrack] = []

    package init() {}

    /// A track of an application's own.
    package struct DataTrack: Equatable, Sendable {
        /// What the application calls it.
        package var name: String
        /// The track's name on the wire.
        package var track: String

        package init(name: String, track: String) {
            self.name = name
            self.track = track
        }
    }

    /// The pictures of a broadcast, in one or more renditions of the same scene.
    package struct Video: Equatable, Sendable {
        package var renditions: [VideoRendition] = []
        /// The size to show pictures in, whatever size they have.
        package var display: PictureSize?
        /// Degrees clockwise, one of 0, 90, 180 and 270.
        package var rotation = 0
        /// Mirrored left to right, after the rotation.
        package var isFlipped = false

        package init(renditions: [VideoRendition] = []) {
            self.renditions = renditions
        }
    }

    /// The sound of a broadcast.
    package struct Audio: Equatable, Sendable {
        package var renditions: [AudioRendition] = []

        package init(renditions: [AudioRendition] = []) {
            self.renditions = renditions
        }
    }

    /// Who is talking, for people to read.
    package struct User: Equatable, Sendable {
        package var id: String?
        package var name: String?
        package var avatar: String?
        package var color: String?

        package init(id: String? = nil, name: String? = nil, avatar: String? = nil, color: String? = nil) {
            self.id = id
            self.name = name
            self.avatar = avatar
            self.color = color
        }
    }

    package func video(named name: String) -> VideoRendition? {
        video.renditions.first { $0.name == name }
    }

    package func data(named name: String) -> DataTrack? {
        data.first { $0.name == name }
    }

    package func audio(named name: String) -> AudioRendition? {
        audio.renditions.first { $0.name == name }
    }
}

/// Sound or pictures.
package enum MediaKind: CaseIterable, Equatable, Sendable {
    case audio
    case video
}

/// Width and height in pixels, or a ratio.
package struct PictureSize: Equatable, Sendable {
    package var width: Int
    package var height: Int

    package init(width: Int, height: Int) {
        self.width = width
        self.height = height
    }

    /// Cannot overflow within `HangLimits.pictureSide`.
    var area: Int { width &* height }
}
