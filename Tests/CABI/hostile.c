/* Hosts that do everything wrong: each mistake is a status, never a crash. */
#include "support.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

static void test_handles(void) {
  burrow_engine *e = NULL;
  CHECK_STATUS(burrow_engine_create(NULL, &e), BURROW_OK);
  int32_t fd = -1;
  CHECK_STATUS(burrow_engine_event_fd(e, &fd), BURROW_OK);
  CHECK(fd >= 0);
  CHECK_STATUS(burrow_engine_event_fd(NULL, &fd), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_engine_event_fd(e, NULL), BURROW_ERR_INVALID_ARGUMENT);
  /* A real address, a small number, a handle of another kind, one with a bit changed. */
  int local;
  CHECK_STATUS(burrow_engine_event_fd((burrow_engine *)&local, &fd), BURROW_ERR_STALE_HANDLE);
  CHECK_STATUS(burrow_engine_event_fd((burrow_engine *)(uintptr_t)1, &fd), BURROW_ERR_STALE_HANDLE);
  CHECK_STATUS(burrow_engine_event_fd((burrow_engine *)UINTPTR_MAX, &fd), BURROW_ERR_STALE_HANDLE);
  burrow_room_info info = {.struct_size = sizeof info};
  CHECK_STATUS(burrow_room_info_get((burrow_room *)e, &info), BURROW_ERR_STALE_HANDLE);
  for (int bit = 0; bit < (int)(8 * sizeof e); bit++) {
    uintptr_t changed = (uintptr_t)e ^ ((uintptr_t)1 << bit);
    burrow_status wanted = changed ? BURROW_ERR_STALE_HANDLE : BURROW_ERR_INVALID_ARGUMENT;
    CHECK_STATUS(burrow_engine_event_fd((burrow_engine *)changed, &fd), wanted);
  }
  CHECK_STATUS(burrow_retain(NULL), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_retain(&local), BURROW_ERR_STALE_HANDLE);
  CHECK_STATUS(burrow_close(NULL, NULL), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_close(&local, NULL), BURROW_ERR_STALE_HANDLE);
  burrow_release(NULL);
  burrow_release(&local);
  CHECK_STATUS(burrow_retain(e), BURROW_OK);
  burrow_release(e);
  CHECK_STATUS(burrow_engine_event_fd(e, &fd), BURROW_OK);
  CHECK_STATUS(burrow_engine_destroy(e), BURROW_OK);
  CHECK_STATUS(burrow_engine_destroy(e), BURROW_ERR_STALE_HANDLE);
  CHECK_STATUS(burrow_close(e, NULL), BURROW_ERR_STALE_HANDLE);
  CHECK_STATUS(burrow_engine_event_fd(e, &fd), BURROW_ERR_STALE_HANDLE);
  burrow_release(e);
  burrow_release(e);
}

