/// What the gateway's process had used at one moment.
struct GatewayUsage {
    let pid: Int
    let cpuNanoseconds: UInt64
    /// In bytes.
    let residentMemory: Int

    /// nil where the process is gone.
    init?(_ process: GatewayProcess) {
        guard let cpu = process.cpuNanoseconds(), let memory = process.residentMemory() else { return nil }
        pid = process.pid
        cpuNanoseconds = cpu
        residentMemory = memory
    }

    /// What was used from one moment to the other, for so many answers; nil where either isn't known.
    static func between(
        _ from: GatewayUsage?, _ to: GatewayUsage?, answers: Int, seconds: Double
    ) -> LoadReport.Gateway? {
        guard let from, let to, to.cpuNanoseconds >= from.cpuNanoseconds, answers > 0 else { return nil }
        let cpu = Double(to.cpuNanoseconds - from.cpuNanoseconds)
        let mebibyte = 1024.0 * 1024
        return LoadReport.Gateway(
            pid: to.pid, cpuMicrosecondsPerRequest: cpu / Double(answers) / 1000,
            cpuCores: cpu / 1e9 / max(seconds, 1e-3), residentMiB: Double(to.residentMemory) / mebibyte,
            residentGrowthMiB: Double(to.residentMemory - from.residentMemory) / mebibyte)
    }
}
