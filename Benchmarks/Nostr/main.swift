// What events cost beside the cryptography alone: reading and verifying them beside libsecp256k1's verification, sealing and
// opening texts (NIP-44) beside the agreement on a key, the derivations, ChaCha20 and HMAC that this takes.
//
//   swift run -c release burrow-nostr-cost [rounds]

import BurrowBase
import BurrowCrypto
import BurrowNostr
import Glibc

func nanoseconds() -> Double {
    var time = timespec()
    unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
}

func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

struct Failure: Error {}

let rounds = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 41
let count = 200

func time(_ body: (Int) throws -> Void) rethrows -> Double {
    let start = nanoseconds()
    for index in 0..<count { try body(index) }
    return (nanoseconds() - start) / Double(count)
}

// Events of about 1 kB: a text, and tags as a message in a thread has them.
let author = try LocalKey.random()
let other = try LocalKey.random()
let events = try (0..<count).map { (index) -> Event in
    let rumor = try Rumor(
        publicKey: author.publicKey,
        createdAt: UnixTime(1_700_000_000 + Int64(index)),
        kind: EventKind(1),
        tags: [
            Tag(["e", other.publicKey.description, "wss://relay.example"]),
            Tag(["p", other.publicKey.description]),
        ],
        content: String(repeating: "A line of text, as people write them.\n", count: 13)
    )
    return try author.sign(rumor)
}
let texts = events.map(\.json)

func verify() throws -> Double {
    try time { (index) in
        let event = events[index]
        let signature = event.signature.bytes
        let id = event.id.value.bytes
        let key = event.publicKey.bytes
        guard Secp256k1.isValid(signature.span, for: id.span, publicKey: key.span) else { throw Failure() }
    }
}

func read() throws -> Double {
    try time { (index) in
        guard try Event(json: texts[index]).id == events[index].id else { throw Failure() }
    }
}

/// One direction of NIP-44 without its layout: both only differ in the order.
func primitives(_ own: borrowing Secp256k1.PrivateKey, _ other: PublicKey, _ padded: [UInt8]) throws -> Double
{
    let salt = Array("nip44-v2".utf8)
    let nonce = [UInt8](repeating: 7, count: 32)
    let point = other.bytes
    let start = nanoseconds()
    for _ in 0..<count {
        let shared = try own.sharedX(with: point.span)
        let secret = try WipedBytes.authenticationCode(of: shared.bytes, key: salt.span)
        let keys = try secret.expanded(info: nonce.span, count: 76)
        var text = padded
        try ChaCha20.apply(
            to: &text,
            key: keys.bytes.extracting(0..<32),
            nonce: keys.bytes.extracting(32..<44)
        )
        guard try HMACSHA256.authenticate(text.span, key: keys.bytes.extracting(44..<76)).count == 32 else {
            throw Failure()
        }
    }
    return (nanoseconds() - start) / Double(count)
}

func sealed(_ own: borrowing Secp256k1.PrivateKey, _ other: PublicKey, _ text: [UInt8]) throws -> (
    Double, String
) {
    var random = SystemRandom()
    var payload = ""
    let start = nanoseconds()
    for _ in 0..<count {
        payload = try ConversationKey(own, with: other).encrypt(text, random: &random)
    }
    return ((nanoseconds() - start) / Double(count), payload)
}

func opened(
    _ own: borrowing Secp256k1.PrivateKey,
    _ other: PublicKey,
    _ payload: String,
    _ text: [UInt8]
) throws -> Double {
    let start = nanoseconds()
    for _ in 0..<count {
        guard try ConversationKey(own, with: other).decrypt(payload) == text else { throw Failure() }
    }
    return (nanoseconds() - start) / Double(count)
}

let text = [UInt8](repeating: 0x61, count: 1000)
let padded = [UInt8](repeating: 0x61, count: 2 + 1024)
let own = try Secp256k1.PrivateKey.random()
var samples = [[Double]](repeating: [], count: 5)
for _ in 0..<rounds {
    samples[0].append(try verify())
    samples[1].append(try read())
    samples[2].append(try primitives(own, other.publicKey, padded))
    let (seal, payload) = try sealed(own, other.publicKey, text)
    samples[3].append(seal)
    samples[4].append(try opened(own, other.publicKey, payload, text))
}
let each = samples.map(median)

func hundredths(_ value: Double) -> String {
    let number = Int((100 * value).rounded())
    return "\(number / 100).\(number % 100 < 10 ? "0" : "")\(number % 100)"
}

func line(_ what: String, _ floor: Double, _ ours: Double, _ ratio: Double, _ goal: String) {
    print(
        "| \(what) | \(hundredths(floor / 1000)) | \(hundredths(ours / 1000)) | \(hundredths(ratio)) | \(goal) |"
    )
}

print("| what | floor, us | ours, us | ratio | goal |")
print("|---|---|---|---|---|")
line(
    "events of \(texts[0].count) B read and verified: rate beside bare verification",
    each[0],
    each[1],
    each[0] / each[1],
    "0.9"
)
line("1 kB sealed beside its primitives (NIP-44)", each[2], each[3], each[3] / each[2], "1.3")
line("1 kB opened beside its primitives", each[2], each[4], each[4] / each[2], "1.3")
