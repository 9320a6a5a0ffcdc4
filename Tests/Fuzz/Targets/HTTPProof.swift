import BurrowBase
import BurrowNostr
import FuzzHarness

/// Authorization headers: nobody is let in whose event does not verify.
enum HTTPProofTarget: FuzzTarget {
    static func run() {
        fuzz { (input) in
            var checker = HTTPProofChecker()
            let request = HTTPProofChecker.Request(url: "https://a.example/", method: "GET", body: nil)
            let encoded = "Nostr " + Base64.standard.encode(input)
            for header in [String(decoding: input, as: UTF8.self), encoded] {
                guard (try? checker.check([header], for: request, now: UnixTime(1_767_225_600))) != nil else {
                    continue
                }
                require(
                    (try? checker.check([header], for: request, now: UnixTime(1_767_225_600))) == nil,
                    "used twice"
                )
            }
        }
    }
}
