import Gateway
import GatewayConfiguration

/// Where the commands `serve` and `demo` enter the target `Gateway`.
enum GatewayEntry {
    /// Runs the gateway until it has drained. `file` is what `SIGHUP` reads again; nil: there is none. `predecessor`: the
    /// process to take over from.
    static func serve(
        _ loaded: LoadedConfiguration, file: String?, environment: [String: String], predecessor: Int32?
    ) async throws {
        do {
            let gateway = try await GatewayRuntime(
                loaded, file: file, environment: environment, predecessor: predecessor)
            try await gateway.start()
            await gateway.run()
        } catch {
            throw Refusal("\(error)")
        }
    }

    /// Runs the demo until it is interrupted.
    static func demo(_ ports: DemoRuntime.Ports, folder: String) async throws {
        do {
            try await DemoRuntime(ports: ports, folder: folder).run { Terminal.print($0) }
        } catch {
            throw Refusal("\(error)")
        }
    }
}
