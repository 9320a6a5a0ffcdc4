/* What the parts of the measuring program share. Stacks see only peer.h. */
#ifndef BENCH_STATE_H
#define BENCH_STATE_H

#include <stdatomic.h>

#include "peer.h"

#define MAGIC 0x62656e63u
#define MAX_TRACKS 8
#define ON_TIME_NS 500000000ull

struct header { /* at the start of every frame */
  uint64_t sent_ns;
  uint32_t magic, sequence;
};

/* -- measure.c ------------------------------------------------------------------------------------------- */

void *allocate(size_t count, size_t size);

/* 128 steps per power of two, so within 0.8 %. */
#define STEPS 128
#define POWERS 36
struct histogram {
  uint64_t count, max;
  double sum;
  uint32_t bins[POWERS * STEPS];
};

void record(struct histogram *h, uint64_t ns);
double percentile(const struct histogram *h, double share);
/* As a member of a JSON object, in microseconds. */
void print_histogram(const char *key, const struct histogram *h);

/* -- peer.c ---------------------------------------------------------------------------------------------- */

struct options {
  const char *url, *path, *prefix, *bind, *library;
  struct track_spec tracks[MAX_TRACKS];
  unsigned track_count, count, first_room, last_room, room_size, parallel;
  double limit;
};
extern struct options opt;

/* The measured window, as the run's driver announced it; 0 before. */
extern atomic_ullong window_from, window_to;
extern atomic_int stopping;
/* Reads commands for that long or until "stop". */
void obey(double seconds);

/* -- traffic.c ------------------------------------------------------------------------------------------- */

extern atomic_uint linked, refused, started_inlets;

struct totals { /* of all subscriptions to a track of that name */
  uint64_t received, bytes, duplicates, on_time, outside, bad;
  uint64_t first_ns, last_ns;
  struct histogram latency;
};
extern struct totals totals[MAX_TRACKS];

struct inlet {
  unsigned track;
  int started;
  uint64_t *seen; /* one bit per sequence number */
  uint32_t seen_words;
};
extern struct inlet *inlets;
extern unsigned inlet_count;

struct sender {
  struct outlet *outlet;
  unsigned track;
  uint64_t next_ns, interval_ns, start_ns;
  uint32_t sequence;
  uint64_t sent, bytes, failed;
};
extern struct sender *senders;
extern unsigned sender_count;
extern struct histogram lateness;

/* 1 when the counter reached the goal in time. */
int wait_for(atomic_uint *value, unsigned goal, double seconds);
void start_sending(void);
/* After `stopping` was set. */
void finish_sending(void);

/* -- roles.c --------------------------------------------------------------------------------------------- */

extern struct histogram first_frame, linked_after;
/* 0 when there is no such role. */
int run_role(const char *role);

#endif