static void test_structs(void) {
  burrow_engine *e = NULL;
  burrow_engine_config config;
  CHECK_STATUS(burrow_config_init(NULL, sizeof config), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_config_init(&config, 0), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_config_init(&config, 4), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_config_init(&config, UINT32_MAX), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_config_init(&config, sizeof config), BURROW_OK);
  CHECK(config.struct_size == sizeof config && config.flags == 0);
  config.flags = 1u << 31;
  CHECK_STATUS(burrow_engine_create(&config, &e), BURROW_ERR_UNSUPPORTED);
  CHECK(e == NULL);
  config.flags = 0;
  config.struct_size = 0;
  CHECK_STATUS(burrow_engine_create(&config, &e), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_engine_create(&config, NULL), BURROW_ERR_INVALID_ARGUMENT);

  CHECK_STATUS(burrow_config_init(&config, sizeof config), BURROW_OK);
  const char *bad[] = {"", "proxy", "socks4://proxy", "https://proxy", "socks5://", "http://me:pass@proxy/path"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    config.proxy = bad[i];
    CHECK_STATUS(burrow_engine_create(&config, &e), BURROW_ERR_INVALID_ARGUMENT);
  }
  config.proxy = "socks5://me:pass@[::1]:1080";
  CHECK_STATUS(burrow_engine_create(&config, &e), BURROW_OK);
  CHECK_STATUS(burrow_engine_destroy(e), BURROW_OK);
  e = NULL;

  /* A host that is newer than the library: fine as long as its new fields are zero. */
  struct {
    burrow_engine_config known;
    uint64_t newer[2];
  } future;
  memset(&future, 0, sizeof future);
  CHECK_STATUS(burrow_config_init(&future.known, sizeof future), BURROW_OK);
  CHECK(future.known.struct_size == sizeof future);
  future.newer[1] = 1;
  CHECK_STATUS(burrow_engine_create(&future.known, &e), BURROW_ERR_UNSUPPORTED);
  future.newer[1] = 0;
  CHECK_STATUS(burrow_engine_create(&future.known, &e), BURROW_OK);

  /* A host that is older: only what it has is written. */
  unsigned char small[64];
  memset(small, 0xee, sizeof small);
  CHECK_STATUS(burrow_config_init((burrow_room_config *)small, 8), BURROW_OK);
  CHECK(small[7] == 0 && small[8] == 0xee);
  burrow_room_config room_config;
  CHECK_STATUS(burrow_config_init(&room_config, sizeof room_config), BURROW_OK);
  room_config.url = "moqt://127.0.0.1:1";
  room_config.flags = BURROW_ROOM_NO_SYSTEM_ROOTS;
  room_config.connect_timeout_ms = 100;
  burrow_room *room = NULL;
  burrow_request request;
  CHECK_STATUS(burrow_room_open(e, &room_config, &room, &request), BURROW_OK);
  memset(small, 0xee, sizeof small);
  uint32_t claimed = 12;
  memcpy(small, &claimed, sizeof claimed);
  CHECK_STATUS(burrow_room_info_get(room, (burrow_room_info *)small), BURROW_OK);
  CHECK(small[12] == 0xee);
  memcpy(&claimed, small, sizeof claimed);
  CHECK(claimed == 12);
  burrow_room_info info = {.struct_size = 3};
  CHECK_STATUS(burrow_room_info_get(room, &info), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_room_info_get(room, NULL), BURROW_ERR_INVALID_ARGUMENT);
  burrow_event event = {.struct_size = 0};
  CHECK_STATUS(burrow_engine_next_event(e, 0, &event), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_engine_next_event(e, 0, NULL), BURROW_ERR_INVALID_ARGUMENT);
  CHECK(wait_done(e, request) != BURROW_OK);
  CHECK_STATUS(burrow_engine_destroy(e), BURROW_OK);
}

/** Opens a room that must be refused at once. */
static void refuse_room(burrow_engine *e, const burrow_room_config *config, burrow_status wanted) {
  burrow_room *room = (burrow_room *)config;
  burrow_request request = 77;
  CHECK_STATUS(burrow_room_open(e, config, &room, &request), wanted);
  CHECK(room == NULL && request == 0);
  char text[256] = "";
  size_t length = 0;
  CHECK_STATUS(burrow_last_error(text, sizeof text, &length), BURROW_OK);
  CHECK(length > 1 && length == strlen(text) + 1);
}

