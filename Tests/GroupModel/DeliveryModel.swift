import BurrowBase
import BurrowCrypto
import BurrowMLS

/// Five people, some of them in one group, and a service between them that takes one commit for each epoch and otherwise
/// loses, delays and repeats what they send.
///
/// What has to hold is checked at every step: who shares an epoch shares all that is exported from it, each message is read
/// at most once and by nobody who was no member, each refusal has its reason, and who was removed opens nothing after.
package struct DeliveryModel {
    /// Something that must not happen, and at which operation it did.
    package struct Disagreement: Error, CustomStringConvertible {
        package let description: String
    }

    /// What came about, so that a run can be told from one in which nothing did.
    package struct Counts: Equatable {
        package var commits = 0
        package var races = 0
        package var joins = 0
        package var removals = 0
        package var read = 0
        package var repeated = 0
        package var lost = 0
        package var early = 0
        package var tooLate = 0
        package var missingProposals = 0
        package var refusedByThoseOutside = 0
        package var restarts = 0
    }

    enum Kind {
        case application(Int)
        case proposal
        case commit
    }

    struct Letter {
        let kind: Kind
        let bytes: [UInt8]
        let epoch: UInt64
        let sender: Int
    }

    struct Person {
        let name: String
        var identity: MemberIdentity
        /// `nil` before the first time.
        var group: Group?
        /// The epoch it came in with.
        var firstEpoch: UInt64 = 0
        /// What is on its way to it.
        var inbox: [Letter] = []
        var read: Set<Int> = []
        /// How it was before it learned of its removal: what somebody has who kept everything.
        var past: Group?
        /// A commit that the service has not seen yet.
        var unsent: Letter?
        /// For whom its commit adds.
        var welcome: [UInt8]?
        /// Key packages that commits name, until a Welcome comes.
        var bundles: [KeyPackageBundle] = []
    }

    static let now: UInt64 = 1_800_000_000

    let suite: CipherSuite
    let policy: GroupPolicy
    var random: SeededRandom
    var people: [Person] = []
    /// What the service took, by the epoch it ends.
    var commits: [UInt64: Letter] = [:]
    var proposals: [UInt64: [Letter]] = [:]
    /// What the first member in an epoch exported, and the epochs by that.
    var exported: [UInt64: [UInt8]] = [:]
    var epochs: [[UInt8]: UInt64] = [:]
    var messages = 0
    var step = 0
    package var counts = Counts()
    /// What went wrong inside of a step.
    var complaints: [String] = []
    var isCatchingUp = false
    /// At the end nothing is lost any more.
    var isCalm = false

    package init(seed: UInt64) throws {
        random = SeededRandom(seed: seed)
        suite = CipherSuite(seed % 2 == 0 ? .x25519ChaCha20Poly1305 : .x25519AES128GCM)
        var policy = GroupPolicy()
        policy.acceptsExternalCommits = true
        // So that messages of all epochs cross commits of all kinds.
        policy.sendsBeforeCommitting = true
        if seed % 4 >= 2 { policy.handshakeFormat = .publicMessage }
        self.policy = policy
        for number in 0..<5 {
            people.append(Person(name: "\(number)", identity: try Self.identity(number, suite)))
        }
        people[0].group = try Group(
            founding: [1, 2, 3],
            people[0].identity,
            lifetime: .standard(now: Self.now),
            policy: policy,
            suite: suite
        )
        try entered(0)
    }

    private static func identity(_ number: Int, _ suite: CipherSuite) throws -> MemberIdentity {
        MemberIdentity(
            credential: .basic([UInt8(number)]),
            capabilities: Capabilities(
                cipherSuites: [suite.id.rawValue],
                proposals: [Proposal.selfRemoveType]
            ),
            signatureKey: try suite.generateSignatureKey()
        )
    }

    func disagree(_ text: String) -> Disagreement { Disagreement(description: "operation \(step): \(text)") }

    func require(_ condition: Bool, _ text: @autoclosure () -> String) throws {
        guard condition else { throw disagree(text()) }
    }

    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    /// Who believes to be a member.
    var active: [Int] { people.indices.filter { people[$0].group?.status == .active } }

    /// Who knows not to be one.
    var outside: [Int] { people.indices.filter { people[$0].group?.status != .active } }

    var newestEpoch: UInt64 { UInt64(commits.count) }

    package mutating func run(_ operations: Int) throws {
        for _ in 0..<operations {
            step += 1
            try perform()
            if let complaint = complaints.first { throw disagree(complaint) }
        }
        try settle()
    }

    private mutating func perform() throws {
        guard let member = active.randomElement(using: &random) else { throw disagree("nobody is left") }
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<72: try deliverSomething()
        case 72..<80: try speak(member)
        case 80..<86: try propose(member)
        case 86..<93: try commit(member)
        case 93..<96: try submit(member)
        case 96..<97: try catchUp(member)
        case 97..<98: try restart(member)
        default: try joinFromOutside()
        }
    }

    // MARK: What everybody has to share

    /// Somebody is in a new epoch: its values are those of everybody else in it, and of no other epoch.
    mutating func entered(_ index: Int) throws {
        guard let group = people[index].group, group.status == .active else { return }
        var values = group.epochAuthenticator
        for (label, context, count) in [
            ("SFrame 1.0 Base Key", [1, 2], 16), ("marmot", Array("group-event".utf8), 32), ("", [], 100),
        ] as [(String, [UInt8], Int)] {
            values += try group.export(label: Array(label.utf8), context: context, count: count).copied()
        }
        values += group.context.treeHash + group.tree.members.map { UInt8(truncatingIfNeeded: $0.leaf) }
        let epoch = group.epochNumber
        if let known = exported[epoch] {
            try require(known == values, "\(index) exports something else in epoch \(epoch)")
            return
        }
        exported[epoch] = values
        let last = epochs.updateValue(epoch, forKey: values)
        try require(last == nil, "epochs \(epoch) and \(last ?? 0) export the same")
    }

    /// At the end everything arrives: whoever is a member is in one epoch, and reads the others.
    private mutating func settle() throws {
        isCalm = true
        for index in active { people[index].unsent = nil }
        for index in active {
            let accepted = people[index].group.flatMap { commits[$0.epochNumber] }
            people[index].group?.discardPendingCommitUnless(accepted)
            try catchUp(index)
        }
        for index in active {
            let epoch = people[index].group?.epochNumber
            try require(epoch == newestEpoch, "\(index) ends in epoch \(epoch ?? 0) of \(newestEpoch)")
            people[index].inbox = []
        }
        for sender in active {
            try speak(sender)
            for index in active where index != sender {
                let before = people[index].read.count
                while let letter = people[index].inbox.popLast() { try open(letter, by: index) }
                try require(people[index].read.count > before, "\(index) does not read \(sender) at the end")
            }
        }
    }

    private mutating func restart(_ index: Int) throws {
        guard let group = people[index].group else { return }
        let state = try group.encodedState()
        let again = try Group(state: state, policy: policy)
        let isSame = try again.encodedState() == state
        try require(isSame, "state of \(index) is stored differently")
        people[index].group = again
        counts.restarts += 1
    }
}

extension Group {
    /// Gives up a commit of ours that is not the one that counts.
    mutating func discardPendingCommitUnless(_ accepted: DeliveryModel.Letter?) {
        guard hasPendingCommit else { return }
        var copy = self
        if let accepted, case .ownCommit? = try? copy.process(accepted.bytes, now: DeliveryModel.now) {
            return
        }
        discardPendingCommit()
    }
}
