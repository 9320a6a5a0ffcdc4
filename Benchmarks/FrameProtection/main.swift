// What frame protection costs beside the encryption alone: AES-128-GCM of GnuTLS, keyed once, in place, with 8 bytes of
// additional data, measured in turn with the whole of sealing and opening (header, metadata, counter, replay window).
//
//   swift run -c release burrow-frame-cost [rounds]

import BurrowBase
import BurrowCrypto
import CGnuTLS
import Glibc

/// Frames in memory of their own, so that both ways touch the same amount of it.
@safe struct Arena {
    static let front = SFrameHeader.longestByteCount
    static let back = AEADAlgorithm.tagByteCount

    let size: Int
    let count: Int
    let memory: UnsafeMutableRawBufferPointer

    init(size: Int) {
        self.size = size
        count = max(16, min(2048, (1 << 20) / size))
        unsafe memory = .allocate(byteCount: count * (Self.front + size + Self.back), alignment: 64)
        for index in unsafe memory.indices { unsafe memory[index] = UInt8(truncatingIfNeeded: index) }
    }

    func slot(_ index: Int) -> UnsafeMutableRawBufferPointer {
        let length = Self.front + size + Self.back
        return unsafe UnsafeMutableRawBufferPointer(rebasing: memory[index * length..<(index + 1) * length])
    }
}

func nanoseconds() -> Double {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
}

func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

/// Encryption and nothing else.
@safe struct Bare {
    private let handle: gnutls_aead_cipher_hd_t
    private let nonce = [UInt8](repeating: 1, count: 12)
    private let additional = [UInt8](repeating: 2, count: 8)

    init?() {
        var created: gnutls_aead_cipher_hd_t?
        var key = [UInt8](repeating: 3, count: 16)
        let status = unsafe key.withUnsafeMutableBufferPointer { (key) in
            var datum = unsafe gnutls_datum_t(data: key.baseAddress, size: 16)
            return unsafe gnutls_aead_cipher_init(&created, GNUTLS_CIPHER_AES_128_GCM, &datum)
        }
        guard status == 0, let handle = unsafe created else { return nil }
        unsafe self.handle = handle
    }

    func seal(_ arena: Arena) -> Bool {
        var isGood = true
        for index in 0..<arena.count {
            let text = unsafe arena.slot(index).baseAddress.map { unsafe $0 + Arena.front }
            var written = arena.size + Arena.back
            let status = unsafe gnutls_aead_cipher_encrypt(
                handle,
                nonce,
                12,
                additional,
                8,
                16,
                text,
                arena.size,
                text,
                &written
            )
            isGood = isGood && status == 0
        }
        return isGood
    }

    func open(_ arena: Arena) -> Bool {
        var isGood = true
        for index in 0..<arena.count {
            let text = unsafe arena.slot(index).baseAddress.map { unsafe $0 + Arena.front }
            var written = arena.size
            let status = unsafe gnutls_aead_cipher_decrypt(
                handle,
                nonce,
                12,
                additional,
                8,
                16,
                text,
                arena.size + Arena.back,
                text,
                &written
            )
            isGood = isGood && status == 0
        }
        return isGood
    }
}

/// All of it.
final class Whole {
    private let sealer: FrameSealer
    private let opener: FrameOpener
    private var places: [Range<Int>] = []
    private var next: UInt64 = 0
    private let now = Instant(microseconds: 0)

    init() throws {
        var random = SystemRandom()
        let broadcast = try BroadcastSealer(callID: [1], path: [2], random: &random)
        let receiver = BroadcastOpener(broadcast.context)
        let secret = [UInt8](repeating: 4, count: 32)
        try broadcast.install(epoch: 1, hostSecret: secret.span, isRemoval: false, now: now)
        try receiver.install(epoch: 1, hostSecret: secret.span)
        sealer = try broadcast.addTrack(.video, now: now)
        opener = try receiver.track(sealer.index, .video)
    }

    func prepare(_ arena: Arena) { places = [Range<Int>](repeating: 0..<0, count: arena.count) }

    func seal(_ arena: Arena) throws {
        for index in 0..<arena.count {
            places[index] = try unsafe sealer.seal(
                in: arena.slot(index),
                payload: Arena.front..<Arena.front + arena.size,
                position: FramePosition(group: next, frame: UInt64(index)),
                now: now
            )
        }
    }

    func open(_ arena: Arena) throws -> Bool {
        var isGood = true
        for index in 0..<arena.count {
            let frame = unsafe UnsafeMutableRawBufferPointer(rebasing: arena.slot(index)[places[index]])
            let result = try unsafe opener.open(
                in: frame,
                position: FramePosition(group: next, frame: UInt64(index)),
                now: now
            )
            if case .dropped = result { isGood = false }
        }
        next += 1
        return isGood
    }
}

func time(_ body: () throws -> Void) rethrows -> Double {
    let start = nanoseconds()
    try body()
    return nanoseconds() - start
}

guard let bare = Bare() else { exit(1) }
let rounds = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 201
let whole = try Whole()
print(
    "      size   bare seal  ours  ratio   bare open  ours  ratio   (ns a frame, median of \(rounds) rounds)"
)
for size in [160, 1000, 10_000, 50_000] {
    let arena = Arena(size: size)
    whole.prepare(arena)
    var times = [[Double]](repeating: [], count: 4)
    var isGood = true
    for _ in 0..<rounds {
        times[0].append(time { isGood = bare.seal(arena) && isGood })
        times[2].append(time { isGood = bare.open(arena) && isGood })
        times[1].append(try time { try whole.seal(arena) })
        times[3].append(try time { isGood = try whole.open(arena) && isGood })
    }
    guard isGood else {
        print("a frame did not open")
        exit(1)
    }
    let each = times.map { median($0) / Double(arena.count) }
    var line = ""
    for (text, width) in [
        ("\(size)", 10), ("\(Int(each[0]))", 12), ("\(Int(each[1]))", 6), (ratio(each[1], each[0]), 7),
        ("\(Int(each[2]))", 12), ("\(Int(each[3]))", 6), (ratio(each[3], each[2]), 7),
    ] { line += String(repeating: " ", count: max(0, width - text.count)) + text }
    print(line)
}

func ratio(_ a: Double, _ b: Double) -> String {
    let hundredths = Int((100 * a / b).rounded())
    return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
}