static void test_arguments(void) {
  burrow_engine *e = NULL;
  CHECK_STATUS(burrow_engine_create(NULL, &e), BURROW_OK);
  burrow_room_config config;
  CHECK_STATUS(burrow_config_init(&config, sizeof config), BURROW_OK);
  refuse_room(e, &config, BURROW_ERR_INVALID_ARGUMENT);
  static const char *const urls[] = {"",
                                     "moqt",
                                     "moqt:/x",
                                     "https://x",
                                     "moqt://",
                                     "moqt://h:0x1",
                                     "moqt://h:70000",
                                     "moqt://\xff\xfe",
                                     "moqt://h/\xc3"};
  for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
    config.url = urls[i];
    refuse_room(e, &config, BURROW_ERR_INVALID_ARGUMENT);
  }
  config.url = "moqt://127.0.0.1:1";
  config.path = "\xff";
  refuse_room(e, &config, BURROW_ERR_INVALID_ARGUMENT);
  char *long_path = malloc(70000);
  memset(long_path, 'a', 69999);
  long_path[69999] = 0;
  config.path = long_path;
  refuse_room(e, &config, BURROW_ERR_INVALID_ARGUMENT);
  for (int i = 0; i < 69999; i += 2)
    long_path[i] = '/';
  refuse_room(e, &config, BURROW_ERR_INVALID_ARGUMENT);
  config.path = NULL;
  config.flags = 1u << 30;
  refuse_room(e, &config, BURROW_ERR_UNSUPPORTED);
  config.flags = 0;
  config.reserved = 1;
  refuse_room(e, &config, BURROW_ERR_UNSUPPORTED);
  config.reserved = 0;
  config.call_id_len = 1;
  refuse_room(e, &config, BURROW_ERR_INVALID_ARGUMENT);
  config.flags = BURROW_ROOM_PROTECTED;
  refuse_room(e, &config, BURROW_ERR_INVALID_ARGUMENT);
  config.call_id = (const uint8_t *)long_path;
  static const size_t lengths[] = {16385, SIZE_MAX, SIZE_MAX / 2};
  for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
    config.call_id_len = lengths[i];
    refuse_room(e, &config, BURROW_ERR_INVALID_ARGUMENT);
  }
  config.flags = 0;
  config.call_id = NULL;
  config.call_id_len = 0;
  config.versions = 1;
  refuse_room(e, &config, BURROW_ERR_UNSUPPORTED);
  config.versions = 0;
  config.congestion = 99;
  refuse_room(e, &config, BURROW_ERR_INVALID_ARGUMENT);
  config.congestion = 0;
  config.pin_count = 1;
  refuse_room(e, &config, BURROW_ERR_INVALID_ARGUMENT);
  config.pin_count = SIZE_MAX;
  config.pins = (const uint8_t *)"x";
  refuse_room(e, &config, BURROW_ERR_INVALID_ARGUMENT);
  config.pin_count = 0;
  config.qlog_dir = "/nonexistent/folder";
  refuse_room(e, &config, BURROW_ERR_INVALID_ARGUMENT);
  config.qlog_dir = NULL;

  burrow_relay_config relay_config;
  burrow_relay *relay = NULL;
  CHECK_STATUS(burrow_config_init(&relay_config, sizeof relay_config), BURROW_OK);
  CHECK_STATUS(burrow_relay_start(e, &relay_config, &relay, NULL), BURROW_ERR_INVALID_ARGUMENT);
  const char *listen[] = {"127.0.0.1:0", NULL};
  relay_config.listen = listen;
  relay_config.listen_count = 1;
  /* Nobody could enter. */
  CHECK_STATUS(burrow_relay_start(e, &relay_config, &relay, NULL), BURROW_ERR_INVALID_ARGUMENT);
  relay_config.jwt_keys = "{}";
  CHECK_STATUS(burrow_relay_start(e, &relay_config, &relay, NULL), BURROW_ERR_TOKEN_KEY);
  relay_config.jwt_keys = NULL;
  relay_config.flags = BURROW_RELAY_OPEN;
  relay_config.listen_count = 2;
  CHECK_STATUS(burrow_relay_start(e, &relay_config, &relay, NULL), BURROW_ERR_INVALID_ARGUMENT);
  relay_config.listen_count = SIZE_MAX;
  CHECK_STATUS(burrow_relay_start(e, &relay_config, &relay, NULL), BURROW_ERR_INVALID_ARGUMENT);
  static const char *const addresses[] = {"",      "x",     "127.0.0.1",     "127.0.0.1:99999",
                                          "::1:4", "[::1]", "[127.0.0.1]:1", "localhost:1"};
  relay_config.listen_count = 1;
  for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
    listen[0] = addresses[i];
    CHECK_STATUS(burrow_relay_start(e, &relay_config, &relay, NULL), BURROW_ERR_INVALID_ARGUMENT);
  }
  listen[0] = "127.0.0.1:0";
  relay_config.certificate_pem = "no certificate";
  CHECK_STATUS(burrow_relay_start(e, &relay_config, &relay, NULL), BURROW_ERR_INVALID_ARGUMENT);
  relay_config.key_pem = "no key";
  burrow_request request;
  CHECK_STATUS(burrow_relay_start(e, &relay_config, &relay, &request), BURROW_OK);
  CHECK(wait_done(e, request) < 0);
  burrow_relay_info info = {.struct_size = sizeof info};
  CHECK_STATUS(burrow_relay_info_get(relay, &info), BURROW_OK);
  CHECK(info.state == BURROW_RELAY_STOPPED && info.status < 0 && info.text[0]);
  burrow_release(relay);

  CHECK_STATUS(burrow_engine_network_changed(e, 1u << 9), BURROW_ERR_UNSUPPORTED);
  CHECK_STATUS(burrow_engine_network_changed(e, BURROW_NETWORK_SWITCHED), BURROW_OK);
  CHECK_STATUS(burrow_request_cancel(e, 123456789), BURROW_OK);
  CHECK_STATUS(burrow_log_set_level(99, NULL), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_log_set_level(BURROW_LOG_INFO, "\xff"), BURROW_ERR_INVALID_ARGUMENT);
  CHECK(burrow_has_feature("relay") == 1 && burrow_has_feature("teleport") == 0 && burrow_has_feature("\xff") == 0);
  CHECK(strcmp(burrow_status_name(BURROW_ERR_TLS_EXPIRED), "BURROW_ERR_TLS_EXPIRED") == 0);
  CHECK(strcmp(burrow_status_name(-4711), "BURROW_UNKNOWN") == 0);
  CHECK(strncmp(burrow_version_string(), "0.", 2) == 0);
  size_t length;
  char one[1];
  CHECK_STATUS(burrow_last_error(one, 1, &length), BURROW_ERR_BUFFER_TOO_SMALL);
  CHECK_STATUS(burrow_last_error(NULL, 5, &length), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_last_error(NULL, 0, NULL), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_engine_destroy(e), BURROW_OK);
  free(long_path);
}

