import BurrowBase
import Glibc

// A member of one MLS group behind a pipe: one JSON request a line in, one JSON reply a line out, bytes as hexadecimal.
// Requests are in `Peer`.
var peer = Peer()
while let line = readLine() {
    print(String(decoding: peer.answer(Array(line.utf8)), as: UTF8.self))
    fflush(nil)
}
