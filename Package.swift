// swift-tools-version: 6.2

import PackageDescription

let package = Package(
    name: "burrow",
    products: [
        .library(name: "burrow", type: .dynamic, targets: ["BurrowABI"])
    ],
    targets: [
        // The C side: our header, thin shims, and module maps of Debian's libraries.
        .systemLibrary(name: "CBurrow", path: "Sources/CBurrow/Header"),
        .target(name: "CBurrowShims", path: "Sources/CBurrow/Shims"),
        .target(
            name: "CBurrowQUIC",
            path: "Sources/CBurrow/QUIC",
            linkerSettings: [
                .linkedLibrary("ngtcp2"), .linkedLibrary("ngtcp2_crypto_gnutls"), .linkedLibrary("gnutls"),
            ]
        ),
        .target(
            name: "CBurrowMedia",
            path: "Sources/CBurrow/Media",
            linkerSettings: [
                .linkedLibrary("opus"), .linkedLibrary("openh264"), .linkedLibrary("speexdsp"),
                .linkedLibrary("yuv"),
            ]
        ),
        .systemLibrary(name: "CSodium", path: "Sources/CBurrow/sodium", pkgConfig: "libsodium"),
        .systemLibrary(name: "CJansson", path: "Sources/CBurrow/jansson", pkgConfig: "jansson"),
        .systemLibrary(name: "CSQLite", path: "Sources/CBurrow/sqlite3", pkgConfig: "sqlite3"),
        .systemLibrary(name: "CGnuTLS", path: "Sources/CBurrow/gnutls", pkgConfig: "gnutls"),
        .systemLibrary(name: "CSecp256k1", path: "Sources/CBurrow/secp256k1", pkgConfig: "libsecp256k1"),
        .target(
            name: "CWslay",
            path: "Sources/CBurrow/wslay",
            linkerSettings: [.linkedLibrary("wslay")]
        ),

        // The layers, each importing only those above it.
        .target(name: "BurrowBase", dependencies: ["CJansson"], path: "Sources/BurrowSDK/Base"),
        .target(
            name: "BurrowCrypto",
            dependencies: ["BurrowBase", "CSodium", "CGnuTLS", "CSecp256k1"],
            path: "Sources/BurrowSDK/Crypto"
        ),
        .target(
            name: "BurrowStorage",
            dependencies: ["BurrowBase", "BurrowCrypto", "CBurrowShims", "CSQLite"],
            path: "Sources/BurrowSDK/Storage"
        ),
        .target(
            name: "BurrowMLS",
            dependencies: ["BurrowBase", "BurrowCrypto"],
            path: "Sources/BurrowSDK/MLS"
        ),
        .target(
            name: "BurrowNostr",
            dependencies: ["BurrowBase", "BurrowCrypto", "CWslay"],
            path: "Sources/BurrowSDK/Nostr"
        ),
        .target(
            name: "BurrowMarmot",
            dependencies: ["BurrowBase", "BurrowCrypto", "BurrowMLS", "BurrowNostr"],
            path: "Sources/BurrowSDK/Marmot"
        ),
        .target(
            name: "BurrowCalls",
            dependencies: ["BurrowBase", "BurrowNostr"],
            path: "Sources/BurrowSDK/Calls"
        ),
        .target(
            name: "BurrowQUIC",
            dependencies: ["BurrowBase", "CBurrowQUIC"],
            path: "Sources/BurrowSDK/QUIC"
        ),
        .target(
            name: "BurrowMoQ",
            dependencies: ["BurrowBase", "BurrowCrypto", "BurrowQUIC"],
            path: "Sources/BurrowSDK/MoQ"
        ),
        .target(
            name: "BurrowMedia",
            dependencies: ["BurrowBase", "BurrowMoQ", "CBurrowMedia"],
            path: "Sources/BurrowSDK/Media"
        ),
        .target(
            name: "BurrowEngine",
            dependencies: [
                "BurrowBase", "BurrowCrypto", "BurrowStorage", "BurrowMLS", "BurrowNostr", "BurrowMarmot",
                "BurrowCalls", "BurrowQUIC", "BurrowMoQ", "BurrowMedia", "CBurrowShims",
            ],
            path: "Sources/BurrowSDK/Engine"
        ),
        .target(
            name: "BurrowABI",
            dependencies: [
                "BurrowBase", "BurrowCalls", "BurrowCrypto", "BurrowEngine", "BurrowMarmot", "BurrowMedia",
                "BurrowMoQ", "BurrowNostr", "BurrowQUIC", "CBurrow", "CBurrowShims",
            ],
            path: "Sources/BurrowSDK/ABI"
        ),

        .testTarget(
            name: "BurrowEngineTests",
            dependencies: [
                "BurrowBase", "BurrowCrypto", "BurrowEngine", "BurrowMedia", "BurrowNostr", "CBurrowShims",
            ],
            path: "Tests/EngineTests"
        ),
        .testTarget(name: "BurrowBaseTests", dependencies: ["BurrowBase"], path: "Tests/BaseTests"),
        .testTarget(
            name: "BurrowCryptoTests",
            dependencies: ["BurrowBase", "BurrowCrypto"],
            path: "Tests/CryptoTests"
        ),
        .executableTarget(
            name: "burrow-state-life",
            dependencies: ["BurrowBase", "BurrowCrypto", "BurrowMLS", "BurrowStorage"],
            path: "Tests/StateLife"
        ),
        .testTarget(
            name: "BurrowStorageTests",
            dependencies: ["BurrowBase", "BurrowCrypto", "BurrowMLS", "BurrowStorage", "burrow-state-life"],
            path: "Tests/StorageTests"
        ),
        .target(
            name: "BurrowGroupModel",
            dependencies: ["BurrowBase", "BurrowCrypto", "BurrowMLS"],
            path: "Tests/GroupModel"
        ),
        .executableTarget(
            name: "burrow-group-model",
            dependencies: ["BurrowGroupModel"],
            path: "Tests/GroupModelRun"
        ),
        .testTarget(
            name: "BurrowMLSTests",
            dependencies: ["BurrowBase", "BurrowCrypto", "BurrowGroupModel", "BurrowMLS"],
            path: "Tests/MLSTests"
        ),
        .testTarget(
            name: "BurrowNostrTests",
            dependencies: ["BurrowBase", "BurrowCrypto", "BurrowNostr"],
            path: "Tests/NostrTests"
        ),
        .testTarget(
            name: "BurrowMarmotTests",
            dependencies: ["BurrowBase", "BurrowCrypto", "BurrowMLS", "BurrowNostr", "BurrowMarmot"],
            path: "Tests/MarmotTests"
        ),
        .testTarget(
            name: "BurrowCallsTests",
            dependencies: ["BurrowBase", "BurrowNostr", "BurrowCalls"],
            path: "Tests/CallsTests"
        ),
        .executableTarget(
            name: "burrow-marmot-peer",
            dependencies: ["BurrowBase", "BurrowCrypto", "BurrowMLS", "BurrowNostr", "BurrowMarmot"],
            path: "Tests/MarmotPeer"
        ),
        .executableTarget(
            name: "burrow-mls-peer",
            dependencies: ["BurrowBase", "BurrowCrypto", "BurrowMLS"],
            path: "Tests/MLSPeer"
        ),
        .testTarget(
            name: "BurrowMoQTests",
            dependencies: ["BurrowBase", "BurrowCrypto", "BurrowMoQ"],
            path: "Tests/MoQTests"
        ),
        .testTarget(
            name: "BurrowMediaTests",
            dependencies: ["BurrowBase", "BurrowMoQ", "BurrowMedia"],
            path: "Tests/MediaTests"
        ),
        .executableTarget(
            name: "burrow-frame-cost",
            dependencies: ["BurrowBase", "BurrowCrypto", "CGnuTLS"],
            path: "Benchmarks/FrameProtection"
        ),
        .executableTarget(
            name: "burrow-nostr-cost",
            dependencies: ["BurrowBase", "BurrowCrypto", "BurrowNostr"],
            path: "Benchmarks/Nostr",
            exclude: ["compare.py"]
        ),
        .executableTarget(
            name: "burrow-group-cost",
            dependencies: ["BurrowBase", "BurrowCrypto", "BurrowMLS"],
            path: "Benchmarks/Groups",
            exclude: ["compare.py"],
            // Rounding; without Foundation nobody else brings it.
            linkerSettings: [.linkedLibrary("m")]
        ),
        .target(
            name: "BurrowSimulation",
            dependencies: ["BurrowBase", "BurrowQUIC", "BurrowMoQ"],
            path: "Tests/Simulation"
        ),
        .executableTarget(
            name: "burrow-simulate",
            dependencies: ["BurrowSimulation"],
            path: "Tests/Simulate",
            // Rounding; without Foundation nobody else brings it.
            linkerSettings: [.linkedLibrary("m")]
        ),
        .testTarget(
            name: "BurrowSimulationTests",
            dependencies: [
                "BurrowBase", "BurrowCrypto", "BurrowQUIC", "BurrowMoQ", "BurrowMedia", "BurrowSimulation",
            ],
            path: "Tests/SimulationTests"
        ),
        .testTarget(
            name: "BurrowQUICTests",
            dependencies: ["BurrowBase", "BurrowQUIC"],
            path: "Tests/QUICTests"
        ),
    ]
)

