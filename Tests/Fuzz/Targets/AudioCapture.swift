import BurrowBase
import BurrowMedia
import FuzzHarness

/// A host that pushes whatever it likes, whenever it likes. Packets follow each other in time, and no more come out
/// than time has passed.
enum AudioCaptureTarget: FuzzTarget {
    static func run() {
        fuzz { (input) in
            var choices = Choices(input)
            var host = Host(channels: 1 + choices.byte() % 2)
            var steps = 0
            while !choices.rest.isEmpty, steps < 60 {
                steps += 1
                host.step(&choices)
            }
            host.check()
        }
    }
}

private struct Host {
    private let capture: AudioCapture
    private var now: Int64 = 1_000_000
    private var format = PCMFormat(.int16, rate: 48_000, channels: 1)
    private var last: Int64 = .min
    private var total: Int64 = 0

    init(channels: Int) {
        var settings = AudioEncoderSettings()
        settings.complexity = 0
        guard let encoder = try? OpusEncoder(channels: channels, settings: settings) else {
            preconditionFailure("no encoder")
        }
        capture = AudioCapture(encoder: encoder, allocator: SliceAllocator())
    }

    mutating func step(_ choices: inout Choices) {
        let choice = choices.byte()
        switch choice % 10 {
        case 0:
            format.encoding = choice < 128 ? .int16 : .float32
            format.rate = choices.element(of: PCMFormat.rates + [0, 96_000, -1])
            format.channels = choices.byte() % 4
        case 1: now += Int64(choices.byte()) * 10_000
        case 2: capture.isMuted = choice > 127
        case 3: try? capture.finish()
        case 4:
            var settings = capture.settings
            settings.duration = choices.element(of: AudioEncoderSettings.Duration.allCases)
            settings.application = choice < 128 ? .voice : .music
            settings.bitRate = choices.byte() * 500
            settings.usesFEC = choices.byte() % 2 == 0
            settings.usesDTX = choices.byte() % 2 == 0
            settings.expectedLoss = choices.byte()
            try? capture.apply(settings)
        case 5: take()
        default: push(&choices, choice)
        }
    }

    mutating func check() {
        take()
        // A hole of any length is behind us; ten seconds of the past and two of the future may have been filled.
        require(total <= now + 14_000_000, "\(total) us of sound in \(now) us")
    }

    private mutating func push(_ choices: inout Choices, _ choice: Int) {
        let frame = max(format.bytesPerFrame, 1)
        let seed = choices.bytes(8)
        let length = min(choices.byte() * choices.byte(), 40_000) * (choice < 20 ? 1 : frame)
        // The same few bytes again and again: noise, silence, and what is not a number.
        let chunk = (0..<min(length, 200_000)).map { seed.isEmpty ? 0 : seed[$0 % seed.count] }
        let timestamp =
            switch choices.byte() % 4 {
            case 0: choices.bytes(8).reduce(Int64(0)) { $0 << 8 | Int64($1) }
            case 1: now &- Int64(choices.byte()) * 40_000
            default: now
            }
        let bytes = unsafe chunk.span.bytes
        do {
            try capture.push(bytes, format: format, timestamp: timestamp, now: now)
        } catch {
            require(error.code != .codec, "\(error.context)")
        }
        if choice % 20 > 10 { now += Int64(length / frame) * 1_000_000 / Int64(max(format.rate, 1)) }
    }

    private mutating func take() {
        var count = 0
        while let packet = capture.next() {
            count += 1
            require(packet.timestamp > last, "a packet is not later than the one before it")
            require(!packet.payload.span.isEmpty, "an empty packet")
            last = packet.timestamp
            total += packet.duration
        }
        require(count <= 128, "\(count) packets waited")
    }
}
