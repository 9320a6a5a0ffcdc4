import BurrowBase
import BurrowCrypto
import BurrowMLS
import BurrowStorage
import Glibc
import Testing

/// A member that is killed again and again, as the other member sees it.
@Suite(.serialized) struct KillTests {
    private let folder = TemporaryFolder()

    /// How often the process is killed; 12 unless BURROW_KILLS says otherwise.
    static var kills: Int {
        unsafe getenv("BURROW_KILLS").flatMap { unsafe Int(String(cString: $0)) } ?? 12
    }

    @Test(arguments: [false, true]) func killedProcessForgetsNothingAndUsesNoKeyTwice(full: Bool) throws {
        let path = folder.file("state")
        var other = try Other(statePath: path)
        var random = SeededRandom(seed: 99)
        for round in 0..<Self.kills {
            let life = try #require(start(path, round, full))
            // Deaths while it opens the file, too.
            if random.next() % 8 > 0 { try other.meet(life, frames: Int(random.next() % 12), &random) }
            life.kill()
            while let frame = life.next(within: 10_000) { try other.hear(frame, life) }
            #expect(life.end() & 0x7f == SIGKILL, "it ended by itself")
        }
        let life = try #require(start(path, Self.kills, full))
        try other.settle(life)
        #expect(life.end() == 0)
        #expect(other.heard > Self.kills)
    }

    private func start(_ path: String, _ round: Int, _ full: Bool) -> Process? {
        Process([Process.program("burrow-state-life"), path, "\(round)"] + (full ? ["full"] : []))
    }
}

/// The other member, which also decides the order of commits.
private struct Other {
    static let now: UInt64 = 1_800_000_000

    private var group: Group
    /// What it said, and the commits that were accepted.
    private var log: [[UInt8]] = []
    private var sent = 0
    /// The highest number among the messages that were read.
    private var lastCount: UInt64 = 0
    private var acknowledged = 0
    private(set) var heard = 0

    init(statePath: String) throws {
        let suite = CipherSuite(.x25519AES128GCM)
        func identity(_ name: String) throws -> MemberIdentity {
            MemberIdentity(
                credential: .basic(Array(name.utf8)),
                capabilities: Capabilities(
                    cipherSuites: [1],
                    extensions: [],
                    proposals: [],
                    credentials: [1]
                ),
                signatureKey: try suite.generateSignatureKey()
            )
        }
        var policy = GroupPolicy()
        policy.sendsBeforeCommitting = true
        policy.pastEpochs = 1000
        group = try Group(
            founding: [1],
            identity("other"),
            extensions: [],
            lifetime: .standard(now: Self.now),
            policy: policy,
            suite: suite
        )
        let bundle = try KeyPackageBundle(
            generate: identity("mortal"),
            lifetime: .standard(now: Self.now),
            suite: suite
        )
        let commit = try group.commit(CommitRequest([.add(bundle.keyPackage)]), now: Self.now)
        try group.mergePendingCommit(now: Self.now)
        guard case .welcome(let welcome) = try MLSMessage(decoding: #require(commit.welcome)) else { return }
        var options = JoinOptions()
        options.policy = policy
        var mortal = try Group(joining: welcome, with: bundle, options: options, now: Self.now, suite: suite)
        var batch = RecordBatch()
        var ledger = GroupLedger(prefix: [1])
        try ledger.update(&mortal, slot: 0, into: &batch)
        batch.put([2], [UInt8](repeating: 0, count: 16))
        try open(statePath).commit(batch)
    }

    /// Lets it say so much, and one thing more if that comes within a moment: the end may find it anywhere.
    mutating func meet(_ life: Process, frames: Int, _ random: inout SeededRandom) throws {
        for _ in 0...frames {
            guard let frame = life.next(within: 60_000) else { return }
            try hear(frame, life)
            switch random.next() % 16 {
            case 0: try append(group.seal([1]), life)
            case 1 where random.next() % 4 == 0:
                let commit = try group.commit(CommitRequest(), now: Self.now).message
                try group.mergePendingCommit(now: Self.now)
                append(commit, life)
            default: break
            }
        }
        if let frame = life.next(within: Int32(random.next() % 3)) { try hear(frame, life) }
    }

    mutating func settle(_ life: Process) throws {
        while let frame = life.next(within: 60_000) {
            try hear(frame, life)
            if frame.type == "H" { life.write("Q", []) }
            if frame.type == "E", frame.content.prefix(8).reduce(0, { $0 << 8 | Int($1) }) == log.count {
                #expect(Array(frame.content.dropFirst(8)) == group.epochAuthenticator)
                return
            }
        }
        Issue.record("it did not catch up")
    }

    private mutating func append(_ message: [UInt8], _ life: Process) {
        log.append(message)
        send(life)
    }

    private mutating func send(_ life: Process) {
        while sent < log.count {
            let index = UInt64(sent)
            life.write(
                "L",
                stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: index >> $0) }
                    + log[sent]
            )
            sent += 1
        }
    }

    mutating func hear(_ frame: (type: Character, content: [UInt8]), _ life: Process) throws {
        switch frame.type {
        case "H":
            let position = frame.content.prefix(8).reduce(0) { $0 << 8 | Int($1) }
            let count = frame.content.suffix(8).reduce(0) { $0 << 8 | UInt64($1) }
            #expect(position >= acknowledged && position <= log.count, "what was acknowledged is lost")
            #expect(count >= lastCount, "a message that was sent is forgotten")
            sent = position
            send(life)
        case "A": acknowledged = max(acknowledged, frame.content.reduce(0) { $0 << 8 | Int($1) })
        case "M":
            heard += 1
            do throws(MLSError) {
                switch try group.process(frame.content, now: Self.now) {
                case .application(let message):
                    let count = message.data.reduce(0) { $0 << 8 | UInt64($1) }
                    #expect(count > lastCount)
                    lastCount = count
                case .commit(let staged):
                    try group.merge(staged, now: Self.now)
                    append(frame.content, life)
                default: Issue.record("strange message")
                }
            } catch {
                // A commit that came second. Anything else, a used key above all, is a failure.
                #expect(error.code == .staleEpoch, "\(error)")
            }
        default: break
        }
    }
}
