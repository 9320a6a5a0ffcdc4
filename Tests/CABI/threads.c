/* Many threads on the same handles: pushing, pulling, reading, retaining and releasing while rooms come and go. */
#include "support.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

enum {
  PUSHERS = 3,
  FRAMES = 400
};

static burrow_engine *engine;
static burrow_relay *relay;
static burrow_room *publisher, *listener;
static burrow_track *out, *in;
static atomic_int stop, pushed, pulled, wakeups, lines;

static void *push(void *unused) {
  (void)unused;
  burrow_encoded_frame frame = {.struct_size = sizeof frame, .flags = BURROW_FRAME_KEY};
  uint8_t bytes[3000] = {0};
  frame.data = bytes;
  for (int i = 0; i < FRAMES && !stop;) {
    /* No further ahead than a subscriber keeps groups under way. */
    if (pushed - pulled > 100) {
      sched_yield();
      continue;
    }
    frame.len = (size_t)(i * 37 % 3000);
    burrow_status status = burrow_track_push_encoded(out, &frame);
    if (status == BURROW_OK) i++, pushed++;
    if (status < 0) break;
  }
  return NULL;
}

static void *pull(void *unused) {
  (void)unused;
  while (!stop) {
    burrow_encoded_frame frame = {.struct_size = sizeof frame};
    burrow_status status = burrow_track_pull_encoded(in, &frame);
    if (status == BURROW_OK) {
      unsigned sum = 0;
      for (size_t i = 0; i < frame.len; i++)
        sum += frame.data[i];
      if (sum) abort();
      burrow_release(frame.buffer);
      pulled++;
    } else if (status < 0) {
      break;
    }
  }
  return NULL;
}

static void *look(void *unused) {
  (void)unused;
  char json[16384];
  while (!stop) {
    size_t count;
    burrow_room_info room = {.struct_size = sizeof room};
    burrow_room_stats stats = {.struct_size = sizeof stats};
    burrow_track_info track = {.struct_size = sizeof track};
    burrow_track_stats track_stats = {.struct_size = sizeof track_stats};
    burrow_relay_info info = {.struct_size = sizeof info};
    if (burrow_room_info_get(listener, &room) || burrow_room_stats_get(publisher, &stats)) break;
    if (burrow_track_info_get(in, &track) || burrow_track_stats_get(out, &track_stats, NULL)) break;
    if (burrow_relay_info_get(relay, &info) || burrow_retain(in)) break;
    burrow_release(in);
    (void)burrow_room_participants(listener, NULL, 0, &count);
    (void)burrow_stats_json(publisher, json, sizeof json, &count);
    (void)burrow_stats_json(relay, json, sizeof json, &count);
    (void)burrow_track_info_get(NULL, &track);
    (void)burrow_last_error(json, sizeof json, &count);
  }
  return NULL;
}

static void *come_and_go(void *raw) {
  burrow_relay_info *info = raw;
  char url[64];
  snprintf(url, sizeof url, "moqt://127.0.0.1:%u", info->port);
  burrow_room_config config;
  (void)burrow_config_init(&config, sizeof config);
  config.url = url;
  config.pins = info->fingerprint;
  config.pin_count = 1;
  for (int i = 0; i < 20; i++) {
    burrow_room *room;
    burrow_track *track;
    char path[16];
    snprintf(path, sizeof path, "visitor/%d", i);
    config.path = path;
    if (burrow_room_open(engine, &config, &room, NULL)) break;
    burrow_track_config track_config;
    (void)burrow_config_init(&track_config, sizeof track_config);
    track_config.name = "x";
    if (burrow_track_publish(room, &track_config, &track) == BURROW_OK) burrow_release(track);
    if (i % 2) burrow_release(room);
    if (i % 3 == 0) (void)burrow_close(room, NULL);
    if (i % 2 == 0) burrow_release(room);
  }
  return NULL;
}

static void count_wakeup(void *counter) { (*(atomic_int *)counter)++; }

static void count_line(void *counter, int32_t level, const char *component, const char *text) {
  if (level > 0 && *component && *text) (*(atomic_int *)counter)++;
}

