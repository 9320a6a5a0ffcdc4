// What the operations of a group cost at several sizes, in trees all of whose nodes have keys, and how much memory a
// member's state takes.
//
//   swift run -c release burrow-group-cost [size ...]

import BurrowBase
import BurrowCrypto
import BurrowMLS
import Glibc

let now: UInt64 = 1_800_000_000

/// Of this process, so that a busy machine does not show.
func nanoseconds() -> Double {
    var time = timespec()
    unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
}

/// Memory of this process in bytes, as the system counts it.
func residentBytes() -> Int {
    guard let file = unsafe fopen("/proc/self/statm", "r") else { return 0 }
    defer { unsafe fclose(file) }
    var text = [UInt8](repeating: 0, count: 128)
    let count = unsafe fread(&text, 1, text.count, file)
    let fields = String(decoding: text[..<count], as: UTF8.self).split(separator: " ")
    return fields.count > 1 ? (Int(fields[1]) ?? 0) * sysconf(Int32(_SC_PAGESIZE)) : 0
}

func report(_ name: String, _ size: Int, _ samples: [Double]) {
    let sorted = samples.sorted()
    let median = sorted[sorted.count / 2] / 1000
    print(
        "\(size) members, \(name): \((median * 10).rounded() / 10) us, best \((sorted[0] / 100).rounded() / 10) us"
    )
}

func measure<R>(_ samples: inout [Double], _ body: () throws -> R) rethrows -> R {
    let start = nanoseconds()
    let result = try body()
    samples.append(nanoseconds() - start)
    return result
}

func member(_ number: Int, _ suite: CipherSuite) throws -> MemberIdentity {
    MemberIdentity(
        credential: .basic(Array("member \(number), with an identity of 32".utf8.prefix(32))),
        capabilities: Capabilities(
            cipherSuites: [1, 0x1a1a],
            extensions: [10, 0xf2ee, 0x2a2a],
            proposals: [10, 0x3a3a],
            credentials: [1, 0x4a4a]
        ),
        signatureKey: try suite.generateSignatureKey()
    )
}

func follow(_ group: inout Group, _ message: [UInt8], _ samples: inout [Double]) throws {
    let received = try measure(&samples) { try group.process(message, now: now) }
    guard case .commit(let staged) = received else { return }
    try measure(&samples) { try group.merge(staged, now: now) }
    if let merging = samples.popLast(), let processing = samples.popLast() {
        samples.append(merging + processing)
    }
}

func run(_ size: Int) throws {
    let suite = CipherSuite(.x25519AES128GCM)
    var policy = GroupPolicy()
    policy.acceptsExternalCommits = true
    var options = JoinOptions()
    options.policy = policy
    var observer = try Group(
        founding: [1, 2, 3],
        member(0, suite),
        lifetime: .standard(now: now),
        policy: policy,
        suite: suite
    )
    var other: Group?
    var ignored: [Double] = []
    for number in 1..<size {
        guard case .groupInfo(let info) = try MLSMessage(decoding: observer.groupInfo()) else { return }
        let joined = try Group.join(info, member(number, suite), options: options, now: now, suite: suite)
        try follow(&observer, joined.commit, &ignored)
        other = joined.group
    }
    guard var other else { return }

    var creating: [Double] = []
    var processing: [Double] = []
    for _ in 0..<30 {
        let commit = try measure(&creating) { try observer.commit(CommitRequest(), now: now) }
        try follow(&other, commit.message, &processing)
        try observer.mergePendingCommit(now: now)
        let answer = try measure(&creating) { try other.commit(CommitRequest(), now: now) }
        try follow(&observer, answer.message, &processing)
        try other.mergePendingCommit(now: now)
    }
    report("update commit created", size, creating)
    report("update commit processed", size, processing)

    var sealing: [Double] = []
    var opening: [Double] = []
    let data = [UInt8](repeating: 1, count: 32)
    for _ in 0..<300 {
        let message = try measure(&sealing) { try observer.seal(data) }
        _ = try measure(&opening) { try other.process(message, now: now) }
    }
    report("32 bytes sealed", size, sealing)
    report("32 bytes opened", size, opening)

    var adding: [Double] = []
    var joining: [Double] = []
    for number in 0..<7 {
        let bundle = try KeyPackageBundle(
            generate: member(size + number, suite),
            lifetime: .standard(now: now),
            suite: suite
        )
        var copy = observer
        let commit = try measure(&adding) {
            try copy.commit(CommitRequest([.add(bundle.keyPackage)]), now: now)
        }
        guard let bytes = commit.welcome else { return }
        _ = try measure(&joining) {
            guard case .welcome(let welcome) = try MLSMessage(decoding: bytes) else { return }
            _ = try Group(joining: welcome, with: bundle, options: options, now: now, suite: suite)
        }
    }
    report("one added, with Welcome", size, adding)
    report("joined", size, joining)

    guard case .groupInfo(let info) = try MLSMessage(decoding: observer.groupInfo()) else { return }
    // Several, because the system counts in pages.
    var states: [Group] = []
    let before = residentBytes()
    for _ in 0..<8 {
        let own = CipherSuite(.x25519AES128GCM)
        states.append(
            try Group.join(info, member(-1, own), options: options, now: now, suite: own).group
        )
    }
    let bytes = (residentBytes() - before) / states.count
    print("\(size) members, state of one: \(bytes / 1024) kB")
}

let sizes = CommandLine.arguments.dropFirst().compactMap { Int($0) }
for size in sizes.isEmpty ? [10, 100, 1000] : sizes { try run(size) }
