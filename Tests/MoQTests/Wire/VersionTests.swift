import BurrowMoQ
import Testing

@Suite struct VersionTests {
    @Test(arguments: [
        ("moql", Version.lite02), ("moq-lite-03", .lite03), ("moq-lite-04", .lite04),
        ("moq-lite-05", .lite05),
    ])
    func protocolNames(name: String, version: Version) {
        #expect(version.alpn == name)
        #expect(Version(alpn: name) == version)
    }

    @Test(arguments: ["", "h3", "moq-00", "moq-lite-06", "moq-lite-5", "MOQL"])
    func strangeProtocolNames(name: String) {
        #expect(Version(alpn: name) == nil)
    }

    @Test func preferenceIsNewestFirstAndComplete() {
        #expect(Version.preferred == Version.allCases.sorted(by: >))
        #expect(Version.preferred.map(\.alpn) == ["moq-lite-05", "moq-lite-04", "moq-lite-03", "moql"])
    }

    @Test func capabilities() {
        #expect(Version.allCases.filter(\.hasSetup) == [.lite05])
        #expect(Version.allCases.filter(\.hasLegacySetup) == [.lite02])
        #expect(Version.allCases.filter(\.hasAnnounceInitial) == [.lite02])
        #expect(Version.allCases.filter(\.hasHopCount) == [.lite03, .lite04, .lite05])
        #expect(Version.allCases.filter(\.hasHopIDs) == [.lite04, .lite05])
        #expect(Version.allCases.filter(\.hasProbe) == [.lite03, .lite04, .lite05])
        #expect(Version.allCases.filter(\.hasGoaway) == [.lite04, .lite05])
        #expect(Version.allCases.filter(\.hasSubscribeUpdate) == [.lite03, .lite04, .lite05])
        #expect(Version.allCases.filter(\.hasTimestamps) == [.lite05])
        #expect(Version.allCases.filter(\.hasFetch) == [.lite05])
        #expect(Version.allCases.filter(\.hasDatagrams) == [.lite05])
    }

    @Test func streamTypes() {
        let bidirectional = BidirectionalStreamType.allCases.map(\.rawValue)
        #expect(bidirectional == [0, 1, 2, 3, 4, 5, 6, 0x20, 0x21])
        #expect(UnidirectionalStreamType.allCases.map(\.rawValue) == [0, 1])
    }
}
