import BurrowBase
import BurrowEngine
import BurrowMedia
import BurrowMoQ
import BurrowNostr
import BurrowQUIC
import CBurrow

// From the header's configuration structs to our own values: defaults, units and checks that need no state.

extension SocketBuffers {
    init(_ cfg: burrow_engine_config) throws(EngineError) {
        try Arguments.check(
            unsafe cfg.flags,
            [BURROW_ENGINE_HOST_RELAYS, BURROW_ENGINE_ASK_CALLS, BURROW_ENGINE_PRIVATE_CALLS],
            "flags"
        )
        self.init()
        let wanted = unsafe (receive: cfg.socket_receive_buffer, send: cfg.socket_send_buffer)
        if wanted.receive > 0 { receive = Int32(clamping: wanted.receive) }
        if wanted.send > 0 { send = Int32(clamping: wanted.send) }
    }
}

extension ProxyURL {
    /// `nil` when there is none.
    init?(_ cfg: burrow_engine_config) throws(EngineError) {
        guard let text = unsafe try Arguments.optionalText(cfg.proxy, "proxy") else { return nil }
        do throws(NostrError) { try self.init(text) } catch { throw EngineError(error) }
    }
}

extension [Version] {
    /// The versions a mask allows, best first.
    init(mask: UInt32) throws(EngineError) {
        let bits = Version.preferred.map { (version: $0, bit: UInt32(1) << UInt32($0.rawValue)) }
        let known = bits.reduce(UInt32(0)) { $0 | $1.bit }
        guard mask & ~known == 0 else {
            throw EngineError(.unsupported, "versions has an unknown bit: \(mask & ~known)")
        }
        self = mask == 0 ? Version.preferred : bits.filter { mask & $0.bit != 0 }.map(\.version)
    }
}

extension TransportSettings {
    mutating func setCongestion(_ number: UInt32) throws(EngineError) {
        switch Int(number) {
        case BURROW_CONGESTION_AUTO: break
        case BURROW_CONGESTION_CUBIC: congestionControl = .cubic
        case BURROW_CONGESTION_BBR: congestionControl = .bbr
        case BURROW_CONGESTION_BBR2: congestionControl = .bbr2
        default: throw EngineError(.invalidArgument, "no such congestion controller: \(number)")
        }
    }

    mutating func setQLog(_ folder: String?) throws(EngineError) {
        guard let folder else { return }
        guard SystemCall.isWritableFolder(folder) else {
            throw EngineError(.invalidArgument, "qlog_dir is not a folder that can be written to")
        }
        qlog = true
    }
}

extension Interval {
    /// Milliseconds of a configuration, where 0 asks for the default.
    init(_ milliseconds: UInt32, default standard: Interval) {
        self = milliseconds == 0 ? standard : .milliseconds(Int64(milliseconds))
    }
}

extension BroadcastPath {
    init(_ text: String, _ name: StaticString) throws(EngineError) {
        do {
            try self.init(text)
        } catch {
            throw EngineError(.invalidArgument, "\(name) is longer than a path may be")
        }
        guard utf8.count < BURROW_PATH_SIZE else {
            throw EngineError(.invalidArgument, "\(name) is longer than a path may be")
        }
    }
}

extension TLSContext.ClientTrust {
    mutating func set(
        roots: UnsafePointer<CChar>?,
        pins: UnsafePointer<UInt8>?,
        _ count: Int
    ) throws(EngineError) {
        rootsPEM = unsafe try Arguments.optionalText(roots, "roots_pem").map { Array($0.utf8) }
        guard count != 0 else { return }
        guard let pins = unsafe pins, (1...EngineLimits.pins).contains(count) else {
            throw EngineError(.invalidArgument, "pins is NULL or there are more than \(EngineLimits.pins)")
        }
        pinsSHA256 = (0..<count).map { (index) in
            unsafe Array(UnsafeBufferPointer(start: pins + 32 * index, count: 32))
        }
    }
}

