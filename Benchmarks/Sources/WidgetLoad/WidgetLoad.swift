import ArgumentParser
import EventLoop
import Foundation

/// The load test: HTTP/2 over TLS, tokens of its own signing, and every answer judged.
@main
struct WidgetLoad: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "widget-load",
        abstract: "Loads a gateway over HTTP/2 and checks every answer.",
        discussion: """
            The organization must know the secret of --secret-file. Exit status: 0; 1 where an answer was wrong (a forged
            or expired token accepted, a valid one refused, one user taken for another); 2 where there was nothing to
            measure.

              widget-load --target https://127.0.0.1:8443 --secret-file acme.secret --connections 10 --streams 10
              widget-load --target https://127.0.0.1:8443 --secret-file acme.secret --rate 20000 --tokens 100000 \\
                --mix valid=90,expired=3,forged=3,anonymous=4 --zipf 1.0 --duration 60s --html report.html
            """)

    @Option(help: "The gateway: https://host:port, or http://host:port for cleartext HTTP/2.", transform: target)
    var target: LoadTarget

    @Option(help: "Connections.")
    var connections = 10

    @Option(help: "Requests under way on a connection at most.")
    var streams = 10

    @Option(help: "How long requests are sent: 30s, 5m.", transform: duration)
    var duration = LoadDuration("10s").unsafelyUnwrapped

    @Option(
        help: """
            Requests a second, however fast the answers come (open loop): latency counts from when a request was due. \
            Without it, each stream sends its next request when it has its answer.
            """)
    var rate: Double?

    @Option(help: "Distinct users, each with a token of its own.")
    var tokens = 1

    @Option(help: "The shares of requests.", transform: mix)
    var mix = TrafficMix("valid=1").unsafelyUnwrapped

    @Option(help: "Users are chosen by Zipf's law with this exponent; without it, in turn.")
    var zipf: Double?

    @Flag(help: "First sends each user's token once, and reports that apart.")
    var warmUp = false

    @Option(help: "A new connection, and so a handshake, after so many requests.")
    var reconnect: Int?

    @Option(help: ArgumentHelp("The file with the organization's API secret.", valueName: "file"))
    var secretFile: String?

    @Option(help: "The organization, where the host doesn't tell.")
    var organization: String?

    @Option(help: "What is requested. /_widget/state names the user, so that answers are checked for that too.")
    var path = "/_widget/state"

    @Option(help: ArgumentHelp("Writes the report as JSON.", valueName: "file"))
    var json: String?

    @Option(help: ArgumentHelp("Writes the report as a page with charts.", valueName: "file"))
    var html: String?

    @Option(help: "The gateway's process, for its CPU time; found by its port where it runs on this machine.")
    var pid: Int?

    func validate() throws {
        guard (1...20_000).contains(connections) else { throw ValidationError("--connections is from 1 to 20000.") }
        guard (1...1000).contains(streams) else { throw ValidationError("--streams is from 1 to 1000.") }
        // Tokens hold for an hour.
        guard duration.seconds <= 3000 else { throw ValidationError("--duration is at most 50m.") }
        if let rate, !(rate > 0 && rate <= 10_000_000) { throw ValidationError("--rate is above 0.") }
        guard (1...10_000_000).contains(tokens) else { throw ValidationError("--tokens is from 1 to 10000000.") }
        if let zipf, !(zipf >= 0 && zipf <= 10) { throw ValidationError("--zipf is from 0 to 10.") }
        if let reconnect, reconnect < 1 { throw ValidationError("--reconnect is at least 1.") }
        if warmUp, !mix.contains(.valid) { throw ValidationError("--warm-up needs valid tokens in the mix.") }
        guard path.hasPrefix("/") else { throw ValidationError("--path begins with a slash.") }
        if secretFile == nil, RequestKind.allCases.contains(where: { $0 != .anonymous && mix.contains($0) }) {
            throw ValidationError("Tokens need a --secret-file to be signed with; or use --mix anonymous=1.")
        }
    }

    func run() throws {
        signal(SIGPIPE, SIG_IGN)
        let secret = try readSecret()
        let gateway = try process()
        let progress = ProgressLine(seconds: duration.seconds, gateway: gateway)
        let stock = TokenStock(
            users: tokens, mix: mix, secret: secret, now: Int(Date().timeIntervalSince1970),
            progress: { progress.signed($0, of: tokens) })
        guard let address = SocketAddress.resolve(host: target.host, port: target.port).first else {
            throw refused("\(target.host) has no address")
        }

        let plan = LoadPlan(
            target: target, connections: connections, streams: streams, duration: duration.seconds, rate: rate,
            users: tokens, mix: mix, warmsUp: warmUp, zipf: zipf, requestsPerConnection: reconnect,
            organization: organization,
            path: path)
        var first: GatewayUsage?
        var then: GatewayUsage?
        do {
            let run = try LoadRun(plan, tokens: stock, address: address)
            run.onBegin = {
                first = gateway.flatMap(GatewayUsage.init)
                progress.started()
            }
            run.onStart = {
                then = gateway.flatMap(GatewayUsage.init)
                progress.restarted(warmed: warmUp)
            }
            run.onSecond = { progress.second($0, wrong: $1) }
            try run.run()
            progress.end()
            guard run.measurements.answers > 0 else { throw refused("there was no answer at all") }
            let last = gateway.flatMap(GatewayUsage.init)
            let report = LoadReport(
                plan, tokens: stock, run,
                gateway: GatewayUsage.between(then, last, answers: run.measurements.answers, seconds: run.sentFor),
                firstSeen: GatewayUsage.between(first, then, answers: run.warmUp.answers, seconds: run.warmedFor))
            try write(report)
            if report.wrongAnswers > 0 { throw ExitCode(1) }
            if run.lostTarget { throw refused("\(target.authority) stopped taking connections") }
        } catch let error as LoadError {
            progress.end()
            throw refused(error.description)
        }
    }

    private func write(_ report: LoadReport) throws {
        print(ReportTable.text(report))
        if let json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            try encoder.encode(report).write(to: URL(fileURLWithPath: json))
        }
        if let html { try ReportPage.html(report).write(toFile: html, atomically: true, encoding: .utf8) }
    }

    private func readSecret() throws -> String {
        guard let secretFile else { return "" }
        guard let text = try? String(contentsOfFile: secretFile, encoding: .utf8) else {
            throw refused("\(secretFile) can't be read")
        }
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private func process() throws -> GatewayProcess? {
        if let pid {
            guard let process = GatewayProcess(pid: pid) else { throw refused("there is no process \(pid)") }
            return process
        }
        let isLocal = SocketAddress.resolve(host: target.host, port: target.port).first?.isLoopback ?? false
        return isLocal ? GatewayProcess(listeningOn: target.port) : nil
    }

    private func refused(_ words: String) -> ExitCode {
        FileHandle.standardError.write(Data("widget-load: \(words)\n".utf8))
        return ExitCode(2)
    }

    // MARK: Values of options

    @Sendable private static func target(_ text: String) throws -> LoadTarget {
        guard let target = LoadTarget(text) else { throw ValidationError("'\(text)' isn't https://host:port.") }
        return target
    }

    @Sendable private static func duration(_ text: String) throws -> LoadDuration {
        guard let duration = LoadDuration(text) else { throw ValidationError("'\(text)' isn't a duration like 30s.") }
        return duration
    }

    @Sendable private static func mix(_ text: String) throws -> TrafficMix {
        guard let mix = TrafficMix(text) else {
            throw ValidationError("'\(text)' isn't a mix like valid=90,expired=3,forged=3,anonymous=4.")
        }
        return mix
    }
}
