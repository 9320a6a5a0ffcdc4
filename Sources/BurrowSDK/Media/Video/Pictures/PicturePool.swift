/// Memory for pictures, used again when all copies of a picture are gone: in steady state a picture costs no
/// allocation. Never more than a fixed number of pictures are out. Belongs to one thread; the pictures may be let go
/// of on any.
package final class PicturePool {
    package let limit: Int
    private var slots: [PictureMemory] = []
    private var hand = 0
    /// How many pieces of memory were ever made: constant in steady state.
    package private(set) var made = 0

    package init(limit: Int = 8) {
        self.limit = max(limit, 1)
        slots.reserveCapacity(self.limit)
    }

    /// A picture to write into. Nil when `limit` pictures are out, or there can be none of that size.
    package func picture(width: Int, height: Int, timestamp: Int64, color: PictureColor) -> Picture? {
        guard let size = Picture.byteCount(width: width, height: height), let memory = memory(size) else {
            return nil
        }
        return Picture(memory, width: width, height: height, timestamp: timestamp, color: color)
    }

    private func memory(_ size: Int) -> PictureMemory? {
        var tooSmall: Int?
        for _ in 0..<slots.count {
            let index = hand
            hand = hand + 1 < slots.count ? hand + 1 : 0
            guard isKnownUniquelyReferenced(&slots[index]) else { continue }
            if slots[index].capacity >= size { return slots[index] }
            tooSmall = index
        }
        guard tooSmall != nil || slots.count < limit else { return nil }
        let fresh = PictureMemory(capacity: size)
        made += 1
        if let tooSmall {
            slots[tooSmall] = fresh
        } else {
            slots.append(fresh)
        }
        return fresh
    }
}
