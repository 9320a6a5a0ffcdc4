import BurrowBase
import BurrowMoQ
import FuzzHarness

/// One control message of any kind and version. What decodes must come back the same after encoding.
enum ControlMessageTarget: FuzzTarget {
    static func run() {
        fuzz { (input) in
            var choices = Choices(input)
            let version = choices.element(of: Version.allCases)
            let kind = choices.byte()
            let body = Array(choices.rest)
            switch kind % 11 {
            case 0: check(AnnounceRequest.self, version, body)
            case 1: check(Announcement.self, version, body)
            case 2: check(TrackRequest.self, version, body)
            case 3: check(TrackInfo.self, version, body)
            case 4: check(Subscribe.self, version, body)
            case 5: check(SubscribeUpdate.self, version, body)
            case 6: check(Fetch.self, version, body)
            case 7: check(Probe.self, version, body)
            case 8: check(Goaway.self, version, body)
            case 9: check(GroupHeader.self, version, body)
            default: checkResponses(version, body)
            }
        }
    }

    private static func check<M: ControlMessage>(_: M.Type, _ version: Version, _ body: [UInt8]) {
        guard let message = try? M.decode(body.span, version) else { return }
        var buffer = MessageBuffer()
        buffer.append(message.encode(version).span)
        // Numbers at the very top of a field are clamped, so what settles is the second encoding.
        guard let again = try? buffer.nextMessage(), let second = try? M.decode(again.span, version) else {
            preconditionFailure("our own message is not understood")
        }
        precondition(buffer.isEmpty)
        precondition(second.encode(version) == message.encode(version), "a message changes on its way")
    }

    private static func checkResponses(_ version: Version, _ stream: [UInt8]) {
        var buffer = MessageBuffer()
        buffer.append(stream.span)
        while let response = try? SubscribeResponse.next(from: &buffer, version) {
            var echo = MessageBuffer()
            guard let bytes = response.encode(version) else {
                preconditionFailure("not a response of this version")
            }
            echo.append(bytes.span)
            let second = try? SubscribeResponse.next(from: &echo, version)
            precondition(second?.encode(version) == bytes, "a response changes on its way")
        }
    }
}
