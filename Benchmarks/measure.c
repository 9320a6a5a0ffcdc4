/* Clock, failure and histograms of the measuring program. */
#define _GNU_SOURCE
#include "state.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

void fail(const char *format, ...) {
  va_list args;
  va_start(args, format);
  vfprintf(stderr, format, args);
  va_end(args);
  fputc('\n', stderr);
  _exit(1);
}

void *allocate(size_t count, size_t size) {
  void *p = calloc(count, size);
  if (!p) fail("out of memory");
  return p;
}

void record(struct histogram *h, uint64_t ns) {
  unsigned bin = (unsigned)ns;
  if (ns >= STEPS) {
    unsigned power = 63u - (unsigned)__builtin_clzll(ns) - 7u; /* ns >> power is in [128, 256) */
    if (power + 1 >= POWERS) power = POWERS - 2;
    bin = (power + 1) * STEPS + ((unsigned)(ns >> power) & (STEPS - 1));
  }
  h->bins[bin]++;
  h->count++;
  h->sum += (double)ns;
  if (ns > h->max) h->max = ns;
}

double percentile(const struct histogram *h, double share) {
  uint64_t want = (uint64_t)(share * (double)h->count), seen = 0;
  if (!h->count) return 0;
  for (unsigned i = 0; i < POWERS * STEPS; i++) {
    seen += h->bins[i];
    if (seen > want) {
      if (i < STEPS) return i;
      double low = (double)((uint64_t)(STEPS + i % STEPS) << (i / STEPS - 1));
      return low * (1 + 0.5 / STEPS);
    }
  }
  return (double)h->max;
}

void print_histogram(const char *key, const struct histogram *h) {
  printf("\"%s\":{\"count\":%llu,\"mean\":%.1f,\"p50\":%.1f,\"p90\":%.1f,\"p99\":%.1f,\"p999\":%.1f,\"max\":%.1f}", key,
         (unsigned long long)h->count, h->count ? h->sum / (double)h->count / 1e3 : 0, percentile(h, .5) / 1e3,
         percentile(h, .9) / 1e3, percentile(h, .99) / 1e3, percentile(h, .999) / 1e3, (double)h->max / 1e3);
}
