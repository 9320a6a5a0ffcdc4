import BurrowEngine
import BurrowNostr
import CBurrow

/// Takes arguments of hosts apart. Whatever they hold, the worst that comes of it is an error.
enum Arguments {
    /// No struct of ours comes near this; a larger struct_size is a forgotten one.
    private static let structLimit = 16 * 1024
    /// struct_size and one field.
    private static let structMinimum = 8

    // MARK: Text

    static func text(_ pointer: UnsafePointer<CChar>?, _ name: StaticString) throws(EngineError) -> String {
        guard let pointer = unsafe pointer else { throw EngineError(.invalidArgument, "\(name) is NULL") }
        guard let text = unsafe String(validatingCString: pointer) else {
            throw EngineError(.invalidArgument, "\(name) is not UTF-8")
        }
        return text
    }

    /// `nil` when there is none.
    static func optionalText(
        _ pointer: UnsafePointer<CChar>?,
        _ name: StaticString
    ) throws(EngineError) -> String? {
        guard unsafe pointer != nil else { return nil }
        return unsafe try text(pointer, name)
    }

    /// Copies text out as the header promises: the size needed always, the text only when it fits.
    static func copyOut(
        _ text: String,
        to buffer: UnsafeMutablePointer<CChar>?,
        _ capacity: Int,
        _ length: UnsafeMutablePointer<Int>?
    ) throws(EngineError) -> burrow_status {
        guard let length = unsafe length else { throw EngineError(.invalidArgument, "len is NULL") }
        let needed = text.utf8.count + 1
        unsafe length.pointee = needed
        guard let buffer = unsafe buffer else {
            guard capacity == 0 else { throw EngineError(.invalidArgument, "buf is NULL but cap is not 0") }
            return .ok
        }
        // Capacities beyond what Swift can count are more than enough.
        guard UInt(bitPattern: capacity) >= UInt(needed) else {
            throw EngineError(.bufferTooSmall, "\(needed) bytes are needed, \(capacity) available")
        }
        unsafe write(text, to: UnsafeMutableRawBufferPointer(start: buffer, count: needed))
        return .ok
    }

    /// Copies out a text that is there already; else hands out the request whose completion will carry it.
    static func copyOut(
        _ text: SoonText,
        to buffer: UnsafeMutablePointer<CChar>?,
        _ capacity: Int,
        _ length: UnsafeMutablePointer<Int>?,
        _ request: UnsafeMutablePointer<burrow_request>?
    ) throws(EngineError) -> burrow_status {
        switch text {
        case .now(let text): return unsafe try copyOut(text, to: buffer, capacity, length)
        case .later(let number):
            if let length = unsafe length { unsafe length.pointee = 0 }
            _ = unsafe store(number, in: request)
            return .again
        }
    }

    /// Writes text and a NUL into a field; what does not fit is cut between characters.
    static func write(_ text: String, to field: UnsafeMutableRawBufferPointer) {
        guard field.count > 0 else { return }
        var used = 0
        for character in text.unicodeScalars {
            let bytes = UTF8.encode(character) ?? UTF8.encodedReplacementCharacter
            guard used + bytes.count < field.count else { break }
            for byte in bytes {
                unsafe field[used] = byte
                used += 1
            }
        }
        unsafe field[used] = 0
    }

    /// The texts of an array.
    static func texts(
        _ pointer: UnsafePointer<UnsafePointer<CChar>?>?,
        _ count: Int,
        _ name: StaticString
    ) throws(EngineError) -> [String] {
        guard count != 0 else { return [] }
        guard let pointer = unsafe pointer, (1...1024).contains(count) else {
            throw EngineError(.invalidArgument, "\(name) is NULL or has too many elements")
        }
        var texts: [String] = []
        for index in 0..<count { texts.append(try unsafe text(pointer[index], name)) }
        return texts
    }

    // MARK: Bytes

    /// Copies bytes out as the header promises.
    static func copyOut(
        _ bytes: [UInt8],
        to out: UnsafeMutablePointer<UInt8>?,
        _ capacity: Int,
        _ length: UnsafeMutablePointer<Int>?
    ) throws(EngineError) -> burrow_status {
        guard let length = unsafe length else { throw EngineError(.invalidArgument, "len is NULL") }
        unsafe length.pointee = bytes.count
        guard let out = unsafe out else {
            guard capacity == 0 else { throw EngineError(.invalidArgument, "out is NULL but cap is not 0") }
            return .ok
        }
        guard UInt(bitPattern: capacity) >= UInt(bytes.count) else {
            throw EngineError(.bufferTooSmall, "\(bytes.count) bytes are needed, \(capacity) available")
        }
        for (index, byte) in bytes.enumerated() { unsafe out[index] = byte }
        return .ok
    }

