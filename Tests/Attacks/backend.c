// The upstream behind the gateway under attack, as a process of its own: counts what reaches it. One thread that waits
// for events, so that what is measured beside it is the gateway.
//
//     backend PORT
//
// GET /            a short answer at once
// GET /big         1 MiB
// GET /slow        a short answer after two seconds
// POST anything    a short answer after the whole body
// GET /_statistics requests and connections so far, connections open now and at most
//
// While it waits to answer /slow it doesn't look at the connection, like a server with a thread for each: a client that
// goes meanwhile has made it work all the same, and stays among the open ones.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BIG = 1 << 20, PIECE = 1 << 14, MOST_HEAD = 1 << 18, SLOW_MILLISECONDS = 2000 };

enum state { HEAD, COUNTED, CHUNK_SIZE, CHUNK_DATA, TRAILER, SLEEPING, ANSWERING };

struct connection {
    int socket;
    enum state state;
    char *input;
    size_t length, capacity;
    /// Of the body or the chunk that is yet to come.
    long long pending;
    char path;
    /// What the loop tells of it; -1: nothing.
    int waits_for;
    /// What is yet to be sent: of the head or the short answer, and of the big body behind it.
    char answer[512];
    size_t answer_length, answer_sent, body;
    long long wakes;
    /// Those that sleep, in the order in which they wake.
    struct connection *next;
};

static int loop;
static long long requests, connections, open_now, most_open;
static struct connection *first_sleeper, *last_sleeper;
static char piece[PIECE];

static long long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000LL + time.tv_nsec / 1000000;
}

static void wait_for(struct connection *it, int events) {
    if (it->waits_for == events) return;
    struct epoll_event event = {.events = events, .data.ptr = it};
    epoll_ctl(loop, it->waits_for < 0 ? EPOLL_CTL_ADD : events < 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD, it->socket, &event);
    it->waits_for = events;
}

static void end(struct connection *it) {
    open_now--;
    close(it->socket);
    free(it->input);
    free(it);
}

/// Returns 1 when all is sent, 0 when it is others' turn, -1 at the connection's end.
static int send_answer(struct connection *it) {
    while (it->answer_sent < it->answer_length || it->body > 0) {
        int is_head = it->answer_sent < it->answer_length;
        const char *bytes = is_head ? it->answer + it->answer_sent : piece;
        size_t count = is_head ? it->answer_length - it->answer_sent : it->body < PIECE ? it->body : PIECE;
        ssize_t sent = send(it->socket, bytes, count, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0) return errno == EAGAIN ? 0 : -1;
        if (is_head) {
            it->answer_sent += sent;
        } else {
            it->body -= sent;
            if (it->body > 0) return 0;
        }
    }
    return 1;
}

static void prepare(struct connection *it, size_t length, const char *body) {
    it->answer_length = snprintf(
        it->answer, sizeof it->answer, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n\r\n%s", length,
        body ? body : "");
    it->answer_sent = 0;
    it->body = body ? 0 : length;
    it->state = ANSWERING;
}

/// The request is there whole.
static void respond(struct connection *it) {
    if (it->path == '_') {
        char text[256];
        snprintf(text, sizeof text, "{\"requests\": %lld, \"connections\": %lld, \"open\": %lld, \"most_open\": %lld}",
                 requests, connections, open_now, most_open);
        return prepare(it, strlen(text), text);
    }
    requests++;
    if (it->path == 'b') return prepare(it, BIG, NULL);
    prepare(it, 7, "served\n");
    if (it->path != 's') return;
    it->state = SLEEPING;
    it->wakes = now() + SLOW_MILLISECONDS;
    it->next = NULL;
    if (last_sleeper) last_sleeper->next = it; else first_sleeper = it;
    last_sleeper = it;
    wait_for(it, -1);
}

