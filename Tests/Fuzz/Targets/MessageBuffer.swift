import BurrowMoQ
import FuzzHarness

/// Any order of appends and reads. What is taken and what is left must be what was put in.
enum MessageBufferTarget: FuzzTarget {
    static func run() {
        fuzz { (input) in
            var choices = Choices(input)
            var buffer = MessageBuffer()
            while !choices.rest.isEmpty {
                let before = buffer.count
                switch choices.byte() {
                case let size where size < 128:
                    let bytes = choices.bytes(size)
                    buffer.append(bytes.span)
                    precondition(buffer.count == before + bytes.count)
                case let kind where kind % 4 == 0:
                    let value = buffer.readVarint()
                    precondition((value == nil) == (buffer.count == before))
                case let kind where kind % 4 == 1:
                    let body = try? buffer.nextMessage(limit: 300)
                    check(body, before - buffer.count)
                case let kind where kind % 4 == 2:
                    let message = try? buffer.nextTypedMessage(limit: 300)
                    check(message?.body, before - buffer.count)
                default:
                    let body = buffer.nextLegacyMessage()
                    check(body, before - buffer.count)
                }
            }
        }
    }

    private static func check(_ body: [UInt8]?, _ taken: Int) {
        guard let body else {
            precondition(taken == 0, "bytes went without a message")
            return
        }
        precondition(taken > body.count && taken <= body.count + 16)
    }
}
