import BurrowBase
import BurrowMLS
import BurrowMarmot
import BurrowNostr
import Glibc

// A Marmot client behind a pipe: one JSON request a line in, one JSON reply a line out. Requests are in `Peer`.
do {
    var peer = try Peer()
    while let line = readLine() {
        print(String(decoding: peer.answer(Array(line.utf8)), as: UTF8.self))
        fflush(nil)
    }
} catch {
    print(String(decoding: Peer.failure("\(error)"), as: UTF8.self))
}
