import Foundation
import GatewayConfiguration

/// How much memory the process takes, and may take.
///
/// Counted is what is resident. Where the limit comes from the control group, what its sockets hold counts as well, since
/// the kernel counts it: behind clients that don't read it can be more than everything else.
struct MemoryMeter {
    /// In bytes; nil: there is none.
    let limit: Int?
    /// Whether the limit is the control group's, less a margin.
    let isDerived: Bool

    private let residentPages: KernelFile?
    private let group: KernelFile?
    private var socketBytes = 0

    /// Of the control group's limit: the rest is for what isn't counted here, such as the kernel's part of each
    /// connection, and for what comes in between two looks.
    static let partOfGroup = 0.85
    private static let pageBytes = max(1, sysconf(Int32(_SC_PAGESIZE)))

    /// - Parameter root: where `proc` and `sys` are.
    init(_ limits: LimitsConfiguration, root: String = "/") {
        residentPages = KernelFile("\(root)/proc/self/statm")
        if let chosen = limits.memoryBytes {
            limit = chosen == 0 ? nil : chosen
            isDerived = false
            group = nil
        } else {
            let found = ControlGroup.ofThisProcess(root: root)
            limit = found.map { Int(Double($0.limit) * Self.partOfGroup) }
            isDerived = found != nil
            group = found?.statistics.flatMap(KernelFile.init)
        }
    }

    /// In bytes; nil where nobody says.
    ///
    /// - Parameter countingSockets: whether their part is looked at anew.
    mutating func usedBytes(countingSockets: Bool = true) -> Int? {
        if countingSockets, let group { socketBytes = group.read().flatMap(ControlGroup.socketBytes) ?? 0 }
        guard let pages = residentPages?.read().flatMap(Self.residentPages) else { return nil }
        let (bytes, overflows) = pages.multipliedReportingOverflow(by: Self.pageBytes)
        let (sum, isTooMuch) = bytes.addingReportingOverflow(socketBytes)
        return overflows || isTooMuch ? nil : sum
    }

    /// The second number of a `statm` (proc(5)).
    static func residentPages(_ text: String) -> Int? {
        let fields = text.split(separator: " ", maxSplits: 2)
        return fields.count == 3 ? Int(fields[1]).flatMap { $0 >= 0 ? $0 : nil } : nil
    }
}
