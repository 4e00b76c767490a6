// swift-tools-version: 6.1
import PackageDescription

/// House rules for every target: Swift 6 mode, explicit existentials, internal imports.
let house: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

/// The targets on the way of a request: state is confined to one worker thread, so the runtime's
/// exclusivity checks (a call per property access) only cost there.
let hotPath: [SwiftSetting] = house + [.unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release))]

let package = Package(
    name: "widget-gateway",
    products: [
        .executable(name: "widget-gateway", targets: ["widget-gateway"]),

        // For Benchmarks/ and Fuzz/, packages of their own, so that nobody who builds the gateway builds a harness.
        .library(name: "CNGHTTP2", targets: ["CNGHTTP2"]),
        .library(name: "COpenSSL", targets: ["COpenSSL"]),
        .library(name: "DataPlane", targets: ["DataPlane"]),
        .library(name: "EventLoop", targets: ["EventLoop"]),
        .library(name: "GatewayConfiguration", targets: ["GatewayConfiguration"]),
        .library(name: "HTTP1Codec", targets: ["HTTP1Codec"]),
        .library(name: "HTTP2Engine", targets: ["HTTP2Engine"]),
        .library(name: "HTTPMessages", targets: ["HTTPMessages"]),
        .library(name: "IdentityCore", targets: ["IdentityCore"]),
        .library(name: "MessageAuthentication", targets: ["MessageAuthentication"]),
        .library(name: "PortalSSO", targets: ["PortalSSO"]),
        .library(name: "UserDirectory", targets: ["UserDirectory"]),
        .library(name: "VerificationCache", targets: ["VerificationCache"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
    ],
    targets: [
        // C libraries, from Debian's packages.
        .systemLibrary(name: "CLibUV", pkgConfig: "libuv", providers: [.apt(["libuv1-dev"]), .brew(["libuv"])]),
        .systemLibrary(
            name: "CNGHTTP2", pkgConfig: "libnghttp2", providers: [.apt(["libnghttp2-dev"]), .brew(["libnghttp2"])]),
        .systemLibrary(name: "CPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"]), .brew(["libpq"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"]), .brew(["openssl"])]),

        // Who is calling: pure.
        .target(name: "MessageAuthentication", dependencies: ["COpenSSL"], swiftSettings: hotPath),
        .target(name: "IdentityCore", dependencies: ["MessageAuthentication"], swiftSettings: hotPath),
        .target(name: "VerificationCache", swiftSettings: hotPath),

        // Storage.
        .target(
            name: "UserDirectory", dependencies: ["IdentityCore", "MessageAuthentication"], swiftSettings: house),
        .target(
            name: "DirectoryPostgres",
            dependencies: ["CPQ", "IdentityCore", "MessageAuthentication", "UserDirectory"], swiftSettings: house),
        .target(
            name: "DirectorySQLite",
            dependencies: [
                "IdentityCore", "MessageAuthentication", "UserDirectory", .product(name: "GRDB", package: "GRDB.swift"),
            ],
            swiftSettings: house),

        // HTTP.
        .target(name: "EventLoop", dependencies: ["CLibUV"], swiftSettings: hotPath),
        .target(name: "TLSEngine", dependencies: ["COpenSSL"], swiftSettings: hotPath),
        .target(name: "HTTPMessages", swiftSettings: hotPath),
        .target(name: "HTTP1Codec", dependencies: ["HTTPMessages"], swiftSettings: hotPath),
        .target(name: "HTTP2Engine", dependencies: ["HTTPMessages", "CNGHTTP2"], swiftSettings: hotPath),
        .target(
            name: "HTTPServer",
            dependencies: ["EventLoop", "TLSEngine", "HTTPMessages", "HTTP1Codec", "HTTP2Engine"],
            swiftSettings: hotPath),
        .target(
            name: "HTTPUpstream",
            dependencies: [
                "EventLoop", "HTTP1Codec", "HTTP2Engine", "HTTPMessages", "MessageAuthentication", "TLSEngine",
            ],
            swiftSettings: hotPath),

        // The product.
        .target(
            name: "PortalSSO", dependencies: ["IdentityCore", "MessageAuthentication", "UserDirectory"],
            swiftSettings: house),
        .target(
            name: "DataPlane",
            dependencies: [
                "EventLoop", "HTTP1Codec", "HTTPMessages", "HTTPUpstream", "IdentityCore", "MessageAuthentication",
                "PortalSSO", "UserDirectory", "VerificationCache", "WidgetSDK",
            ],
            swiftSettings: hotPath),
        .target(name: "WidgetSDK", swiftSettings: house),
        .target(
            name: "GatewayConfiguration",
            dependencies: ["IdentityCore", "UserDirectory", .product(name: "Yams", package: "Yams")],
            swiftSettings: house),
        .target(
            name: "ControlPlane",
            dependencies: [
                "GatewayConfiguration", "IdentityCore", "MessageAuthentication", "PortalSSO", "UserDirectory",
            ],
            swiftSettings: house),
        .target(
            name: "Console",
            dependencies: [
                "ControlPlane", "GatewayConfiguration", "IdentityCore", "MessageAuthentication", "PortalSSO",
                "UserDirectory", .product(name: "Mustache", package: "swift-mustache"),
            ],
            exclude: ["README.md"], resources: [.embedInCode("Templates"), .embedInCode("Assets")],
            swiftSettings: house),
        .target(
            name: "Demo", dependencies: ["HTTPMessages", "IdentityCore"], exclude: ["Pages"], swiftSettings: house),
        .target(
            name: "Gateway",
            dependencies: [
                "Console", "ControlPlane", "DataPlane", "Demo", "DirectoryPostgres", "DirectorySQLite", "EventLoop",
                "GatewayConfiguration",
                "HTTP2Engine", "HTTPMessages", "HTTPServer", "HTTPUpstream", "IdentityCore", "MessageAuthentication",
                "PortalSSO", "TLSEngine", "UserDirectory", "VerificationCache",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: house),
        .executableTarget(
            name: "widget-gateway",
            dependencies: [
                "ControlPlane", "DirectorySQLite", "Gateway", "GatewayConfiguration", "IdentityCore", "PortalSSO",
                "TLSEngine", "UserDirectory", .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: house),

        // Tests of single targets; those of the whole program are in Tests/EndToEnd and Tests/Browser.
        .testTarget(
            name: "MessageAuthenticationTests", dependencies: ["COpenSSL", "MessageAuthentication"],
            swiftSettings: house),
        .testTarget(
            name: "IdentityCoreTests", dependencies: ["IdentityCore", "MessageAuthentication"], exclude: ["Fixtures"],
            swiftSettings: house),
        .testTarget(
            name: "UserDirectoryTests",
            dependencies: ["DirectoryPostgres", "DirectorySQLite", "IdentityCore", "UserDirectory"],
            swiftSettings: house),
        .testTarget(
            name: "DirectorySQLiteTests",
            dependencies: [
                "DirectorySQLite", "IdentityCore", "UserDirectory", .product(name: "GRDB", package: "GRDB.swift"),
            ],
            swiftSettings: house),
        .testTarget(
            name: "ControlPlaneTests",
            dependencies: ["ControlPlane", "DirectorySQLite", "GatewayConfiguration", "IdentityCore", "UserDirectory"],
            swiftSettings: house),
        .testTarget(
            name: "ConsoleTests",
            dependencies: [
                "Console", "ControlPlane", "DirectorySQLite", "GatewayConfiguration", "IdentityCore", "PortalSSO",
                "UserDirectory", .product(name: "Mustache", package: "swift-mustache"),
            ],
            swiftSettings: house),
        .testTarget(
            name: "GatewayConfigurationTests", dependencies: ["GatewayConfiguration", "IdentityCore", "UserDirectory"],
            swiftSettings: house),
        .testTarget(
            name: "CommandLineTests",
            dependencies: [
                "GatewayConfiguration", "IdentityCore", "PortalSSO", "UserDirectory", "widget-gateway",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: house),
        .testTarget(
            name: "GatewayTests", dependencies: ["EventLoop", "Gateway", "GatewayConfiguration"], swiftSettings: house),
        .testTarget(
            name: "PortalSSOTests",
            dependencies: ["IdentityCore", "MessageAuthentication", "PortalSSO", "UserDirectory"],
            exclude: ["Fixtures"], swiftSettings: house),
        .testTarget(name: "DemoTests", dependencies: ["Demo", "IdentityCore"], swiftSettings: house),
        .testTarget(name: "EventLoopTests", dependencies: ["EventLoop"], swiftSettings: house),
        .testTarget(name: "TLSEngineTests", dependencies: ["COpenSSL", "TLSEngine"], swiftSettings: house),
        .testTarget(
            name: "HTTP2EngineTests", dependencies: ["CNGHTTP2", "HTTP2Engine", "HTTPMessages"], swiftSettings: house),
        .testTarget(
            name: "HTTPServerTests", dependencies: ["HTTP2Engine", "HTTPMessages", "HTTPServer"], swiftSettings: house),
        .testTarget(
            name: "HTTPUpstreamTests", dependencies: ["EventLoop", "HTTP1Codec", "HTTPMessages", "HTTPUpstream"],
            swiftSettings: house),
        .testTarget(
            name: "DataPlaneTests", dependencies: ["DataPlane", "HTTPMessages", "IdentityCore", "UserDirectory"],
            swiftSettings: house),
        .testTarget(name: "VerificationCacheTests", dependencies: ["VerificationCache"], swiftSettings: house),
        .testTarget(name: "HTTPMessagesTests", dependencies: ["HTTPMessages"], swiftSettings: house),
        .testTarget(name: "HTTP1CodecTests", dependencies: ["HTTP1Codec", "HTTPMessages"], swiftSettings: house),
    ]
)
