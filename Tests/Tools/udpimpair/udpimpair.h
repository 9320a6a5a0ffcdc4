/* What the parts of udpimpair share. See README.md for what it does.
 *
 * client <-> [listen socket] udpimpair [one socket per client] <-> target
 *
 * One thread, one epoll loop, one timer. Every packet that survives gets a release time and waits in a heap.
 * All random decisions come from one generator per client and direction, and every packet draws the same
 * number of values whatever is switched on, so the n-th packet of a direction meets the same fate on every run. */
#ifndef UDPIMPAIR_H
#define UDPIMPAIR_H

#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>

/* Directions: client to target, target to client. */
enum {
  UP,
  DOWN
};

/* How jitter is distributed. */
enum {
  UNIFORM,
  PARETO
};

enum {
  MAX_PACKET = 65536,
  BATCH = 32,
  MAX_FLOWS = 4096,
  MAX_EVENTS_AT = 256
};

typedef struct {
  int64_t delay, jitter; /* nanoseconds */
  int dist, free_order;
  double loss;                        /* independent */
  double ge_p, ge_r, ge_good, ge_bad; /* Gilbert-Elliott: good->bad, bad->good, loss in each state */
  double reorder;                     /* share of packets held back... */
  int64_t reorder_by;                 /* ...by this long, while later packets overtake */
  double duplicate;
  double corrupt; /* share of packets with one flipped bit */
  double rate;    /* bytes per second, 0 = unlimited */
  int64_t queue;  /* bytes that may wait for the link */
} settings;

typedef struct {
  uint64_t s;
} rng;

typedef struct {
  uint64_t received, received_bytes, sent, sent_bytes, lost_random, lost_burst, lost_queue, send_errors;
  uint64_t reordered, duplicated, corrupted, bursts, longest_loss, run;
  int64_t hold_total, hold_max, queue_max, late_total, late_max;
} counters;

typedef struct {
  rng random;
  int bad; /* Gilbert-Elliott state */
  int64_t link_free, last_release;
  counters count;
} channel;

typedef struct flow {
  int used, fd, index;
  struct sockaddr_storage client;
  socklen_t client_len;
  int64_t last_seen;
  unsigned rebinds;
  channel ch[2];
} flow;

typedef struct packet {
  int64_t release, arrived;
  uint64_t order;
  int dir, len;
  uint32_t flow;
  uint8_t data[];
} packet;

extern settings conf[2];
void apply(const char *text);
_Noreturn void die(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

extern flow *flows;
extern packet **heap;
extern int flow_count, listen_fd, epoll_fd, only; /* only: the one client, from 1, that is impaired; 0 for all */
extern size_t heap_len;
extern uint64_t ignored, lost_memory, seed;
extern struct sockaddr_storage target;
extern socklen_t target_len;

int64_t now_ns(void);
int open_socket(int family);
void watch(int fd, uint64_t tag);
void rebind(void);
void release_due(void);
void read_packets(int fd, flow *f);

void print_stats(FILE *o, double seconds, int per_flow);

#endif
