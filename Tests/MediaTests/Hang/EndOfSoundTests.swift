import BurrowMedia
import Testing

@Suite struct EndOfSoundTests {
    /// What its publisher ends is heard to its end, what the host does not want is not.
    @Test(arguments: [true, false]) func soundThatEndsIsFinished(isWanted: Bool) throws {
        var scene = try MediaConsumerTests.Scene(carriesAudio: false)
        scene.consumer.want(audio: true)
        try scene.publish()
        #expect(scene.taken() == ["~", "+opus"])
        guard isWanted else {
            scene.consumer.want(audio: false)
            #expect(scene.taken() == ["-opus"])
            return
        }
        scene.catalogue.audio.renditions.removeAll()
        try scene.publish()
        #expect(scene.taken() == ["~", ".opus"])
    }
}
