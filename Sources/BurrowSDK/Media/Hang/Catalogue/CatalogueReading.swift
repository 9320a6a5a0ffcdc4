import BurrowBase
package import BurrowMoQ

/// What a catalogue of a peer came to: what can be used of it, and what was left out and why.
///
/// A document that is not a JSON object is an error. Anything less costs only its own part: a bad rendition is left
/// out, a bad hint (size, bit rate, jitter) is as if it were absent.
package struct CatalogueReading: Equatable, Sendable {
    /// A rendition that cannot be used, or a whole section when it has no name.
    package struct Refusal: Equatable, Sendable {
        package let kind: MediaKind
        /// The track's name as the peer gave it; `nil` for the section.
        package let name: String?
        package let reason: String

        package init(kind: MediaKind, name: String?, reason: String) {
            self.kind = kind
            self.name = name
            self.reason = reason
        }
    }

    package private(set) var catalogue = Catalogue()
    package private(set) var refusals: [Refusal] = []
    /// Renditions seen, to stop at a limit.
    private var count = 0

    /// `path` is the broadcast the catalogue is of; renditions that name others do so relative to it.
    package init(_ document: Span<UInt8>, of path: BroadcastPath) throws(MediaError) {
        let limits = JSON.Limits(bytes: HangLimits.catalogueBytes, depth: HangLimits.catalogueDepth)
        let value: JSON
        do {
            value = try JSON.parse(document, limits: limits)
        } catch {
            let code: MediaError.Code = error.code == .tooLarge ? .limit : .malformed
            throw MediaError(code, "catalogue: \(error.context)")
        }
        guard let root = value.objectValue else {
            throw MediaError(.malformed, "catalogue is not an object")
        }
        if let section = members(of: root["video"], .video) { readVideo(section, path) }
        if let section = members(of: root["audio"], .audio) { readAudio(section, path) }
        catalogue.user = root["user"]?.objectValue.flatMap(Self.user)
        if let table = root["burrow"]?.objectValue?["data"]?.objectValue {
            catalogue.data = Self.data(table)
        }
    }

    /// Names that mean nothing are left out.
    private static func data(_ table: JSON.Object) -> [Catalogue.DataTrack] {
        table.members.prefix(HangLimits.dataTracks).compactMap { (member) in
            guard let track = member.value.stringValue, Catalogue.isValid(name: member.key),
                Catalogue.isValid(name: track)
            else { return nil }
            return Catalogue.DataTrack(name: member.key, track: track)
        }
    }

    package init(_ document: [UInt8], of path: BroadcastPath) throws(MediaError) {
        try self.init(document.span, of: path)
    }

    private mutating func refuse(_ kind: MediaKind, _ name: String?, _ reason: String) {
        guard refusals.count <= HangLimits.renditions else { return }
        refusals.append(Refusal(kind: kind, name: name, reason: reason))
    }

    /// The members of a section; `null` is the same as none, against the format but harmless.
    private mutating func members(of section: JSON?, _ kind: MediaKind) -> JSON.Object? {
        guard let section, !section.isNull else { return nil }
        if let object = section.objectValue { return object }
        refuse(kind, nil, "section is not an object")
        return nil
    }

    private mutating func table(of section: JSON.Object, _ kind: MediaKind) -> [JSON.Object.Member] {
        guard let renditions = section["renditions"], !renditions.isNull else { return [] }
        if let table = renditions.objectValue { return table.members }
        refuse(kind, nil, "renditions are not an object")
        return []
    }

    private mutating func readVideo(_ section: JSON.Object, _ path: BroadcastPath) {
        for member in table(of: section, .video) {
            do {
                let object = try admit(member)
                let rendition = try VideoRendition(name: member.key, object, path)
                catalogue.video.renditions.append(rendition)
            } catch {
                refuse(.video, member.key, error.context)
            }
        }
        if let display = section["display"]?.objectValue {
            catalogue.video.display = display.size("width", "height")
        }
        catalogue.video.rotation = Self.rotation(section["rotation"]?.doubleValue ?? 0)
        catalogue.video.isFlipped = section["flip"]?.boolValue ?? false
    }

    private mutating func readAudio(_ section: JSON.Object, _ path: BroadcastPath) {
        for member in table(of: section, .audio) {
            do {
                let object = try admit(member)
                let rendition = try AudioRendition(name: member.key, object, path)
                catalogue.audio.renditions.append(rendition)
            } catch {
                refuse(.audio, member.key, error.context)
            }
        }
    }

    /// What any rendition must be before its members are looked at.
    private mutating func admit(_ member: JSON.Object.Member) throws(MediaError) -> JSON.Object {
        count += 1
        guard count <= HangLimits.renditions else {
            throw MediaError(.limit, "more than \(HangLimits.renditions) renditions")
        }
        guard Catalogue.isValid(name: member.key) else {
            throw MediaError(.limit, "name is empty or longer than \(HangLimits.nameBytes) bytes")
        }
        let isTaken =
            member.key == Catalogue.trackName || catalogue.video(named: member.key) != nil
            || catalogue.audio(named: member.key) != nil
        guard !isTaken else { throw MediaError(.malformed, "name is another track's") }
        guard let object = member.value.objectValue else {
            throw MediaError(.malformed, "rendition is not an object")
        }
        return object
    }

    /// The nearest quarter turn.
    private static func rotation(_ degrees: Double) -> Int {
        guard degrees.isFinite, degrees.magnitude < 1_000_000 else { return 0 }
        let quarters = Int((degrees / 90).rounded()) % 4
        return (quarters + 4) % 4 * 90
    }

    private static func user(_ section: JSON.Object) -> Catalogue.User? {
        func text(_ key: String) -> String? {
            guard let text = section[key]?.stringValue, text.utf8.count <= HangLimits.userTextBytes else {
                return nil
            }
            return text
        }
        let user = Catalogue.User(
            id: text("id"),
            name: text("name"),
            avatar: text("avatar"),
            color: text("color")
        )
        return user == Catalogue.User() ? nil : user
    }
}
