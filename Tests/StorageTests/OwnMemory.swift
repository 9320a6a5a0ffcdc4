import Glibc

/// What is in this process' memory, as somebody would see who got hold of it.
@safe final class OwnMemory {
    private static let size = 8 << 20
    private static let secretByteCount = 64

    /// Holds the secret that is looked for, and what was read while looking. It is not looked at itself.
    private let own: UnsafeMutableRawPointer

    init?() {
        let flags = MAP_PRIVATE | MAP_ANONYMOUS
        guard let own = unsafe mmap(nil, Self.size, PROT_READ | PROT_WRITE, flags, -1, 0),
            unsafe own != MAP_FAILED
        else { return nil }
        for index in 0..<Self.secretByteCount {
            unsafe own.storeBytes(of: UInt8.random(in: 1...255), toByteOffset: index, as: UInt8.self)
        }
        unsafe self.own = own
    }

    deinit {
        unsafe munmap(own, Self.size)
    }

    func secret(times: Int) -> [UInt8] {
        let count = Self.secretByteCount
        return unsafe [UInt8](unsafeUninitializedCapacity: times * count) { (target, size) in
            for start in stride(from: 0, to: times * count, by: count) {
                for index in 0..<count {
                    unsafe target[start + index] = own.load(fromByteOffset: index, as: UInt8.self)
                }
            }
            size = times * count
        }
    }

    /// How often the secret is in memory that can be written.
    var occurrences: Int {
        let file = unsafe open("/proc/self/mem", O_RDONLY)
        guard file >= 0 else { return 0 }
        defer { close(file) }
        var count = 0
        for (start, end) in areas {
            var next = start
            while next < end {
                let chunk = unsafe own + 4096
                let length = unsafe pread(file, chunk, min(Self.size - 4096, end - next), next)
                guard length > 0 else { break }
                count += unsafe found(in: chunk, length)
                if next + length >= end { break }
                next += max(length - Self.secretByteCount + 1, 1)
            }
        }
        return count
    }

    private func found(in chunk: UnsafeMutableRawPointer, _ length: Int) -> Int {
        var count = 0
        var place = 0
        let first = unsafe Int32(own.load(as: UInt8.self))
        while let hit = unsafe memchr(chunk + place, first, length - place) {
            place = unsafe hit - UnsafeMutableRawPointer(chunk)
            guard place + Self.secretByteCount <= length else { break }
            if unsafe memcmp(hit, own, Self.secretByteCount) == 0 { count += 1 }
            place += 1
        }
        return count
    }

    /// All but our own, which may be in one line with what is beside it.
    private var areas: [(start: Int, end: Int)] {
        let text = String(decoding: TemporaryFolder.read("/proc/self/maps"), as: UTF8.self)
        let ownStart = unsafe Int(bitPattern: own)
        let ownEnd = ownStart + Self.size
        var areas: [(start: Int, end: Int)] = []
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count > 1, fields[1].hasPrefix("rw") else { continue }
            let ends = fields[0].split(separator: "-").compactMap { Int($0, radix: 16) }
            guard ends.count == 2 else { continue }
            if ends[0] < min(ends[1], ownStart) { areas.append((ends[0], min(ends[1], ownStart))) }
            if max(ends[0], ownEnd) < ends[1] { areas.append((max(ends[0], ownEnd), ends[1])) }
        }
        return areas
    }
}
