/* What the measuring program (peer.c) and the stacks under test (stack_*.c) know of each other.
 *
 * Every stack is measured by the same code: pacing, time stamps, loss accounting, percentiles and output
 * live in peer.c; a stack_*.c only carries frames. The program is linked once per stack.
 */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include <stddef.h>
#include <stdint.h>

/* One track as given on the command line. */
struct track_spec {
  char name[32];
  unsigned size;     /* bytes of a frame */
  unsigned key_size; /* bytes of the first frame of a group */
  unsigned gop;      /* frames per group; 1: every frame is a group of its own */
  double rate;       /* frames per second; 0: one frame, once */
  unsigned priority;
  unsigned max_age_ms;
};

struct link;   /* a connection, defined by the stack */
struct outlet; /* a published track, defined by the stack */
struct inlet;  /* a subscription, defined by peer.c */

/* -- implemented by a stack -------------------------------------------------------------------- */

extern const char *const stack_name;

/* Once, before anything else. `library` may be NULL. */
int stack_start(const char *library);

/* Prepares a connection; nothing is sent yet. `prefix` is what its announcements are about; `path` is the
 * broadcast it will publish, or NULL. */
struct link *stack_open(const char *url, const char *prefix, const char *path, int consumes);
/* Adds a track to a connection that was opened with a path; only before stack_connect. */
struct outlet *stack_publish(struct link *link, const struct track_spec *spec);
/* Starts the connection; ends in peer_linked. */
void stack_connect(struct link *link);
/* Subscribes to a track as soon as its broadcast is announced. After stack_connect. */
void stack_subscribe(struct link *link, const char *path, const struct track_spec *spec, struct inlet *inlet);
/* Sends one frame; it is copied. `first` begins a new group, `last` ends it. Called by one thread. */
int stack_push(struct outlet *outlet, const uint8_t *data, size_t size, int first, int last, uint64_t us);
/* Ends a connection. No frames are delivered for it afterwards. */
void stack_close(struct link *link);
/* Runs a relay until the process is ended; prints "listening HOST:PORT". Returns only on failure. */
int stack_relay(const char *bind);

/* -- implemented by peer.c, called by a stack from its own single delivery thread ---------------- */

void peer_linked(struct link *link, int ok);
void peer_frame(struct inlet *inlet, const uint8_t *data, size_t size);

/* -- helpers for stacks ---------------------------------------------------------------------------- */

uint64_t now_ns(void);
void fail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

#endif
