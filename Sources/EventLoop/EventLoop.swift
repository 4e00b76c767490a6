import CLibUV
import Glibc

/// One thread's libuv loop: readiness of sockets, a tick, and messages from other threads.
///
/// Everything but `mailbox` is confined to the thread that calls `run`.
package final class EventLoop {
    /// How often `onTick` is called, in milliseconds.
    package static let tickMilliseconds: UInt64 = 250

    /// Where other threads leave work for this one.
    package let mailbox: Mailbox

    /// Called once at the end of each turn, after all sockets were served: the place to write what has gathered.
    package var onTurnEnd: (() -> Void)?

    /// Called about every `tickMilliseconds`: timeouts are looked after here.
    package var onTick: (() -> Void)?

    let loop: UnsafeMutablePointer<uv_loop_t>
    private let wakeUp: UnsafeMutablePointer<uv_async_t>
    private let turnEnd: UnsafeMutablePointer<uv_check_t>
    private let ticker: UnsafeMutablePointer<uv_timer_t>

    package init() throws(EventLoopError) {
        loop = .allocate(capacity: 1)
        wakeUp = .allocate(capacity: 1)
        turnEnd = .allocate(capacity: 1)
        ticker = .allocate(capacity: 1)
        guard uv_loop_init(loop) == 0 else { throw EventLoopError.loopUnavailable }
        mailbox = Mailbox(wakeUp)

        let context = Unmanaged.passUnretained(self).toOpaque()
        uv_async_init(loop, wakeUp) { handle in EventLoop.from(handle.unsafelyUnwrapped.pointee.data).mailbox.drain() }
        uv_check_init(loop, turnEnd)
        uv_timer_init(loop, ticker)
        wakeUp.pointee.data = context
        turnEnd.pointee.data = context
        ticker.pointee.data = context
    }

    /// Runs until `stop`.
    package func run() {
        uv_check_start(turnEnd) { handle in
            EventLoop.from(handle.unsafelyUnwrapped.pointee.data).onTurnEnd?()
        }
        uv_timer_start(
            ticker, { handle in EventLoop.from(handle.unsafelyUnwrapped.pointee.data).onTick?() },
            Self.tickMilliseconds, Self.tickMilliseconds)
        uv_run(loop, UV_RUN_DEFAULT)
    }

    /// Makes `run` return after this turn.
    package func stop() { uv_stop(loop) }

    /// The monotonic time at which this turn began, in milliseconds.
    package var now: UInt64 { uv_now(loop) }

    private static func from(_ pointer: UnsafeMutableRawPointer?) -> EventLoop {
        Unmanaged<EventLoop>.fromOpaque(pointer.unsafelyUnwrapped).takeUnretainedValue()
    }

    /// Seconds since 1970.
    package static func wallClock() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// Nanoseconds of the monotonic clock.
    package static func monotonicNanoseconds() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}

package enum EventLoopError: Error, Equatable, Sendable, CustomStringConvertible {
    case loopUnavailable
    /// The operating system refused: what was tried, and `errno`.
    case system(call: String, errno: Int32)

    package var description: String {
        switch self {
        case .loopUnavailable: "no event loop could be made"
        case .system(let call, let code): "\(call): \(String(cString: strerror(code)))"
        }
    }
}
