// swift-tools-version: 6.1
import PackageDescription

/// The gateway's targets keep their declarations to `package`. SwiftPM names a package, as the compiler sees it, after
/// its folder: building under the gateway's name is what lets benchmarks reach what they measure. (`packageAccess: false`
/// keeps SwiftPM from adding this package's own name behind it.)
let gatewayFolder = Context.packageDirectory.split(separator: "/").dropLast().last.map(String.init) ?? "widget-gateway"
let gatewayPackageName = String(
    gatewayFolder.lowercased().map { $0.isLetter || $0.isNumber || $0 == "_" ? $0 : "_" })

let house: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .unsafeFlags(["-package-name", gatewayPackageName]),
    .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release)),
]

func gateway(_ product: String) -> Target.Dependency { .product(name: product, package: "widget-gateway") }

let package = Package(
    name: "widget-gateway-benchmarks",
    platforms: [.macOS(.v15)],
    products: [.executable(name: "widget-load", targets: ["widget-load"])],
    dependencies: [
        .package(name: "widget-gateway", path: ".."),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
        .package(url: "https://github.com/ordo-one/benchmark", from: "1.38.1", traits: []),
        .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
    ],
    targets: [
        .executableTarget(
            name: "Micro",
            dependencies: [
                "HTTP2Client", gateway("DataPlane"), gateway("HTTP1Codec"), gateway("HTTP2Engine"),
                gateway("HTTPMessages"), gateway("IdentityCore"), gateway("MessageAuthentication"),
                gateway("VerificationCache"),
                .product(name: "Benchmark", package: "benchmark"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "JWTKit", package: "jwt-kit"),
            ],
            path: "Sources/Benchmarks/Micro",
            packageAccess: false,
            swiftSettings: house,
            plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")]),

        // The client's half of an HTTP/2 connection: for the load test, and to feed the server's half in a benchmark.
        .target(
            name: "HTTP2Client", dependencies: [gateway("HTTPMessages"), gateway("CNGHTTP2")], packageAccess: false,
            swiftSettings: house),
        .systemLibrary(name: "CTimerFD"),
        .executableTarget(
            name: "widget-load",
            dependencies: [
                "CTimerFD", "HTTP2Client", gateway("COpenSSL"), gateway("EventLoop"), gateway("HTTPMessages"),
                gateway("MessageAuthentication"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Histogram", package: "hdrhistogram-swift"),
            ],
            path: "Sources/WidgetLoad",
            packageAccess: false,
            swiftSettings: house),
        .testTarget(
            name: "WidgetLoadTests",
            dependencies: ["widget-load", gateway("IdentityCore")],
            packageAccess: false,
            swiftSettings: house),
    ]
)
