import BurrowMedia
import FuzzHarness

/// An Opus track's description in a catalogue.
enum OpusHeadTarget: FuzzTarget {
    static func run() {
        fuzz { (input) in
            guard let head = try? OpusHead.decode(input.span) else { return }
            let bytes = head.encode()
            guard let again = try? OpusHead.decode(bytes.span) else {
                preconditionFailure("our own description is not understood")
            }
            require(again == head, "a description changes on its way")
            require(head.channels == 1 || head.channels == 2, "\(head.channels) channels")
        }
    }
}
