/* What goes wrong on the way to a relay, and what a host is told: five different certificate errors, refusals, losses,
   cancellation. Every operation ends in exactly one completion. */
#include "certificates.h"
#include "support.h"

#include <unistd.h>

/** Opens a room that cannot be had and returns how it ended. */
static burrow_status try_room(burrow_engine *e, const burrow_room_config *config) {
  burrow_room *room = NULL;
  burrow_request request = 0;
  CHECK_STATUS(burrow_room_open(e, config, &room, &request), BURROW_OK);
  burrow_status status = wait_done(e, request);
  burrow_room_info info = {.struct_size = sizeof info};
  CHECK_STATUS(burrow_room_info_get(room, &info), BURROW_OK);
  if (status != BURROW_OK) {
    CHECK(info.state == BURROW_ROOM_CLOSED && info.status == status && info.text[0]);
    CHECK_STATUS(burrow_close(room, NULL), BURROW_ERR_CLOSED);
  }
  burrow_release(room);
  return status;
}

static void test_certificates(void) {
  burrow_engine *e = NULL;
  burrow_relay_info relay;
  CHECK_STATUS(burrow_engine_create(NULL, &e), BURROW_OK);
  start_relay(e, &relay);
  char url[64];
  snprintf(url, sizeof url, "moqt://127.0.0.1:%u", relay.port);
  burrow_room_config config;
  CHECK_STATUS(burrow_config_init(&config, sizeof config), BURROW_OK);
  config.url = url;
  config.flags = BURROW_ROOM_NO_SYSTEM_ROOTS;
  CHECK(try_room(e, &config) == BURROW_ERR_TLS_UNKNOWN_ISSUER);
  uint8_t pins[64];
  memset(pins, 7, sizeof pins);
  config.pins = pins;
  config.pin_count = 2;
  CHECK(try_room(e, &config) == BURROW_ERR_TLS_WRONG_PIN);
  memcpy(pins + 32, relay.fingerprint, 32);
  CHECK(try_room(e, &config) == BURROW_OK);
  config.pin_count = 0;
  config.flags = BURROW_ROOM_INSECURE;
  CHECK(try_room(e, &config) == BURROW_OK);
  int32_t level = -1;
  char line[256] = "";
  size_t length;
  CHECK_STATUS(burrow_log_read(&level, line, sizeof line, &length), BURROW_OK);
  CHECK(level == BURROW_LOG_WARNING && strstr(line, "without checking"));
  CHECK_STATUS(burrow_log_read(&level, line, sizeof line, &length), BURROW_AGAIN);
  config.flags = 0;
  config.roots_pem = "no certificate";
  CHECK(try_room(e, &config) < 0);
  CHECK_STATUS(burrow_engine_destroy(e), BURROW_OK);
}

/** How one of the test certificates is taken by a room, and what is said about it. */
static burrow_status try_certificate(const char *certificate, const char *roots, const uint8_t *pin, uint32_t versions,
                                     char text[256]) {
  burrow_engine *e = NULL;
  CHECK_STATUS(burrow_engine_create(NULL, &e), BURROW_OK);
  burrow_relay_config config;
  init_relay(&config);
  config.versions = BURROW_MOQ_LITE_05;
  config.certificate_pem = certificate;
  config.key_pem = leaf_key_pem;
  burrow_relay_info info;
  start_relay_as(e, &config, &info);
  char url[64];
  burrow_room_config room_config;
  init_room(&room_config, &info, url);
  room_config.flags = BURROW_ROOM_NO_SYSTEM_ROOTS;
  room_config.roots_pem = roots;
  room_config.versions = versions;
  room_config.pins = pin;
  room_config.pin_count = pin != NULL;
  burrow_room *room = NULL;
  burrow_request request;
  CHECK_STATUS(burrow_room_open(e, &room_config, &room, &request), BURROW_OK);
  burrow_status status = wait_done(e, request);
  burrow_room_info room_info = {.struct_size = sizeof room_info};
  CHECK_STATUS(burrow_room_info_get(room, &room_info), BURROW_OK);
  CHECK(room_info.status == status);
  snprintf(text, 256, "%s", room_info.text);
  CHECK_STATUS(burrow_engine_destroy(e), BURROW_OK);
  return status;
}

