/* A process without descriptors left: every operation says so, and works again when there are some. */
#include "certificates.h"
#include "support.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

static int taken[256], taken_count;

/** Leaves the process with a number of descriptors. */
static void leave_descriptors(int spare) {
  while (taken_count < 256 && (taken[taken_count] = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
    taken_count++;
  while (spare-- > 0 && taken_count > 0)
    close(taken[--taken_count]);
}

static void give_back(void) {
  while (taken_count > 0)
    close(taken[--taken_count]);
}

/* A relay needs no descriptors for its sessions, and a room one: it takes the last. */
static void test_sessions(burrow_engine *e, const burrow_relay_info *relay) {
  burrow_room *listener = open_room(e, relay, NULL, 0);
  leave_descriptors(1);
  burrow_room *room = open_room(e, relay, "last", 0);
  burrow_event event;
  CHECK(wait_kind(e, &event, BURROW_EVENT_PARTICIPANT_JOINED, 0, listener));
  CHECK(strcmp(event.text, "last") == 0);
  give_back();
  CHECK_STATUS(burrow_close(room, NULL), BURROW_OK);
  CHECK_STATUS(burrow_close(listener, NULL), BURROW_OK);
}

/** A relay on a port (0: any) with a certificate that its successor has too. */
static burrow_relay *start_lasting_relay(burrow_engine *e, burrow_relay_info *info) {
  char address[64];
  snprintf(address, sizeof address, "127.0.0.1:%u", info->port);
  const char *const listen[] = {address};
  burrow_relay_config config;
  init_relay(&config);
  config.listen = listen;
  config.certificate_pem = good_pem;
  config.key_pem = leaf_key_pem;
  return start_relay_as(e, &config, info);
}

/* A room that loses its relay while there are no descriptors tries until there are some. */
static void test_reconnect(burrow_engine *e) {
  burrow_engine *other = NULL;
  CHECK_STATUS(burrow_engine_create(NULL, &other), BURROW_OK);
  burrow_relay_info info = {.port = 0};
  burrow_relay *relay = start_lasting_relay(other, &info);
  burrow_room *room = open_room(e, &info, "me", 0);
  burrow_request request;
  leave_descriptors(0);
  CHECK_STATUS(burrow_close(relay, &request), BURROW_OK);
  CHECK_STATUS(wait_done(other, request), BURROW_OK);
  burrow_event event;
  CHECK(wait_kind(e, &event, BURROW_EVENT_ROOM_STATE, BURROW_ROOM_RECONNECTING, room));
  /* What relay and room have given back is taken as well; the attempts of the next moments fail. */
  leave_descriptors(0);
  event.struct_size = sizeof event;
  CHECK_STATUS(burrow_engine_next_event(e, 700, &event), BURROW_AGAIN);
  give_back();
  start_lasting_relay(other, &info);
  CHECK(wait_kind(e, &event, BURROW_EVENT_ROOM_STATE, BURROW_ROOM_RESTORED, room));
  CHECK_STATUS(burrow_engine_destroy(other), BURROW_OK);
}

int main(void) {
  struct rlimit limit = {128, 128};
  CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
  burrow_engine *e = NULL, *other = NULL;
  CHECK_STATUS(burrow_engine_create(NULL, &e), BURROW_OK);
  burrow_relay_info info;
  start_relay(e, &info);

  for (int spare = 0; spare < 4; spare++) {
    leave_descriptors(spare);
    burrow_status status = burrow_engine_create(NULL, &other);
    give_back();
    CHECK(status == BURROW_ERR_SYSTEM || status == BURROW_OK);
    CHECK(spare > 2 || status == BURROW_ERR_SYSTEM);
    if (status == BURROW_OK) CHECK_STATUS(burrow_engine_destroy(other), BURROW_OK);
  }

  leave_descriptors(0);
  burrow_relay_config relay_config;
  init_relay(&relay_config);
  burrow_relay *relay = NULL;
  burrow_request request;
  CHECK_STATUS(burrow_relay_start(e, &relay_config, &relay, &request), BURROW_OK);
  CHECK_STATUS(wait_done(e, request), BURROW_ERR_SYSTEM);
  burrow_room_config config;
  char url[64];
  init_room(&config, &info, url);
  burrow_room *room = NULL;
  CHECK_STATUS(burrow_room_open(e, &config, &room, &request), BURROW_OK);
  CHECK_STATUS(wait_done(e, request), BURROW_ERR_SYSTEM);
  /* Looking a name up needs a thread's descriptor too. */
  config.url = "moqt://localhost";
  CHECK_STATUS(burrow_room_open(e, &config, &room, &request), BURROW_OK);
  CHECK(wait_done(e, request) < 0);

  give_back();
  CHECK(open_room(e, &info, NULL, 0) != NULL);
  /* And so does looking up. */
  snprintf(url, sizeof url, "moqt://localhost:%u", info.port);
  config.url = url;
  CHECK_STATUS(burrow_room_open(e, &config, &room, &request), BURROW_OK);
  CHECK_STATUS(wait_done(e, request), BURROW_OK);
  test_sessions(e, &info);
  test_reconnect(e);
  CHECK_STATUS(burrow_engine_destroy(e), BURROW_OK);
  return finish_tests();
}
