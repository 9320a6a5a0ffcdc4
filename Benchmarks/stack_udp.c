/* The floor: the same frames over bare UDP, without protocol or encryption.
 *
 * A frame is cut into packets of at most 1200 bytes. The relay sends each packet it receives to everyone who asked,
 * with recvmmsg and sendmmsg and nothing else. One publisher and up to 1024 subscribers.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "peer.h"

#define CHUNK 1200
#define BATCH 64
#define MAX_SUBSCRIBERS 1024

const char *const stack_name = "udp";

struct chunk_header {
  char track[16]; /* empty: "send me everything" */
  uint32_t sequence, offset, total;
};

struct want {
  char track[16];
  struct inlet *inlet;
  uint8_t *frame;
  uint32_t sequence, have, capacity;
  struct want *next;
};

struct link {
  int fd, publishes;
  struct sockaddr_in relay;
  struct want *wants;
  pthread_mutex_t lock;
};

struct outlet {
  struct link *link;
  char track[16];
  uint32_t sequence;
};

static int poller;

static int new_socket(const char *where) {
  char host[64];
  unsigned port;
  const char *start = strstr(where, "://");
  if (sscanf(start ? start + 3 : where, "%63[^:]:%u", host, &port) != 2) fail("udp: address %s", where);
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  inet_pton(AF_INET, host, &a.sin_addr);
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), size = 4 << 20;
  if (fd < 0) fail("udp: no socket");
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  if (start ? connect(fd, (struct sockaddr *)&a, sizeof a) : bind(fd, (struct sockaddr *)&a, sizeof a))
    fail("udp: address %s", where);
  return fd;
}

static void take(struct want *w, const struct chunk_header *h, const uint8_t *data, size_t size) {
  if (h->offset == 0) {
    w->sequence = h->sequence;
    w->have = 0;
  }
  if (h->sequence != w->sequence || h->offset != w->have) return; /* a packet was lost: so is the frame */
  if (h->total > w->capacity) {
    w->capacity = h->total;
    w->frame = realloc(w->frame, w->capacity);
    if (!w->frame) fail("out of memory");
  }
  if (h->offset + size > h->total) return;
  memcpy(w->frame + h->offset, data, size);
  w->have += (uint32_t)size;
  if (w->have == h->total) peer_frame(w->inlet, w->frame, h->total);
}