/* Five reasons not to trust a relay, five statuses, and a sentence each that names what is wrong. */
static void test_five_failures(void) {
  char text[6][256];
  uint8_t pin[32];
  memset(pin, 7, sizeof pin);
  CHECK_STATUS(try_certificate(good_pem, authority_pem, NULL, 0, text[5]), BURROW_OK);
  CHECK_STATUS(try_certificate(expired_pem, authority_pem, NULL, 0, text[0]), BURROW_ERR_TLS_EXPIRED);
  CHECK(strstr(text[0], "expired") && strstr(text[0], "127.0.0.1"));
  CHECK_STATUS(try_certificate(other_host_pem, authority_pem, NULL, 0, text[1]), BURROW_ERR_TLS_WRONG_HOST);
  CHECK(strstr(text[1], "other.example") && strstr(text[1], "127.0.0.1"));
  CHECK_STATUS(try_certificate(good_pem, NULL, NULL, 0, text[2]), BURROW_ERR_TLS_UNKNOWN_ISSUER);
  CHECK_STATUS(try_certificate(good_pem, NULL, pin, 0, text[3]), BURROW_ERR_TLS_WRONG_PIN);
  CHECK_STATUS(try_certificate(good_pem, authority_pem, NULL, BURROW_MOQ_LITE_03, text[4]),
               BURROW_ERR_TLS_NO_COMMON_PROTOCOL);
  for (int i = 0; i < 5; i++) {
    CHECK(text[i][0]);
    for (int j = 0; j < i; j++)
      CHECK(strcmp(text[i], text[j]) != 0);
  }
}

static void test_versions(void) {
  burrow_engine *e = NULL;
  CHECK_STATUS(burrow_engine_create(NULL, &e), BURROW_OK);
  burrow_relay_config config;
  init_relay(&config);
  config.versions = BURROW_MOQ_LITE_04;
  burrow_relay_info info;
  burrow_relay *relay = start_relay_as(e, &config, &info), *second = NULL;
  burrow_request request;
  char url[64];
  burrow_room_config room;
  init_room(&room, &info, url);
  room.versions = BURROW_MOQ_LITE_05 | BURROW_MOQ_LITE_03;
  CHECK(try_room(e, &room) == BURROW_ERR_TLS_NO_COMMON_PROTOCOL);
  room.versions = 0;
  CHECK(try_room(e, &room) == BURROW_OK);

  /* The port is taken. */
  const char *taken[] = {url + strlen("moqt://")};
  config.listen = taken;
  CHECK_STATUS(burrow_relay_start(e, &config, &second, &request), BURROW_OK);
  CHECK_STATUS(wait_done(e, request), BURROW_ERR_ADDRESS_IN_USE);
  burrow_release(second);
  CHECK_STATUS(burrow_close(relay, &request), BURROW_OK);
  CHECK_STATUS(wait_done(e, request), BURROW_OK);
  CHECK(try_room(e, &room) == BURROW_ERR_UNREACHABLE);
  room.url = "moqt://no-such-host.invalid";
  CHECK(try_room(e, &room) == BURROW_ERR_NAME_NOT_FOUND);
  CHECK_STATUS(burrow_engine_destroy(e), BURROW_OK);
}

static void test_access(void) {
  burrow_engine *e = NULL;
  CHECK_STATUS(burrow_engine_create(NULL, &e), BURROW_OK);
  burrow_relay_config config;
  init_relay(&config);
  config.flags = 0;
  config.public_prefix = "public";
  burrow_relay_info info;
  start_relay_as(e, &config, &info);
  burrow_room_config room;
  CHECK_STATUS(burrow_config_init(&room, sizeof room), BURROW_OK);
  char url[96];
  room.url = url;
  room.pins = info.fingerprint;
  room.pin_count = 1;
  snprintf(url, sizeof url, "moqt://127.0.0.1:%u/public/here", info.port);
  CHECK(try_room(e, &room) == BURROW_OK);
  /* A refusal comes after the handshake, so the room may stand for a moment. */
  snprintf(url, sizeof url, "moqt://127.0.0.1:%u/private", info.port);
  burrow_room *refused = NULL;
  burrow_request request;
  CHECK_STATUS(burrow_room_open(e, &room, &refused, &request), BURROW_OK);
  burrow_event event;
  CHECK(wait_kind(e, &event, BURROW_EVENT_ROOM_STATE, BURROW_ROOM_CLOSED, refused));
  CHECK(event.status == BURROW_ERR_UNAUTHORIZED && event.value == 2);
  CHECK_STATUS(burrow_engine_destroy(e), BURROW_OK);
}