static void test_frames(void) {
  burrow_engine *e = NULL;
  CHECK_STATUS(burrow_engine_create(NULL, &e), BURROW_OK);
  burrow_relay_info relay;
  start_relay(e, &relay);
  burrow_room *silent = open_room(e, &relay, NULL, 0);
  burrow_room *room = open_room(e, &relay, "a", 0);
  burrow_track_config config;
  CHECK_STATUS(burrow_config_init(&config, sizeof config), BURROW_OK);
  burrow_track *track = NULL;
  CHECK_STATUS(burrow_track_publish(room, &config, &track), BURROW_ERR_INVALID_ARGUMENT);
  config.name = "t";
  CHECK_STATUS(burrow_track_publish(silent, &config, &track), BURROW_ERR_WRONG_KIND);
  config.priority = 256;
  CHECK_STATUS(burrow_track_publish(room, &config, &track), BURROW_ERR_INVALID_ARGUMENT);
  config.priority = 0;
  config.kind = 17;
  CHECK_STATUS(burrow_track_publish(room, &config, &track), BURROW_ERR_INVALID_ARGUMENT);
  config.kind = BURROW_TRACK_KIND_ENCODED;
  config.flags = BURROW_TRACK_START_GROUP;
  CHECK_STATUS(burrow_track_publish(room, &config, &track), BURROW_ERR_UNSUPPORTED);
  config.flags = 0;
  CHECK_STATUS(burrow_track_publish(room, &config, &track), BURROW_OK);

  burrow_encoded_frame frame = {.struct_size = sizeof frame};
  CHECK_STATUS(burrow_track_push_encoded(track, &frame), BURROW_OK);
  frame.len = 1;
  CHECK_STATUS(burrow_track_push_encoded(track, &frame), BURROW_ERR_INVALID_ARGUMENT);
  frame.data = (const uint8_t *)"x";
  frame.len = SIZE_MAX;
  CHECK_STATUS(burrow_track_push_encoded(track, &frame), BURROW_ERR_LIMIT);
  frame.len = 1;
  frame.flags = BURROW_FRAME_FETCHED;
  CHECK_STATUS(burrow_track_push_encoded(track, &frame), BURROW_ERR_UNSUPPORTED);
  frame.flags = 0;
  frame.timestamp_us = INT64_MIN;
  CHECK_STATUS(burrow_track_push_encoded(track, &frame), BURROW_OK);
  frame.timestamp_us = INT64_MAX;
  CHECK_STATUS(burrow_track_push_encoded(track, &frame), BURROW_OK);
  CHECK_STATUS(burrow_track_push_encoded(track, NULL), BURROW_ERR_INVALID_ARGUMENT);

  burrow_track *other = NULL;
  CHECK_STATUS(burrow_track_subscribe(silent, NULL, "t", NULL, &other), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_track_subscribe(silent, "a", NULL, NULL, &other), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_track_subscribe(silent, "a", "", NULL, &other), BURROW_ERR_INVALID_ARGUMENT);
  burrow_track_request want;
  CHECK_STATUS(burrow_config_init(&want, sizeof want), BURROW_OK);
  want.flags = BURROW_TRACK_START_GROUP | BURROW_TRACK_END_GROUP;
  want.start_group = UINT64_MAX;
  CHECK_STATUS(burrow_track_subscribe(silent, "a", "t", &want, &other), BURROW_ERR_INVALID_ARGUMENT);
  want.start_group = 5;
  want.end_group = 4;
  CHECK_STATUS(burrow_track_subscribe(silent, "a", "t", &want, &other), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_track_subscribe(silent, "a", "t", NULL, &other), BURROW_OK);
  CHECK_STATUS(burrow_track_fetch(other, UINT64_MAX, NULL), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_track_fetch(track, 0, NULL), BURROW_ERR_WRONG_KIND);
  CHECK_STATUS(burrow_track_update(other, NULL), BURROW_ERR_INVALID_ARGUMENT);
  want.flags = BURROW_TRACK_ORDERED;
  CHECK_STATUS(burrow_track_update(other, &want), BURROW_OK);
  CHECK_STATUS(burrow_track_pull_encoded(other, NULL), BURROW_ERR_INVALID_ARGUMENT);

  /* A host that keeps every frame gets no more than 64, and can go on when it gives one back. */
  burrow_event event;
  burrow_buffer *kept[64];
  int count = 0;
  frame.timestamp_us = 0;
  for (int i = 0; i < 100; i++)
    CHECK_STATUS(burrow_track_push_encoded(track, &frame), BURROW_OK);
  burrow_encoded_frame pulled = {.struct_size = sizeof pulled};
  while (count < 64) {
    burrow_status status = burrow_track_pull_encoded(other, &pulled);
    if (status == BURROW_OK) kept[count++] = pulled.buffer;
    if (status == BURROW_AGAIN && !wait_kind(e, &event, BURROW_EVENT_TRACK_DATA, 0, other)) break;
  }
  CHECK(count == 64);
  CHECK_STATUS(burrow_track_pull_encoded(other, &pulled), BURROW_AGAIN);
  burrow_release(kept[0]);
  burrow_release(kept[0]); /* twice: the second one is stale and ignored */
  CHECK_STATUS(burrow_track_pull_encoded(other, &pulled), BURROW_OK);
  burrow_release(pulled.buffer);
  burrow_release(other);
  CHECK_STATUS(burrow_track_pull_encoded(other, &pulled), BURROW_ERR_STALE_HANDLE);
  /* Frames outlive their track. */
  CHECK_STATUS(burrow_retain(kept[1]), BURROW_OK);
  for (int i = 1; i < 64; i++)
    burrow_release(kept[i]);
  burrow_release(kept[1]);
  /* The room goes first; its track stays readable. */
  burrow_release(room);
  CHECK(wait_kind(e, &event, BURROW_EVENT_TRACK_STATE, BURROW_TRACK_ENDED, track));
  burrow_track_info info = {.struct_size = sizeof info};
  CHECK_STATUS(burrow_track_info_get(track, &info), BURROW_OK);
  CHECK(strcmp(info.name, "t") == 0 && info.state == BURROW_TRACK_ENDED);
  CHECK_STATUS(burrow_track_push_encoded(track, &frame), BURROW_ERR_CLOSED);
  CHECK_STATUS(burrow_engine_destroy(e), BURROW_OK);
}