extension RoomConfiguration {
    /// With a URL, that is used instead of the one that stands there.
    init(_ cfg: burrow_room_config, url given: String? = nil) throws(EngineError) {
        try Arguments.check(
            unsafe cfg.flags,
            [
                BURROW_ROOM_INSECURE, BURROW_ROOM_NO_SYSTEM_ROOTS, BURROW_ROOM_NO_RECONNECT,
                BURROW_ROOM_NO_DISCOVERY, BURROW_ROOM_MEDIA, BURROW_ROOM_PROTECTED,
            ],
            "flags"
        )
        try Arguments.check(reserved: unsafe cfg.reserved)
        let text: String
        if let given { text = given } else { text = unsafe try Arguments.text(cfg.url, "url") }
        do throws(RelayURLError) {
            self.init(url: try RelayURL(text))
        } catch {
            throw EngineError(.invalidArgument, "url \(error.context)")
        }
        let path = try BroadcastPath(unsafe Arguments.optionalText(cfg.path, "path") ?? "", "path")
        self.path = path.isEmpty ? nil : path
        prefix = try BroadcastPath(unsafe Arguments.optionalText(cfg.prefix, "prefix") ?? "", "prefix")
        serverName = unsafe try Arguments.optionalText(cfg.server_name, "server_name")
        versions = unsafe try [Version](mask: cfg.versions)
        unsafe reconnects = !cfg.flags.has(BURROW_ROOM_NO_RECONNECT)
        unsafe discovers = !cfg.flags.has(BURROW_ROOM_NO_DISCOVERY)
        unsafe connectTimeout = Interval(cfg.connect_timeout_ms, default: .seconds(10))
        unsafe firstPause = Interval(cfg.reconnect_min_ms, default: .milliseconds(100))
        unsafe longestPause = Interval(cfg.reconnect_max_ms, default: .seconds(10))
        unsafe try setTrust(cfg)
        unsafe settings.idleTimeout = Interval(cfg.idle_timeout_ms, default: .seconds(10))
        unsafe settings.keepAlive = Interval(cfg.keep_alive_ms, default: .seconds(4))
        settings.handshakeTimeout = connectTimeout
        unsafe try settings.setCongestion(cfg.congestion)
        qlogFolder = unsafe try Arguments.optionalText(cfg.qlog_dir, "qlog_dir")
        try settings.setQLog(qlogFolder)
    }

    private mutating func setTrust(_ cfg: burrow_room_config) throws(EngineError) {
        trust.insecure = unsafe cfg.flags.has(BURROW_ROOM_INSECURE)
        trust.systemRoots = unsafe !cfg.flags.has(BURROW_ROOM_NO_SYSTEM_ROOTS)
        unsafe try trust.set(roots: cfg.roots_pem, pins: cfg.pins, cfg.pin_count)
    }
}

extension TrackConfiguration {
    init(_ cfg: burrow_track_config) throws(EngineError) {
        var allowed = [BURROW_TRACK_ORDERED, BURROW_TRACK_LATEST_ONLY]
        if unsafe Int(cfg.kind) > BURROW_TRACK_KIND_ENCODED { allowed.append(BURROW_TRACK_HOST_CODEC) }
        try Arguments.check(unsafe cfg.flags, allowed, "flags")
        try Arguments.check(reserved: unsafe cfg.reserved)
        let usual: (name: String?, priority: UInt8, maxAge: Interval)
        switch unsafe Int(cfg.kind) {
        case BURROW_TRACK_KIND_DATA, BURROW_TRACK_KIND_ENCODED: usual = (nil, 127, .seconds(5))
        case BURROW_TRACK_KIND_AUDIO: usual = ("audio", TrackDefaults.audioPriority, TrackDefaults.audioAge)
        case BURROW_TRACK_KIND_VIDEO: usual = ("video", TrackDefaults.videoPriority, TrackDefaults.videoAge)
        default: throw EngineError(.invalidArgument, "no such kind of track: \(unsafe cfg.kind)")
        }
        if unsafe cfg.name == nil, let name = usual.name {
            self.init(name: name)
        } else {
            unsafe self.init(name: try Self.name(unsafe cfg.name))
        }
        priority = unsafe try Arguments.priority(cfg.priority, usual.priority)
        ordered = unsafe cfg.flags.has(BURROW_TRACK_ORDERED)
        maxAge = unsafe Interval(cfg.max_age_ms, default: usual.maxAge)
        if unsafe cfg.flags.has(BURROW_TRACK_LATEST_ONLY) { maxAge = .zero }
    }

    /// A track's name within its limit.
    static func name(_ pointer: UnsafePointer<CChar>?) throws(EngineError) -> String {
        let name = unsafe try Arguments.text(pointer, "name")
        guard !name.isEmpty, name.utf8.count < BURROW_NAME_SIZE else {
            throw EngineError(.invalidArgument, "name is empty or longer than \(BURROW_NAME_SIZE - 1) bytes")
        }
        return name
    }
}

