internal import CSodium

/// Locked pages that many small secrets share.
///
/// A secret with pages of its own costs several system calls and tens of kilobytes of address space, which is right for a
/// few long-lived keys and wrong for the thousands of a key tree. A secret of an arena takes one slot, which is zeroed when
/// the secret ends. The pages are given back when the arena and all its secrets are gone. One thread's, as its secrets are.
@safe package final class SecretArena {
    /// The longest secret that is kept in a slot; the output of SHA-512 fits.
    package static let slotByteCount = 64
    /// The first slab; every later one is twice as large as the one before it, up to the limit.
    private static let firstSlotCount = 32
    private static let largestSlotCount = 1024

    private var slabs: [UnsafeMutablePointer<UInt8>] = unsafe []
    private var free: [UnsafeMutablePointer<UInt8>] = unsafe []
    private var slotCount = 0

    package init() {}

    deinit {
        while let slab = unsafe slabs.popLast() { unsafe sodium_free(slab) }
    }

    /// How many slots are taken.
    package var secretCount: Int { unsafe slotCount - free.count }

    /// A slot of zeros.
    func take() throws(CryptoError) -> UnsafeMutablePointer<UInt8> {
        if unsafe free.isEmpty { try grow() }
        guard let slot = unsafe free.popLast() else {
            throw CryptoError(.outOfMemory, "no memory for secrets")
        }
        return unsafe slot
    }

    func giveBack(_ slot: UnsafeMutablePointer<UInt8>) {
        unsafe sodium_memzero(slot, Self.slotByteCount)
        unsafe free.append(slot)
    }

    private func grow() throws(CryptoError) {
        try Sodium.require()
        let count = min(max(slotCount, Self.firstSlotCount), Self.largestSlotCount)
        guard let memory = unsafe sodium_malloc(count * Self.slotByteCount) else {
            throw CryptoError(.outOfMemory, "no memory for secrets")
        }
        let slab = unsafe memory.bindMemory(to: UInt8.self, capacity: count * Self.slotByteCount)
        unsafe sodium_memzero(slab, count * Self.slotByteCount)
        unsafe slabs.append(slab)
        slotCount += count
        // Room for all, so that giving back never allocates.
        unsafe free.reserveCapacity(slotCount)
        for index in (0..<count).reversed() { unsafe free.append(slab + index * Self.slotByteCount) }
    }
}
