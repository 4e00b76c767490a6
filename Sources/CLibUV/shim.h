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

#ifdef __GLIBC__
#include <malloc.h>

/// Has the heap give back whole pages that nothing is on.
static inline void widget_trim_heap(void) { malloc_trim(0); }
#else
static inline void widget_trim_heap(void) {}
#endif

#ifdef __linux__
#include <linux/filter.h>
#include <stdint.h>
#include <sys/prctl.h>

/// Has the kernel give new connections to `count` of the sockets that share an address with this one, from the one that
/// was `first`th (from 0 on) to listen; by chance, evenly. Places that no socket has count for all sockets.
static inline int widget_reuseport_choose(int socket, uint32_t first, uint32_t count) {
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_RANDOM)),
        BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, count),
        BPF_STMT(BPF_ALU | BPF_ADD | BPF_K, first),
        BPF_STMT(BPF_RET | BPF_A, 0),
    };
    struct sock_fprog program = {sizeof code / sizeof *code, code};
    return setsockopt(socket, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof program);
}

/// Ends what `widget_reuseport_choose` began.
static inline int widget_reuseport_reset(int socket) {
    int unused = 0;
    return setsockopt(socket, SOL_SOCKET, SO_DETACH_REUSEPORT_BPF, &unused, sizeof unused);
}

/// Whether core dumps and other processes of the same user may see this one's memory.
static inline void widget_set_dumpable(int dumpable) { prctl(PR_SET_DUMPABLE, dumpable, 0, 0, 0); }
#else
#include <stdint.h>
static inline int widget_reuseport_choose(int socket, uint32_t first, uint32_t count) { return -1; }
static inline int widget_reuseport_reset(int socket) { return -1; }
static inline void widget_set_dumpable(int dumpable) {}
#endif
