/* The measuring program: publisher, subscribers, rooms of people, idle connections, connect times, relay.
 *
 *     peer publish   --url URL --path P --track SPEC ...            one publisher
 *     peer subscribe --url URL --path P --track SPEC ... --count N  N connections, each takes every track
 *     peer rooms     --url URL --rooms A-B --size K --track SPEC ...  K people a room, each sends and takes the rest
 *     peer first     --url URL --path P --track SPEC --count N      connect to first frame, N times in turn
 *     peer idle      --url URL --count N                            N connections that do nothing
 *     peer relay     --bind HOST:PORT
 *     peer stack                                                    name of the stack
 *
 * A track is NAME[,size=BYTES][,rate=HZ][,key=BYTES][,gop=FRAMES][,prio=0-255][,age=MS].
 *
 * It prints "ready" when everything is connected (and, with subscriptions, a frame has arrived on each), then obeys
 * lines on standard input: "go T0 T1" sets the measured window in CLOCK_MONOTONIC nanoseconds, "stop" ends the
 * run. The last line of output is one JSON object. Frames carry the time at which they were handed to the stack;
 * what was sent within the window is what counts, whenever it arrives.
 */
#define _GNU_SOURCE
#include "state.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

struct options opt = {.count = 1, .room_size = 4, .limit = 180, .parallel = 16, .prefix = ""};

atomic_ullong window_from, window_to;
atomic_int stopping;

/* -- commands on standard input ------------------------------------------------------------------------------ */

void obey(double seconds) {
  static char line[256];
  static size_t have;
  uint64_t until = now_ns() + (uint64_t)(seconds * 1e9);
  while (!stopping) {
    uint64_t now = now_ns();
    if (now >= until) return;
    struct pollfd p = {.fd = 0, .events = POLLIN};
    int wait = (int)((until - now) / 1000000) + 1;
    if (poll(&p, 1, wait > 1000 ? 1000 : wait) <= 0) continue;
    ssize_t n = read(0, line + have, sizeof line - 1 - have);
    if (n <= 0) {
      stopping = 1;
      return;
    }
    have += (size_t)n;
    line[have] = 0;
    for (char *end; (end = strchr(line, '\n'));) {
      unsigned long long from, to;
      *end = 0;
      if (sscanf(line, "go %llu %llu", &from, &to) == 2) {
        window_to = to;
        window_from = from;
      } else if (!strcmp(line, "stop")) {
        stopping = 1;
      }
      have -= (size_t)(end + 1 - line);
      memmove(line, end + 1, have + 1);
    }
    if (have + 1 >= sizeof line) have = 0;
  }
}

/* -- command line and output ----------------------------------------------------------------------------------------------- */

static void parse_track(char *text) {
  if (opt.track_count == MAX_TRACKS) fail("too many tracks");
  struct track_spec *t = &opt.tracks[opt.track_count++];
  *t = (struct track_spec){.size = 160, .rate = 50, .gop = 1, .priority = 100, .max_age_ms = 500};
  char *save = NULL, *part = strtok_r(text, ",", &save);
  snprintf(t->name, sizeof t->name, "%s", part ? part : "");
  while ((part = strtok_r(NULL, ",", &save))) {
    char *eq = strchr(part, '=');
    if (!eq) fail("track: %s", part);
    double v = atof(eq + 1);
    *eq = 0;
    if (!strcmp(part, "size"))
      t->size = (unsigned)v;
    else if (!strcmp(part, "rate"))
      t->rate = v;
    else if (!strcmp(part, "key"))
      t->key_size = (unsigned)v;
    else if (!strcmp(part, "gop"))
      t->gop = (unsigned)v;
    else if (!strcmp(part, "prio"))
      t->priority = (unsigned)v;
    else if (!strcmp(part, "age"))
      t->max_age_ms = (unsigned)v;
    else
      fail("track: %s", part);
  }
  if (!t->key_size) t->key_size = t->size;
  if (t->size < sizeof(struct header) || t->key_size < sizeof(struct header) || !t->gop) fail("track: too small");
}

/* BENCH_VERBOSE: which frames are missing between the first and the last that came. */
static void print_gaps(void) {
  for (unsigned i = 0; i < inlet_count; i++) {
    const struct inlet *in = &inlets[i];
    uint32_t end = in->seen_words * 64, at = 0, last = 0;
    for (uint32_t s = 0; s < end; s++) {
      if (in->seen[s / 64] >> (s % 64) & 1) last = s;
    }
    while (at < last && !(in->seen[at / 64] >> (at % 64) & 1))
      at++;
    for (; at < last; at++) {
      if (in->seen[at / 64] >> (at % 64) & 1) continue;
      unsigned gop = opt.tracks[in->track].gop;
      fprintf(stderr, "missing: subscription %u, %s, group %u, frame %u\n", i, opt.tracks[in->track].name, at / gop,
              at % gop);
    }
  }
}

