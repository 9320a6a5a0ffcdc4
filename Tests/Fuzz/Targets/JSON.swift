import BurrowBase
import FuzzHarness

/// JSON text, read, written and read again.
enum JSONTarget: FuzzTarget {
    static func run() {
        fuzz { (input) in
            check(input)
            // The writer alone: any text survives, but for NUL, which the reader refuses.
            let text = JSON.string(String(decoding: input, as: UTF8.self))
            let again = try? JSON.parse(text.encoded)
            precondition(again == text || input.contains(0), "a string changes on its way")
        }
    }

    private static func check(_ input: [UInt8]) {
        guard let value = try? JSON.parse(input) else { return }
        precondition(depth(value) <= JSON.Limits().depth)
        precondition((try? JSON.parse(value.encoded)) == value, "a value changes on its way")
    }

    private static func depth(_ value: JSON) -> Int {
        switch value {
        case .array(let elements): 1 + (elements.map(depth).max() ?? 0)
        case .object(let object): 1 + (object.members.map { depth($0.value) }.max() ?? 0)
        default: 0
        }
    }
}
