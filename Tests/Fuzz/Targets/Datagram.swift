import BurrowBase
import BurrowMoQ
import FuzzHarness

enum DatagramTarget: FuzzTarget {
    static func run() {
        fuzz { (input) in
            guard let (header, offset) = try? DatagramHeader.decode(input.span) else { return }
            precondition(offset <= input.count)
            let again = try? DatagramHeader.decode(header.encode().span)
            precondition(again?.header == header, "a header changes on its way")
            precondition(again.map { $0.payloadOffset <= offset } ?? false)
        }
    }
}