    /// A key, which has at least one byte and not many.
    static func key(
        _ pointer: UnsafePointer<UInt8>?,
        _ count: Int
    ) throws(EngineError) -> UnsafeBufferPointer<UInt8> {
        guard let pointer = unsafe pointer, (1...1024).contains(count) else {
            throw EngineError(.invalidArgument, "key is NULL, empty or too long")
        }
        return unsafe UnsafeBufferPointer(start: pointer, count: count)
    }

    /// A public key, whose size is in the signature.
    static func publicKey(
        _ pointer: UnsafePointer<UInt8>?,
        _ name: StaticString
    ) throws(EngineError) -> PublicKey {
        guard let pointer = unsafe pointer,
            let bytes = unsafe Bytes32(Array(UnsafeBufferPointer(start: pointer, count: 32)))
        else { throw EngineError(.invalidArgument, "\(name) is NULL") }
        return PublicKey(bytes)
    }

    /// Copies a public key out.
    static func copyOut(
        _ key: PublicKey,
        to out: UnsafeMutablePointer<UInt8>?
    ) throws(EngineError) -> burrow_status {
        guard let out = unsafe out else { throw EngineError(.invalidArgument, "out is NULL") }
        for (index, byte) in key.bytes.enumerated() { unsafe out[index] = byte }
        return .ok
    }

    /// Bytes that may be missing altogether.
    static func optionalBytes(
        _ pointer: UnsafePointer<UInt8>?,
        _ count: Int,
        _ name: StaticString
    ) throws(EngineError) -> [UInt8]? {
        guard let pointer = unsafe pointer else {
            guard count == 0 else {
                throw EngineError(.invalidArgument, "\(name) is NULL but its length is not 0")
            }
            return nil
        }
        guard count >= 0 else { throw EngineError(.invalidArgument, "\(name) is too long") }
        return unsafe Array(UnsafeBufferPointer(start: pointer, count: count))
    }

    // MARK: Structs

    /// Reads a configuration of whatever age: absent fields are zero, unknown ones must be.
    static func read<Struct: BitwiseCopyable>(
        _ pointer: UnsafePointer<Struct>?,
        zero: Struct,
        _ name: StaticString
    ) throws(EngineError) -> Struct {
        guard let pointer = unsafe pointer else { throw EngineError(.invalidArgument, "\(name) is NULL") }
        let size = try unsafe size(of: pointer, name)
        let known = MemoryLayout<Struct>.size
        let raw = unsafe UnsafeRawPointer(pointer)
        if size > known {
            for offset in known..<size where unsafe raw.load(fromByteOffset: offset, as: UInt8.self) != 0 {
                throw EngineError(.unsupported, "\(name) has a field this library does not know")
            }
        }
        var value = zero
        unsafe withUnsafeMutableBytes(of: &value) { (bytes) in
            unsafe bytes.copyMemory(from: UnsafeRawBufferPointer(start: raw, count: min(size, known)))
        }
        return value
    }

    /// Writes as much of a struct as the host's version of it has, and how much that is.
    static func write<Struct: BitwiseCopyable>(
        _ value: Struct,
        to pointer: UnsafeMutablePointer<Struct>?,
        _ name: StaticString
    ) throws(EngineError) {
        guard let pointer = unsafe pointer else { throw EngineError(.invalidArgument, "\(name) is NULL") }
        let size = min(try unsafe size(of: pointer, name), MemoryLayout<Struct>.size)
        unsafe copy(value, size, to: UnsafeMutableRawPointer(pointer))
    }

    /// Fills a struct with zeros, which are the defaults.
    static func initialize(_ pointer: UnsafeMutableRawPointer?, _ size: UInt32) throws(EngineError) {
        guard let pointer = unsafe pointer else { throw EngineError(.invalidArgument, "value is NULL") }
        let size = try check(size, "value")
        let raw = unsafe UnsafeMutableRawBufferPointer(start: pointer, count: size)
        for index in raw.indices { unsafe raw[index] = 0 }
        unsafe raw.storeBytes(of: UInt32(size), as: UInt32.self)
    }

