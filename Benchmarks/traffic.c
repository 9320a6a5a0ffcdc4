/* Sending on time and accounting for what arrives. */
#define _GNU_SOURCE
#include "state.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

atomic_uint linked, refused, started_inlets;
struct totals totals[MAX_TRACKS];
struct inlet *inlets;
unsigned inlet_count;
struct sender *senders;
unsigned sender_count;
struct histogram lateness;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

int wait_for(atomic_uint *value, unsigned goal, double seconds) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  t.tv_sec += (time_t)seconds;
  t.tv_nsec += (long)((seconds - (double)(time_t)seconds) * 1e9);
  if (t.tv_nsec >= 1000000000) t.tv_sec++, t.tv_nsec -= 1000000000;
  pthread_mutex_lock(&lock);
  while (*value < goal && pthread_cond_timedwait(&changed, &lock, &t) == 0) {
  }
  int ok = *value >= goal;
  pthread_mutex_unlock(&lock);
  return ok;
}

void peer_linked(struct link *link, int ok) {
  (void)link;
  pthread_mutex_lock(&lock);
  if (ok)
    linked++;
  else
    refused++;
  pthread_cond_broadcast(&changed);
  pthread_mutex_unlock(&lock);
}

static int mark_seen(struct inlet *in, uint32_t sequence) {
  uint32_t word = sequence / 64;
  if (word >= in->seen_words) {
    uint32_t words = word + 1 + in->seen_words;
    uint64_t *more = realloc(in->seen, words * sizeof *more);
    if (!more) fail("out of memory");
    memset(more + in->seen_words, 0, (words - in->seen_words) * sizeof *more);
    in->seen = more;
    in->seen_words = words;
  }
  uint64_t bit = 1ull << (sequence % 64);
  if (in->seen[word] & bit) return 1;
  in->seen[word] |= bit;
  return 0;
}

void peer_frame(struct inlet *in, const uint8_t *data, size_t size) {
  uint64_t now = now_ns();
  struct totals *t = &totals[in->track];
  const struct track_spec *spec = &opt.tracks[in->track];
  struct header h;
  if (size < sizeof h) {
    t->bad++;
    return;
  }
  memcpy(&h, data, sizeof h);
  unsigned expected = spec->key_size != spec->size && h.sequence % spec->gop == 0 ? spec->key_size : spec->size;
  if (h.magic != MAGIC || size != expected) {
    t->bad++;
    return;
  }
  if (!in->started) {
    in->started = 1;
    pthread_mutex_lock(&lock);
    started_inlets++;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
  }
  uint64_t from = atomic_load_explicit(&window_from, memory_order_relaxed);
  uint64_t to = atomic_load_explicit(&window_to, memory_order_relaxed);
  if (!from || h.sent_ns < from || h.sent_ns >= to) {
    t->outside++;
    return;
  }
  if (mark_seen(in, h.sequence)) {
    t->duplicates++;
    return;
  }
  uint64_t latency = now > h.sent_ns ? now - h.sent_ns : 0;
  record(&t->latency, latency);
  t->received++;
  t->bytes += size;
  if (latency <= ON_TIME_NS) t->on_time++;
  if (!t->first_ns) t->first_ns = now;
  t->last_ns = now;
}

/* -- sending ----------------------------------------------------------------------------------------------------- */

static void sleep_until(uint64_t ns) {
  struct timespec t = {(time_t)(ns / 1000000000ull), (long)(ns % 1000000000ull)};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR) {
  }
}

static void send_one(struct sender *s, uint8_t *buffer) {
  const struct track_spec *spec = &opt.tracks[s->track];
  uint32_t sequence = s->sequence++;
  int first = sequence % spec->gop == 0, last = sequence % spec->gop == spec->gop - 1;
  unsigned size = first ? spec->key_size : spec->size;
  struct header h = {now_ns(), MAGIC, sequence};
  memcpy(buffer, &h, sizeof h);
  int result = stack_push(s->outlet, buffer, size, first, last || spec->rate == 0, h.sent_ns / 1000);
  if (h.sent_ns >= window_from && h.sent_ns < window_to) {
    if (result == 0) {
      s->sent++;
      s->bytes += size;
    } else {
      s->failed++;
    }
    record(&lateness, h.sent_ns > s->next_ns ? h.sent_ns - s->next_ns : 0);
  }
}

/* A binary heap by due time, so that hundreds of tracks can share one pacing thread. */
static void sift_down(struct sender **heap, unsigned n, unsigned i) {
  for (;;) {
    unsigned child = 2 * i + 1;
    if (child >= n) return;
    if (child + 1 < n && heap[child + 1]->next_ns < heap[child]->next_ns) child++;
    if (heap[i]->next_ns <= heap[child]->next_ns) return;
    struct sender *t = heap[i];
    heap[i] = heap[child];
    heap[child] = t;
    i = child;
  }
}

static void *send_all(void *unused) {
  (void)unused;
  pthread_setname_np(pthread_self(), "bench-pace");
  unsigned largest = sizeof(struct header), n = 0;
  for (unsigned i = 0; i < opt.track_count; i++) {
    if (opt.tracks[i].size > largest) largest = opt.tracks[i].size;
    if (opt.tracks[i].key_size > largest) largest = opt.tracks[i].key_size;
  }
  uint8_t *buffer = allocate(1, largest);
  for (unsigned i = 0; i < largest; i++)
    buffer[i] = (uint8_t)(i * 31 + 7);
  struct sender **heap = allocate(sender_count + 1, sizeof *heap);
  uint64_t start = now_ns() + 10000000;
  for (unsigned i = 0; i < sender_count; i++) {
    struct sender *s = &senders[i];
    if (opt.tracks[s->track].rate == 0) {
      send_one(s, buffer);
      continue;
    }
    /* spread over the interval: people do not speak in step; key frames over the length of a group */
    s->interval_ns = (uint64_t)(1e9 / opt.tracks[s->track].rate);
    s->start_ns = start + (uint64_t)((double)s->interval_ns * i / sender_count);
    s->next_ns = s->start_ns;
    heap[n++] = s;
  }
  for (unsigned i = n; i-- > 0;)
    sift_down(heap, n, i);
  while (n && !stopping) {
    struct sender *s = heap[0];
    uint64_t now = now_ns();
    if (s->next_ns > now) sleep_until(s->next_ns - now > 50000000 ? now + 50000000 : s->next_ns);
    if (s->next_ns > now_ns()) continue;
    uint64_t to = window_to;
    if (!to || now_ns() < to + 200000000) send_one(s, buffer); /* some go on after the window: nothing ends early */
    s->next_ns = s->start_ns + (uint64_t)(1e9 * s->sequence / opt.tracks[s->track].rate);
    if (to && now_ns() >= to + 200000000) s->next_ns = now_ns() + 50000000;
    sift_down(heap, n, 0);
  }
  return NULL;
}

static pthread_t pace_thread;

void start_sending(void) {
  if (sender_count && pthread_create(&pace_thread, NULL, send_all, NULL)) fail("no thread");
}

void finish_sending(void) {
  if (pace_thread) pthread_join(pace_thread, NULL);
}