static void print_result(const char *role) {
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  printf("{\"stack\":\"%s\",\"role\":\"%s\",\"linked\":%u,\"refused\":%u,\"subscriptions\":%u,\"started\":%u,",
         stack_name, role, (unsigned)linked, (unsigned)refused, inlet_count, (unsigned)started_inlets);
  printf("\"cpu_s\":%.3f,",
         (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6);
  print_histogram("pace_late_us", &lateness);
  printf(",");
  print_histogram("first_frame_us", &first_frame);
  printf(",");
  print_histogram("linked_us", &linked_after);
  printf(",\"tracks\":{");
  for (unsigned i = 0; i < opt.track_count; i++) {
    uint64_t sent = 0, bytes = 0, bad = 0, subscriptions = 0;
    for (unsigned s = 0; s < sender_count; s++) {
      if (senders[s].track != i) continue;
      sent += senders[s].sent;
      bytes += senders[s].bytes;
      bad += senders[s].failed;
    }
    for (unsigned s = 0; s < inlet_count; s++)
      subscriptions += inlets[s].track == i;
    const struct totals *t = &totals[i];
    printf(
        "%s\"%s\":{\"sent\":%llu,\"sent_bytes\":%llu,\"send_failed\":%llu,\"subscriptions\":%llu,\"received\":%llu,"
        "\"received_bytes\":%llu,\"on_time\":%llu,\"duplicates\":%llu,\"outside\":%llu,\"bad\":%llu,\"span_s\":%.3f,",
        i ? "," : "", opt.tracks[i].name, (unsigned long long)sent, (unsigned long long)bytes, (unsigned long long)bad,
        (unsigned long long)subscriptions, (unsigned long long)t->received, (unsigned long long)t->bytes,
        (unsigned long long)t->on_time, (unsigned long long)t->duplicates, (unsigned long long)t->outside,
        (unsigned long long)t->bad, (double)(t->last_ns - t->first_ns) / 1e9);
    print_histogram("latency_us", &t->latency);
    printf("}");
  }
  printf("}}\n");
  fflush(stdout);
}

int main(int argc, char **argv) {
  if (argc < 2) fail("usage: see the head of peer.c");
  const char *role = argv[1];
  for (int i = 2; i < argc; i++) {
    const char *name = argv[i];
    if (i + 1 >= argc) fail("%s needs a value", name);
    char *value = argv[++i];
    if (!strcmp(name, "--url"))
      opt.url = value;
    else if (!strcmp(name, "--path"))
      opt.path = value;
    else if (!strcmp(name, "--prefix"))
      opt.prefix = value;
    else if (!strcmp(name, "--bind"))
      opt.bind = value;
    else if (!strcmp(name, "--library"))
      opt.library = value;
    else if (!strcmp(name, "--track"))
      parse_track(value);
    else if (!strcmp(name, "--count"))
      opt.count = (unsigned)atoi(value);
    else if (!strcmp(name, "--size"))
      opt.room_size = (unsigned)atoi(value);
    else if (!strcmp(name, "--parallel"))
      opt.parallel = (unsigned)atoi(value);
    else if (!strcmp(name, "--limit"))
      opt.limit = atof(value);
    else if (!strcmp(name, "--rooms")) {
      if (sscanf(value, "%u-%u", &opt.first_room, &opt.last_room) != 2 || opt.last_room <= opt.first_room)
        fail("--rooms A-B");
    } else
      fail("unknown option %s", name);
  }
  prctl(PR_SET_PDEATHSIG, SIGKILL); /* nothing outlives the program that runs the benchmark */
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  signal(SIGPIPE, SIG_IGN);
  alarm((unsigned)opt.limit + 60);

  if (!strcmp(role, "stack")) {
    puts(stack_name);
    return 0;
  }
  if (stack_start(opt.library)) fail("%s does not start", stack_name);
  if (!strcmp(role, "relay")) return stack_relay(opt.bind ? opt.bind : "127.0.0.1:0") ? 1 : 0;
  if (!opt.url) fail("--url is missing");
  if (!run_role(role)) fail("unknown role %s, or --path is missing", role);
  stopping = 1;
  finish_sending();
  if (getenv("BENCH_VERBOSE")) print_gaps();
  print_result(role);
  _exit(0); /* without the clean-up of a library that other threads are still in */
}