    /// Copies a list out as the header promises; the first element's struct_size is the size of all.
    static func copyOut<Element, Struct: BitwiseCopyable>(
        _ list: [Element],
        to out: UnsafeMutablePointer<Struct>?,
        _ capacity: Int,
        _ count: UnsafeMutablePointer<Int>?,
        _ convert: (Element) -> Struct
    ) throws(EngineError) -> burrow_status {
        guard let count = unsafe count else { throw EngineError(.invalidArgument, "count is NULL") }
        unsafe count.pointee = list.count
        guard let out = unsafe out else {
            guard capacity == 0 else { throw EngineError(.invalidArgument, "out is NULL but cap is not 0") }
            return .ok
        }
        guard UInt(bitPattern: capacity) >= UInt(list.count) else {
            throw EngineError(.bufferTooSmall, "\(list.count) elements are needed, \(capacity) available")
        }
        guard !list.isEmpty else { return .ok }
        let stride = try unsafe size(of: out, "out")
        for (index, element) in list.enumerated() {
            let target = unsafe UnsafeMutableRawPointer(out) + index * stride
            unsafe copy(convert(element), min(stride, MemoryLayout<Struct>.size), to: target)
        }
        return .ok
    }

    /// Whether a struct to be filled is there and plausible, before anything happens that could not be undone.
    static func check<Struct>(
        _ pointer: UnsafeMutablePointer<Struct>?,
        _ name: StaticString
    ) throws(EngineError) {
        guard let pointer = unsafe pointer else { throw EngineError(.invalidArgument, "\(name) is NULL") }
        _ = try unsafe size(of: pointer, name)
    }

    /// The size a host claims for a struct.
    static func size<Struct>(
        of pointer: UnsafePointer<Struct>,
        _ name: StaticString
    ) throws(EngineError) -> Int {
        try check(unsafe UnsafeRawPointer(pointer).load(as: UInt32.self), name)
    }

    private static func check(_ size: UInt32, _ name: StaticString) throws(EngineError) -> Int {
        guard let size = Int(exactly: size), (structMinimum...structLimit).contains(size) else {
            throw EngineError(.invalidArgument, "struct_size of \(name) is \(size)")
        }
        return size
    }

    static func copy<Struct: BitwiseCopyable>(
        _ value: Struct,
        _ size: Int,
        to target: UnsafeMutableRawPointer
    ) {
        unsafe withUnsafeBytes(of: value) { (bytes) in
            guard let start = bytes.baseAddress else { return }
            unsafe target.copyMemory(from: start, byteCount: min(size, bytes.count))
        }
        unsafe target.storeBytes(of: UInt32(clamping: size), as: UInt32.self)
    }

    // MARK: Numbers

    /// Refuses flags that mean nothing here.
    static func check(_ flags: UInt32, _ allowed: [Int], _ name: StaticString) throws(EngineError) {
        let known = allowed.reduce(UInt32(0)) { $0 | UInt32(truncatingIfNeeded: $1) }
        guard flags & ~known == 0 else {
            throw EngineError(.unsupported, "\(name) has an unknown flag: \(flags & ~known)")
        }
    }

    /// Refuses what a later version may give a meaning.
    static func check(reserved field: UInt32) throws(EngineError) {
        guard field == 0 else { throw EngineError(.unsupported, "reserved is \(field), not 0") }
    }

    /// A priority between 1 and 255, where 0 asks for the default.
    static func priority(_ number: UInt32, _ usual: UInt8) throws(EngineError) -> UInt8 {
        guard let priority = UInt8(exactly: number) else {
            throw EngineError(.invalidArgument, "priority is above 255")
        }
        return priority == 0 ? usual : priority
    }

    // MARK: Results

    /// Where a new handle goes; NULL there until it exists.
    static func target(
        _ pointer: UnsafeMutablePointer<OpaquePointer?>?
    ) throws(EngineError) -> UnsafeMutablePointer<OpaquePointer?> {
        guard let pointer = unsafe pointer else { throw EngineError(.invalidArgument, "out is NULL") }
        unsafe pointer.pointee = nil
        return unsafe pointer
    }

    /// Hands out a new handle that needs no engine.
    static func store(
        _ handle: UInt,
        in target: UnsafeMutablePointer<OpaquePointer?>
    ) throws(EngineError) -> burrow_status {
        guard handle != 0 else { throw EngineError(.limit, "too many handles") }
        unsafe target.pointee = OpaquePointer(bitPattern: handle)
        return .ok
    }

    static func clear(_ request: UnsafeMutablePointer<burrow_request>?) {
        if let request = unsafe request { unsafe request.pointee = 0 }
    }

    /// Hands out a request's number, if the host wants it.
    static func store(
        _ number: UInt64,
        in request: UnsafeMutablePointer<burrow_request>?
    ) -> burrow_status {
        if let request = unsafe request { unsafe request.pointee = number }
        return .ok
    }
}

extension UInt32 {
    /// Whether a flag of the header is set.
    func has(_ flag: Int) -> Bool { self & UInt32(truncatingIfNeeded: flag) != 0 }
}
