import BurrowMoQ
import FuzzHarness

/// The first stream of lite-02 from either side, in pieces.
enum LegacySetupTarget: FuzzTarget {
    static func run() {
        fuzz { (input) in
            var choices = Choices(input)
            let size = 1 + choices.byte()
            var buffer = MessageBuffer()
            var type: UInt64?
            while !choices.rest.isEmpty {
                buffer.append(choices.bytes(size).span)
                if type == nil { type = buffer.readVarint() }
                guard let type else { continue }
                let side: LegacySetup.Side
                switch BidirectionalStreamType(rawValue: type) {
                case .clientSetup: side = .client
                case .serverSetup: side = .server
                default: return
                }
                do {
                    guard let setup = try LegacySetup.next(from: &buffer, sentBy: side) else { continue }
                    check(setup)
                } catch {}
                return
            }
        }
    }

    private static func check(_ setup: LegacySetup) {
        var buffer = MessageBuffer()
        buffer.append(setup.encode().span)
        precondition(buffer.readVarint() != nil)
        let again = try? LegacySetup.next(from: &buffer, sentBy: setup.side)
        precondition(again == setup, "a setup changes on its way")
        precondition(buffer.isEmpty)
    }
}
