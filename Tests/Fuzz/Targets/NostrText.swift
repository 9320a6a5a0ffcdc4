import BurrowBase
import BurrowNostr
import FuzzHarness

/// bech32, the texts of NIP-19, and URLs of servers.
enum NostrTextTarget: FuzzTarget {
    static func run() {
        fuzz { (input) in
            let text = String(decoding: input, as: UTF8.self)
            if let (prefix, bytes) = try? Bech32.decode(text, limit: 5000) {
                require(
                    Bech32.encode(prefix: prefix, bytes) == text.lowercased(),
                    "two texts for the same bytes"
                )
            }
            let written = Bech32.encode(prefix: "nprofile", input)
            require((try? Bech32.decode(written, limit: .max))?.bytes == input, "bytes change on their way")
            for candidate in [text, written] {
                guard let form = try? TextForm(candidate) else { continue }
                require((try? TextForm(form.text)) == form, "a text changes on its way")
            }
            _ = try? LocalKey.importing(text)
            for policy in [ServerURL.Policy.relays, .ownRelays, .media, .ownMedia] {
                guard let url = try? ServerURL(text, policy: policy) else { continue }
                require((try? ServerURL(url.text, policy: policy)) == url, "a URL changes on its way")
                require(policy.allowsPrivate || !url.isPrivate, "a private address is accepted")
                require(
                    (try? ServerURL(url.withoutToken.text, policy: policy)) == url.withoutToken,
                    "a URL breaks"
                )
            }
        }
    }
}
