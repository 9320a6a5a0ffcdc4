/* What all tests share: checks that count, and waiting for events. */
#ifndef CABI_SUPPORT_H
#define CABI_SUPPORT_H

#include <burrow.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int checks_passed, checks_failed;

#define CHECK(condition)                                                                   \
  do {                                                                                     \
    if (condition) {                                                                       \
      checks_passed++;                                                                     \
    } else {                                                                               \
      checks_failed++;                                                                     \
      char reason[512] = "";                                                               \
      size_t needed;                                                                       \
      (void)burrow_last_error(reason, sizeof reason, &needed);                             \
      printf("FAIL %s:%d: %s (last error: %s)\n", __FILE__, __LINE__, #condition, reason); \
      fflush(stdout);                                                                      \
    }                                                                                      \
  } while (0)

#define CHECK_STATUS(call, wanted)                                                      \
  do {                                                                                  \
    burrow_status got_ = (call);                                                        \
    if (got_ != (wanted)) printf("     %s gave %s\n", #call, burrow_status_name(got_)); \
    CHECK(got_ == (wanted));                                                            \
  } while (0)

static int finish_tests(void) {
  printf("%d passed, %d failed, 0 skipped\n", checks_passed, checks_failed);
  return checks_failed ? 1 : 0;
}

/** Drains until an event fits; 0 when none came in time. The copy's pointers die with the next drain. */
static int wait_for(burrow_engine *e, burrow_event *out, int (*fits)(const burrow_event *, void *), void *context) {
  int64_t deadline = burrow_now_us() + 10 * 1000 * 1000;
  while (burrow_now_us() < deadline) {
    out->struct_size = sizeof *out;
    burrow_status status = burrow_engine_next_event(e, 500, out);
    if (status == BURROW_AGAIN) continue;
    if (status != BURROW_OK) return 0;
    if (getenv("CABI_TRACE"))
      printf("event %u state %u status %s request %llu text %s\n", out->kind, out->state,
             burrow_status_name(out->status), (unsigned long long)out->request, out->text);
    if (fits(out, context)) return 1;
  }
  return 0;
}

static int is_done(const burrow_event *event, void *request) {
  return event->kind == BURROW_EVENT_DONE && event->request == *(burrow_request *)request;
}

/** Waits for a request and returns how it ended. */
static inline burrow_status wait_done(burrow_engine *e, burrow_request request) {
  burrow_event event;
  if (!wait_for(e, &event, is_done, &request)) return BURROW_ERR_TIMEOUT;
  return event.status;
}

struct wanted_event {
  uint32_t kind, state;
  void *subject;
};

static int is_wanted(const burrow_event *event, void *raw) {
  struct wanted_event *wanted = raw;
  return event->kind == wanted->kind && (!wanted->state || event->state == wanted->state) &&
         (!wanted->subject || event->subject == wanted->subject);
}

/** Waits for an event of a kind, a state (0 for any) and a subject (NULL for any). */
static inline int wait_kind(burrow_engine *e, burrow_event *out, uint32_t kind, uint32_t state, void *subject) {
  struct wanted_event wanted = {kind, state, subject};
  return wait_for(e, out, is_wanted, &wanted);
}

/** An open relay on any port of this machine. */
static inline void init_relay(burrow_relay_config *config) {
  static const char *const listen[] = {"127.0.0.1:0"};
  CHECK_STATUS(burrow_config_init(config, sizeof *config), BURROW_OK);
  config->flags = BURROW_RELAY_OPEN;
  config->listen = listen;
  config->listen_count = 1;
}

/** Starts a relay and waits until it listens. */
static inline burrow_relay *start_relay_as(burrow_engine *e, const burrow_relay_config *config,
                                           burrow_relay_info *info) {
  burrow_relay *relay = NULL;
  burrow_request request = 0;
  CHECK_STATUS(burrow_relay_start(e, config, &relay, &request), BURROW_OK);
  CHECK_STATUS(wait_done(e, request), BURROW_OK);
  info->struct_size = sizeof *info;
  CHECK_STATUS(burrow_relay_info_get(relay, info), BURROW_OK);
  CHECK(info->port != 0);
  return relay;
}

/** Starts an open relay on a free port of the loopback address. */
static inline burrow_relay *start_relay(burrow_engine *e, burrow_relay_info *info) {
  burrow_relay_config config;
  init_relay(&config);
  return start_relay_as(e, &config, info);
}

/** A room on that relay, which it trusts; `url` is kept in the configuration. */
static inline void init_room(burrow_room_config *config, const burrow_relay_info *relay, char url[64]) {
  snprintf(url, 64, "moqt://127.0.0.1:%u", relay->port);
  CHECK_STATUS(burrow_config_init(config, sizeof *config), BURROW_OK);
  config->url = url;
  config->pins = relay->fingerprint;
  config->pin_count = 1;
}

/** Opens a room on that relay and waits until it stands. */
static inline burrow_room *open_room(burrow_engine *e, const burrow_relay_info *relay, const char *path,
                                     uint32_t versions) {
  char url[64];
  burrow_room_config config;
  init_room(&config, relay, url);
  config.path = path;
  config.versions = versions;
  burrow_room *room = NULL;
  burrow_request request = 0;
  CHECK_STATUS(burrow_room_open(e, &config, &room, &request), BURROW_OK);
  CHECK_STATUS(wait_done(e, request), BURROW_OK);
  return room;
}

#endif
