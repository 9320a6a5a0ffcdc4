import BurrowGroupModel
import Glibc
import Testing

/// Five people and a network that loses, delays and repeats: `BURROW_MODEL_OPERATIONS` makes it longer.
@Suite struct DeliveryModelTests {
    static let operations: Int = {
        guard let text = unsafe getenv("BURROW_MODEL_OPERATIONS") else { return 3000 }
        return unsafe Int(String(cString: text)) ?? 3000
    }()

    @Test(arguments: [1, 2] as [UInt64]) func whoSharesAnEpochSharesItsSecrets(_ seed: UInt64) throws {
        var model = try DeliveryModel(seed: seed)
        try model.run(Self.operations)
        let counts = model.counts
        // Each of the things that the model is for has come about.
        for (name, count) in [
            ("commits", counts.commits), ("races", counts.races), ("joins", counts.joins),
            ("removals", counts.removals), ("read", counts.read), ("repeated", counts.repeated),
            ("lost", counts.lost), ("early", counts.early), ("too late", counts.tooLate),
            ("proposals missing", counts.missingProposals), ("restarts", counts.restarts),
            ("refused outside", counts.refusedByThoseOutside),
        ] { #expect(count > 0, "\(name): \(counts)") }
    }
}
