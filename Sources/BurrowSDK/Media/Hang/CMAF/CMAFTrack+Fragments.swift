import BurrowBase

extension CMAFTrack {
    /// What a track fragment's header says for all its samples (ISO/IEC 14496-12 §8.8.7).
    private struct FragmentHeader {
        var duration: UInt32
        var size: UInt32
    }

    /// Where reading stands in one fragment.
    private struct Cursor {
        /// In units of the timescale.
        var time: UInt64 = 0
        /// In the frame.
        var offset = 0
        /// Of the whole frame: bytes can be named more than once, so they do not bound them.
        var samples = 0
    }

    /// Appends the samples of all fragments in one frame: `moof` and `mdat`, one or more times.
    func read(
        _ frame: Slice,
        isKey: Bool,
        isEveryKey: Bool,
        into frames: inout ContiguousArray<EncodedFrame>
    ) throws(MediaError) {
        let before = frames.count
        do {
            try readFragments(frame, &frames)
        } catch {
            frames.removeSubrange(before...)
            throw error
        }
        guard isKey, before < frames.count else { return }
        for index in before..<(isEveryKey ? frames.count : before + 1) { frames[index].isKey = true }
    }

    private func readFragments(
        _ frame: Slice,
        _ frames: inout ContiguousArray<EncodedFrame>
    ) throws(MediaError) {
        var boxes = BoxReader(frame)
        var cursor = Cursor()
        var movie: Box?
        var isComplete = false
        while let box = try boxes.next() {
            if box.type == BoxType("moof") {
                movie = box
            } else if box.type == BoxType("mdat"), let fragment = movie {
                try readFragment(fragment, data: box, frame, &cursor, &frames)
                movie = nil
                isComplete = true
            }
        }
        guard isComplete, movie == nil else {
            throw MediaError(.malformed, "cmaf: frame is not moof and mdat")
        }
    }

    private func readFragment(
        _ movie: Box,
        data: Box,
        _ frame: Slice,
        _ cursor: inout Cursor,
        _ frames: inout ContiguousArray<EncodedFrame>
    ) throws(MediaError) {
        var boxes = BoxReader(movie.body)
        while let box = try boxes.next() {
            guard box.type == BoxType("traf") else { continue }
            guard let header = try header(try Self.inner("tfhd", of: box.body)) else { continue }
            cursor.time = try Self.decodeTime(try Self.inner("tfdt", of: box.body))
            cursor.offset = data.bodyStart
            var runs = BoxReader(box.body)
            while let run = try runs.next() {
                guard run.type == BoxType("trun") else { continue }
                try readRun(run.body, header, base: movie.start, data, frame, &cursor, &frames)
            }
        }
    }

    private static func inner(_ name: StaticString, of fragment: Slice) throws(MediaError) -> Slice {
        guard let body = try BoxReader.first(BoxType(name), in: fragment) else {
            throw MediaError(.malformed, "cmaf: no \(name) box")
        }
        return body
    }

    /// `nil` when the fragment is another track's.
    private func header(_ body: Slice) throws(MediaError) -> FragmentHeader? {
        do {
            var reader = ByteReader(body.span)
            let flags = try reader.readVersionAndFlags().flags
            guard try reader.readUInt32() == identifier else { return nil }
            guard flags & 0x1 == 0 else {
                throw MediaError(.unsupported, "cmaf: samples placed by their position in a file")
            }
            if flags & 0x2 != 0 { _ = try reader.readUInt32() }
            let duration = flags & 0x8 != 0 ? try reader.readUInt32() : defaultDuration
            let size = flags & 0x10 != 0 ? try reader.readUInt32() : defaultSize
            return FragmentHeader(duration: duration, size: size)
        } catch let error as MediaError {
            throw error
        } catch {
            throw MediaError(.malformed, "cmaf: tfhd box is too short")
        }
    }

    private static func decodeTime(_ body: Slice) throws(MediaError) -> UInt64 {
        do {
            var reader = ByteReader(body.span)
            let version = try reader.readVersionAndFlags().version
            return version == 1 ? try reader.readUInt64() : UInt64(try reader.readUInt32())
        } catch {
            throw MediaError(.malformed, "cmaf: tfdt box is too short")
        }
    }

    /// One `trun` box (§8.8.8).
    private func readRun(
        _ body: Slice,
        _ header: FragmentHeader,
        base: Int,
        _ data: Box,
        _ frame: Slice,
        _ cursor: inout Cursor,
        _ frames: inout ContiguousArray<EncodedFrame>
    ) throws(MediaError) {
        do {
            var reader = ByteReader(body.span)
            let (version, flags) = try reader.readVersionAndFlags()
            let count = try reader.readUInt32()
            if flags & 0x1 != 0 {
                let offset = Int(Int32(bitPattern: try reader.readUInt32()))
                cursor.offset = base + offset
            }
            if flags & 0x4 != 0 { _ = try reader.readUInt32() }
            guard count <= HangLimits.fragmentSamples,
                cursor.samples + Int(count) <= HangLimits.fragmentSamples
            else {
                throw MediaError(
                    .limit,
                    "cmaf: more than \(HangLimits.fragmentSamples) samples in a fragment"
                )
            }
            cursor.samples += Int(count)
            for _ in 0..<count {
                let duration = flags & 0x100 != 0 ? try reader.readUInt32() : header.duration
                let size = Int(flags & 0x200 != 0 ? try reader.readUInt32() : header.size)
                if flags & 0x400 != 0 { _ = try reader.readUInt32() }
                var composition: Int64 = 0
                if flags & 0x800 != 0 {
                    let raw = try reader.readUInt32()
                    composition = version == 0 ? Int64(raw) : Int64(Int32(bitPattern: raw))
                }
                guard cursor.offset >= data.bodyStart, size <= data.end - cursor.offset else {
                    throw MediaError(.malformed, "cmaf: sample lies outside of its mdat box")
                }
                let timestamp = try timestamp(cursor.time, composition)
                if size > 0 {
                    let sample = frame.dropFirst(cursor.offset).prefix(size)
                    frames.append(EncodedFrame(timestamp: timestamp, isKey: false, payload: sample))
                }
                cursor.offset += size
                cursor.time = cursor.time.addingReportingOverflow(UInt64(duration)).partialValue
            }
        } catch let error as MediaError {
            throw error
        } catch {
            throw MediaError(.malformed, "cmaf: trun box is too short")
        }
    }

    private func timestamp(_ decoding: UInt64, _ composition: Int64) throws(MediaError) -> Int64 {
        let (time, overflow) =
            composition >= 0
            ? decoding.addingReportingOverflow(UInt64(composition))
            : decoding.subtractingReportingOverflow(composition.magnitude)
        guard !overflow, let result = Timescale.microseconds(time, timescale: UInt64(timescale)) else {
            throw MediaError(.malformed, "cmaf: sample at no usable time")
        }
        return result
    }
}
