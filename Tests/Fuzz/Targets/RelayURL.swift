import BurrowMoQ
import FuzzHarness

enum RelayURLTarget: FuzzTarget {
    static func run() {
        fuzz { (input) in
            guard let url = try? RelayURL(String(decoding: input, as: UTF8.self)) else { return }
            let shown = url.description
            if let query = url.query {
                precondition(shown.hasSuffix("?…"), "the query is shown")
                precondition((try? RelayURL(shown.dropLast(1) + query)) == url, "a URL changes on its way")
                precondition(url.setupPath?.hasSuffix("?" + query) == true)
            } else {
                precondition((try? RelayURL(shown)) == url, "a URL changes on its way")
            }
            precondition(url.setupPath.map { $0.hasPrefix("/") } ?? true)
        }
    }
}
