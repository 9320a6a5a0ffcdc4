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
        .systemLibrary(name: "CSodium", path: "Sources/CBurrow/sodium", pkgConfig: "libsodium"),
        .systemLibrary(name: "CJansson", path: "Sources/CBurrow/jansson", pkgConfig: "jansson"),
        .systemLibrary(name: "CGnuTLS", path: "Sources/CBurrow/gnutls", pkgConfig: "gnutls"),

        // The layers, each importing only those above it.
        .target(name: "BurrowBase", dependencies: ["CJansson"], path: "Sources/BurrowSDK/Base"),
        .target(
            name: "BurrowCrypto",
            dependencies: ["BurrowBase", "CSodium", "CGnuTLS"],
            path: "Sources/BurrowSDK/Crypto"
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
            name: "BurrowEngine",
            dependencies: ["BurrowBase", "BurrowCrypto", "BurrowQUIC", "BurrowMoQ", "CBurrowShims"],
            path: "Sources/BurrowSDK/Engine"
        ),
        .target(
            name: "BurrowABI",
            dependencies: ["BurrowBase", "BurrowEngine", "BurrowMoQ", "BurrowQUIC", "CBurrow", "CBurrowShims"],
            path: "Sources/BurrowSDK/ABI"
        ),

        .testTarget(name: "BurrowBaseTests", dependencies: ["BurrowBase"], path: "Tests/BaseTests"),
        .testTarget(
            name: "BurrowCryptoTests",
            dependencies: ["BurrowBase", "BurrowCrypto"],
            path: "Tests/CryptoTests"
        ),
        .testTarget(
            name: "BurrowMoQTests",
            dependencies: ["BurrowBase", "BurrowCrypto", "BurrowMoQ"],
            path: "Tests/MoQTests"
        ),
        .target(
            name: "BurrowSimulation",
            dependencies: ["BurrowBase", "BurrowQUIC", "BurrowMoQ"],
            path: "Tests/Simulation"
        ),
        .testTarget(
            name: "BurrowSimulationTests",
            dependencies: ["BurrowBase", "BurrowCrypto", "BurrowQUIC", "BurrowMoQ", "BurrowSimulation"],
            path: "Tests/SimulationTests"
        ),
        .testTarget(name: "BurrowQUICTests", dependencies: ["BurrowBase", "BurrowQUIC"], path: "Tests/QUICTests"),
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
for target in package.targets where target.type != .system && !target.name.hasPrefix("CBurrow") {
    target.swiftSettings = (target.swiftSettings ?? []) + common
}
