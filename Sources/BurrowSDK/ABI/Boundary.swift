import BurrowEngine
import CBurrow
import CBurrowShims

/// The one way from a call of the host into the library and back: nothing passes without a look at the fork mark, and
/// every failure leaves its sentence with the calling thread.
enum Boundary {
    /// Runs what a function of the header does and turns the result into a status.
    static func enter(_ body: () throws(EngineError) -> burrow_status) -> burrow_status {
        guard cburrow_is_forked() == 0 else {
            return report(EngineError(.forked, "not usable in a forked child"))
        }
        do throws(EngineError) {
            return try body()
        } catch {
            return report(error)
        }
    }

    private static func report(_ error: EngineError) -> burrow_status {
        var sentence = error.context
        sentence.withUTF8 { (bytes) in
            unsafe bytes.withMemoryRebound(to: CChar.self) { (characters) in
                guard let first = characters.baseAddress else { return }
                unsafe cburrow_set_last_error(first, characters.count)
            }
        }
        return StatusMapping.status(of: error.code)
    }
}

/// Resolves a handle and runs `body` with its object; the rest as `Boundary.enter`.
func withHandle<Object: HandleObject>(
    _ handle: OpaquePointer?,
    as type: Object.Type,
    _ body: (Object) throws(EngineError) -> burrow_status
) -> burrow_status {
    Boundary.enter { () throws(EngineError) -> burrow_status in
        guard let handle = unsafe handle else {
            throw EngineError(.invalidArgument, "the \(Object.kind) is NULL")
        }
        let number = UInt(bitPattern: handle)
        guard let status = try HandleTable.shared.with(number, as: type, body) else {
            throw stale(number, Object.kind)
        }
        return status
    }
}

/// As `withHandle`, for functions that tracks and codecs have in common.
func withTrack(
    _ handle: OpaquePointer?,
    _ body: (HostTrack) throws(EngineError) -> burrow_status,
    codec: (HostCodec) throws(EngineError) -> burrow_status
) -> burrow_status {
    Boundary.enter { () throws(EngineError) -> burrow_status in
        guard let handle = unsafe handle else { throw EngineError(.invalidArgument, "the track is NULL") }
        let number = UInt(bitPattern: handle)
        if let status = try HandleTable.shared.with(number, as: HostTrack.self, body) { return status }
        if let status = try HandleTable.shared.with(number, as: HostCodec.self, codec) { return status }
        throw stale(number, .track)
    }
}

/// As `withHandle`, for functions of two kinds of handles.
func withHandle<First: HandleObject, Second: HandleObject>(
    _ handle: UnsafeMutableRawPointer?,
    as first: First.Type,
    _ body: (First) throws(EngineError) -> burrow_status,
    or second: Second.Type,
    _ other: (Second) throws(EngineError) -> burrow_status
) -> burrow_status {
    Boundary.enter { () throws(EngineError) -> burrow_status in
        guard let handle = unsafe handle else {
            throw EngineError(.invalidArgument, "the \(First.kind) or \(Second.kind) is NULL")
        }
        let number = UInt(bitPattern: handle)
        if let status = try HandleTable.shared.with(number, as: first, body) { return status }
        if let status = try HandleTable.shared.with(number, as: second, other) { return status }
        throw EngineError(
            .staleHandle,
            "not a handle of a \(First.kind) or \(Second.kind), or released already"
        )
    }
}

/// As `withHandle`, for functions of three kinds of handles.
func withHandle<First: HandleObject, Second: HandleObject, Third: HandleObject>(
    _ handle: UnsafeMutableRawPointer?,
    as first: First.Type,
    _ body: (First) throws(EngineError) -> burrow_status,
    or second: Second.Type,
    _ other: (Second) throws(EngineError) -> burrow_status,
    or third: Third.Type,
    _ last: (Third) throws(EngineError) -> burrow_status
) -> burrow_status {
    Boundary.enter { () throws(EngineError) -> burrow_status in
        guard let handle = unsafe handle else {
            throw EngineError(.invalidArgument, "the \(First.kind), \(Second.kind) or \(Third.kind) is NULL")
        }
        let number = UInt(bitPattern: handle)
        if let status = try HandleTable.shared.with(number, as: first, body) { return status }
        if let status = try HandleTable.shared.with(number, as: second, other) { return status }
        if let status = try HandleTable.shared.with(number, as: third, last) { return status }
        throw EngineError(
            .staleHandle,
            "not a handle of a \(First.kind), \(Second.kind) or \(Third.kind), or released already"
        )
    }
}

/// Why a handle is not what a function wants.
private func stale(_ number: UInt, _ kind: HandleKind) -> EngineError {
    let isCodec = HandleTable.shared.with(number, as: HostCodec.self) { (_) in true } ?? false
    guard kind == .track, isCodec else {
        return EngineError(.staleHandle, "not a handle of a \(kind), or released already")
    }
    return EngineError(.wrongKind, "encoders and decoders belong to no room")
}

extension burrow_status {
    /// Statuses as the type they are returned with; C gives constants a type of their own.
    static let ok = burrow_status(BURROW_OK)
    static let again = burrow_status(BURROW_AGAIN)
}
