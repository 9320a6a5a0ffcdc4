/* Rooms that take their keys from a group: a life of one, with the test in the place of a Nostr relay. */
#include "support.h"

static const char *const relays[] = {"wss://relay.example"};

static burrow_engine *engine;

struct patience {
  int (*over)(const burrow_event *, void *);
  void *context;
};

/** Gives what is to be published to everybody on the way. */
static int carries(const burrow_event *event, void *raw) {
  struct patience *patience = raw;
  if (event->kind == BURROW_EVENT_NOSTR_OUT) CHECK_STATUS(burrow_nostr_ingest(engine, event->text), BURROW_OK);
  return patience->over(event, patience->context);
}

static burrow_status carry(burrow_request request) {
  struct patience patience = {is_done, &request};
  burrow_event event;
  return wait_for(engine, &event, carries, &patience) ? event.status : BURROW_ERR_TIMEOUT;
}

static int carry_until(burrow_event *event, uint32_t kind, void *subject) {
  struct wanted_event wanted = {kind, 0, subject};
  struct patience patience = {is_wanted, &wanted};
  return wait_for(engine, event, carries, &patience);
}

static burrow_identity *open_identity(uint8_t pubkey[32]) {
  burrow_identity_config config;
  CHECK_STATUS(burrow_config_init(&config, sizeof config), BURROW_OK);
  burrow_identity *identity = NULL;
  burrow_request request = 0;
  CHECK_STATUS(burrow_identity_create(engine, NULL, &config, &identity, &request), BURROW_OK);
  CHECK_STATUS(wait_done(engine, request), BURROW_OK);
  CHECK_STATUS(burrow_identity_pubkey(identity, pubkey), BURROW_OK);
  return identity;
}

static burrow_room *enter(const burrow_relay_info *relay, burrow_group *group, const char *path) {
  char url[64];
  burrow_room_config config;
  init_room(&config, relay, url);
  config.group = group;
  config.path = path;
  config.call_id = (const uint8_t *)"call";
  config.call_id_len = 4;
  burrow_room *room = NULL;
  burrow_request request = 0;
  CHECK_STATUS(burrow_room_open(engine, &config, &room, &request), BURROW_OK);
  CHECK_STATUS(carry(request), BURROW_OK);
  return room;
}

static burrow_room_stats fresh(burrow_room *room) {
  burrow_room_stats stats = {.struct_size = sizeof stats}, first = stats;
  CHECK_STATUS(burrow_room_stats_get(room, &first), BURROW_OK);
  int64_t deadline = burrow_now_us() + 5 * 1000 * 1000;
  do {
    burrow_event event;
    struct patience patience = {is_done, &(burrow_request){0}};
    event.struct_size = sizeof event;
    if (burrow_engine_next_event(engine, 20, &event) == BURROW_OK) carries(&event, &patience);
    CHECK_STATUS(burrow_room_stats_get(room, &stats), BURROW_OK);
  } while (stats.measured_us == first.measured_us && burrow_now_us() < deadline);
  return stats;
}

/** Waits until a room has keys of this epoch or a later one, or none at all when it is -1. */
static int reaches(burrow_room *room, int64_t epoch) {
  for (int attempt = 0; attempt < 40; attempt++) {
    int64_t newest = fresh(room).newest_epoch;
    if (epoch < 0 ? newest < 0 : newest >= epoch) return 1;
  }
  return 0;
}

static void push(burrow_track *track, uint8_t value) {
  burrow_encoded_frame frame = {.struct_size = sizeof frame, .data = &value, .len = 1, .timestamp_us = value};
  frame.flags = BURROW_FRAME_KEY;
  CHECK_STATUS(burrow_track_push_encoded(track, &frame), BURROW_OK);
}

/** Waits for the next frame and says what is in it; -1 when none came. */
static int pull(burrow_track *track) {
  burrow_encoded_frame frame = {.struct_size = sizeof frame};
  burrow_event event;
  burrow_status status;
  while ((status = burrow_track_pull_encoded(track, &frame)) == BURROW_AGAIN)
    if (!carry_until(&event, BURROW_EVENT_TRACK_DATA, track)) return -1;
  CHECK_STATUS(status, BURROW_OK);
  int value = frame.len == 1 ? frame.data[0] : -1;
  burrow_release(frame.buffer);
  return value;
}

static void check_arguments(const burrow_relay_info *relay, burrow_group *group, burrow_identity *identity) {
  char url[64];
  burrow_room_config config;
  init_room(&config, relay, url);
  burrow_room *room = NULL;
  config.group = (burrow_group *)identity;
  CHECK_STATUS(burrow_room_open(engine, &config, &room, NULL), BURROW_ERR_STALE_HANDLE);
  config.group = group;
  config.path = "somebody";
  CHECK_STATUS(burrow_room_open(engine, &config, &room, NULL), BURROW_ERR_INVALID_ARGUMENT);
  CHECK(room == NULL);
}

