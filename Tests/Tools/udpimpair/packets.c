/* Packets: received, judged, held in a heap until they are due, sent on. */
#define _GNU_SOURCE
#include "udpimpair.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

int64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static uint64_t next64(rng *r) { /* splitmix64 */
  uint64_t z = (r->s += 0x9e3779b97f4a7c15u);
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return z ^ z >> 31;
}
static double uniform(rng *r) { return (double)(next64(r) >> 11) * 0x1.0p-53; }

flow *flows;
int flow_count;
packet **heap;
size_t heap_len;
static size_t heap_cap;
uint64_t ignored;
static uint64_t packet_order;
int listen_fd, epoll_fd;
struct sockaddr_storage target;
socklen_t target_len;
uint64_t seed = 1;
int only;
static int64_t idle_limit = 120LL * 1000000000;
static size_t max_packets = 200000;
uint64_t lost_memory;

static int before(const packet *a, const packet *b) {
  return a->release != b->release ? a->release < b->release : a->order < b->order;
}
static int heap_push(packet *p) {
  if (heap_len >= max_packets) {
    lost_memory++;
    free(p);
    return 0;
  }
  if (heap_len == heap_cap) {
    heap_cap = heap_cap ? heap_cap * 2 : 1024;
    heap = realloc(heap, heap_cap * sizeof *heap);
    if (!heap) die("out of memory");
  }
  size_t i = heap_len++;
  while (i && before(p, heap[(i - 1) / 2])) {
    heap[i] = heap[(i - 1) / 2];
    i = (i - 1) / 2;
  }
  heap[i] = p;
  return 1;
}
static packet *heap_pop(void) {
  packet *top = heap[0], *p = heap[--heap_len];
  size_t i = 0;
  for (;;) {
    size_t c = 2 * i + 1;
    if (c >= heap_len) break;
    if (c + 1 < heap_len && before(heap[c + 1], heap[c])) c++;
    if (!before(heap[c], p)) break;
    heap[i] = heap[c];
    i = c;
  }
  if (heap_len) heap[i] = p;
  return top;
}

int open_socket(int family) {
  int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), big = 8 << 20;
  if (fd < 0) die("socket: %s", strerror(errno));
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &big, sizeof big);
  setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &big, sizeof big);
  return fd;
}
void watch(int fd, uint64_t tag) {
  struct epoll_event e = {.events = EPOLLIN, .data.u64 = tag};
  if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &e)) die("epoll: %s", strerror(errno));
}
static int open_upstream(int index) {
  int fd = open_socket(target.ss_family);
  if (connect(fd, (struct sockaddr *)&target, target_len)) die("connect: %s", strerror(errno));
  watch(fd, 1000 + (uint64_t)index);
  return fd;
}

static flow *find_flow(const struct sockaddr_storage *from, socklen_t len, int64_t now) {
  int unused = -1;
  for (int i = 0; i < flow_count; i++) {
    flow *f = &flows[i];
    if (!f->used) {
      if (unused < 0) unused = i;
      continue;
    }
    if (f->client_len == len && !memcmp(&f->client, from, len)) return f;
  }
  if (unused < 0 && flow_count == MAX_FLOWS) { /* full: take over the longest silent one, if silent for long */
    for (int i = 0; i < flow_count; i++)
      if (unused < 0 || flows[i].last_seen < flows[unused].last_seen) unused = i;
    if (now - flows[unused].last_seen < idle_limit) return NULL;
    close(flows[unused].fd);
  }
  int i = unused >= 0 ? unused : flow_count++;
  flow *f = &flows[i];
  memset(f, 0, sizeof *f);
  f->used = 1;
  f->index = i;
  memcpy(&f->client, from, len);
  f->client_len = len;
  for (int d = 0; d < 2; d++)
    f->ch[d].random.s = seed * 0x2545f4914f6cdd1du + (uint64_t)i * 2 + (uint64_t)d;
  f->fd = open_upstream(i);
  return f;
}

static int is_spared(const flow *f) { return only && f->index != only - 1; }

/* The upstream source port changes; what the target still sends to the old one is lost, as behind a NAT. */
void rebind(void) {
  int count = 0;
  for (int i = 0; i < flow_count; i++) {
    flow *f = &flows[i];
    if (!f->used || is_spared(f)) continue;
    int old = f->fd;
    f->fd = open_upstream(i); /* before closing, so the port cannot be the same */
    close(old);
    f->rebinds++;
    count++;
  }
  fprintf(stderr, "rebind %d flows\n", count);
}

static void lose(counters *n, uint64_t *which) {
  ++*which;
  if (++n->run > n->longest_loss) n->longest_loss = n->run;
}