static void destroy_in_handler(void *user_data, const burrow_event *event) {
  burrow_engine *e = *(burrow_engine **)user_data;
  *(burrow_engine **)user_data = NULL;
  CHECK(e != NULL); /* no further event after destroy */
  CHECK_STATUS(burrow_engine_dispatch(e, 0, destroy_in_handler, user_data), BURROW_ERR_BUSY);
  CHECK_STATUS(burrow_engine_destroy(e), BURROW_OK);
  CHECK(event->text != NULL && strlen(event->text) < 1000); /* still readable */
}

static void test_destroy_in_dispatch(void) {
  burrow_engine *e = NULL;
  CHECK_STATUS(burrow_engine_create(NULL, &e), BURROW_OK);
  burrow_room_config config;
  CHECK_STATUS(burrow_config_init(&config, sizeof config), BURROW_OK);
  config.url = "moqt://127.0.0.1:1";
  config.flags = BURROW_ROOM_NO_SYSTEM_ROOTS;
  burrow_room *room;
  CHECK_STATUS(burrow_room_open(e, &config, &room, NULL), BURROW_OK);
  CHECK_STATUS(burrow_room_open(e, &config, &room, NULL), BURROW_OK);
  burrow_engine *copy = e;
  CHECK_STATUS(burrow_engine_dispatch(e, 5000, destroy_in_handler, &copy), BURROW_OK);
  CHECK(copy == NULL);
  burrow_release(room);
}

