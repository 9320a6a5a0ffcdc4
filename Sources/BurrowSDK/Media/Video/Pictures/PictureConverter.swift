import CBurrowMedia

/// Turns pictures of any supported format, size, colour and orientation into others, by libyuv. Keeps memory for what
/// lies between, so the same conversion costs no allocation the second time. One thread at a time.
///
/// RGB becomes RGB without losing chroma on the way. Everything else passes through I420. Results are within 3 of what
/// the standards say, except blue from BT.709 in limited range: libyuv gives it 5 % too little of its distance from grey.
package final class PictureConverter {
    private enum Step { case gather, scale, turn, recolor }

    /// Pictures between two steps, in turn; a step needs at most three: what it reads, writes, and colours between.
    private var scratch: [PictureMemory?] = [nil, nil, nil]
    private var hand = 0

    package init() {}

    /// Writes `source`, turned upright by its rotation, scaled to the size of `target`, in its format and colours.
    /// The two must not overlap in memory.
    package func convert(_ source: PictureView, to target: PictureView) throws(MediaError) {
        let isRGB = source.format.isRGB && target.format.isRGB
        let upright =
            source.rotation.isSideways ? (target.height, target.width) : (target.width, target.height)
        let needsScale = upright != (source.width, source.height)
        let needsTurn = source.rotation != .none
        let needsRecolor = !source.format.isRGB && !target.format.isRGB && source.color != target.color
        // Pixels of a column can only be counted in whole pixels.
        let isGathered =
            source.hasOnlyPositiveStrides && (isRGB ? source.strides.0 % 4 == 0 : source.format == .i420)
        let isDirect =
            target.hasOnlyPositiveStrides && (isRGB ? target.format == source.format : target.format == .i420)
        let last: Step = needsRecolor ? .recolor : needsTurn ? .turn : needsScale ? .scale : .gather

        /// Where a step writes: the target itself if nothing comes after.
        func destination(_ step: Step, width: Int, height: Int, color: PictureColor) -> PictureView {
            if step == last && isDirect { return target }
            return isRGB
                ? rgb(source.format, width: width, height: height)
                : i420(width: width, height: height, color: color)
        }

        var current = source
        if !isGathered || (last == .gather && isDirect) {
            let color = source.format.isRGB ? target.color : source.color
            let next = destination(.gather, width: source.width, height: source.height, color: color)
            try unsafe check(isRGB ? cburrow_image_copy_rgb : cburrow_image_to_i420, current, next)
            current = next
        }
        if needsScale {
            let next = destination(.scale, width: upright.0, height: upright.1, color: current.color)
            try unsafe check(cburrow_image_scale, current, next)
            current = next
        }
        if needsTurn {
            let next = destination(.turn, width: target.width, height: target.height, color: current.color)
            let degrees = Int32(source.rotation.rawValue)
            try unsafe check({ unsafe cburrow_image_rotate($0, $1, degrees) }, current, next)
            current = next
        }
        if needsRecolor {
            let between = rgb(.bgra, width: target.width, height: target.height)
            let next = destination(.recolor, width: target.width, height: target.height, color: target.color)
            try unsafe check(cburrow_image_from_i420, current, between)
            try unsafe check(cburrow_image_to_i420, between, next)
            current = next
        }
        if !isDirect {
            try unsafe check(isRGB ? cburrow_image_copy_rgb : cburrow_image_from_i420, current, target)
        }
    }

    /// Memory of the picture between this step and the next.
    private func memory(_ size: Int) -> PictureMemory {
        hand = (hand + 1) % scratch.count
        if let memory = scratch[hand], memory.capacity >= size { return memory }
        let memory = PictureMemory(capacity: size)
        scratch[hand] = memory
        return memory
    }

    /// The size is that of a view, so within the limits.
    private func i420(width: Int, height: Int, color: PictureColor) -> PictureView {
        let memory = memory(Picture.byteCount(width: width, height: height) ?? 0)
        return PictureView(Picture(memory, width: width, height: height, timestamp: 0, color: color))
    }

    private func rgb(_ format: PictureFormat, width: Int, height: Int) -> PictureView {
        let memory = memory(PictureMemory.aligned(4 * width) * height)
        return PictureView(rgb: memory, format: format, width: width, height: height)
    }

    private func check(
        _ function: (UnsafePointer<cburrow_image>, UnsafePointer<cburrow_image>) -> Int32,
        _ source: PictureView,
        _ target: PictureView
    ) throws(MediaError) {
        var (from, to) = unsafe (source.image, target.image)
        guard unsafe function(&from, &to) == 0 else {
            throw MediaError(.codec, "no conversion from \(source.format) to \(target.format)")
        }
    }
}

extension PictureView {
    /// For the shim. All numbers are far below the limits of 32 bits.
    var image: cburrow_image {
        var image = unsafe cburrow_image()
        unsafe image.format =
            switch format {
            case .i420: Int32(CBURROW_IMAGE_I420.rawValue)
            case .nv12: Int32(CBURROW_IMAGE_NV12.rawValue)
            case .nv21: Int32(CBURROW_IMAGE_NV21.rawValue)
            case .rgba: Int32(CBURROW_IMAGE_RGBA.rawValue)
            case .bgra: Int32(CBURROW_IMAGE_BGRA.rawValue)
            }
        unsafe image.color =
            switch (color.matrix, color.range) {
            case (.bt601, .limited): Int32(CBURROW_IMAGE_BT601.rawValue)
            case (.bt601, .full): Int32(CBURROW_IMAGE_BT601_FULL.rawValue)
            case (.bt709, .limited): Int32(CBURROW_IMAGE_BT709.rawValue)
            case (.bt709, .full): Int32(CBURROW_IMAGE_BT709_FULL.rawValue)
            }
        unsafe (image.width, image.height) = (Int32(clamping: width), Int32(clamping: height))
        unsafe image.plane0 = planes.0.assumingMemoryBound(to: UInt8.self)
        unsafe image.plane1 = planes.1.assumingMemoryBound(to: UInt8.self)
        unsafe image.plane2 = planes.2.assumingMemoryBound(to: UInt8.self)
        unsafe image.stride0 = Int32(clamping: strides.0)
        unsafe image.stride1 = Int32(clamping: strides.1)
        unsafe image.stride2 = Int32(clamping: strides.2)
        return unsafe image
    }
}
