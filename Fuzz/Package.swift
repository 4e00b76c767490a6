// swift-tools-version: 6.1
import PackageDescription

/// As in `Benchmarks/Package.swift`: the gateway's targets keep their declarations to `package`, so that this is built
/// under the name that SwiftPM gives the gateway's package, its folder's.
let gatewayFolder = Context.packageDirectory.split(separator: "/").dropLast().last.map(String.init) ?? "widget-gateway"
let gatewayPackageName = String(
    gatewayFolder.lowercased().map { $0.isLetter || $0.isNumber || $0 == "_" ? $0 : "_" })

let house: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .unsafeFlags(["-package-name", gatewayPackageName]),
]

func gateway(_ product: String) -> Target.Dependency { .product(name: product, package: "widget-gateway") }

let package = Package(
    name: "widget-gateway-fuzz",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "widget-gateway", path: "..")],
    targets: [
        // The driver of libFuzzer, which the compiler brings along.
        .target(name: "CLibFuzzer"),
        .executableTarget(
            name: "gateway-fuzz",
            dependencies: [
                "CLibFuzzer", gateway("DataPlane"), gateway("GatewayConfiguration"), gateway("HTTP1Codec"),
                gateway("HTTP2Engine"), gateway("HTTPMessages"), gateway("IdentityCore"),
                gateway("MessageAuthentication"), gateway("PortalSSO"), gateway("UserDirectory"),
            ],
            path: "Sources/GatewayFuzz",
            packageAccess: false,
            swiftSettings: house,
            linkerSettings: [.unsafeFlags(["-sanitize=fuzzer,address", "-use-ld=lld"])]),
    ]
)
