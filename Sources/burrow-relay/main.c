/* burrow-relay: the embedded relay of the library as a program. It knows nothing but burrow.h. */
#include "options.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

static void log_line(void *user_data, int32_t level, const char *component, const char *text) {
  (void)user_data;
  static const char *const names[] = {"", "error", "warning", "info", "debug", "trace"};
  fprintf(stderr, "%s: %s: %s\n", level > 0 && level < 6 ? names[level] : "log", component, text);
}

static int failed(const char *what, burrow_status status) {
  char text[512] = "";
  size_t length;
  if (burrow_last_error(text, sizeof text, &length)) text[0] = 0;
  fprintf(stderr, "burrow-relay: %s: %s%s%s\n", what, burrow_status_name(status), *text ? ": " : "", text);
  return 1;
}

/* Prints where it listens, in lines that a script can read. */
static void announce(burrow_relay *relay) {
  burrow_relay_info info = {.struct_size = sizeof info};
  if (burrow_relay_info_get(relay, &info)) return;
  printf("listening %s\nfingerprint ", info.address);
  for (size_t i = 0; i < sizeof info.fingerprint; i++)
    printf("%02x", info.fingerprint[i]);
  putchar('\n');
  fflush(stdout);
}

static void print_stats(burrow_relay *relay) {
  size_t length = 0;
  if (burrow_stats_json(relay, NULL, 0, &length)) return;
  length += 1024; /* numbers may grow in between */
  char *text = malloc(length);
  if (text && burrow_stats_json(relay, text, length, &length) == BURROW_OK) puts(text);
  fflush(stdout);
  free(text);
}

/* What the events have told so far. */
typedef struct {
  burrow_relay *relay;
  burrow_request start;
  int stopping, over, status;
} state;

static void on_event(void *user_data, const burrow_event *event) {
  state *s = user_data;
  if (event->kind == BURROW_EVENT_DONE && event->request == s->start) {
    if (event->status == BURROW_OK) {
      announce(s->relay);
    } else if (!s->stopping) {
      fprintf(stderr, "burrow-relay: cannot listen: %s: %s\n", burrow_status_name(event->status), event->text);
      s->over = s->status = 1;
    }
  } else if (event->kind == BURROW_EVENT_RELAY_STATE && event->state == BURROW_RELAY_STOPPED && !s->stopping &&
             event->status != BURROW_OK && !s->over) {
    fprintf(stderr, "burrow-relay: stopped: %s: %s\n", burrow_status_name(event->status), event->text);
    s->over = s->status = 1;
  }
}

static int64_t milliseconds_until(int64_t when) {
  int64_t left = (when - burrow_now_us()) / 1000;
  return left < 0 ? 0 : left;
}

static int serve(burrow_engine *engine, options *o, int signals) {
  state s = {0};
  burrow_status status = burrow_relay_start(engine, &o->relay, &s.relay, &s.start);
  explicit_bzero(o->reset_secret, sizeof o->reset_secret); /* the relay has its own */
  if (status) return failed("cannot start", status);
  int32_t events;
  if ((status = burrow_engine_event_fd(engine, &events))) return failed("no event descriptor", status);

  int64_t interval = (int64_t)o->stats_seconds * 1000000, next_stats = burrow_now_us() + interval;
  int64_t give_up = 0;
  while (!s.over) {
    struct pollfd watched[] = {{.fd = events, .events = POLLIN}, {.fd = signals, .events = POLLIN}};
    int64_t wait = s.stopping ? milliseconds_until(give_up) : interval ? milliseconds_until(next_stats) : -1;
    if (poll(watched, 2, (int)wait) < 0 && errno != EINTR) return failed("poll", BURROW_ERR_SYSTEM);
    struct signalfd_siginfo arrived;
    while (read(signals, &arrived, sizeof arrived) == sizeof arrived) {
      if (s.stopping) return s.status; /* asked twice: at once */
      s.stopping = 1;
      give_up = burrow_now_us() + 5000000;
      if ((status = burrow_close(engine, NULL))) return failed("cannot stop", status);
    }
    status = burrow_engine_dispatch(engine, 0, on_event, &s);
    if (status == BURROW_ERR_CLOSED) break;
    if (status < 0) return failed("events", status);
    if (s.stopping && burrow_now_us() >= give_up) break;
    if (interval && burrow_now_us() >= next_stats) {
      print_stats(s.relay);
      next_stats += interval;
    }
  }
  return s.status;
}

int main(int argc, char **argv) {
  options o;
  int exit_status = options_read(argc, argv, &o);
  if (exit_status >= 0) return exit_status;

  /* Before any thread exists, so that all of them leave these signals to the descriptor. */
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  sigprocmask(SIG_BLOCK, &set, NULL);
  int signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  if (signals < 0) return failed("signalfd", BURROW_ERR_SYSTEM);

  burrow_status status = burrow_log_set_level(o.log_level, NULL);
  if (status || (status = burrow_log_set_handler(log_line, NULL))) return failed("log", status);
  burrow_engine *engine;
  if ((status = burrow_engine_create(NULL, &engine))) return failed("cannot start", status);
  exit_status = serve(engine, &o, signals);
  if ((status = burrow_engine_destroy(engine))) failed("destroy", status);
  close(signals);
  return exit_status;
}
