/// How the samples of a picture lie in memory.
package enum PictureFormat: Hashable, Sendable, CaseIterable {
    /// Planes of luma, Cb and Cr, the latter two of half the width and height, rounded up.
    case i420
    /// A plane of luma and one of Cb and Cr in turn.
    case nv12
    /// A plane of luma and one of Cr and Cb in turn.
    case nv21
    /// Four bytes a pixel in this order; the last is not looked at, and written as 255.
    case rgba
    case bgra

    package var planes: Int {
        switch self {
        case .i420: 3
        case .nv12, .nv21: 2
        case .rgba, .bgra: 1
        }
    }

    package var isRGB: Bool { self == .rgba || self == .bgra }
}

/// A picture in memory of the host or of this library, for one conversion. Its maker vouches for the memory being
/// there, for writing if it is a target; everything that can be seen from the numbers is checked.
@safe package struct PictureView {
    package let format: PictureFormat
    package let width: Int
    package let height: Int
    /// The first row of each plane; the others lie one stride further each, towards lower addresses if it is negative.
    let planes: (UnsafeMutableRawPointer, UnsafeMutableRawPointer, UnsafeMutableRawPointer)
    let strides: (Int, Int, Int)
    /// Of RGB it says nothing.
    package var color: PictureColor
    package var rotation: PictureRotation

    /// More than any row of 4,096 pixels needs.
    package static let strideLimit = 1 << 17

    /// `planes` and `strides` must have what the format needs; what it does not is ignored.
    package init(
        format: PictureFormat,
        width: Int,
        height: Int,
        planes: (UnsafeMutableRawPointer?, UnsafeMutableRawPointer?, UnsafeMutableRawPointer?),
        strides: (Int, Int, Int),
        color: PictureColor = .standard,
        rotation: PictureRotation = .none
    ) throws(MediaError) {
        guard width > 0, height > 0 else {
            throw MediaError(.invalidArgument, "picture of \(width)x\(height)")
        }
        guard width <= Picture.sizeLimit, height <= Picture.sizeLimit else {
            throw MediaError(.limit, "picture of \(width)x\(height), limit \(Picture.sizeLimit)")
        }
        let chromaWidth = (width + 1) / 2
        let needed =
            switch format {
            case .i420: (width, chromaWidth, chromaWidth)
            case .nv12, .nv21: (width, 2 * chromaWidth, 0)
            case .rgba, .bgra: (4 * width, 0, 0)
            }
        let first = unsafe try Self.plane(0, planes.0, stride: strides.0, needed: needed.0)
        unsafe self.planes = (
            first,
            needed.1 == 0 ? first : try Self.plane(1, planes.1, stride: strides.1, needed: needed.1),
            needed.2 == 0 ? first : try Self.plane(2, planes.2, stride: strides.2, needed: needed.2)
        )
        self.strides = strides
        (self.format, self.width, self.height) = (format, width, height)
        (self.color, self.rotation) = (color, rotation)
    }

    private static func plane(
        _ index: Int,
        _ start: UnsafeMutableRawPointer?,
        stride: Int,
        needed: Int
    ) throws(MediaError) -> UnsafeMutableRawPointer {
        guard let start = unsafe start else {
            throw MediaError(.invalidArgument, "plane \(index) is missing")
        }
        guard stride.magnitude >= needed.magnitude else {
            throw MediaError(
                .invalidArgument,
                "stride \(stride) of plane \(index) for rows of \(needed) bytes"
            )
        }
        guard stride.magnitude <= strideLimit else {
            throw MediaError(.limit, "stride \(stride) of plane \(index), limit \(strideLimit)")
        }
        return unsafe start
    }

    /// A picture of this library; valid while the picture is alive.
    package init(_ picture: Picture) {
        format = .i420
        (width, height) = (picture.width, picture.height)
        unsafe planes = (picture.start(of: .y), picture.start(of: .u), picture.start(of: .v))
        strides = (picture.lumaStride, picture.chromaStride, picture.chromaStride)
        (color, rotation) = (picture.color, picture.rotation)
    }

    /// RGB in memory of this library, its rows aligned.
    init(rgb memory: PictureMemory, format: PictureFormat, width: Int, height: Int) {
        (self.format, self.width, self.height) = (format, width, height)
        unsafe planes = (memory.base, memory.base, memory.base)
        strides = (PictureMemory.aligned(4 * width), 0, 0)
        (color, rotation) = (.standard, .none)
    }

    /// The first row of the first plane.
    package var start: UnsafeMutableRawPointer { unsafe planes.0 }

    var hasOnlyPositiveStrides: Bool {
        strides.0 > 0 && (format.planes < 2 || strides.1 > 0) && (format.planes < 3 || strides.2 > 0)
    }
}
