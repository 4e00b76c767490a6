#include <stdint.h>
#include <sys/timerfd.h>
#include <time.h>

/// A non-blocking timer that becomes readable every `nanoseconds`; -1 where there is none to be had.
static inline int widget_interval_timer(uint64_t nanoseconds) {
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (timer < 0) return -1;
    struct timespec interval = {(time_t)(nanoseconds / 1000000000u), (long)(nanoseconds % 1000000000u)};
    struct itimerspec setting = {interval, interval};
    timerfd_settime(timer, 0, &setting, NULL);
    return timer;
}
