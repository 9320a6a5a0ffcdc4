import BurrowEngine
import BurrowMoQ
import CBurrow

extension burrow_encoded_frame {
    /// A received frame on loan.
    init(_ frame: HostTrack.Frame) {
        unsafe self.init()
        let loan = frame.loan
        unsafe flags = loan.description.flags.rawValue
        unsafe timestamp_us = loan.description.timestamp
        unsafe duration_us = loan.description.duration
        unsafe data = loan.bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
        unsafe len = loan.count
        unsafe buffer = OpaquePointer(bitPattern: frame.handle)
        unsafe group = loan.description.group
        unsafe sequence = loan.description.sequence
    }

    /// What is to be pushed, checked.
    func payload() throws(EngineError) -> UnsafeRawBufferPointer {
        let allowed = [
            BURROW_FRAME_KEY, BURROW_FRAME_DISCONTINUITY, BURROW_FRAME_DATAGRAM, BURROW_FRAME_END_OF_GROUP,
        ]
        try Arguments.check(unsafe flags, allowed, "flags")
        guard unsafe data != nil || len == 0 else { throw EngineError(.invalidArgument, "data is NULL") }
        guard unsafe (0...EngineLimits.frameBytes).contains(len) else {
            throw EngineError(.limit, "frame is larger than \(EngineLimits.frameBytes) bytes")
        }
        return unsafe UnsafeRawBufferPointer(start: data, count: len)
    }
}
