/* Our own stack, through its C header: one engine per process, events drained by one thread.
 *
 * BENCH_CONGESTION (0 to 3, as BURROW_CONGESTION_*) chooses the controller on both sides, for comparisons. BENCH_QLOG is
 * a folder for qlog files.
 */
#define _GNU_SOURCE
#include <burrow.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "peer.h"

const char *const stack_name = "burrow";

struct link {
  burrow_room *room;
  burrow_request opening;
  char *url, *prefix, *path;
  int answered;
};

struct outlet {
  burrow_track *track;
};

/* What an event's subject belongs to: open addressing over the handles' bits. Entries are never removed, because
 * handles are not reused soon; a closed one loses its owner. */
enum owner_kind {
  NOBODY,
  LINK,
  INLET
};
struct entry {
  void *subject, *owner;
  enum owner_kind kind;
  struct link *link;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct entry *table;
static size_t table_size, table_used;
static burrow_engine *engine;
static burrow_relay *relay;

static size_t slot_of(const void *subject) {
  uint64_t h = (uint64_t)(uintptr_t)subject * 0x9e3779b97f4a7c15ull;
  return (size_t)(h >> 20) & (table_size - 1);
}

static struct entry *find(void *subject) {
  if (!table_size) return NULL;
  for (size_t i = slot_of(subject);; i = (i + 1) & (table_size - 1)) {
    if (table[i].subject == subject) return &table[i];
    if (!table[i].subject) return NULL;
  }
}

static void insert(struct entry e) {
  if (table_used * 2 >= table_size) {
    struct entry *old = table;
    size_t old_size = table_size;
    table_size = table_size ? table_size * 2 : 1024;
    table = calloc(table_size, sizeof *table);
    if (!table) fail("out of memory");
    table_used = 0;
    for (size_t i = 0; i < old_size; i++) {
      if (old[i].subject) insert(old[i]);
    }
    free(old);
  }
  size_t i = slot_of(e.subject);
  while (table[i].subject && table[i].subject != e.subject)
    i = (i + 1) & (table_size - 1);
  if (!table[i].subject) table_used++;
  table[i] = e;
}

static void check(burrow_status status, const char *what) {
  if (status >= 0) return;
  char text[256] = "";
  size_t length;
  (void)burrow_last_error(text, sizeof text, &length);
  fail("burrow: %s: %s (%s)", what, burrow_status_name(status), text);
}

static uint32_t congestion(void) {
  const char *text = getenv("BENCH_CONGESTION");
  return text ? (uint32_t)atoi(text) : BURROW_CONGESTION_AUTO;
}

/* -- events ------------------------------------------------------------------------------------------------ */

static void pull(void *track, struct inlet *inlet) {
  burrow_encoded_frame frame;
  frame.struct_size = sizeof frame;
  while (burrow_track_pull_encoded(track, &frame) == BURROW_OK) {
    peer_frame(inlet, frame.data, frame.len);
    burrow_release(frame.buffer);
    frame.struct_size = sizeof frame;
  }
}

static void relay_started(const burrow_event *event) {
  burrow_relay_info info;
  info.struct_size = sizeof info;
  if (event->status != BURROW_OK) fail("burrow: relay: %s", event->text);
  check(burrow_relay_info_get(relay, &info), "relay info");
  printf("listening %s\n", info.address);
  fflush(stdout);
}

static void handle(const burrow_event *event) {
  pthread_mutex_lock(&lock); /* the handle may not be in the table before open or subscribe returned */
  struct entry *found = event->subject ? find(event->subject) : NULL;
  struct entry entry = found ? *found : (struct entry){0};
  if (event->kind == BURROW_EVENT_OVERFLOW) {
    size_t n = 0;
    struct entry *all = calloc(table_used + 1, sizeof *all);
    for (size_t i = 0; all && i < table_size; i++) {
      if (table[i].kind == INLET) all[n++] = table[i];
    }
    pthread_mutex_unlock(&lock);
    for (size_t i = 0; i < n; i++)
      pull(all[i].subject, all[i].owner);
    free(all);
    return;
  }
  pthread_mutex_unlock(&lock);
  switch (event->kind) {
  case BURROW_EVENT_TRACK_DATA:
    if (entry.kind == INLET) pull(event->subject, entry.owner);
    break;
  case BURROW_EVENT_TRACK_STATE:
  case BURROW_EVENT_ROOM_STATE:
    if (event->status < 0 && getenv("BENCH_VERBOSE")) {
      fprintf(stderr, "burrow: %s %s\n", burrow_status_name(event->status), event->text);
    }
    break;
  case BURROW_EVENT_DONE:
    if (relay && event->subject == relay) relay_started(event);
    if (entry.kind == LINK) {
      struct link *l = entry.owner;
      if (l->answered) break; /* closing */
      l->answered = 1;
      if (event->status < 0) fprintf(stderr, "burrow: connect: %s\n", event->text);
      peer_linked(l, event->status == BURROW_OK);
    }
    break;
  default:
    break;
  }
}

static void *deliver(void *unused) {
  (void)unused;
  pthread_setname_np(pthread_self(), "bench-deliver");
  burrow_event event;
  for (;;) {
    event.struct_size = sizeof event;
    burrow_status status = burrow_engine_next_event(engine, -1, &event);
    if (status == BURROW_OK)
      handle(&event);
    else if (status < 0)
      return NULL;
  }
}

/* -- the interface of peer.h ------------------------------------------------------------------------------- */

int stack_start(const char *library) {
  (void)library;
  check(burrow_engine_create(NULL, &engine), "engine");
  pthread_t thread;
  if (pthread_create(&thread, NULL, deliver, NULL)) fail("no thread");
  return 0;
}

struct link *stack_open(const char *url, const char *prefix, const char *path, int consumes) {
  struct link *l = calloc(1, sizeof *l);
  burrow_room_config config;
  if (!l) fail("out of memory");
  check(burrow_config_init(&config, sizeof config), "config");
  config.flags = BURROW_ROOM_INSECURE | BURROW_ROOM_NO_SYSTEM_ROOTS | BURROW_ROOM_NO_RECONNECT;
  if (!consumes) config.flags |= BURROW_ROOM_NO_DISCOVERY;
  config.url = url;
  config.path = path;
  config.prefix = prefix;
  config.congestion = congestion();
  config.qlog_dir = getenv("BENCH_QLOG");
  pthread_mutex_lock(&lock);
  check(burrow_room_open(engine, &config, &l->room, &l->opening), "room");
  insert((struct entry){.subject = l->room, .owner = l, .kind = LINK});
  pthread_mutex_unlock(&lock);
  return l;
}

struct outlet *stack_publish(struct link *l, const struct track_spec *spec) {
  struct outlet *o = calloc(1, sizeof *o);
  burrow_track_config config;
  if (!o) fail("out of memory");
  check(burrow_config_init(&config, sizeof config), "config");
  config.name = spec->name;
  config.kind = BURROW_TRACK_KIND_ENCODED;
  config.priority = spec->priority;
  config.max_age_ms = spec->max_age_ms;
  check(burrow_track_publish(l->room, &config, &o->track), "publish");
  return o;
}

void stack_connect(struct link *l) { (void)l; } /* stack_open began it */

void stack_subscribe(struct link *l, const char *path, const struct track_spec *spec, struct inlet *inlet) {
  burrow_track_request want;
  burrow_track *track = NULL;
  check(burrow_config_init(&want, sizeof want), "request");
  want.priority = spec->priority;
  want.max_age_ms = spec->max_age_ms;
  pthread_mutex_lock(&lock);
  check(burrow_track_subscribe(l->room, path, spec->name, &want, &track), "subscribe");
  insert((struct entry){.subject = track, .owner = inlet, .kind = INLET, .link = l});
  pthread_mutex_unlock(&lock);
}

int stack_push(struct outlet *o, const uint8_t *data, size_t size, int first, int last, uint64_t us) {
  burrow_encoded_frame frame = {.struct_size = sizeof frame, .data = data, .len = size, .timestamp_us = (int64_t)us};
  frame.flags = (first ? BURROW_FRAME_KEY : 0) | (last ? BURROW_FRAME_END_OF_GROUP : 0);
  return burrow_track_push_encoded(o->track, &frame) == BURROW_OK ? 0 : -1;
}

void stack_close(struct link *l) {
  pthread_mutex_lock(&lock);
  for (size_t i = 0; i < table_size; i++) {
    if (table[i].link == l && table[i].kind == INLET) {
      burrow_release(table[i].subject);
      table[i].kind = NOBODY;
    }
  }
  struct entry *e = find(l->room);
  if (e) e->kind = NOBODY;
  pthread_mutex_unlock(&lock);
  (void)burrow_close(l->room, NULL);
  burrow_release(l->room);
}

int stack_relay(const char *bind) {
  burrow_relay_config config;
  check(burrow_config_init(&config, sizeof config), "config");
  config.flags = BURROW_RELAY_OPEN;
  config.listen = &bind;
  config.listen_count = 1;
  config.congestion = congestion();
  config.qlog_dir = getenv("BENCH_QLOG");
  pthread_mutex_lock(&lock);
  check(burrow_relay_start(engine, &config, &relay, NULL), "relay");
  pthread_mutex_unlock(&lock);
  for (;;)
    pause();
}
