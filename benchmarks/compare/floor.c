/*
 * The least that a server on this machine can cost per request: it reads what came, answers "+OK" to each request without looking at it, and waits.
 * What it takes at pipeline 1 is the kernel's share of every server that speaks TCP through epoll; no figure of compare.py can be better than this one.
 *
 *     gcc -O2 -o /tmp/floor benchmarks/compare/floor.c
 *     python3 benchmarks/compare/compare.py --rows cpu --loads families --pipelines 1 --ours /tmp/floor
 */
#define _GNU_SOURCE
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS = 256, BUFFER = 256 * 1024 };

static const char reply[] = "+OK\r\n";
static char in[BUFFER], out[BUFFER];
static struct epoll_event events[EVENTS];
static struct { int fd, requests; } answers[EVENTS];

static void watch(int poll, int fd, unsigned how)
{
    struct epoll_event event = { .events = how, .data.fd = fd };
    epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
}

static int listen_on(int port)
{
    int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 511) != 0) exit(1);
    return fd;
}

static void take(int poll, int listener)
{
    int one = 1, fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    if (fd < 0) return;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    watch(poll, fd, EPOLLIN | EPOLLET);
}

/* Every request begins with one asterisk, and the loads of the comparison have no other. "PING\r\n", which waits for the start, has none. */
static int requests_in(const char *bytes, long count)
{
    int found = 0;
    for (long i = 0; i < count; i++) found += bytes[i] == '*';
    return found;
}

int main(int argc, char **argv)
{
    int port = 6379;
    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], "--port") == 0) port = atoi(argv[i + 1]);
    for (unsigned i = 0; i + sizeof reply - 1 <= sizeof out; i += sizeof reply - 1) memcpy(out + i, reply, sizeof reply - 1);

    int poll = epoll_create1(0), listener = listen_on(port);
    watch(poll, listener, EPOLLIN);
    for (;;) {
        int ready = epoll_wait(poll, events, EVENTS, -1), waiting = 0;
        for (int i = 0; i < ready; i++) {
            int fd = events[i].data.fd;
            if (fd == listener) {
                take(poll, listener);
                continue;
            }
            long count;
            while ((count = recv(fd, in, sizeof in, 0)) > 0) {
                int requests = requests_in(in, count);
                if (requests == 0 && memcmp(in, "PING", 4) == 0) send(fd, "+PONG\r\n", 7, MSG_NOSIGNAL);
                if (count < BUFFER) {
                    answers[waiting].fd = fd;
                    answers[waiting++].requests = requests;
                    break;
                }
                send(fd, out, requests * (sizeof reply - 1), MSG_NOSIGNAL);
            }
            if (count == 0) close(fd);
        }
        for (int i = 0; i < waiting; i++)
            if (answers[i].requests > 0) send(answers[i].fd, out, answers[i].requests * (sizeof reply - 1), MSG_NOSIGNAL);
    }
}
