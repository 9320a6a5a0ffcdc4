import FuzzHarness

/// All fuzz targets in one program, which is much sooner built than a program for each. It runs the one whose name it was
/// started by: `scripts/fuzz.sh` makes a link `fuzz-<target>` for each file in Targets.
@main enum Main {
    private static var targets: [any FuzzTarget.Type] {
        [
            AVCConfigurationTarget.self,
            AnnexBTarget.self,
            AnnounceStreamTarget.self,
            AudioCaptureTarget.self,
            BroadcastPathTarget.self,
            CMAFTarget.self,
            CallSignalTarget.self,
            CatalogueTarget.self,
            ContainerTarget.self,
            ControlMessageTarget.self,
            DatagramTarget.self,
            EncryptedPayloadTarget.self,
            GroupDataTarget.self,
            GroupEventTarget.self,
            GroupStreamTarget.self,
            H264StreamTarget.self,
            HPKETarget.self,
            HTTPAnswerTarget.self,
            HTTPExchangeTarget.self,
            HTTPProofTarget.self,
            IssuedTokenTarget.self,
            JSONTarget.self,
            KeyAnswerTarget.self,
            KeyPackageEventTarget.self,
            LegacySetupTarget.self,
            MLSGroupTarget.self,
            MLSMessageTarget.self,
            MLSStateTarget.self,
            MLSTreeTarget.self,
            MLSWelcomeTarget.self,
            MarmotStateTarget.self,
            MediaConsumerTarget.self,
            MessageBufferTarget.self,
            NostrEventTarget.self,
            NostrTextTarget.self,
            OpusHeadTarget.self,
            OpusPacketTarget.self,
            ProxyHandshakeTarget.self,
            QUICDatagramsTarget.self,
            RelayMessageTarget.self,
            RelayURLTarget.self,
            SFrameTarget.self,
            SFrameHeaderTarget.self,
            SealedCatalogueTarget.self,
            SequenceParameterSetTarget.self,
            SessionTarget.self,
            SetupTarget.self,
            TextCodingTarget.self,
            TokenTarget.self,
            TokenKeyFileTarget.self,
            WebSocketFramesTarget.self,
        ]
    }

    static func main() {
        let name = CommandLine.arguments.first?.split(separator: "/").last?.dropFirst("fuzz-".count) ?? ""
        guard let target = targets.first(where: { String(describing: $0) == "\(name)Target" }) else {
            require(false, "no target is called '\(name)' in Tests/Fuzz/Main.swift")
            return
        }
        target.run()
    }
}