int main(void) {
  burrow_engine_config host;
  CHECK_STATUS(burrow_config_init(&host, sizeof host), BURROW_OK);
  host.flags = BURROW_ENGINE_HOST_RELAYS;
  CHECK_STATUS(burrow_engine_create(&host, &engine), BURROW_OK);
  burrow_relay_info relay;
  start_relay(engine, &relay);
  uint8_t alice_key[32], bob_key[32];
  burrow_identity *alice = open_identity(alice_key), *bob = open_identity(bob_key);
  burrow_request request = 0;
  burrow_event event;
  CHECK_STATUS(burrow_key_package_publish(alice, relays, 1, &request), BURROW_OK);
  CHECK_STATUS(carry(request), BURROW_OK);
  burrow_group_config config;
  CHECK_STATUS(burrow_config_init(&config, sizeof config), BURROW_OK);
  config.relays = relays;
  config.relay_count = 1;
  config.members = alice_key;
  config.member_count = 1;
  burrow_group *at_bob = NULL, *at_alice = NULL;
  CHECK_STATUS(burrow_group_create(bob, &config, &at_bob, &request), BURROW_OK);
  CHECK_STATUS(carry(request), BURROW_OK);
  CHECK(carry_until(&event, BURROW_EVENT_GROUP_STATE, alice));
  CHECK(event.state == BURROW_GROUP_INVITED);
  CHECK_STATUS(burrow_group_open(alice, event.data, event.data_len, &at_alice), BURROW_OK);

  /* Not before we are a member. */
  char url[64];
  burrow_room_config early;
  init_room(&early, &relay, url);
  early.group = at_alice;
  burrow_room *none = NULL;
  CHECK_STATUS(burrow_room_open(engine, &early, &none, NULL), BURROW_ERR_NOT_MEMBER);
  CHECK_STATUS(burrow_group_join(at_alice, &request), BURROW_OK);
  CHECK_STATUS(carry(request), BURROW_OK);
  check_arguments(&relay, at_bob, bob);

  burrow_room *of_bob = enter(&relay, at_bob, NULL), *of_alice = enter(&relay, at_alice, NULL);
  burrow_room_info info = {.struct_size = sizeof info};
  CHECK_STATUS(burrow_room_info_get(of_bob, &info), BURROW_OK);
  CHECK(!strncmp(info.path, "burrow/", 7) && strlen(info.path) == 7 + 64 + 1 + 64);
  CHECK_STATUS(burrow_protection_set_key(of_bob, 9, alice_key, 32, 0), BURROW_ERR_WRONG_KIND);

  burrow_track_config publishing;
  CHECK_STATUS(burrow_config_init(&publishing, sizeof publishing), BURROW_OK);
  publishing.name = "t";
  burrow_track_request want;
  CHECK_STATUS(burrow_config_init(&want, sizeof want), BURROW_OK);
  burrow_track *out = NULL, *in = NULL, *other = NULL;
  CHECK_STATUS(burrow_track_publish(of_bob, &publishing, &out), BURROW_OK);
  CHECK_STATUS(burrow_track_subscribe(of_alice, info.path, "t", &want, &in), BURROW_OK);
  do
    CHECK(carry_until(&event, BURROW_EVENT_TRACK_STATE, in));
  while (event.state != BURROW_TRACK_LIVE);
  push(out, 1);
  CHECK(pull(in) == 1);
  burrow_participant person = {.struct_size = sizeof person};
  size_t count = 0;
  CHECK_STATUS(burrow_room_participants(of_alice, &person, 1, &count), BURROW_OK);
  CHECK(count == 1 && !memcmp(person.member, bob_key, 32) && !strcmp(person.path, info.path));

  /* New keys, by themselves. */
  burrow_group_info group = {.struct_size = sizeof group};
  CHECK_STATUS(burrow_group_update(at_bob, NULL, &request), BURROW_OK);
  CHECK_STATUS(carry(request), BURROW_OK);
  CHECK_STATUS(burrow_group_info_get(at_bob, &group), BURROW_OK);
  CHECK(reaches(of_alice, (int64_t)group.epoch) && reaches(of_bob, (int64_t)group.epoch));
  push(out, 2);
  CHECK(pull(in) == 2);

  /* Who is removed has no keys any more, and is a stranger to the others. */
  CHECK_STATUS(burrow_track_publish(of_alice, &publishing, &other), BURROW_OK);
  CHECK_STATUS(burrow_room_participants(of_bob, &person, 1, &count), BURROW_OK);
  CHECK(count == 1 && !memcmp(person.member, alice_key, 32));
  CHECK_STATUS(burrow_group_remove(at_bob, alice_key, &request), BURROW_OK);
  CHECK_STATUS(carry(request), BURROW_OK);
  CHECK(carry_until(&event, BURROW_EVENT_PROTECTION, of_bob));
  CHECK(event.status == BURROW_ERR_NOT_MEMBER && strstr(event.text, "burrow/") == event.text);
  CHECK(reaches(of_alice, -1));
  push(out, 3);
  push(other, 4);
  CHECK(fresh(of_alice).opened_frames == fresh(of_alice).opened_frames);
  CHECK(fresh(of_alice).unsealed_frames > 0);
  CHECK_STATUS(burrow_group_info_get(at_bob, &group), BURROW_OK);
  CHECK(fresh(of_bob).sealing_epoch == (int64_t)group.epoch);
  burrow_encoded_frame frame = {.struct_size = sizeof frame};
  CHECK_STATUS(burrow_track_pull_encoded(in, &frame), BURROW_AGAIN);

  CHECK_STATUS(burrow_engine_destroy(engine), BURROW_OK);
  return finish_tests();
}
