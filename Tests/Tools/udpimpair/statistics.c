/* Counters, and how they are printed. */
#include "udpimpair.h"

#include <string.h>

static void add(counters *a, const counters *b) {
#define SUM(x) a->x += b->x
#define MAX(x) \
  if (b->x > a->x) a->x = b->x
  SUM(received);
  SUM(received_bytes);
  SUM(sent);
  SUM(sent_bytes);
  SUM(lost_random);
  SUM(lost_burst);
  SUM(lost_queue);
  SUM(send_errors);
  SUM(reordered);
  SUM(duplicated);
  SUM(corrupted);
  SUM(bursts);
  SUM(hold_total);
  SUM(late_total);
  MAX(longest_loss);
  MAX(hold_max);
  MAX(queue_max);
  MAX(late_max);
#undef SUM
#undef MAX
}
static void print_counters(FILE *o, const counters *c) {
  uint64_t lost = c->lost_random + c->lost_burst + c->lost_queue;
  double done = (double)(c->sent + c->send_errors);
  fprintf(o,
          "{\"received\":%" PRIu64 ",\"received_bytes\":%" PRIu64 ",\"sent\":%" PRIu64 ",\"sent_bytes\":%" PRIu64
          ",\"lost_random\":%" PRIu64 ",\"lost_burst\":%" PRIu64 ",\"lost_queue\":%" PRIu64 ",\"loss_share\":%.6f"
          ",\"longest_loss\":%" PRIu64 ",\"bursts\":%" PRIu64 ",\"reordered\":%" PRIu64 ",\"duplicated\":%" PRIu64
          ",\"corrupted\":%" PRIu64 ",\"send_errors\":%" PRIu64
          ",\"hold_mean_ms\":%.4f,\"hold_max_ms\":%.4f,\"queue_max_bytes\":%" PRId64
          ",\"timer_late_mean_ms\":%.4f,\"timer_late_max_ms\":%.4f}",
          c->received, c->received_bytes, c->sent, c->sent_bytes, c->lost_random, c->lost_burst, c->lost_queue,
          c->received ? (double)lost / (double)c->received : 0, c->longest_loss, c->bursts, c->reordered, c->duplicated,
          c->corrupted, c->send_errors, done > 0 ? (double)c->hold_total / done / 1e6 : 0, (double)c->hold_max / 1e6,
          c->queue_max, done > 0 ? (double)c->late_total / done / 1e6 : 0, (double)c->late_max / 1e6);
}
void print_stats(FILE *o, double seconds, int per_flow) {
  counters sum[2];
  unsigned rebinds = 0;
  memset(sum, 0, sizeof sum);
  for (int i = 0; i < flow_count; i++) {
    for (int d = 0; d < 2; d++)
      add(&sum[d], &flows[i].ch[d].count);
    rebinds += flows[i].rebinds;
  }
  fprintf(o,
          "{\"seconds\":%.3f,\"seed\":%" PRIu64 ",\"flows\":%d,\"rebinds\":%u,\"waiting\":%zu,\"ignored\":%" PRIu64
          ",\"dropped_full\":%" PRIu64 ",\"up\":",
          seconds, seed, flow_count, rebinds, heap_len, ignored, lost_memory);
  print_counters(o, &sum[UP]);
  fputs(",\"down\":", o);
  print_counters(o, &sum[DOWN]);
  if (per_flow) {
    fputs(",\"per_flow\":[", o);
    for (int i = 0; i < flow_count; i++) {
      fprintf(o, "%s{\"rebinds\":%u,\"up\":", i ? "," : "", flows[i].rebinds);
      print_counters(o, &flows[i].ch[UP].count);
      fputs(",\"down\":", o);
      print_counters(o, &flows[i].ch[DOWN].count);
      fputs("}", o);
    }
    fputs("]", o);
  }
  fputs("}\n", o);
  fflush(o);
}