/* One address gets so many sessions; more are refused and counted. */
static void test_crowd(void) {
  static const uint8_t secret[32] = {1, 2, 3};
  burrow_engine *e = NULL;
  CHECK_STATUS(burrow_engine_create(NULL, &e), BURROW_OK);
  burrow_relay_config config;
  init_relay(&config);
  config.max_sessions_per_address = 2;
  config.reset_secret = secret;
  burrow_relay_info info;
  burrow_relay *relay = start_relay_as(e, &config, &info);
  CHECK(open_room(e, &info, "a", 0) && open_room(e, &info, "b", 0));
  char url[64];
  burrow_room_config room;
  init_room(&room, &info, url);
  CHECK(try_room(e, &room) == BURROW_ERR_OVERLOADED);
  /* The figures are brought up to date a few times in a second. */
  static char json[65536];
  size_t needed = 0;
  burrow_event event = {.struct_size = sizeof event};
  int counted = 0;
  for (int i = 0; i < 50 && !counted; i++) {
    CHECK_STATUS(burrow_stats_json(relay, json, sizeof json, &needed), BURROW_OK);
    counted = strstr(json, "\"refused_per_address\":1") || strstr(json, "\"refused_per_address\": 1");
    if (!counted) (void)burrow_engine_next_event(e, 100, &event);
    event.struct_size = sizeof event;
  }
  CHECK(counted);
  CHECK_STATUS(burrow_engine_destroy(e), BURROW_OK);
}

static void test_cancel(void) {
  burrow_engine *e = NULL;
  CHECK_STATUS(burrow_engine_create(NULL, &e), BURROW_OK);
  burrow_room_config config;
  CHECK_STATUS(burrow_config_init(&config, sizeof config), BURROW_OK);
  /* Nobody answers there (RFC 5737). */
  config.url = "moqt://192.0.2.1:4443";
  config.flags = BURROW_ROOM_NO_SYSTEM_ROOTS;
  burrow_room *room = NULL;
  burrow_request request, closing;
  CHECK_STATUS(burrow_room_open(e, &config, &room, &request), BURROW_OK);
  CHECK_STATUS(burrow_request_cancel(e, request), BURROW_OK);
  burrow_status status = wait_done(e, request);
  /* Where there is no route at all the attempt may fail before it is cancelled. */
  CHECK(status == BURROW_ERR_CANCELLED || status < 0);
  burrow_release(room);
  CHECK_STATUS(burrow_room_open(e, &config, &room, &request), BURROW_OK);
  status = burrow_close(room, &closing);
  CHECK(status == BURROW_OK || status == BURROW_ERR_CLOSED);
  CHECK(wait_done(e, request) < 0);
  if (status == BURROW_OK) CHECK_STATUS(wait_done(e, closing), BURROW_OK);
  /* Shutdown completes what is open; each request once. */
  burrow_request open[20], all;
  int seen[20] = {0};
  for (int i = 0; i < 20; i++)
    CHECK_STATUS(burrow_room_open(e, &config, &room, &open[i]), BURROW_OK);
  CHECK_STATUS(burrow_close(e, &all), BURROW_OK);
  CHECK_STATUS(burrow_room_open(e, &config, &room, &request), BURROW_ERR_CLOSED);
  burrow_event event = {.struct_size = sizeof event};
  int ended = 0;
  while ((status = burrow_engine_next_event(e, 10000, &event)) == BURROW_OK) {
    if (event.kind != BURROW_EVENT_DONE) continue;
    CHECK(!ended);
    if (event.request == all) ended = 1;
    for (int i = 0; i < 20; i++)
      seen[i] += event.request == open[i];
    event.struct_size = sizeof event;
  }
  CHECK(status == BURROW_ERR_CLOSED && ended);
  for (int i = 0; i < 20; i++)
    CHECK(seen[i] == 1);
  CHECK_STATUS(burrow_engine_destroy(e), BURROW_OK);
}

