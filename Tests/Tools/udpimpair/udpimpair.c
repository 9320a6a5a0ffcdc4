/* udpimpair: a UDP proxy that makes a network worse on purpose. */
#define _GNU_SOURCE
#include "udpimpair.h"

#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

static int timer_fd;

static void resolve(const char *text, struct sockaddr_storage *out, socklen_t *len, int passive) {
  char buf[256];
  snprintf(buf, sizeof buf, "%s", text);
  char *colon = strrchr(buf, ':'), *host = buf;
  if (!colon) die("'%s' is not HOST:PORT", text);
  *colon = 0;
  if (*host == '[' && colon[-1] == ']') {
    host++;
    colon[-1] = 0;
  }
  struct addrinfo hint = {.ai_socktype = SOCK_DGRAM, .ai_flags = passive ? AI_PASSIVE : 0}, *res;
  int e = getaddrinfo(*host ? host : NULL, colon + 1, &hint, &res);
  if (e) die("%s: %s", text, gai_strerror(e));
  memcpy(out, res->ai_addr, res->ai_addrlen);
  *len = res->ai_addrlen;
  freeaddrinfo(res);
}

static void usage(FILE *o) {
  fputs("usage: udpimpair --listen HOST:PORT --target HOST:PORT [-s SETTING]... [--at SECONDS ACTION]...\n"
        "                 [--seed N] [--only N] [--duration SECONDS] [--per-flow]\n"
        "SETTING  up.KEY=VALUE, down.KEY=VALUE or both.KEY=VALUE; up is client to target\n"
        "  delay=25ms  jitter=10ms  dist=uniform|pareto  order=keep|free\n"
        "  loss=5%  ge=P,R[,GOOD,BAD]  reorder=2%  reorder-by=10ms  duplicate=1%  corrupt=1%\n"
        "  rate=2M (bit/s)  queue=100k (bytes)\n"
        "ACTION   a SETTING, or rebind (new source port towards the target)\n"
        "SIGUSR1 rebinds, SIGUSR2 prints statistics now, SIGINT and SIGTERM end with statistics on stdout.\n",
        o);
}

typedef struct {
  int64_t at;
  const char *action;
  int done;
} event;

int main(int argc, char **argv) {
  const char *listen_text = NULL, *target_text = NULL;
  int per_flow = 0, event_count = 0;
  int64_t duration = 0;
  static event events[MAX_EVENTS_AT];
  for (int i = 1; i < argc; i++) {
    const char *a = argv[i];
    int left = argc - i - 1;
    if (!strcmp(a, "--listen") && left)
      listen_text = argv[++i];
    else if (!strcmp(a, "--target") && left)
      target_text = argv[++i];
    else if (!strcmp(a, "-s") && left)
      apply(argv[++i]);
    else if (!strcmp(a, "--seed") && left)
      seed = strtoull(argv[++i], NULL, 0);
    else if (!strcmp(a, "--only") && left)
      only = atoi(argv[++i]);
    else if (!strcmp(a, "--duration") && left)
      duration = (int64_t)(strtod(argv[++i], NULL) * 1e9);
    else if (!strcmp(a, "--per-flow"))
      per_flow = 1;
    else if (!strcmp(a, "--at") && left >= 2) {
      if (event_count == MAX_EVENTS_AT) die("too many --at");
      events[event_count].at = (int64_t)(strtod(argv[i + 1], NULL) * 1e9);
      events[event_count++].action = argv[i + 2];
      i += 2;
    } else if (!strcmp(a, "--help")) {
      usage(stdout);
      return 0;
    } else {
      usage(stderr);
      return 2;
    }
  }
  if (!listen_text || !target_text) {
    usage(stderr);
    return 2;
  }
  settings saved[2];
  memcpy(saved, conf, sizeof saved); /* check the actions now, not in the middle of a run */
  for (int i = 0; i < event_count; i++)
    if (strcmp(events[i].action, "rebind")) apply(events[i].action);
  memcpy(conf, saved, sizeof saved);

  prctl(PR_SET_TIMERSLACK, 1UL);
  flows = calloc(MAX_FLOWS, sizeof *flows);
  if (!flows) die("out of memory");
  struct sockaddr_storage local;
  socklen_t local_len;
  resolve(listen_text, &local, &local_len, 1);
  resolve(target_text, &target, &target_len, 0);
  epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  listen_fd = open_socket(local.ss_family);
  if (bind(listen_fd, (struct sockaddr *)&local, local_len)) die("bind %s: %s", listen_text, strerror(errno));
  local_len = sizeof local;
  getsockname(listen_fd, (struct sockaddr *)&local, &local_len);
  timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  sigset_t signals;
  sigemptyset(&signals);
  for (int s[] = {SIGINT, SIGTERM, SIGUSR1, SIGUSR2}, i = 0; i < 4; i++)
    sigaddset(&signals, s[i]);
  sigprocmask(SIG_BLOCK, &signals, NULL);
  int signal_fd = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
  enum {
    T_LISTEN = 1,
    T_TIMER,
    T_SIGNAL
  };
  watch(listen_fd, T_LISTEN);
  watch(timer_fd, T_TIMER);
  watch(signal_fd, T_SIGNAL);
  char host[64], port[16];
  getnameinfo((struct sockaddr *)&local, local_len, host, sizeof host, port, sizeof port,
              NI_NUMERICHOST | NI_NUMERICSERV);
  fprintf(stderr, strchr(host, ':') ? "listening [%s]:%s\n" : "listening %s:%s\n", host, port);

  int64_t begin = now_ns(), armed = 0;
  for (int running = 1; running;) {
    release_due();
    int64_t now = now_ns(), wake = heap_len ? heap[0]->release : 0;
    for (int i = 0; i < event_count; i++) {
      event *e = &events[i];
      if (e->done) continue;
      if (now >= begin + e->at) {
        e->done = 1;
        if (!strcmp(e->action, "rebind"))
          rebind();
        else
          apply(e->action);
      } else if (!wake || begin + e->at < wake)
        wake = begin + e->at;
    }
    if (duration) {
      if (now >= begin + duration) break;
      if (!wake || begin + duration < wake) wake = begin + duration;
    }
    if (wake != armed) {
      struct itimerspec t = {.it_value = {wake / 1000000000, wake % 1000000000}};
      timerfd_settime(timer_fd, TFD_TIMER_ABSTIME, &t, NULL);
      armed = wake;
    }
    struct epoll_event ev[64];
    int n = epoll_wait(epoll_fd, ev, 64, -1);
    for (int i = 0; i < n; i++) {
      uint64_t tag = ev[i].data.u64;
      if (tag == T_LISTEN)
        read_packets(listen_fd, NULL);
      else if (tag == T_TIMER) {
        uint64_t x;
        if (read(timer_fd, &x, sizeof x) < 0 && errno != EAGAIN) die("timer: %s", strerror(errno));
        armed = 0;
      } else if (tag == T_SIGNAL) {
        struct signalfd_siginfo s;
        while (read(signal_fd, &s, sizeof s) == sizeof s) {
          if (s.ssi_signo == SIGUSR1)
            rebind();
          else if (s.ssi_signo == SIGUSR2)
            print_stats(stdout, (double)(now_ns() - begin) / 1e9, per_flow);
          else
            running = 0;
        }
      } else {
        flow *f = &flows[tag - 1000];
        if (f->used) read_packets(f->fd, f);
      }
    }
  }
  print_stats(stdout, (double)(now_ns() - begin) / 1e9, per_flow);
  return 0;
}
