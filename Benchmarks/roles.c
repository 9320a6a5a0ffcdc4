/* Publisher, subscribers, rooms, idle connections, connect times. */
#define _GNU_SOURCE
#include "state.h"

#include <stdio.h>
#include <string.h>

struct histogram first_frame, linked_after;

static void connect_paced(struct link *l, unsigned nth) {
  static int stuck;
  stack_connect(l);
  /* never more than `parallel` handshakes at once, unless they get nowhere */
  if (nth + 1 > opt.parallel && !stuck) stuck = !wait_for(&linked, nth + 1 - opt.parallel, 3);
}

static void subscribe_to(struct link *l, const char *path) {
  for (unsigned t = 0; t < opt.track_count; t++) {
    struct inlet *in = &inlets[inlet_count++];
    in->track = t;
    stack_subscribe(l, path, &opt.tracks[t], in);
  }
}

static void publish_on(struct link *l) {
  for (unsigned t = 0; t < opt.track_count; t++) {
    struct sender *s = &senders[sender_count++];
    s->track = t;
    s->outlet = stack_publish(l, &opt.tracks[t]);
  }
}

static void report_ready(unsigned links) {
  printf("ready %u/%u links %u/%u subscriptions\n", (unsigned)linked, links, (unsigned)started_inlets, inlet_count);
  fflush(stdout);
  obey(opt.limit);
}

static void run_publish(void) {
  senders = allocate(opt.track_count, sizeof *senders);
  struct link *l = stack_open(opt.url, opt.prefix, opt.path, 0);
  publish_on(l);
  stack_connect(l);
  if (!wait_for(&linked, 1, 10)) fail("publisher cannot connect");
  start_sending();
  report_ready(1);
}

static void run_subscribe(void) {
  inlets = allocate((size_t)opt.count * opt.track_count, sizeof *inlets);
  for (unsigned i = 0; i < opt.count; i++) {
    struct link *l = stack_open(opt.url, opt.prefix, NULL, 1);
    connect_paced(l, i);
    subscribe_to(l, opt.path);
  }
  wait_for(&linked, opt.count, 20);
  wait_for(&started_inlets, inlet_count, 15);
  report_ready(opt.count);
}

static void run_rooms(void) {
  unsigned rooms = opt.last_room - opt.first_room, people = rooms * opt.room_size;
  inlets = allocate((size_t)people * opt.room_size * opt.track_count, sizeof *inlets);
  senders = allocate((size_t)people * opt.track_count, sizeof *senders);
  struct link **links = allocate(people, sizeof *links);
  for (unsigned i = 0; i < people; i++) {
    char *prefix = allocate(1, 32), *path = allocate(1, 48);
    snprintf(prefix, 32, "room%u", opt.first_room + i / opt.room_size);
    snprintf(path, 48, "%s/p%u", prefix, i % opt.room_size);
    links[i] = stack_open(opt.url, prefix, path, 1);
    publish_on(links[i]);
    connect_paced(links[i], i);
  }
  wait_for(&linked, people, 20);
  start_sending();
  for (unsigned i = 0; i < people; i++) {
    for (unsigned other = 0; other < opt.room_size; other++) {
      if (other == i % opt.room_size) continue;
      char *path = allocate(1, 48);
      snprintf(path, 48, "room%u/p%u", opt.first_room + i / opt.room_size, other);
      subscribe_to(links[i], path);
    }
  }
  wait_for(&started_inlets, inlet_count, 20);
  report_ready(people);
}

static void run_idle(void) {
  for (unsigned i = 0; i < opt.count; i++)
    connect_paced(stack_open(opt.url, opt.prefix, NULL, 1), i);
  wait_for(&linked, opt.count, 20);
  report_ready(opt.count);
}

static void run_first(void) {
  const unsigned warm = 3;
  unsigned missed = 0;
  inlets = allocate((size_t)(opt.count + warm) * opt.track_count, sizeof *inlets);
  for (unsigned i = 0; i < opt.count + warm && !stopping; i++) {
    uint64_t begin = now_ns();
    struct link *l = stack_open(opt.url, opt.prefix, NULL, 1);
    stack_connect(l);
    subscribe_to(l, opt.path);
    wait_for(&linked, i + 1, 5);
    uint64_t up = now_ns();
    int ok = wait_for(&started_inlets, inlet_count - missed, 5);
    uint64_t end = now_ns();
    if (!ok) missed = inlet_count - started_inlets;
    if (i >= warm && ok) {
      record(&first_frame, end - begin);
      record(&linked_after, up - begin);
    }
    stack_close(l);
    obey(0.03);
  }
}

int run_role(const char *role) {
  if (!strcmp(role, "publish") && opt.path)
    run_publish();
  else if (!strcmp(role, "subscribe") && opt.path)
    run_subscribe();
  else if (!strcmp(role, "rooms"))
    run_rooms();
  else if (!strcmp(role, "first") && opt.path)
    run_first();
  else if (!strcmp(role, "idle"))
    run_idle();
  else
    return 0;
  return 1;
}
