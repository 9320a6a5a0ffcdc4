import BurrowBase
import BurrowMLS
import Glibc

/// Processor time and time of the wall that something took, in microseconds.
struct Stopwatch {
    private let processor = Self.microseconds(CLOCK_PROCESS_CPUTIME_ID)
    private let wall = Self.microseconds(CLOCK_MONOTONIC)

    private static func microseconds(_ clock: clockid_t) -> Double {
        var time = timespec()
        unsafe clock_gettime(clock, &time)
        return Double(time.tv_sec) * 1e6 + Double(time.tv_nsec) / 1e3
    }

    var reply: Peer.Reply {
        [
            .init("us", .double(Self.microseconds(CLOCK_PROCESS_CPUTIME_ID) - processor)),
            .init("wall_us", .double(Self.microseconds(CLOCK_MONOTONIC) - wall)),
        ]
    }
}

/// What measurements need beside what a member does.
extension Peer {
    /// Lets others in by commits of their own until the group has `size` members, and forgets them: so every node of the
    /// tree has a key.
    func grow(_ group: inout Group, to size: Int) throws {
        var options = JoinOptions()
        options.policy = policy
        while group.tree.memberCount < size {
            guard case .groupInfo(let info) = try MLSMessage(decoding: group.groupInfo()) else { return }
            var stranger = try requireIdentity()
            stranger = MemberIdentity(
                credential: .basic(Array("stranger \(group.tree.memberCount), a name of 32".utf8)),
                capabilities: stranger.capabilities,
                signatureKey: try suite.generateSignatureKey()
            )
            let joined = try Group.join(info, stranger, options: options, now: now, suite: suite)
            guard case .commit(let staged) = try group.process(joined.commit, now: now) else { return }
            try group.merge(staged, now: now)
        }
    }

    /// Bytes of memory that the state of one member takes: of eight who join a group like this one and follow four commits,
    /// so that they hold past epochs too.
    func stateBytes(_ group: Group) throws -> Int {
        let identity = try requireIdentity()
        let bundles = try (0..<9).map { (number) in
            let stranger = MemberIdentity(
                credential: .basic([UInt8(number)]),
                capabilities: identity.capabilities,
                signatureKey: try suite.generateSignatureKey()
            )
            return try KeyPackageBundle(generate: stranger, lifetime: .standard(now: now), suite: suite)
        }
        var group = group
        let invitation = try group.commit(CommitRequest(bundles.map { .add($0.keyPackage) }), now: now)
        try group.mergePendingCommit(now: now)
        let message = try MLSMessage(decoding: invitation.welcome ?? [])
        guard case .welcome(let welcome) = message else { throw Failure("no Welcome") }
        var commits: [[UInt8]] = []
        for _ in 0..<4 {
            commits.append(try group.commit(CommitRequest(), now: now).message)
            try group.mergePendingCommit(now: now)
        }
        var states: [Group] = []
        var before = 0
        for bundle in bundles {
            // What the first needs once does not count.
            if states.count == 1 { before = Self.residentBytes() }
            let suite = CipherSuite(suite.id)
            var state = try Group(
                joining: welcome,
                with: bundle,
                options: joinOptions,
                now: now,
                suite: suite
            )
            for commit in commits {
                guard case .commit(let staged) = try state.process(commit, now: now) else { break }
                try state.merge(staged, now: now)
            }
            states.append(state)
        }
        let bytes = Self.residentBytes() - before
        guard states.allSatisfy({ $0.epochAuthenticator == group.epochAuthenticator }) else {
            throw Failure("members have parted")
        }
        return bytes / 8
    }

    /// Memory of this process, as the system counts it.
    private static func residentBytes() -> Int {
        guard let file = unsafe fopen("/proc/self/statm", "r") else { return 0 }
        defer { unsafe fclose(file) }
        var text = [UInt8](repeating: 0, count: 128)
        let count = unsafe fread(&text, 1, text.count, file)
        let fields = String(decoding: text[..<count], as: UTF8.self).split(separator: " ")
        return fields.count > 1 ? (Int(fields[1]) ?? 0) * sysconf(Int32(_SC_PAGESIZE)) : 0
    }
}