static void read_head(struct connection *it, char *head) {
    char *path = strchr(head, ' ');
    it->path = path && path[1] == '/' ? path[2] : 0;
    it->pending = 0;
    it->state = COUNTED;
    for (char *line = strstr(head, "\r\n"); line && line[2]; line = strstr(line + 2, "\r\n")) {
        if (!strncasecmp(line + 2, "content-length:", 15)) it->pending = atoll(line + 17);
        if (!strncasecmp(line + 2, "transfer-encoding: chunked", 26)) it->state = CHUNK_SIZE;
    }
}

/// Takes in what is there of requests, up to one that is to be answered.
static void take(struct connection *it) {
    size_t position = 0;
    while (it->state < SLEEPING) {
        size_t left = it->length - position;
        char *at = it->input + position;
        if (it->state == HEAD) {
            char *over = memmem(at, left, "\r\n\r\n", 4);
            if (!over) break;
            over[2] = 0;
            read_head(it, at);
            position = over + 4 - it->input;
        } else if (it->state == COUNTED || it->state == CHUNK_DATA) {
            size_t count = (long long)left < it->pending ? left : (size_t)it->pending;
            it->pending -= count;
            position += count;
            if (it->pending > 0) break;
            if (it->state == COUNTED) respond(it); else it->state = CHUNK_SIZE;
        } else {
            char *over = memchr(at, '\n', left);
            if (!over) break;
            size_t length = over + 1 - at;
            if (it->state == CHUNK_SIZE) {
                it->pending = strtoll(at, NULL, 16) + 2;
                it->state = it->pending > 2 ? CHUNK_DATA : TRAILER;
            } else if (length <= 2) {
                respond(it);
            }
            position += length;
        }
    }
    memmove(it->input, it->input + position, it->length - position);
    it->length -= position;
}

/// Goes on with a connection until it waits for something.
static void go_on(struct connection *it) {
    while (1) {
        if (it->state == ANSWERING) {
            int outcome = send_answer(it);
            if (outcome < 0) return end(it);
            if (outcome == 0) return wait_for(it, EPOLLOUT);
            it->state = HEAD;
        }
        take(it);
        if (it->state == SLEEPING) return;
        if (it->state == ANSWERING) continue;
        if (it->length == MOST_HEAD) return end(it);
        if (it->capacity - it->length < 4096 && it->capacity < MOST_HEAD) {
            it->capacity = it->capacity ? it->capacity * 2 : 8192;
            it->input = realloc(it->input, it->capacity);
        }
        ssize_t count = recv(it->socket, it->input + it->length, it->capacity - it->length, MSG_DONTWAIT);
        if (count == 0 || (count < 0 && errno != EAGAIN)) return end(it);
        if (count < 0) return wait_for(it, EPOLLIN);
        it->length += count;
    }
}

static void accept_all(int listener) {
    int socket;
    while ((socket = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct connection *it = calloc(1, sizeof *it);
        it->socket = socket;
        it->waits_for = -1;
        int on = 1;
        setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        connections++;
        if (++open_now > most_open) most_open = open_now;
        wait_for(it, EPOLLIN);
    }
}

int main(int count, char **arguments) {
    if (count != 2) return 2;
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    signal(SIGPIPE, SIG_IGN);
    memset(piece, 'x', sizeof piece);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1, buffer = 1 << 16;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    // What is accepted inherits it.
    setsockopt(listener, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(atoi(arguments[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 4096)) return 1;
    loop = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event incoming = {.events = EPOLLIN, .data.ptr = NULL}, events[256];
    epoll_ctl(loop, EPOLL_CTL_ADD, listener, &incoming);
    while (1) {
        long long wait = first_sleeper ? first_sleeper->wakes - now() : 1000;
        int ready = epoll_wait(loop, events, 256, wait < 0 ? 0 : (int)wait);
        for (int i = 0; i < ready; i++) {
            if (events[i].data.ptr) go_on(events[i].data.ptr); else accept_all(listener);
        }
        for (long long time = now(); first_sleeper && first_sleeper->wakes <= time;) {
            struct connection *it = first_sleeper;
            first_sleeper = it->next;
            if (!first_sleeper) last_sleeper = NULL;
            it->state = ANSWERING;
            go_on(it);
        }
    }
}
