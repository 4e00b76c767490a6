import EventLoop
import Foundation

/// What the operating system says of this process, under the names that all Prometheus clients use.
struct ProcessFigures {
    private static let ticksPerSecond = Double(max(1, sysconf(Int32(_SC_CLK_TCK))))
    private static let pageBytes = max(1, sysconf(Int32(_SC_PAGESIZE)))

    private var cpuSeconds = 0.0
    private var residentBytes = 0
    private var virtualBytes = 0
    private var startedAt = 0.0
    private var openDescriptors = 0
    private var maximumDescriptors = 0

    init() {
        // The name of the program, which may hold anything, ends at the last parenthesis: the third field comes next.
        if let stat = try? String(contentsOfFile: "/proc/self/stat", encoding: .utf8),
            let end = stat.lastIndex(of: ")")
        {
            let fields = stat[stat.index(after: end)...].split(separator: " ")
            func field(_ number: Int) -> Int { fields.count > number - 3 ? Int(fields[number - 3]) ?? 0 : 0 }
            cpuSeconds = Double(field(14) + field(15)) / Self.ticksPerSecond
            virtualBytes = field(23)
            residentBytes = field(24) * Self.pageBytes
            startedAt = Self.bootTime + Double(field(22)) / Self.ticksPerSecond
        }
        openDescriptors = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            maximumDescriptors = Int(clamping: limit.rlim_cur)
        }
    }

    func write(to text: inout MetricsText) {
        text.family("process_cpu_seconds_total", .counter, "CPU time of user and system.")
        text.sample("process_cpu_seconds_total", seconds: cpuSeconds)
        text.gauge("process_resident_memory_bytes", "Memory in RAM.", residentBytes)
        text.gauge("process_virtual_memory_bytes", "Address space.", virtualBytes)
        text.gauge("process_open_fds", "Open file descriptors.", openDescriptors)
        text.gauge("process_max_fds", "File descriptors that may be open.", maximumDescriptors)
        text.family("process_start_time_seconds", .gauge, "When the process began, in seconds since 1970.")
        text.sample("process_start_time_seconds", seconds: startedAt)
    }

    private static let bootTime: Double = {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return EventLoop.wallClock() - Double(time.tv_sec) - Double(time.tv_nsec) / 1e9
    }()
}
