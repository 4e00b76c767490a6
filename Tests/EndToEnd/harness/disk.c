/* Preloaded into a process, this is a disk that fails: the file named by TEST_DISK holds two numbers of 32 bits, an errno
   and the calls that fail with it (1: all that write, 2: syncing alone). Only files whose path begins with
   TEST_DISK_FOLDER are on that disk. An errno of 0: all is well. Both may change at any time. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { writing = 1, syncing = 2 };

static volatile int *state;
static const char *folder;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("TEST_DISK");
    folder = getenv("TEST_DISK_FOLDER");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    void *mapped = file < 0 ? MAP_FAILED : mmap(NULL, 2 * sizeof(int), PROT_READ, MAP_SHARED, file, 0);
    if (mapped != MAP_FAILED) state = mapped;
}

static int fails(int file, int kind) {
    if (!state || !folder || !state[0] || (state[1] != writing && state[1] != kind)) return 0;
    char link[32], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0 || strncmp(path, folder, strlen(folder))) return 0;
    errno = state[0];
    return 1;
}

#define SYSTEM(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int file, const void *bytes, size_t count) {
    return fails(file, writing) ? -1 : SYSTEM(write)(file, bytes, count);
}
ssize_t pwrite(int file, const void *bytes, size_t count, off_t at) {
    return fails(file, writing) ? -1 : SYSTEM(pwrite)(file, bytes, count, at);
}
ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t at) {
    return fails(file, writing) ? -1 : SYSTEM(pwrite64)(file, bytes, count, at);
}
int ftruncate(int file, off_t size) { return fails(file, writing) ? -1 : SYSTEM(ftruncate)(file, size); }
int ftruncate64(int file, off64_t size) { return fails(file, writing) ? -1 : SYSTEM(ftruncate64)(file, size); }
int posix_fallocate(int file, off_t from, off_t size) {
    return fails(file, writing) ? state[0] : SYSTEM(posix_fallocate)(file, from, size);
}
int posix_fallocate64(int file, off64_t from, off64_t size) {
    return fails(file, writing) ? state[0] : SYSTEM(posix_fallocate64)(file, from, size);
}
int fsync(int file) { return fails(file, syncing) ? -1 : SYSTEM(fsync)(file); }
int fdatasync(int file) { return fails(file, syncing) ? -1 : SYSTEM(fdatasync)(file); }
