import CLibFuzzer

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Feeds one target with inputs that libFuzzer makes: `FUZZ_TARGET=token gateway-fuzz CORPUS -runs=100000`.
@main
enum GatewayFuzz {
    static func main() {
        guard let name = getenv("FUZZ_TARGET").map({ String(cString: $0) }), let target = FuzzTarget(rawValue: name)
        else {
            print("FUZZ_TARGET must be one of: \(FuzzTarget.allCases.map(\.rawValue).joined(separator: " "))")
            exit(2)
        }
        chosen = target.run
        var count = CommandLine.argc
        var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
        exit(
            LLVMFuzzerRunDriver(&count, &arguments) { data, size in
                GatewayFuzz.chosen(UnsafeRawBufferPointer(start: data, count: size))
                return 0
            })
    }

    /// Written before the driver starts, then only read, by its one thread.
    nonisolated(unsafe) private static var chosen: (UnsafeRawBufferPointer) -> Void = { _ in }
}

/// What is fuzzed; the raw value names the corpus. Each checks more than that nothing crashes: see its file.
enum FuzzTarget: String, CaseIterable {
    case token, claims, plainIdentity = "plain-identity", base64url
    case cookies, query, returnAddress = "return-address", sealed
    case requests, responses, frames
    case configuration, organizations, json, csv

    var run: (UnsafeRawBufferPointer) -> Void {
        switch self {
        case .token: TokenTargets.token
        case .claims: TokenTargets.claims
        case .plainIdentity: TokenTargets.plainIdentity
        case .base64url: TokenTargets.base64url
        case .cookies: BrowserTargets.cookies
        case .query: BrowserTargets.query
        case .returnAddress: BrowserTargets.returnAddress
        case .sealed: BrowserTargets.sealed
        case .requests: HTTP1Targets.requests
        case .responses: HTTP1Targets.responses
        case .frames: HTTP2Target.frames
        case .configuration: TextTargets.configuration
        case .organizations: TextTargets.organizations
        case .json: TextTargets.json
        case .csv: TextTargets.csv
        }
    }
}