static void *deliver(void *unused) {
  (void)unused;
  static uint8_t buffers[BATCH][CHUNK + sizeof(struct chunk_header)];
  struct mmsghdr messages[BATCH];
  struct iovec parts[BATCH];
  memset(messages, 0, sizeof messages);
  for (int i = 0; i < BATCH; i++) {
    parts[i] = (struct iovec){buffers[i], sizeof buffers[i]};
    messages[i].msg_hdr.msg_iov = &parts[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  for (;;) {
    struct epoll_event events[BATCH];
    int n = epoll_wait(poller, events, BATCH, -1);
    for (int e = 0; e < n; e++) {
      struct link *l = events[e].data.ptr;
      int got = recvmmsg(l->fd, messages, BATCH, MSG_DONTWAIT, NULL);
      for (int i = 0; i < got; i++) {
        struct chunk_header h;
        if (messages[i].msg_len < sizeof h) continue;
        memcpy(&h, buffers[i], sizeof h);
        pthread_mutex_lock(&l->lock);
        for (struct want *w = l->wants; w; w = w->next) {
          if (!strncmp(w->track, h.track, sizeof h.track))
            take(w, &h, buffers[i] + sizeof h, messages[i].msg_len - sizeof h);
        }
        pthread_mutex_unlock(&l->lock);
      }
    }
  }
  return NULL;
}

int stack_start(const char *library) {
  (void)library;
  pthread_t thread;
  poller = epoll_create1(EPOLL_CLOEXEC);
  return pthread_create(&thread, NULL, deliver, NULL);
}

struct link *stack_open(const char *url, const char *prefix, const char *path, int consumes) {
  (void)prefix, (void)consumes;
  struct link *l = calloc(1, sizeof *l);
  if (!l) fail("out of memory");
  pthread_mutex_init(&l->lock, NULL);
  l->fd = new_socket(url);
  l->publishes = path != NULL;
  return l;
}

struct outlet *stack_publish(struct link *l, const struct track_spec *spec) {
  struct outlet *o = calloc(1, sizeof *o);
  if (!o) fail("out of memory");
  o->link = l;
  snprintf(o->track, sizeof o->track, "%.15s", spec->name);
  return o;
}

void stack_connect(struct link *l) {
  struct epoll_event e = {.events = EPOLLIN, .data.ptr = l};
  epoll_ctl(poller, EPOLL_CTL_ADD, l->fd, &e);
  peer_linked(l, 1);
}

void stack_subscribe(struct link *l, const char *path, const struct track_spec *spec, struct inlet *inlet) {
  (void)path;
  struct want *w = calloc(1, sizeof *w);
  struct chunk_header hello = {0};
  if (!w) fail("out of memory");
  snprintf(w->track, sizeof w->track, "%.15s", spec->name);
  w->inlet = inlet;
  pthread_mutex_lock(&l->lock);
  w->next = l->wants;
  l->wants = w;
  pthread_mutex_unlock(&l->lock);
  if (!w->next && send(l->fd, &hello, sizeof hello, 0) < 0) fail("udp: send");
}

int stack_push(struct outlet *o, const uint8_t *data, size_t size, int first, int last, uint64_t us) {
  (void)first, (void)last, (void)us;
  struct chunk_header headers[BATCH];
  struct iovec parts[BATCH][2];
  struct mmsghdr messages[BATCH];
  memset(messages, 0, sizeof messages);
  uint32_t sequence = o->sequence++;
  for (size_t at = 0; at < size;) {
    unsigned n = 0;
    for (; n < BATCH && at < size; n++) {
      size_t part = size - at < CHUNK ? size - at : CHUNK;
      memset(&headers[n], 0, sizeof headers[n]);
      memcpy(headers[n].track, o->track, sizeof headers[n].track);
      headers[n].sequence = sequence;
      headers[n].offset = (uint32_t)at;
      headers[n].total = (uint32_t)size;
      parts[n][0] = (struct iovec){&headers[n], sizeof headers[n]};
      parts[n][1] = (struct iovec){(void *)(uintptr_t)(data + at), part};
      messages[n].msg_hdr.msg_iov = parts[n];
      messages[n].msg_hdr.msg_iovlen = 2;
      at += part;
    }
    if (sendmmsg(o->link->fd, messages, n, 0) != (int)n) return -1;
  }
  return 0;
}

void stack_close(struct link *l) { close(l->fd); }

int stack_relay(const char *bind) {
  static uint8_t buffers[BATCH][CHUNK + sizeof(struct chunk_header)];
  static struct sockaddr_in from[BATCH], subscribers[MAX_SUBSCRIBERS];
  static struct mmsghdr in[BATCH], out[MAX_SUBSCRIBERS];
  struct iovec parts[BATCH], whole;
  unsigned count = 0;
  int fd = new_socket(bind);
  struct sockaddr_in self;
  socklen_t length = sizeof self;
  getsockname(fd, (struct sockaddr *)&self, &length);
  printf("listening 127.0.0.1:%u\n", ntohs(self.sin_port));
  fflush(stdout);
  for (;;) {
    for (int i = 0; i < BATCH; i++) {
      parts[i] = (struct iovec){buffers[i], sizeof buffers[i]};
      in[i].msg_hdr =
          (struct msghdr){.msg_name = &from[i], .msg_namelen = sizeof from[i], .msg_iov = &parts[i], .msg_iovlen = 1};
    }
    int got = recvmmsg(fd, in, BATCH, MSG_WAITFORONE, NULL);
    for (int i = 0; i < got; i++) {
      if (buffers[i][0] == 0) {
        if (count < MAX_SUBSCRIBERS) subscribers[count++] = from[i];
        continue;
      }
      whole = (struct iovec){buffers[i], in[i].msg_len};
      for (unsigned s = 0; s < count; s++) {
        out[s].msg_hdr = (struct msghdr){
            .msg_name = &subscribers[s], .msg_namelen = sizeof subscribers[s], .msg_iov = &whole, .msg_iovlen = 1};
      }
      for (unsigned done = 0; done < count;) {
        int n = sendmmsg(fd, out + done, count - done, 0);
        if (n <= 0) break;
        done += (unsigned)n;
      }
    }
  }
}
