/* Tells ThreadSanitizer of `Synchronization.Mutex`. Taking one that nobody wants is code of ours, which the sanitizer
   sees; waiting for one, and waking who waits, is code of the standard library, which it doesn't, so that what follows
   looks like a race with whoever had it before. Loaded before everything else by scripts/test-sanitized.sh. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>

void __tsan_acquire(void *address) __attribute__((weak));
void __tsan_release(void *address) __attribute__((weak));

#define SWIFT __attribute__((swiftcall))
#define HANDLE __attribute__((swift_context)) void *handle
#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define TRY_LOCK "$s15Synchronization12_MutexHandleV12_tryLockSlowSbyF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

SWIFT void lockSlow(uint32_t thread, HANDLE) __asm__(LOCK);
SWIFT bool tryLockSlow(HANDLE) __asm__(TRY_LOCK);
SWIFT void unlockSlow(HANDLE) __asm__(UNLOCK);

SWIFT void lockSlow(uint32_t thread, HANDLE) {
    SWIFT void (*theirs)(uint32_t, HANDLE) = (SWIFT void (*)(uint32_t, HANDLE))dlsym(RTLD_NEXT, LOCK);
    theirs(thread, handle);
    if (__tsan_acquire) __tsan_acquire(handle);
}

SWIFT bool tryLockSlow(HANDLE) {
    SWIFT bool (*theirs)(HANDLE) = (SWIFT bool (*)(HANDLE))dlsym(RTLD_NEXT, TRY_LOCK);
    bool isLocked = theirs(handle);
    if (isLocked && __tsan_acquire) __tsan_acquire(handle);
    return isLocked;
}

SWIFT void unlockSlow(HANDLE) {
    SWIFT void (*theirs)(HANDLE) = (SWIFT void (*)(HANDLE))dlsym(RTLD_NEXT, UNLOCK);
    if (__tsan_release) __tsan_release(handle);
    theirs(handle);
}
