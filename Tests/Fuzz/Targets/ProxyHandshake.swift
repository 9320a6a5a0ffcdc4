import BurrowNostr
import FuzzHarness

/// A proxy's answers. The first byte chooses the proxy; the rest are what it says, in pieces that begin with their length.
/// However it ends, the login is told only to who asked for it, and no error shows it.
enum ProxyHandshakeTarget: FuzzTarget {
    private static let proxies = [
        "socks5://proxy:1", "socks5://me:hidden@proxy:1", "http://proxy:1", "http://me:hidden@proxy:1",
    ].compactMap { try? ProxyURL($0) }

    static func run() {
        fuzz { (input) in
            var rest = Array(input)[...]
            guard let choice = rest.popFirst() else { return }
            let proxy = proxies[Int(choice) % proxies.count]
            var handshake = ProxyHandshake(proxy, host: "relay.example", port: 443, userAgent: "fuzz")
            require(!handshake.takeOutput().isEmpty, "nothing is asked")
            var total = 0
            var questions = 1
            while let length = rest.popFirst() {
                let piece = Array(rest.prefix(Int(length)))
                rest = rest.dropFirst(piece.count)
                total += piece.count
                do throws(ProxyError) {
                    let open = try handshake.receive(piece)
                    if !handshake.takeOutput().isEmpty { questions += 1 }
                    guard let open else {
                        require(total <= HTTPAnswer.headBytes, "more is waited for than may come")
                        continue
                    }
                    require(open.count <= piece.count, "more is left than came")
                    require(questions == 1 || proxy.scheme == .socks5, "HTTP is asked twice")
                    return
                } catch {
                    require(!error.context.contains("hidden"), "the password is shown")
                    require((0...999).contains(error.number), "a number that no proxy gives")
                    return
                }
            }
        }
    }
}