static void accept_packet(flow *f, int dir, const uint8_t *data, int len, int64_t now) {
  channel *ch = &f->ch[dir];
  counters *n = &ch->count;
  static const settings none = {.queue = INT64_MAX};
  const settings *c = is_spared(f) ? &none : &conf[dir];
  f->last_seen = now;
  n->received++;
  n->received_bytes += (uint64_t)len;
  /* always the same eight draws */
  double u_state = uniform(&ch->random), u_ge = uniform(&ch->random), u_loss = uniform(&ch->random);
  double u_jitter = uniform(&ch->random), u_reorder = uniform(&ch->random), u_dup = uniform(&ch->random);
  double u_corrupt = uniform(&ch->random), u_bit = uniform(&ch->random);

  if (c->ge_p > 0) {
    if (ch->bad) {
      if (u_state < c->ge_r) ch->bad = 0;
    } else if (u_state < c->ge_p) {
      ch->bad = 1;
      n->bursts++;
    }
    if (u_ge < (ch->bad ? c->ge_bad : c->ge_good)) {
      lose(n, &n->lost_burst);
      return;
    }
  }
  if (u_loss < c->loss) {
    lose(n, &n->lost_random);
    return;
  }

  int64_t t = now;
  if (c->rate > 0) {
    int64_t start = ch->link_free > now ? ch->link_free : now;
    int64_t waiting = (int64_t)((double)(start - now) * c->rate / 1e9);
    if (waiting + len > c->queue && waiting > 0) {
      lose(n, &n->lost_queue);
      return;
    }
    if (waiting + len > n->queue_max) n->queue_max = waiting + len;
    t = ch->link_free = start + (int64_t)((double)len * 1e9 / c->rate);
  }
  n->run = 0;
  t += c->delay;
  if (c->jitter > 0) {
    if (c->dist == UNIFORM)
      t += (int64_t)(u_jitter * (double)c->jitter);
    else { /* shape 2.5, mean = jitter, cut at 20 times */
      double x = (pow(1 - u_jitter, -1 / 2.5) - 1) * 1.5;
      t += (int64_t)((x < 20 ? x : 20) * (double)c->jitter);
    }
  }
  if (c->reorder > 0 && u_reorder < c->reorder) {
    t += c->reorder_by; /* held back, does not hold back the others */
    n->reordered++;
  } else if (!c->free_order) {
    if (t < ch->last_release) t = ch->last_release;
    ch->last_release = t;
  }
  int copies = c->duplicate > 0 && u_dup < c->duplicate ? 2 : 1;
  if (copies == 2) n->duplicated++;
  for (int k = 0; k < copies; k++) {
    packet *p = malloc(sizeof *p + (size_t)len);
    if (!p) die("out of memory");
    p->release = t;
    p->arrived = now;
    p->order = packet_order++;
    p->dir = dir;
    p->len = len;
    p->flow = (uint32_t)f->index;
    memcpy(p->data, data, (size_t)len);
    if (len && c->corrupt > 0 && u_corrupt < c->corrupt) {
      uint64_t bit = (uint64_t)(u_bit * len * 8);
      p->data[bit / 8] ^= (uint8_t)(1u << bit % 8);
      if (!k) n->corrupted++;
    }
    heap_push(p);
  }
}

void release_due(void) {
  for (;;) {
    int64_t now = now_ns();
    if (!heap_len || heap[0]->release > now) break;
    packet *p = heap_pop();
    flow *f = &flows[p->flow];
    counters *n = &f->ch[p->dir].count;
    ssize_t r = p->dir == UP
                    ? send(f->fd, p->data, (size_t)p->len, 0)
                    : sendto(listen_fd, p->data, (size_t)p->len, 0, (struct sockaddr *)&f->client, f->client_len);
    if (r < 0)
      n->send_errors++;
    else {
      n->sent++;
      n->sent_bytes += (uint64_t)p->len;
    }
    int64_t hold = now - p->arrived, late = now - p->release;
    n->hold_total += hold;
    if (hold > n->hold_max) n->hold_max = hold;
    n->late_total += late;
    if (late > n->late_max) n->late_max = late;
    free(p);
  }
}

void read_packets(int fd, flow *f) {
  static uint8_t buffer[BATCH][MAX_PACKET];
  static struct sockaddr_storage from[BATCH];
  struct mmsghdr m[BATCH];
  struct iovec v[BATCH];
  for (;;) {
    for (int i = 0; i < BATCH; i++) {
      v[i] = (struct iovec){buffer[i], MAX_PACKET};
      m[i].msg_hdr = (struct msghdr){.msg_iov = &v[i], .msg_iovlen = 1};
      if (!f) {
        memset(&from[i], 0, sizeof from[i]);
        m[i].msg_hdr.msg_name = &from[i];
        m[i].msg_hdr.msg_namelen = sizeof from[i];
      }
    }
    int n = recvmmsg(fd, m, BATCH, MSG_DONTWAIT, NULL);
    if (n <= 0) return; /* also ECONNREFUSED of an absent target */
    int64_t now = now_ns();
    for (int i = 0; i < n; i++) {
      flow *to = f ? f : find_flow(&from[i], m[i].msg_hdr.msg_namelen, now);
      if (!to) {
        ignored++;
        continue;
      }
      accept_packet(to, f ? DOWN : UP, buffer[i], (int)m[i].msg_len, now);
    }
    if (n < BATCH) return;
  }
}
