/// A picture in planar YUV with chroma of half the width and height (I420), in memory shared by its copies.
///
/// Copying a picture copies a reference. Only who took it from a pool may write it, before handing it on.
@safe package struct Picture {
    package let memory: PictureMemory
    package let width: Int
    package let height: Int
    /// Bytes from one row to the next, positive.
    package let lumaStride: Int
    package let chromaStride: Int
    /// Microseconds on the media clock: when the picture was taken.
    package var timestamp: Int64
    package var color: PictureColor
    /// How to turn it for display; its width and height are those before.
    package var rotation: PictureRotation

    /// The largest width and height of any picture here: what level 5.2 of H.264 and common hardware can do.
    package static let sizeLimit = 4096

    /// A picture of its own memory with samples that mean nothing yet; nil when the size is none or beyond the limit.
    package init?(width: Int, height: Int, timestamp: Int64 = 0, color: PictureColor = .standard) {
        guard let size = Self.byteCount(width: width, height: height) else { return nil }
        self.init(
            PictureMemory(capacity: size),
            width: width,
            height: height,
            timestamp: timestamp,
            color: color
        )
    }

    /// `memory` has room for the picture, and `byteCount` says so.
    init(_ memory: PictureMemory, width: Int, height: Int, timestamp: Int64, color: PictureColor) {
        self.memory = memory
        self.width = width
        self.height = height
        lumaStride = PictureMemory.aligned(width)
        chromaStride = PictureMemory.aligned((width + 1) / 2)
        self.timestamp = timestamp
        self.color = color
        rotation = .none
    }

    package var chromaWidth: Int { (width + 1) / 2 }
    package var chromaHeight: Int { (height + 1) / 2 }

    /// How much memory a picture takes; nil when there can be no such picture.
    package static func byteCount(width: Int, height: Int) -> Int? {
        guard (1...sizeLimit).contains(width), (1...sizeLimit).contains(height) else { return nil }
        let luma = PictureMemory.aligned(width) * height
        return luma + 2 * PictureMemory.aligned((width + 1) / 2) * ((height + 1) / 2)
    }

    package enum Plane: Int, CaseIterable, Sendable { case y, u, v }

    package func stride(of plane: Plane) -> Int { plane == .y ? lumaStride : chromaStride }

    /// Where a plane begins; valid while `memory` is alive.
    package func start(of plane: Plane) -> UnsafeMutableRawPointer {
        let offset = lumaStride * height
        return switch plane {
        case .y: unsafe memory.base
        case .u: unsafe memory.base + offset
        case .v: unsafe memory.base + offset + chromaStride * chromaHeight
        }
    }

    /// All rows of a plane, with the unused bytes at their ends.
    @_lifetime(borrow self)
    package borrowing func samples(of plane: Plane) -> Span<UInt8> {
        let rows = plane == .y ? height : chromaHeight
        let bytes = unsafe UnsafeRawBufferPointer(start: start(of: plane), count: stride(of: plane) * rows)
        return unsafe _overrideLifetime(Span(_unsafeBytes: bytes), borrowing: self)
    }

    /// The rows of a plane for writing, by the one who took the picture from its pool.
    @_lifetime(&self)
    package mutating func mutableSamples(of plane: Plane) -> MutableSpan<UInt8> {
        let rows = plane == .y ? height : chromaHeight
        let bytes = unsafe UnsafeMutableRawBufferPointer(
            start: start(of: plane),
            count: stride(of: plane) * rows
        )
        return unsafe _overrideLifetime(MutableSpan(_unsafeBytes: bytes), mutating: &self)
    }
}