static burrow_engine *wakeup_engine;
static int wakeups;
static burrow_status destroy_in_wakeup_status = BURROW_OK;

static void wakeup(void *user_data) {
  (void)user_data;
  wakeups++;
  destroy_in_wakeup_status = burrow_engine_destroy(wakeup_engine);
  if (burrow_engine_set_wakeup(wakeup_engine, NULL, NULL) != BURROW_ERR_WOULD_DEADLOCK)
    destroy_in_wakeup_status = BURROW_OK;
}

static void test_wakeup(void) {
  CHECK_STATUS(burrow_engine_create(NULL, &wakeup_engine), BURROW_OK);
  CHECK_STATUS(burrow_engine_set_wakeup(wakeup_engine, wakeup, NULL), BURROW_OK);
  burrow_request request;
  CHECK_STATUS(burrow_close(wakeup_engine, &request), BURROW_OK);
  CHECK_STATUS(burrow_close(wakeup_engine, &request), BURROW_ERR_CLOSED);
  CHECK(request == 0);
  burrow_event event = {.struct_size = sizeof event};
  CHECK_STATUS(burrow_engine_next_event(wakeup_engine, 5000, &event), BURROW_OK);
  CHECK(event.kind == BURROW_EVENT_DONE && event.status == BURROW_OK);
  CHECK_STATUS(burrow_engine_next_event(wakeup_engine, 5000, &event), BURROW_ERR_CLOSED);
  CHECK_STATUS(burrow_engine_set_wakeup(wakeup_engine, NULL, NULL), BURROW_OK);
  CHECK(wakeups > 0);
  CHECK(destroy_in_wakeup_status == BURROW_ERR_WOULD_DEADLOCK);
  CHECK_STATUS(burrow_engine_destroy(wakeup_engine), BURROW_OK);
}