/// What every Swift target is compiled with.
let common: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("ExistentialAny"),
    .enableExperimentalFeature("Lifetimes"),
]
for target in package.targets where target.type != .system && !target.name.hasPrefix("C") {
    target.swiftSettings = (target.swiftSettings ?? []) + common
}

// What scripts/release.sh ships: code that no packet waits for and that is not on the reactor is made small rather than
// fast. Only when asked for, because unsafe flags would keep other Swift packages from depending on this one.
if Context.environment["BURROW_RELEASE"] != nil {
    let cold = ["BurrowStorage", "BurrowMLS", "BurrowMarmot"]
    for target in package.targets where cold.contains(target.name) {
        target.swiftSettings = (target.swiftSettings ?? []) + [.unsafeFlags(["-Osize"])]
    }
}

// The fuzz targets, only for `scripts/fuzz.sh`: then everything gets coverage counters and the address sanitizer, which a
// library for others must not have. Each is one file in Tests/Fuzz/Targets.
if Context.environment["BURROW_FUZZ"] != nil {
    let instrumented: [SwiftSetting] = [.unsafeFlags(["-sanitize=fuzzer,address"])]
    for target in package.targets where target.type == .regular && !target.name.hasPrefix("C") {
        target.swiftSettings = (target.swiftSettings ?? []) + instrumented
    }
    // Nothing else that would need linking: only the fuzz targets bring what the counters refer to.
    package.products = []
    package.targets.removeAll { $0.type == .executable || $0.type == .test }
    package.targets += [
        .target(name: "FuzzDriver", path: "Tests/Fuzz/Support/Driver"),
        .target(
            name: "FuzzHarness",
            dependencies: ["FuzzDriver"],
            path: "Tests/Fuzz/Support/Harness",
            swiftSettings: common
        ),
        .executableTarget(
            name: "fuzz",
            dependencies: [
                "FuzzHarness", "BurrowBase", "BurrowCrypto", "BurrowMLS", "BurrowNostr", "BurrowMarmot",
                "BurrowCalls",
                "BurrowQUIC", "BurrowMoQ", "BurrowMedia",
                "BurrowEngine", "BurrowSimulation",
            ],
            path: "Tests/Fuzz",
            exclude: ["Corpus", "Support"],
            swiftSettings: common + instrumented + [.unsafeFlags(["-parse-as-library"])],
            // Debian's default linker fails on the sanitizers' debug information.
            linkerSettings: [.unsafeFlags(["-sanitize=fuzzer,address", "-use-ld=lld"])]
        ),
    ]
}
