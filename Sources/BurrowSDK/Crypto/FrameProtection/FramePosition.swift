/// What a track carries. Part of what is authenticated, so the numbers stay.
package enum MediaKind: UInt8, Sendable, CaseIterable {
    case catalogue = 0
    case audio = 1
    case video = 2
    case data = 3
}

/// Where a frame stands in its track, and what a relay may know of it. Both sides take it from the transport, so a frame
/// that a relay put elsewhere does not open.
package struct FramePosition: Equatable, Sendable {
    package var group: UInt64
    package var frame: UInt64
    package var isKey: Bool

    package init(group: UInt64, frame: UInt64, isKey: Bool = false) {
        self.group = group
        self.frame = frame
        self.isKey = isKey
    }
}

/// The metadata of a frame as SFrame authenticates it: version, kind of media, track, group, frame and flags, 27 bytes,
/// numbers big-endian. Never sent. The memory is used again for every frame.
@safe struct FrameMetadata: ~Copyable {
    static let byteCount = 27
    private static let version: UInt8 = 1

    private let memory: UnsafeMutableRawBufferPointer

    init(track: UInt64, kind: MediaKind) {
        unsafe memory = .allocate(byteCount: Self.byteCount, alignment: 1)
        unsafe memory[0] = Self.version
        unsafe memory[1] = kind.rawValue
        write(track, at: 2)
        set(FramePosition(group: 0, frame: 0))
    }

    deinit {
        unsafe memory.deallocate()
    }

    func set(_ position: FramePosition) {
        write(position.group, at: 10)
        write(position.frame, at: 18)
        unsafe memory[26] = position.isKey ? 1 : 0
    }

    /// Good until the next `set`.
    var bytes: UnsafeRawBufferPointer { unsafe UnsafeRawBufferPointer(memory) }

    private func write(_ value: UInt64, at first: Int) {
        unsafe memory.storeBytes(of: value.bigEndian, toByteOffset: first, as: UInt64.self)
    }
}
