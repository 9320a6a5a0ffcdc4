import BurrowBase
import BurrowMedia
import BurrowMoQ
import FuzzHarness

/// A catalogue of a peer: what is read of it lies within the limits, and what of it can be written reads the same.
enum CatalogueTarget: FuzzTarget {
    static func run() {
        guard let path = try? BroadcastPath("room/alice") else { return }
        fuzz { (input) in
            guard let reading = try? CatalogueReading(input, of: path) else { return }
            let catalogue = reading.catalogue
            let names = catalogue.video.renditions.map(\.name) + catalogue.audio.renditions.map(\.name)
            require(names.count <= HangLimits.renditions, "more renditions than allowed")
            require(Set(names).count == names.count, "a name stands twice")
            require(reading.refusals.count <= HangLimits.renditions + 1, "refusals without end")
            for rendition in catalogue.video.renditions {
                require((0...HangLimits.jitter).contains(rendition.jitter ?? 0), "jitter is out of range")
                require(
                    (0...HangLimits.pictureSide).contains(rendition.codedWidth ?? 0),
                    "width is out of range"
                )
                require(
                    rendition.broadcast.map { path.resolving($0) != nil } ?? true,
                    "a reference leads nowhere"
                )
            }
            require(CatalogueDiff(from: catalogue, to: catalogue).isEmpty, "a catalogue differs from itself")
            let wish = VideoWish(size: PictureSize(width: input.count, height: 100))
            let choice = MediaSupport().choose(from: catalogue.video, for: wish)
            require(choice.map { names.contains($0.name) } ?? true, "a rendition that is not offered")
            guard let written = try? catalogue.encoded() else { return }
            guard let again = try? CatalogueReading(written, of: path) else {
                return require(false, "what was written cannot be read")
            }
            require(again.catalogue == catalogue && again.refusals.isEmpty, "a catalogue changes on its way")
        }
    }
}
