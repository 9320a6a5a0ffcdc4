import BurrowMedia
import Glibc

/// A picture as a host has it: any format, rows with gaps, in either direction, and marked memory between the planes, so
/// a write there is seen. Behind the last byte is memory that nobody may even read.
@safe final class HostPicture {
    let format: PictureFormat
    let width: Int
    let height: Int
    private let memory: UnsafeMutableRawBufferPointer
    private let pages: (start: UnsafeMutableRawPointer, size: Int)
    /// Of each plane: where its first row is, the stride, the bytes of a row and the rows.
    private var planes: [(start: Int, stride: Int, bytes: Int, rows: Int)] = []
    private static let mark: UInt8 = 0xa5

    init(_ format: PictureFormat, _ width: Int, _ height: Int, gap: Int = 0, isUpsideDown: Bool = false) {
        (self.format, self.width, self.height) = (format, width, height)
        let (chromaWidth, chromaHeight) = ((width + 1) / 2, (height + 1) / 2)
        let shapes: [(Int, Int)] =
            switch format {
            case .i420: [(width, height), (chromaWidth, chromaHeight), (chromaWidth, chromaHeight)]
            case .nv12, .nv21: [(width, height), (2 * chromaWidth, chromaHeight)]
            case .rgba, .bgra: [(4 * width, height)]
            }
        var offset = 64
        for (bytes, rows) in shapes {
            let stride = bytes + gap
            let start = isUpsideDown ? offset + (rows - 1) * stride : offset
            planes.append((start, isUpsideDown ? -stride : stride, bytes, rows))
            offset += stride * rows + 64
        }
        // The last row has no gap behind it either, as hosts need not have one.
        offset -= 64 + (isUpsideDown ? 0 : gap)
        let page = 4096
        let size = (offset + page - 1) / page * page
        let flags = MAP_PRIVATE | MAP_ANONYMOUS
        guard let start = unsafe mmap(nil, size + page, PROT_READ | PROT_WRITE, flags, -1, 0),
            unsafe start != MAP_FAILED
        else { fatalError("no memory for a picture") }
        unsafe pages = (start, size + page)
        unsafe mprotect(start + size, page, PROT_NONE)
        unsafe memory = .init(start: start + size - offset, count: offset)
        for index in 0..<offset { unsafe memory[index] = Self.mark }
    }

    deinit { unsafe munmap(pages.start, pages.size) }

    func view(_ color: PictureColor = .standard, rotation: PictureRotation = .none) throws -> PictureView {
        func start(_ index: Int) -> UnsafeMutableRawPointer? {
            index < planes.count ? unsafe memory.baseAddress.map { unsafe $0 + planes[index].start } : nil
        }
        func stride(_ index: Int) -> Int { index < planes.count ? planes[index].stride : 0 }
        return unsafe try PictureView(
            format: format,
            width: width,
            height: height,
            planes: (start(0), start(1), start(2)),
            strides: (stride(0), stride(1), stride(2)),
            color: color,
            rotation: rotation
        )
    }

    subscript(plane: Int, row: Int, byte: Int) -> UInt8 {
        get { unsafe memory[planes[plane].start + row * planes[plane].stride + byte] }
        set { unsafe memory[planes[plane].start + row * planes[plane].stride + byte] = newValue }
    }

    func fill(_ value: (_ plane: Int, _ row: Int, _ byte: Int) -> UInt8) {
        for (index, plane) in planes.enumerated() {
            for row in 0..<plane.rows {
                for byte in 0..<plane.bytes { self[index, row, byte] = value(index, row, byte) }
            }
        }
    }

    /// Whether nothing but the samples was written.
    var isIntactAround: Bool {
        var isSample = [Bool](repeating: false, count: unsafe memory.count)
        for plane in planes {
            for row in 0..<plane.rows {
                for byte in 0..<plane.bytes { isSample[plane.start + row * plane.stride + byte] = true }
            }
        }
        return isSample.indices.allSatisfy { unsafe isSample[$0] || memory[$0] == Self.mark }
    }

    /// One sample of a planar picture: 0 is luma, 1 Cb, 2 Cr, in the coordinates of its plane.
    func sample(_ component: Int, _ x: Int, _ y: Int) -> Int {
        switch format {
        case .i420: Int(self[component, y, x])
        case .nv12: component == 0 ? Int(self[0, y, x]) : Int(self[1, y, 2 * x + component - 1])
        case .nv21: component == 0 ? Int(self[0, y, x]) : Int(self[1, y, 2 * x + 2 - component])
        case .rgba: Int(self[0, y, 4 * x + component])
        case .bgra: Int(self[0, y, 4 * x + 2 - component])
        }
    }
}
