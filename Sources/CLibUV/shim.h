#include <pthread.h>
#include <sys/socket.h>
#include <uv.h>

// GNU extensions, which libc's headers hide from a module that is built without _GNU_SOURCE.
int accept4(int socket, struct sockaddr *address, socklen_t *length, int flags);
int pthread_setname_np(pthread_t thread, const char *name);

static inline int widget_accept4(int socket, struct sockaddr *address, socklen_t *length, int flags) {
    return accept4(socket, address, length, flags);
}

/// Names the calling thread; the kernel keeps 15 characters.
static inline void widget_set_thread_name(const char *name) { pthread_setname_np(pthread_self(), name); }
