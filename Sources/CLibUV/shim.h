#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <sys/socket.h>
#include <uv.h>

// A GNU extension that Swift's view of libc leaves out.
int accept4(int socket, struct sockaddr *restrict address, socklen_t *restrict length, int flags);

static inline int widget_accept4(int socket, struct sockaddr *address, socklen_t *length, int flags) {
    return accept4(socket, address, length, flags);
}

#include <pthread.h>
int pthread_setname_np(pthread_t thread, const char *name);

/// Names the calling thread; the kernel keeps 15 characters.
static inline void widget_set_thread_name(const char *name) { pthread_setname_np(pthread_self(), name); }
