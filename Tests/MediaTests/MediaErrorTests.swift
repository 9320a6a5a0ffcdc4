import BurrowMedia
import Testing

@Suite struct MediaErrorTests {
    @Test func equalityIsCodeAndContext() {
        #expect(MediaError(.malformed, "a") == MediaError(.malformed, "a"))
        #expect(MediaError(.malformed, "a") != MediaError(.limit, "a"))
    }
}
