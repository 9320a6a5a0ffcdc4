import BurrowMoQ
import FuzzHarness

/// SETUP of lite-05.
enum SetupTarget: FuzzTarget {
    static func run() {
        fuzz { (input) in
            guard let setup = try? Setup.decode(input.span) else { return }
            var buffer = MessageBuffer()
            buffer.append(setup.encode().span)
            guard let body = try? buffer.nextMessage(), let again = try? Setup.decode(body.span) else {
                preconditionFailure("our own message is not understood")
            }
            precondition(again == setup, "a setup changes on its way")
        }
    }
}