extension SubscribeOptions {
    init(_ want: burrow_track_request) throws(EngineError) {
        try Arguments.check(
            want.flags,
            [
                BURROW_TRACK_ORDERED, BURROW_TRACK_LATEST_ONLY, BURROW_TRACK_START_GROUP,
                BURROW_TRACK_END_GROUP, BURROW_TRACK_RECORDED,
            ],
            "flags"
        )
        self.init(
            priority: try Arguments.priority(want.priority, 127),
            ordered: want.flags.has(BURROW_TRACK_ORDERED),
            maxAge: Interval(want.max_age_ms, default: .seconds(1)),
            startGroup: want.flags.has(BURROW_TRACK_START_GROUP) ? want.start_group : nil,
            endGroup: want.flags.has(BURROW_TRACK_END_GROUP) ? want.end_group : nil
        )
        if want.flags.has(BURROW_TRACK_LATEST_ONLY) { maxAge = .zero }
        // The wire has one number less (+1 form), and QUIC's numbers stop at 2^62.
        guard max(startGroup ?? 0, endGroup ?? 0) < Varint.max, startGroup ?? 0 <= endGroup ?? .max else {
            throw EngineError(.invalidArgument, "start_group and end_group are not a range of groups")
        }
    }
}

extension RelayOptions {
    init(_ cfg: burrow_relay_config) throws(EngineError) {
        try Arguments.check(unsafe cfg.flags, [BURROW_RELAY_OPEN], "flags")
        let texts = unsafe try Arguments.texts(cfg.listen, cfg.listen_count, "listen")
        guard (1...EngineLimits.listenAddresses).contains(texts.count) else {
            throw EngineError(
                .invalidArgument,
                "listen has no address, or more than \(EngineLimits.listenAddresses)"
            )
        }
        var addresses: [SocketAddress] = []
        for text in texts {
            guard let address = SocketAddress(parsing: text) else {
                throw EngineError(.invalidArgument, "\(text) is not an address with a port")
            }
            addresses.append(address)
        }
        self.init(listen: addresses)
        try unsafe setCertificate(cfg)
        if unsafe cfg.flags.has(BURROW_RELAY_OPEN) {
            publicPrefix = .root
        } else if let prefix = unsafe try Arguments.optionalText(cfg.public_prefix, "public_prefix") {
            publicPrefix = try BroadcastPath(prefix, "public_prefix")
        }
        if let keys = unsafe try Arguments.optionalText(cfg.jwt_keys, "jwt_keys") {
            try setTokenKeys(Array(keys.utf8))
        }
        guard publicPrefix != nil || tokenKeys != nil else {
            throw EngineError(
                .invalidArgument,
                "nobody could enter: there are neither keys nor a public part"
            )
        }
        versions = unsafe try [Version](mask: cfg.versions)
        unsafe try settings.setCongestion(cfg.congestion)
        unsafe settings.idleTimeout = Interval(cfg.idle_timeout_ms, default: .seconds(10))
        unsafe settings.keepAlive = Interval(cfg.keep_alive_ms, default: .zero)
        if unsafe cfg.max_sessions > 0 { unsafe acceptLimits.connections = Int(cfg.max_sessions) }
        if unsafe cfg.max_sessions_per_address > 0 {
            unsafe acceptLimits.connectionsPerAddress = Int(cfg.max_sessions_per_address)
        }
        if let secret = unsafe cfg.reset_secret {
            unsafe resetSecret = HostSecret(
                copying: Span(_unsafeStart: secret, count: HostSecret.byteCount)
            )
        }
        unsafe sessionLimits.announcements =
            cfg.max_broadcasts_per_session > 0 ? Int(cfg.max_broadcasts_per_session) : 1000
        unsafe sessionLimits.subscriptions =
            cfg.max_subscriptions_per_session > 0 ? Int(cfg.max_subscriptions_per_session) : 10_000
        if unsafe cfg.max_cache_mib > 0 { unsafe cacheBytes = Int(cfg.max_cache_mib) * 1024 * 1024 }
        qlogFolder = unsafe try Arguments.optionalText(cfg.qlog_dir, "qlog_dir")
        try settings.setQLog(qlogFolder)
    }

    private mutating func setCertificate(_ cfg: burrow_relay_config) throws(EngineError) {
        let chain = unsafe try Arguments.optionalText(cfg.certificate_pem, "certificate_pem")
        let key = unsafe try Arguments.optionalText(cfg.key_pem, "key_pem")
        switch (chain, key) {
        case (let chain?, let key?): certificate = Certificate(chain: Array(chain.utf8), key: Array(key.utf8))
        case (nil, nil): break
        default:
            throw EngineError(.invalidArgument, "certificate_pem and key_pem come together or not at all")
        }
        let names = unsafe try Arguments.texts(cfg.host_names, cfg.host_name_count, "host_names")
        if !names.isEmpty { hostNames = names }
    }
}
