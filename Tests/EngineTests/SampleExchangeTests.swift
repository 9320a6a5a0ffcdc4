import BurrowBase
import BurrowEngine
import BurrowMedia
import Testing

/// When the codec thread hears of recorded samples.
@Suite struct SampleExchangeTests {
    private static let chunk = [UInt8](repeating: 1, count: 960)

    /// Hands in 10 ms of 48 kHz, mono; whether the codec thread was told.
    private static func push(_ exchange: SampleExchange, frames: Int = 480) -> FrameExchange.Push {
        let description = SampleExchange.Chunk(
            byteCount: frames * 2,
            format: PCMFormat(.int16, rate: 48_000, channels: 1),
            timestamp: 0
        )
        return unsafe chunk.withUnsafeBytes { (bytes) in
            unsafe exchange.push(UnsafeRawBufferPointer(rebasing: bytes[..<(frames * 2)]), description)
        }
    }

    @Test func theFirstChunkIsTold() {
        let exchange = SampleExchange()
        #expect(Self.push(exchange) == .taken(first: true))
        #expect(Self.push(exchange) == .taken(first: false))
    }

    @Test func onlyTheChunkThatFillsAPacketIsTold() {
        let exchange = SampleExchange()
        var batch = SampleExchange.Pushed()
        for _ in 0..<5 {
            exchange.take(into: &batch)
            #expect(exchange.want(.milliseconds(20)))
            #expect(Self.push(exchange) == .taken(first: false))
            #expect(Self.push(exchange) == .taken(first: true))
            // Told once until it is taken.
            #expect(Self.push(exchange) == .taken(first: false))
        }
        exchange.take(into: &batch)
        #expect(batch.chunks.count == 3)
    }

    /// Chunks that make a little less than they last do not keep a packet waiting for another.
    @Test func aLittleLessIsEnough() {
        let exchange = SampleExchange()
        #expect(exchange.want(.microseconds(10_400)))
        #expect(Self.push(exchange) == .taken(first: true))
    }

    @Test func whatCameMeanwhileIsTakenAtOnce() {
        let exchange = SampleExchange()
        var batch = SampleExchange.Pushed()
        #expect(exchange.want(.milliseconds(20)))
        #expect(Self.push(exchange) == .taken(first: false))
        // It was handed in while a packet was made, and nobody said so.
        #expect(!exchange.want(.milliseconds(10)))
        exchange.take(into: &batch)
        #expect(batch.chunks.count == 1)
        #expect(exchange.want(.milliseconds(10)))
    }

    @Test func nothingIsTakenAfterTheEnd() {
        let exchange = SampleExchange()
        exchange.close()
        #expect(Self.push(exchange) == .closed)
    }
}
