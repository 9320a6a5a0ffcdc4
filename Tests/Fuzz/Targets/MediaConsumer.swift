import BurrowBase
import BurrowMedia
import BurrowMoQ
import FuzzHarness

/// Whatever tracks bring and whatever the host wants in between: groups of a rendition ascend and begin with their key
/// frame, and every track that is left was subscribed.
enum MediaConsumerTarget: FuzzTarget {
    static func run() {
        guard let path = try? BroadcastPath("room/alice") else { return }
        fuzz { (input) in
            var choices = Choices(input)
            var run = Run(path)
            while !choices.rest.isEmpty { run.step(&choices) }
        }
    }

    private struct Run {
        var consumer: MediaConsumer
        var now = Instant(microseconds: 0)
        var open: [MediaTrackID] = []
        /// The group given out last, by track.
        var groups: [MediaTrackID: UInt64] = [:]
        var version: UInt64 = 0

        init(_ path: BroadcastPath) {
            consumer = MediaConsumer(path: path, maxLatency: .milliseconds(100))
            perform()
        }

        mutating func step(_ choices: inout Choices) {
            let verb = choices.byte() % 16
            let track = open.isEmpty ? MediaTrackID(rawValue: choices.byte()) : choices.element(of: open)
            let group = UInt64(choices.byte() % 16)
            switch verb {
            case 0: consumer.want(video: VideoWish(size: PictureSize(width: choices.byte() * 8, height: 100)))
            case 1: consumer.want(video: nil)
            case 2: consumer.want(audio: choices.byte() % 2 == 0)
            case 3: consumer.end(track)
            case 4:
                consumer.restart(track)
                groups[track] = nil
            case 5: now = now + .milliseconds(Int64(choices.byte()))
            case 6:
                let terms = MediaTerms(.video, maxLatency: .milliseconds(Int64(choices.byte())))
                consumer.set(terms, of: .video)
            case 7: offer(catalogue(choices.byte()))
            case 8: offer(choices.bytes(choices.byte()))
            case 9:
                consumer.endGroup(group, of: track, isWhole: choices.byte() % 2 == 0, count: choices.byte())
            case 10: consumer.giveUp(group, of: track)
            case 11: consumer.refuse(track)
            case 12: consumer.retry()
            case 13: consumer.followAnew()
            default:
                let frame = Slice(copying: choices.bytes(choices.byte() % 8).span)
                consumer.receive(frame, of: track, group: group, index: choices.byte() % 4)
            }
            perform()
            take(.video)
            take(.audio)
        }

        private mutating func offer(_ document: [UInt8]) {
            consumer.receive(Slice(copying: document.span), of: .catalogue, group: version, index: 0)
            version += 1
        }

        /// One of some that differ in renditions and what they say.
        private func catalogue(_ number: Int) -> [UInt8] {
            var catalogue = Catalogue()
            for index in 0..<(number & 3) {
                var rendition = VideoRendition(name: "v\(index)", codec: "avc3.42c01f")
                rendition.codedWidth = 160 << (index + number >> 4 & 1)
                rendition.codedHeight = 90
                rendition.isStalled = number >> 5 & 1 == index
                if number >> 6 == index { rendition.container = .loc }
                catalogue.video.renditions.append(rendition)
            }
            for index in 0..<(number >> 2 & 3) {
                let sound = AudioRendition(
                    name: "a\(index)",
                    codec: "opus",
                    sampleRate: 48000,
                    channels: 1 + number % 2
                )
                catalogue.audio.renditions.append(sound)
            }
            return (try? catalogue.encoded()) ?? []
        }

        private mutating func perform() {
            while let action = consumer.nextAction() {
                switch action {
                case .subscribe(let id, _, _, _):
                    require(!open.contains(id), "subscribed twice")
                    open.append(id)
                case .unsubscribe(let id), .finish(let id):
                    require(open.contains(id), "left without having been subscribed")
                    open.removeAll { $0 == id }
                case .update(let id, _): require(open.contains(id), "changed without having been subscribed")
                case .catalogueChanged, .problem: break
                }
            }
            // The catalogue's, and of each kind what plays and what is to play.
            require(open.count <= 5, "more tracks than anybody needs")
        }

        private mutating func take(_ kind: MediaKind) {
            while let next = consumer.nextFrame(kind, now: now) {
                require(next.frame.payload.count > 0, "a frame of nothing")
                guard kind == .video else { continue }
                let last = groups[next.track]
                require(last.map { next.group >= $0 } ?? true, "groups go back")
                require(last == next.group || next.frame.isKey, "a group without its key frame")
                groups[next.track] = next.group
            }
            perform()
        }
    }
}