/* A relay in one engine dies without a word; the room of another engine notices and comes back to its successor. */
static void test_reconnect(void) {
  burrow_engine *near = NULL, *far = NULL;
  CHECK_STATUS(burrow_engine_create(NULL, &near), BURROW_OK);
  CHECK_STATUS(burrow_engine_create(NULL, &far), BURROW_OK);
  burrow_relay_info info;
  start_relay(far, &info);
  char address[64], url[96];
  snprintf(address, sizeof address, "127.0.0.1:%u", info.port);
  snprintf(url, sizeof url, "moqt://%s", address);
  burrow_room_config config;
  CHECK_STATUS(burrow_config_init(&config, sizeof config), BURROW_OK);
  config.url = url;
  config.path = "me";
  config.flags = BURROW_ROOM_INSECURE;
  config.reconnect_max_ms = 200;
  burrow_room *room = NULL, *listener = NULL;
  burrow_request request;
  CHECK_STATUS(burrow_room_open(near, &config, &room, &request), BURROW_OK);
  CHECK_STATUS(wait_done(near, request), BURROW_OK);
  config.path = NULL;
  CHECK_STATUS(burrow_room_open(near, &config, &listener, &request), BURROW_OK);
  CHECK_STATUS(wait_done(near, request), BURROW_OK);
  burrow_track_config track_config;
  CHECK_STATUS(burrow_config_init(&track_config, sizeof track_config), BURROW_OK);
  track_config.name = "t";
  burrow_track *out = NULL, *in = NULL;
  CHECK_STATUS(burrow_track_publish(room, &track_config, &out), BURROW_OK);
  CHECK_STATUS(burrow_track_subscribe(listener, "me", "t", NULL, &in), BURROW_OK);
  burrow_event event;
  CHECK(wait_kind(near, &event, BURROW_EVENT_TRACK_STATE, BURROW_TRACK_LIVE, in));
  CHECK_STATUS(burrow_engine_destroy(far), BURROW_OK);
  CHECK(wait_kind(near, &event, BURROW_EVENT_ROOM_STATE, BURROW_ROOM_RECONNECTING, listener));

  CHECK_STATUS(burrow_engine_create(NULL, &far), BURROW_OK);
  const char *listen[] = {address};
  burrow_relay_config relay_config;
  CHECK_STATUS(burrow_config_init(&relay_config, sizeof relay_config), BURROW_OK);
  relay_config.listen = listen;
  relay_config.listen_count = 1;
  relay_config.flags = BURROW_RELAY_OPEN;
  burrow_relay *relay = NULL;
  CHECK_STATUS(burrow_relay_start(far, &relay_config, &relay, &request), BURROW_OK);
  CHECK_STATUS(wait_done(far, request), BURROW_OK);
  CHECK(wait_kind(near, &event, BURROW_EVENT_ROOM_STATE, BURROW_ROOM_RESTORED, listener));
  CHECK(wait_kind(near, &event, BURROW_EVENT_TRACK_STATE, BURROW_TRACK_LIVE, in));
  burrow_encoded_frame frame = {.struct_size = sizeof frame};
  frame.data = (const uint8_t *)"again";
  frame.len = 5;
  CHECK_STATUS(burrow_track_push_encoded(out, &frame), BURROW_OK);
  CHECK(wait_kind(near, &event, BURROW_EVENT_TRACK_DATA, 0, in));
  CHECK_STATUS(burrow_track_pull_encoded(in, &frame), BURROW_OK);
  CHECK(frame.len == 5 && memcmp(frame.data, "again", 5) == 0);
  burrow_room_info room_info = {.struct_size = sizeof room_info};
  CHECK_STATUS(burrow_room_info_get(listener, &room_info), BURROW_OK);
  CHECK(room_info.state == BURROW_ROOM_CONNECTED && room_info.reconnects == 1);
  CHECK_STATUS(burrow_engine_destroy(near), BURROW_OK);
  CHECK_STATUS(burrow_engine_destroy(far), BURROW_OK);
}

int main(void) {
  test_certificates();
  test_five_failures();
  test_versions();
  test_access();
  test_crowd();
  test_cancel();
  test_reconnect();
  return finish_tests();
}