static void *wait_in_thread(void *raw) {
  burrow_event event = {.struct_size = sizeof event};
  burrow_status status;
  do
    status = burrow_engine_next_event(raw, -1, &event);
  while (status == BURROW_OK || status == BURROW_ERR_BUSY);
  return (void *)(intptr_t)status;
}

static void test_destroy_while_waiting(void) {
  burrow_engine *e = NULL;
  CHECK_STATUS(burrow_engine_create(NULL, &e), BURROW_OK);
  pthread_t thread;
  pthread_create(&thread, NULL, wait_in_thread, e);
  burrow_event event = {.struct_size = sizeof event};
  while (burrow_engine_next_event(e, 0, &event) != BURROW_ERR_BUSY) {
  }
  CHECK_STATUS(burrow_engine_destroy(e), BURROW_OK);
  void *status;
  pthread_join(thread, &status);
  CHECK((intptr_t)status == BURROW_ERR_CLOSED);
}

static void test_fork(void) {
  burrow_engine *e = NULL;
  CHECK_STATUS(burrow_engine_create(NULL, &e), BURROW_OK);
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    burrow_event event = {.struct_size = sizeof event};
    burrow_engine *other = NULL;
    int ok = burrow_engine_next_event(e, 0, &event) == BURROW_ERR_FORKED &&
             burrow_engine_create(NULL, &other) == BURROW_ERR_FORKED && burrow_retain(e) == BURROW_ERR_FORKED &&
             burrow_engine_destroy(e) == BURROW_ERR_FORKED;
    burrow_release(e);
    _exit(ok ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  int32_t fd;
  CHECK_STATUS(burrow_engine_event_fd(e, &fd), BURROW_OK);
  CHECK_STATUS(burrow_engine_destroy(e), BURROW_OK);
}

/* A child process ends while everything runs. */
static void test_exit(void) {
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    /* The mark is set by the first engine of a process, which this one has not made yet. */
    execl("/proc/self/exe", "hostile", "exit", (char *)NULL);
    _exit(127);
  }
  int status = -1;
  waitpid(child, &status, 0);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static int exit_in_the_middle(void) {
  burrow_engine *e = NULL;
  burrow_relay_info relay;
  if (burrow_engine_create(NULL, &e)) return 1;
  start_relay(e, &relay);
  open_room(e, &relay, "exit", 0);
  return checks_failed;
}

static void test_release_engine(void) {
  burrow_engine *e = NULL;
  CHECK_STATUS(burrow_engine_create(NULL, &e), BURROW_OK);
  burrow_relay_info info;
  burrow_relay *relay = start_relay(e, &info);
  burrow_room *room = open_room(e, &info, "x", 0);
  burrow_release(e);
  burrow_room_info room_info = {.struct_size = sizeof room_info};
  CHECK_STATUS(burrow_room_info_get(room, &room_info), BURROW_ERR_STALE_HANDLE);
  burrow_release(room);
  burrow_release(relay);
}

int main(int argc, char **argv) {
  if (argc > 1 && strcmp(argv[1], "exit") == 0) return exit_in_the_middle();
  test_handles();
  test_structs();
  test_arguments();
  test_frames();
  test_destroy_in_dispatch();
  test_wakeup();
  test_destroy_while_waiting();
  test_fork();
  test_exit();
  test_release_engine();
  return finish_tests();
}
