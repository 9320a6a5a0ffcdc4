import BurrowBase
import BurrowCrypto
import BurrowMLS
import BurrowStorage
import Glibc

// A member of a group that lives in a state file and may be killed at any moment; see KillTests.
//
//     burrow-state-life FILE SEED [full]
//
// Standard input is a socket to the other member. With `full`, the disk is now and then full.

/// Frames: a type, a 32-bit length, the content.
struct Frames {
    private var buffer: [UInt8] = []

    /// Reads what is there; `false` at the end.
    mutating func fill(wait: Bool) -> Bool {
        var chunk = [UInt8](repeating: 0, count: 65536)
        let count = unsafe recv(0, &chunk, chunk.count, wait ? 0 : Int32(MSG_DONTWAIT))
        if count > 0 { buffer += chunk[..<count] }
        return count > 0 || (count < 0 && errno == EAGAIN)
    }

    mutating func next() -> (type: UInt8, content: [UInt8])? {
        guard buffer.count >= 5 else { return nil }
        let length = Int(number(buffer[1..<5]))
        guard buffer.count >= 5 + length else { return nil }
        defer { buffer.removeFirst(5 + length) }
        return (buffer[0], Array(buffer[5..<(5 + length)]))
    }

    static func write(_ type: Character, _ content: [UInt8]) {
        let frame = [type.asciiValue ?? 0] + bytes(UInt64(content.count)).suffix(4) + content
        var rest = frame[...]
        while !rest.isEmpty {
            let part = Array(rest)
            let count = unsafe send(0, part, part.count, Int32(MSG_NOSIGNAL))
            guard count > 0 else { exit(3) }
            rest = rest.dropFirst(count)
        }
    }
}

func number(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }

func bytes(_ number: UInt64) -> [UInt8] {
    stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: number >> UInt64($0)) }
}

struct Life {
    static let now: UInt64 = 1_800_000_000
    static let progress: [UInt8] = [2]
    static let pending: [UInt8] = [3]

    let store: Store
    var ledger: GroupLedger
    var group: Group
    /// How much of the other's messages was taken in, and how many of our own were made.
    var position: UInt64
    var count: UInt64
    /// Our own commit that waits.
    var waiting: [UInt8]
    var random: SeededRandom
    let mayBeFull: Bool

    init(_ path: String, seed: UInt64, mayBeFull: Bool) throws {
        store = try Store(path: path, key: [UInt8](1...32).span)
        var groups: [UInt32: Group] = [:]
        var policy = GroupPolicy()
        policy.sendsBeforeCommitting = true
        ledger = try GroupLedger(
            prefix: [1],
            records: store.records(prefix: [1]),
            policy: policy,
            groups: &groups
        )
        guard let group = groups[0], let progress = try store.value(Self.progress) else { exit(2) }
        self.group = group
        position = number(progress.prefix(8))
        count = number(progress.suffix(8))
        waiting = try store.value(Self.pending) ?? []
        random = SeededRandom(seed: seed)
        self.mayBeFull = mayBeFull
    }

    /// Changes a copy, stores it, and only then becomes it.
    mutating func change(_ body: (inout Life) throws -> Void) throws -> Bool {
        var next = self
        try body(&next)
        var batch = RecordBatch()
        try next.ledger.update(&next.group, slot: 0, into: &batch)
        batch.put(Self.progress, bytes(next.position) + bytes(next.count))
        batch.put(Self.pending, next.waiting)
        if mayBeFull, next.random.next() % 4 == 0 {
            Self.limitFiles(to: 40_000 + next.random.next() % 40_000)
        }
        defer { if mayBeFull { Self.limitFiles(to: rlim_t.max) } }
        do throws(StorageError) {
            try store.commit(batch)
        } catch {
            guard mayBeFull, error.code == .full || error.code == .failed else { throw error }
            random = next.random
            Frames.write("D", [])
            return false
        }
        self = next
        return true
    }

    static func limitFiles(to size: rlim_t) {
        var limit = rlimit(rlim_cur: size, rlim_max: rlim_t.max)
        unsafe setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
    }

    mutating func take(_ entry: [UInt8]) throws {
        guard number(entry.prefix(8)) == position else { return }
        let stored = try change { (next) in
            next.position += 1
            switch try? next.group.process(Array(entry.dropFirst(8)), now: Self.now) {
            case .commit(let staged): try next.group.merge(staged, now: Self.now)
            case .ownCommit: try next.group.mergePendingCommit(now: Self.now)
            default: break
            }
            if !next.group.hasPendingCommit { next.waiting = [] }
        }
        if stored { Frames.write("A", bytes(position)) } else { try take(entry) }
    }

    mutating func act() throws {
        if random.next() % 8 > 0 {
            var message: [UInt8] = []
            let stored = try change { (next) in
                next.count += 1
                message = try next.group.seal(bytes(next.count))
            }
            if stored { Frames.write("M", message) }
        } else if waiting.isEmpty {
            let stored = try change {
                $0.waiting = try $0.group.commit(CommitRequest(), now: Self.now).message
            }
            if stored { Frames.write("M", waiting) }
        } else {
            Frames.write("M", waiting)
        }
    }
}

signal(SIGXFSZ, SIG_IGN)
let arguments = CommandLine.arguments
guard arguments.count >= 3, let seed = UInt64(arguments[2]) else { exit(1) }
var life = try Life(arguments[1], seed: seed, mayBeFull: arguments.contains("full"))
Frames.write("H", bytes(life.position) + bytes(life.count))
var frames = Frames()
var isEnding = false
while true {
    guard frames.fill(wait: isEnding) else { exit(0) }
    var isIdle = true
    while let frame = frames.next() {
        isIdle = false
        if frame.type == Character("Q").asciiValue { isEnding = true }
        if frame.type == Character("L").asciiValue { try life.take(frame.content) }
    }
    if isEnding {
        Frames.write("E", bytes(life.position) + life.group.epochAuthenticator)
    } else if isIdle {
        try life.act()
    }
}
