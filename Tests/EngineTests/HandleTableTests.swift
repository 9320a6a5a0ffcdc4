import BurrowEngine
import Testing

/// Something to hold a handle to, which counts how often it was let go.
final class Thing: HandleObject {
    static var kind: HandleKind { .room }
    let gone = Guarded(0)

    func lastReferenceGone() { gone.withLock { $0 += 1 } }
}

/// Of another kind.
final class OtherThing: HandleObject {
    static var kind: HandleKind { .track }

    func lastReferenceGone() {}
}

@Suite struct HandleTableTests {
    let table = HandleTable()

    private func isFound(_ handle: UInt) -> Bool {
        table.with(handle, as: Thing.self) { _ in } != nil
    }

    @Test func findsWhatWasInserted() {
        let thing = Thing()
        let handle = table.insert(thing, owner: 1)
        #expect(handle != 0)
        let found = table.with(handle, as: Thing.self) { $0 === thing }
        #expect(found == true)
        #expect(table.with(handle, as: OtherThing.self) { _ in } == nil)
    }

    @Test(arguments: 0..<UInt.bitWidth) func noticesAnyChangedBit(_ bit: Int) {
        let handle = table.insert(Thing(), owner: 1)
        #expect(!isFound(handle ^ 1 << UInt(bit)))
        #expect(isFound(handle))
    }

    @Test(arguments: [0, 1, 0x7fff_1234_5678, UInt.max, UInt.max >> 4, 1 << 32])
    func refusesWhatNeverWasAHandle(_ number: UInt) {
        #expect(!isFound(number))
        #expect(!table.retain(number))
        #expect(!table.release(number))
    }

    @Test func countsReferences() {
        let thing = Thing()
        let handle = table.insert(thing, owner: 1)
        #expect(table.retain(handle))
        #expect(table.release(handle))
        #expect(isFound(handle))
        #expect(table.release(handle))
        #expect(thing.gone.withLock { $0 } == 1)
        #expect(!isFound(handle))
        #expect(!table.release(handle))
        #expect(thing.gone.withLock { $0 } == 1)
    }

    @Test func stopsCountingBeforeTheCountOverflows() {
        let handle = table.insert(Thing(), owner: 1)
        for _ in 1..<65535 { #expect(table.retain(handle)) }
        #expect(!table.retain(handle))
        #expect(isFound(handle))
    }

    @Test func keepsTheObjectWhileACallRuns() {
        let thing = Thing()
        let handle = table.insert(thing, owner: 1)
        _ = table.with(handle, as: Thing.self) { (_) in
            #expect(table.release(handle))
            #expect(!table.release(handle))
            #expect(!isFound(handle))
            #expect(thing.gone.withLock { $0 } == 0)
        }
        #expect(thing.gone.withLock { $0 } == 1)
    }

    @Test func neverGivesTheSameHandleAgain() {
        var seen: Set<UInt> = []
        for _ in 0..<20_000 {
            let handle = table.insert(Thing(), owner: 1)
            #expect(seen.insert(handle).inserted)
            table.release(handle)
        }
        #expect(seen.allSatisfy { !isFound($0) })
    }

    @Test func invalidatesOneOwnerOnly() {
        let mine = (0..<2000).map { _ in table.insert(Thing(), owner: 7) }
        let others = (0..<2000).map { _ in table.insert(Thing(), owner: 8) }
        #expect(table.retain(mine[5]))
        table.invalidate(owner: 7)
        #expect(mine.allSatisfy { !isFound($0) })
        #expect(others.allSatisfy { isFound($0) })
    }

    @Test func isExactUnderContention() {
        let thing = Thing()
        let handle = table.insert(thing, owner: 1)
        let used = Guarded(0)
        onThreads(4) { [table] (number) in
            for round in 0..<5000 {
                if table.retain(handle) {
                    _ = table.with(handle, as: Thing.self) { _ in used.withLock { $0 += 1 } }
                    table.release(handle)
                }
                let own = table.insert(Thing(), owner: UInt64(number))
                if round % 3 == 0 { table.invalidate(owner: 1 << 40) }
                #expect(table.with(own, as: Thing.self) { _ in } != nil)
                table.release(own)
                #expect(table.with(own, as: Thing.self) { _ in } == nil)
            }
        }
        #expect(used.withLock { $0 } == 20_000)
        #expect(table.release(handle))
        #expect(thing.gone.withLock { $0 } == 1)
    }

    @Test func oneOfManyReleasesIsTheLast() {
        for _ in 0..<500 {
            let thing = Thing()
            let handle = table.insert(thing, owner: 1)
            let released = Guarded(0)
            onThreads(4) { [table] (_) in
                _ = table.with(handle, as: Thing.self) { _ in }
                if table.release(handle) { released.withLock { $0 += 1 } }
            }
            #expect(released.withLock { $0 } == 1)
            #expect(thing.gone.withLock { $0 } == 1)
        }
    }
}
