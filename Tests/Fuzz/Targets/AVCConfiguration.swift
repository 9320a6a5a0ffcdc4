import BurrowBase
import BurrowMedia
import FuzzHarness

/// The description of an `avc1` stream, and a codec string. What is understood is written so that it is understood the
/// same again.
enum AVCConfigurationTarget: FuzzTarget {
    static func run() {
        fuzz { (input) in
            if let configuration = try? AVCDecoderConfiguration.parse(input.span) {
                let written = configuration.encode()
                guard let again = try? AVCDecoderConfiguration.parse(written.span) else {
                    preconditionFailure("our own description is not understood")
                }
                precondition(again == configuration, "a description changes on its way")
                _ = H264.supports(codec: configuration.codec)
                _ = try? H264Decoder(pool: PicturePool(), configuration: configuration)
            }
            guard let text = String(validating: input, as: UTF8.self), let name = H264(codec: text) else {
                return
            }
            precondition(H264(codec: name.codec) == name, "a codec string changes")
        }
    }
}