static void *change_callbacks(void *unused) {
  (void)unused;
  while (!stop) {
    (void)burrow_engine_set_wakeup(engine, count_wakeup, &wakeups);
    (void)burrow_log_set_handler(count_line, &lines);
    (void)burrow_log_set_level(BURROW_LOG_DEBUG, NULL);
    (void)burrow_engine_set_wakeup(engine, NULL, NULL);
    (void)burrow_log_set_handler(NULL, NULL);
  }
  return NULL;
}

static void ignore_event(void *unused, const burrow_event *event) {
  (void)unused;
  if (!event->text) abort();
}

int main(void) {
  CHECK_STATUS(burrow_engine_create(NULL, &engine), BURROW_OK);
  burrow_relay_info info;
  relay = start_relay(engine, &info);
  publisher = open_room(engine, &info, "p", 0);
  listener = open_room(engine, &info, NULL, 0);
  burrow_track_config config;
  CHECK_STATUS(burrow_config_init(&config, sizeof config), BURROW_OK);
  config.name = "t";
  CHECK_STATUS(burrow_track_publish(publisher, &config, &out), BURROW_OK);
  burrow_track_request want;
  CHECK_STATUS(burrow_config_init(&want, sizeof want), BURROW_OK);
  /* Oldest first, so that no group falls behind the newest by more than is pushed ahead. */
  want.flags = BURROW_TRACK_ORDERED;
  want.max_age_ms = 20000;
  CHECK_STATUS(burrow_track_subscribe(listener, "p", "t", &want, &in), BURROW_OK);
  burrow_event event;
  CHECK(wait_kind(engine, &event, BURROW_EVENT_TRACK_STATE, BURROW_TRACK_LIVE, in));

  /* A subscription begins with the newest group there is; from here on every group is newer. */
  burrow_encoded_frame first = {.struct_size = sizeof first};
  CHECK_STATUS(burrow_track_push_encoded(out, &first), BURROW_OK);
  CHECK(wait_kind(engine, &event, BURROW_EVENT_TRACK_DATA, 0, in));
  CHECK_STATUS(burrow_track_pull_encoded(in, &first), BURROW_OK);
  burrow_release(first.buffer);

  pthread_t pushers[PUSHERS], others[5];
  for (int i = 0; i < PUSHERS; i++)
    pthread_create(&pushers[i], NULL, push, NULL);
  pthread_create(&others[0], NULL, pull, NULL);
  pthread_create(&others[1], NULL, pull, NULL);
  pthread_create(&others[2], NULL, look, NULL);
  pthread_create(&others[3], NULL, come_and_go, &info);
  pthread_create(&others[4], NULL, change_callbacks, NULL);
  int64_t deadline = burrow_now_us() + 60 * 1000 * 1000;
  while (pulled < PUSHERS * FRAMES && burrow_now_us() < deadline) {
    burrow_status status = burrow_engine_dispatch(engine, 20, ignore_event, NULL);
    if (status != BURROW_OK && status != BURROW_AGAIN) break;
  }
  stop = 1;
  for (int i = 0; i < PUSHERS; i++)
    pthread_join(pushers[i], NULL);
  for (int i = 0; i < 5; i++)
    pthread_join(others[i], NULL);
  CHECK(pushed == PUSHERS * FRAMES);
  CHECK(pulled == PUSHERS * FRAMES);
  burrow_track_stats stats = {.struct_size = sizeof stats};
  CHECK_STATUS(burrow_track_stats_get(out, &stats, NULL), BURROW_OK);
  CHECK(stats.frames == PUSHERS * FRAMES + 1);
  if (pulled != pushed) {
    char json[16384];
    size_t length;
    printf("     %d pushed, %d pulled\n", (int)pushed, (int)pulled);
    CHECK_STATUS(burrow_track_stats_get(in, &stats, NULL), BURROW_OK);
    printf("     received %d, waiting %d, dropped %d, groups %d\n", (int)stats.frames, (int)stats.queued_frames,
           (int)stats.dropped_frames, (int)stats.groups);
    if (burrow_stats_json(listener, json, sizeof json, &length) == BURROW_OK) puts(json);
    if (burrow_stats_json(publisher, json, sizeof json, &length) == BURROW_OK) puts(json);
    if (burrow_stats_json(relay, json, sizeof json, &length) == BURROW_OK) puts(json);
  }
  CHECK_STATUS(burrow_engine_destroy(engine), BURROW_OK);
  return finish_tests();
}
