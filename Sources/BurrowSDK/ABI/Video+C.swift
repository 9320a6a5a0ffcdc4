import BurrowBase
import BurrowEngine
import BurrowMedia
import CBurrow

extension PictureFormat {
    init(_ number: Int32) throws(EngineError) {
        switch Int(number) {
        case BURROW_VIDEO_I420: self = .i420
        case BURROW_VIDEO_NV12: self = .nv12
        case BURROW_VIDEO_NV21: self = .nv21
        case BURROW_VIDEO_RGBA: self = .rgba
        case BURROW_VIDEO_BGRA: self = .bgra
        default: throw EngineError(.format, "no such format of pictures: \(number)")
        }
    }
}

extension PictureColor {
    init(_ bits: UInt32) throws(EngineError) {
        try Arguments.check(bits, [BURROW_COLOR_BT709, BURROW_COLOR_FULL_RANGE], "color")
        self.init(
            bits.has(BURROW_COLOR_BT709) ? .bt709 : .bt601,
            bits.has(BURROW_COLOR_FULL_RANGE) ? .full : .limited
        )
    }

    var bits: UInt32 {
        var bits = 0
        if matrix == .bt709 { bits |= BURROW_COLOR_BT709 }
        if range == .full { bits |= BURROW_COLOR_FULL_RANGE }
        return UInt32(bits)
    }
}

extension burrow_video_frame {
    /// A picture on loan.
    init(_ lent: HostTrack.LentPicture) {
        let picture = lent.picture
        unsafe self.init()
        unsafe format = Int32(BURROW_VIDEO_I420)
        unsafe width = UInt32(clamping: picture.width)
        unsafe height = UInt32(clamping: picture.height)
        unsafe rotation = UInt32(clamping: picture.rotation.rawValue)
        unsafe color = picture.color.bits
        unsafe timestamp_us = picture.timestamp
        unsafe plane.0 = picture.start(of: .y).assumingMemoryBound(to: UInt8.self)
        unsafe plane.1 = picture.start(of: .u).assumingMemoryBound(to: UInt8.self)
        unsafe plane.2 = picture.start(of: .v).assumingMemoryBound(to: UInt8.self)
        unsafe stride.0 = Int32(clamping: picture.lumaStride)
        unsafe stride.1 = Int32(clamping: picture.chromaStride)
        unsafe stride.2 = Int32(clamping: picture.chromaStride)
        unsafe buffer = OpaquePointer(bitPattern: lent.handle)
    }

    /// The host's picture, checked as far as numbers can tell.
    func view() throws(EngineError) -> PictureView {
        let format = try PictureFormat(unsafe format)
        guard let turn = unsafe PictureRotation(rawValue: Int(clamping: rotation)) else {
            throw EngineError(.invalidArgument, "rotation is none of 0, 90, 180 and 270")
        }
        // Of RGB there is but one kind.
        let color = unsafe format.isRGB ? .standard : try PictureColor(color)
        let (columns, rows) = unsafe (Int(clamping: width), Int(clamping: height))
        guard (1...Picture.sizeLimit).contains(columns), (1...Picture.sizeLimit).contains(rows) else {
            throw EngineError(.format, "picture of \(columns)x\(rows), limit \(Picture.sizeLimit)")
        }
        do throws(MediaError) {
            return try unsafe PictureView(
                format: format,
                width: columns,
                height: rows,
                planes: (
                    UnsafeMutableRawPointer(plane.0), UnsafeMutableRawPointer(plane.1),
                    UnsafeMutableRawPointer(plane.2)
                ),
                strides: (Int(stride.0), Int(stride.1), Int(stride.2)),
                color: color,
                rotation: turn
            )
        } catch {
            throw EngineError(.invalidArgument, error.context)
        }
    }

    /// Becomes `source` in this frame's own format, size and colours.
    mutating func take(_ source: burrow_video_frame) throws(EngineError) {
        var from = try unsafe source.view()
        let to = try unsafe view()
        // Only the difference is turned.
        let degrees = (from.rotation.rawValue - to.rotation.rawValue + 360) % 360
        from.rotation = PictureRotation(rawValue: degrees) ?? .none
        do throws(MediaError) {
            try PictureConverter().convert(from, to: to)
        } catch {
            throw EngineError(error)
        }
        unsafe timestamp_us = source.timestamp_us
    }

    /// A black picture in memory of the library.
    static func allocate(
        _ engine: Engine,
        _ number: Int32,
        _ width: UInt32,
        _ height: UInt32
    ) throws(EngineError) -> burrow_video_frame {
        let format = try PictureFormat(number)
        let (columns, rows) = (Int(clamping: width), Int(clamping: height))
        guard (1...Picture.sizeLimit).contains(columns), (1...Picture.sizeLimit).contains(rows) else {
            throw EngineError(.format, "picture of \(width)x\(height), limit \(Picture.sizeLimit)")
        }
        let (halfWidth, halfHeight) = ((columns + 1) / 2, (rows + 1) / 2)
        let strides: [Int] =
            switch format {
            case .i420: [columns, halfWidth, halfWidth].map(PictureMemory.aligned)
            case .nv12, .nv21: [columns, 2 * halfWidth].map(PictureMemory.aligned)
            case .rgba, .bgra: [PictureMemory.aligned(4 * columns)]
            }
        let sizes = strides.enumerated().map { $1 * ($0 == 0 ? rows : halfHeight) }
        let memory = PictureMemory(capacity: sizes.reduce(0, +))
        let base = unsafe memory.base.assumingMemoryBound(to: UInt8.self)
        unsafe base.initialize(repeating: format.isRGB ? 0 : 128, count: sizes.reduce(0, +))
        if format.isRGB {
            for alpha in Swift.stride(from: 3, to: sizes[0], by: 4) { unsafe base[alpha] = 255 }
        } else {
            unsafe base.update(repeating: 16, count: sizes[0])
        }
        var frame = unsafe burrow_video_frame()
        unsafe frame.format = number
        unsafe frame.width = width
        unsafe frame.height = height
        unsafe frame.plane.0 = base
        unsafe frame.stride.0 = Int32(clamping: strides[0])
        if sizes.count > 1 {
            unsafe frame.plane.1 = base + sizes[0]
            unsafe frame.stride.1 = Int32(clamping: strides[1])
        }
        if sizes.count > 2 {
            unsafe frame.plane.2 = base + sizes[0] + sizes[1]
            unsafe frame.stride.2 = Int32(clamping: strides[2])
        }
        unsafe frame.buffer = OpaquePointer(bitPattern: try engine.lend(memory))
        return unsafe frame
    }
}
