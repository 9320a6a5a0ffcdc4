import BurrowBase

extension Catalogue {
    /// The document, strictly as upstream players want it: one of them drops a whole catalogue for one bad member.
    /// Throws when something of it would not be accepted there.
    package func encoded() throws(MediaError) -> [UInt8] {
        try check()
        var writer = JSONWriter()
        writer.object { (root) in
            if video != Video() { writeVideo(to: &root) }
            if !audio.renditions.isEmpty {
                root.object(for: "audio") { (section) in
                    section.object(for: "renditions") { (table) in
                        for rendition in audio.renditions { rendition.write(to: &table) }
                    }
                }
            }
            if let user, user != User() {
                root.object(for: "user") { (section) in
                    if let id = user.id { section.string(id, for: "id") }
                    if let name = user.name { section.string(name, for: "name") }
                    if let avatar = user.avatar { section.string(avatar, for: "avatar") }
                    if let color = user.color { section.string(color, for: "color") }
                }
            }
            if !data.isEmpty {
                root.object(for: "burrow") { (section) in
                    section.object(for: "data") { (table) in
                        for entry in data { table.string(entry.track, for: entry.name) }
                    }
                }
            }
        }
        guard writer.bytes.count <= HangLimits.catalogueBytes else {
            throw MediaError(.limit, "catalogue of \(writer.bytes.count) bytes")
        }
        return writer.bytes
    }

    private func writeVideo(to root: inout JSONWriter) {
        root.object(for: "video") { (section) in
            section.object(for: "renditions") { (table) in
                for rendition in video.renditions { rendition.write(to: &table) }
            }
            if let display = video.display {
                section.object(for: "display") { (size) in
                    size.integer(display.width, for: "width")
                    size.integer(display.height, for: "height")
                }
            }
            if video.rotation != 0 { section.integer(video.rotation, for: "rotation") }
            if video.isFlipped { section.bool(true, for: "flip") }
        }
    }

    private func check() throws(MediaError) {
        guard video.renditions.count + audio.renditions.count <= HangLimits.renditions else {
            throw MediaError(.limit, "catalogue with more than \(HangLimits.renditions) renditions")
        }
        var names: Set<String> = [Catalogue.trackName]
        for rendition in video.renditions {
            try Self.check(name: rendition.name, &names)
            try rendition.check()
        }
        for rendition in audio.renditions {
            try Self.check(name: rendition.name, &names)
            try rendition.check()
        }
        guard data.count <= HangLimits.dataTracks else {
            throw MediaError(.limit, "catalogue with more than \(HangLimits.dataTracks) data tracks")
        }
        var dataNames: Set<String> = []
        for entry in data {
            guard Self.isValid(name: entry.name), Self.isValid(name: entry.track),
                dataNames.insert(entry.name).inserted
            else { throw MediaError(.invalidArgument, "data track's name cannot be, or stands twice") }
        }
        guard [0, 90, 180, 270].contains(video.rotation) else {
            throw MediaError(.invalidArgument, "rotation by \(video.rotation) degrees")
        }
        if let display = video.display, !display.isValid {
            throw MediaError(.invalidArgument, "display of \(display.width)x\(display.height)")
        }
        for text in [user?.id, user?.name, user?.avatar, user?.color] {
            guard let text else { continue }
            guard text.utf8.count <= HangLimits.userTextBytes, !text.utf8.contains(0) else {
                throw MediaError(.limit, "text in the user section is too long or has a NUL")
            }
        }
    }

    private static func check(name: String, _ names: inout Set<String>) throws(MediaError) {
        guard isValid(name: name) else {
            throw MediaError(.invalidArgument, "track name of \(name.utf8.count) bytes, or with a NUL")
        }
        guard names.insert(name).inserted else {
            throw MediaError(.invalidArgument, "track name stands twice or is the catalogue's")
        }
    }

    /// Whether a track may be called so.
    static func isValid(name: String) -> Bool {
        !name.isEmpty && name.utf8.count <= HangLimits.nameBytes && !name.utf8.contains(0)
    }
}

extension PictureSize {
    var isValid: Bool {
        let sides = 1...HangLimits.pictureSide
        return sides.contains(width) && sides.contains(height)
    }
}
