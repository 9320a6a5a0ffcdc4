import Synchronization

/// What a handle can stand for. The numbers are part of every handle.
package enum HandleKind: UInt64, Sendable {
    case engine = 1
    case room = 2
    case track = 3
    case relay = 4
    case buffer = 5
    case codec = 6
    case sealer = 7
    case opener = 8
    case identity = 9
    case group = 10
    case call = 11
}

/// Something a host can hold a handle to.
package protocol HandleObject: AnyObject, Sendable {
    static var kind: HandleKind { get }
    /// The host gave up its last reference and no call is running on the object. Called once, on any thread.
    func lastReferenceGone()
}

/// Turns the handles of hosts into objects, and notices every handle that is not one.
///
/// A handle is generation, kind and slot, packed into the bits of a pointer (28/4/32, on 32-bit systems 14/4/14). Each slot
/// has one atomic word with the same generation and kind, the host's references and the calls in progress, so
/// looking a handle up is one compare-and-exchange and never waits. The object stays until both counts are zero.
///
/// One table serves the process, because `burrow_release` gets nothing but a handle.
@safe package final class HandleTable: @unchecked Sendable {
    package static let shared = HandleTable()

    private struct Slot: ~Copyable {
        /// generation << 36 | kind << 32 | references << 16 | calls
        let word = Atomic<UInt64>(0)
        /// Which engine the object belongs to.
        let owner = Atomic<UInt64>(0)
        /// Written by who fills the slot, before the word says so; read only while the slot is pinned.
        var object: (any HandleObject)?
    }

    /// Which slots are free, the one that was freed first in front, so that generations last.
    private struct FreeSlots {
        var queue: ContiguousArray<UInt32> = []
        var head = 0
        var made = 0
    }

    private static let chunkBits = 10
    private static let chunkSize = 1 << chunkBits
    private static let slotBits = UInt64(UInt.bitWidth == 64 ? 32 : 14)
    private static let generationMask: UInt64 = UInt.bitWidth == 64 ? (1 << 28) - 1 : (1 << 14) - 1
    private static let chunkLimit = UInt.bitWidth == 64 ? 1024 : 16
    /// A slot rests until this many others were freed.
    private static let resting = 1024
    private static let countLimit: UInt64 = 0xffff

    private let chunks: UnsafeMutablePointer<Atomic<UnsafeMutableRawPointer?>>
    private let free = Guarded(FreeSlots())

    package init() {
        unsafe chunks = .allocate(capacity: Self.chunkLimit)
        for index in 0..<Self.chunkLimit { unsafe (chunks + index).initialize(to: Atomic(nil)) }
    }

    deinit {
        for index in 0..<Self.chunkLimit {
            guard let raw = unsafe chunks[index].load(ordering: .acquiring) else { continue }
            let slots = unsafe raw.assumingMemoryBound(to: Slot.self)
            unsafe slots.deinitialize(count: Self.chunkSize)
            unsafe slots.deallocate()
        }
        unsafe chunks.deinitialize(count: Self.chunkLimit)
        unsafe chunks.deallocate()
    }

    // MARK: Making

    /// Gives an object a handle with one reference, or 0 when the table is full.
    package func insert<Object: HandleObject>(_ object: Object, owner: UInt64) -> UInt {
        guard let index = takeFreeSlot(), let slot = unsafe slot(index) else { return 0 }
        let generation = unsafe slot.pointee.word.load(ordering: .relaxed) >> 36
        unsafe slot.pointee.object = object
        unsafe slot.pointee.owner.store(owner, ordering: .relaxed)
        let tag = generation << 4 | Object.kind.rawValue
        unsafe slot.pointee.word.store(tag << 32 | 1 << 16, ordering: .releasing)
        return UInt(truncatingIfNeeded: tag << Self.slotBits | UInt64(index))
    }

    private func takeFreeSlot() -> Int? {
        free.withLock { (state) -> Int? in
            let waiting = state.queue.count - state.head
            let mayGrow = state.made < Self.chunkLimit * Self.chunkSize
            if waiting > 0 && (waiting > Self.resting || !mayGrow) {
                let index = Int(state.queue[state.head])
                state.head += 1
                if state.head > 4096 {
                    state.queue.removeFirst(state.head)
                    state.head = 0
                }
                return index
            }
            guard mayGrow else { return nil }
            let index = state.made
            if index % Self.chunkSize == 0 { addChunk(index >> Self.chunkBits) }
            state.made += 1
            return index
        }
    }

    private func addChunk(_ number: Int) {
        let slots = UnsafeMutablePointer<Slot>.allocate(capacity: Self.chunkSize)
        for position in 0..<Self.chunkSize { unsafe (slots + position).initialize(to: Slot()) }
        unsafe chunks[number].store(UnsafeMutableRawPointer(slots), ordering: .releasing)
    }

    private func slot(_ index: Int) -> UnsafeMutablePointer<Slot>? {
        let number = index >> Self.chunkBits
        guard number < Self.chunkLimit, let raw = unsafe chunks[number].load(ordering: .acquiring) else {
            return nil
        }
        return unsafe raw.assumingMemoryBound(to: Slot.self) + (index & (Self.chunkSize - 1))
    }

    private func slot(of handle: UInt) -> UnsafeMutablePointer<Slot>? {
        unsafe slot(Int(UInt64(handle) & ((1 << Self.slotBits) - 1)))
    }

    /// Whether the word of a slot is of this handle and somebody holds it.
    private func isHeld(_ word: UInt64, _ handle: UInt) -> Bool {
        let wanted = UInt64(handle) >> Self.slotBits
        let kind = word >> 32 & 0xf
        let generation = word >> 36 & Self.generationMask
        return wanted == generation << 4 | kind && kind != 0 && word >> 16 & Self.countLimit > 0
    }

    // MARK: Using

    /// Calls `body` with the object of a handle, which cannot go away meanwhile; `nil` when the handle is stale, of
    /// another kind, or never was one.
    package func with<Object: HandleObject, Result, Failure: Error>(
        _ handle: UInt,
        as type: Object.Type,
        _ body: (Object) throws(Failure) -> Result
    ) throws(Failure) -> Result? {
        guard let slot = unsafe pin(handle, Object.kind) else { return nil }
        defer { unsafe unpin(slot, handle) }
        guard let object = unsafe slot.pointee.object else { return nil }
        // The kind was compared, and each kind is one class.
        return try body(unsafe unsafeDowncast(object, to: Object.self))
    }

    private func pin(_ handle: UInt, _ kind: HandleKind) -> UnsafeMutablePointer<Slot>? {
        guard UInt64(handle) >> Self.slotBits & 0xf == kind.rawValue, let slot = unsafe slot(of: handle)
        else {
            return nil
        }
        var word = unsafe slot.pointee.word.load(ordering: .acquiring)
        while true {
            guard isHeld(word, handle), word & Self.countLimit < Self.countLimit else { return nil }
            let (done, seen) = unsafe slot.pointee.word.compareExchange(
                expected: word,
                desired: word + 1,
                ordering: .acquiringAndReleasing
            )
            if done { return unsafe slot }
            word = seen
        }
    }

    private func unpin(_ slot: UnsafeMutablePointer<Slot>, _ handle: UInt) {
        let (_, left) = unsafe slot.pointee.word.wrappingSubtract(1, ordering: .acquiringAndReleasing)
        if left & 0xffff_ffff == 0 { unsafe vacate(slot, handle) }
    }

    /// Adds a reference. False when the handle is stale or has 65535 of them.
    package func retain(_ handle: UInt) -> Bool {
        changeReferences(of: handle, up: true)
    }

    /// Gives up a reference. False when the handle is stale.
    @discardableResult
    package func release(_ handle: UInt) -> Bool {
        changeReferences(of: handle, up: false)
    }

    private func changeReferences(of handle: UInt, up: Bool) -> Bool {
        guard let slot = unsafe slot(of: handle) else { return false }
        var word = unsafe slot.pointee.word.load(ordering: .acquiring)
        while true {
            guard isHeld(word, handle) else { return false }
            if up && word >> 16 & Self.countLimit == Self.countLimit { return false }
            let changed = up ? word + 1 << 16 : word - 1 << 16
            let (done, seen) = unsafe slot.pointee.word.compareExchange(
                expected: word,
                desired: changed,
                ordering: .acquiringAndReleasing
            )
            if done {
                if changed & 0xffff_ffff == 0 { unsafe vacate(slot, handle) }
                return true
            }
            word = seen
        }
    }

    /// Whether a handle is good at this moment.
    package func isCurrent(_ handle: UInt) -> Bool {
        guard let slot = unsafe slot(of: handle) else { return false }
        return isHeld(unsafe slot.pointee.word.load(ordering: .acquiring), handle)
    }

    /// Makes every handle of an engine stale, whatever references there are. Calls in progress finish.
    package func invalidate(owner: UInt64) {
        let made = free.withLock { $0.made }
        for index in 0..<made {
            guard let slot = unsafe slot(index) else { continue }
            var word = unsafe slot.pointee.word.load(ordering: .acquiring)
            // The word is read first: when it is still the same afterwards, so was the owner.
            while word >> 16 & Self.countLimit > 0,
                unsafe slot.pointee.owner.load(ordering: .relaxed) == owner
            {
                let bare = word & ~(Self.countLimit << 16)
                let (done, seen) = unsafe slot.pointee.word.compareExchange(
                    expected: word,
                    desired: bare,
                    ordering: .acquiringAndReleasing
                )
                if done {
                    if bare & 0xffff_ffff == 0 { unsafe vacate(slot, UInt(index)) }
                    break
                }
                word = seen
            }
        }
    }

    // MARK: Emptying

    /// Both counts are zero, so this thread alone owns the slot: frees it under the next generation.
    private func vacate(_ slot: UnsafeMutablePointer<Slot>, _ handle: UInt) {
        let object = unsafe slot.pointee.object
        unsafe slot.pointee.object = nil
        let generation = unsafe (slot.pointee.word.load(ordering: .relaxed) >> 36 &+ 1) & Self.generationMask
        unsafe slot.pointee.word.store(generation << 36, ordering: .releasing)
        let index = UInt32(truncatingIfNeeded: UInt64(handle) & ((1 << Self.slotBits) - 1))
        free.withLock { $0.queue.append(index) }
        object?.lastReferenceGone()
    }
}
