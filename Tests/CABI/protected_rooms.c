/* Rooms with keys of the host: who has them gets the frames, who has others is told that they are missing. */
#include "support.h"

static const uint8_t ours[32] = {1, 2, 3}, next[32] = {4, 5, 6}, theirs[32] = {7, 8, 9};

static burrow_room *enter(burrow_engine *e, const burrow_relay_info *relay, const char *path, const uint8_t *secret) {
  char url[64];
  burrow_room_config config;
  init_room(&config, relay, url);
  config.path = path;
  config.flags = BURROW_ROOM_PROTECTED;
  config.call_id = (const uint8_t *)"call";
  config.call_id_len = 4;
  burrow_room *room = NULL;
  burrow_request request = 0;
  CHECK_STATUS(burrow_room_open(e, &config, &room, &request), BURROW_OK);
  CHECK_STATUS(burrow_protection_set_key(room, 1, secret, 32, 0), BURROW_OK);
  CHECK_STATUS(wait_done(e, request), BURROW_OK);
  return room;
}

static void push(burrow_track *track, uint8_t value) {
  uint8_t bytes[100];
  memset(bytes, value, sizeof bytes);
  burrow_encoded_frame frame = {.struct_size = sizeof frame, .data = bytes, .len = sizeof bytes, .timestamp_us = value};
  frame.flags = BURROW_FRAME_KEY;
  CHECK_STATUS(burrow_track_push_encoded(track, &frame), BURROW_OK);
}

/** Waits for the next frame and says what it is made of; -1 when none came. */
static int pull(burrow_engine *e, burrow_track *track) {
  burrow_encoded_frame frame = {.struct_size = sizeof frame};
  burrow_event event;
  burrow_status status;
  while ((status = burrow_track_pull_encoded(track, &frame)) == BURROW_AGAIN)
    if (!wait_kind(e, &event, BURROW_EVENT_TRACK_DATA, 0, track)) return -1;
  CHECK_STATUS(status, BURROW_OK);
  if (status != BURROW_OK) return -1;
  int value = frame.len == 100 ? frame.data[99] : -1;
  burrow_release(frame.buffer);
  return value;
}

int main(void) {
  burrow_engine *e = NULL;
  CHECK_STATUS(burrow_engine_create(NULL, &e), BURROW_OK);
  burrow_relay_info relay;
  start_relay(e, &relay);
  burrow_room *alice = enter(e, &relay, "alice", ours), *bob = enter(e, &relay, NULL, ours);
  burrow_room *mallory = enter(e, &relay, NULL, theirs), *open = open_room(e, &relay, NULL, 0);

  CHECK_STATUS(burrow_protection_set_key(alice, 1, next, sizeof next, 0), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_protection_set_key(alice, 2, next, 15, 0), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_protection_set_key(alice, 2, NULL, 32, 0), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_protection_set_key(NULL, 2, next, sizeof next, 0), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_protection_set_key(open, 2, next, sizeof next, 0), BURROW_ERR_WRONG_KIND);
  CHECK_STATUS(burrow_protection_set_key(e, 2, next, sizeof next, 0), BURROW_ERR_STALE_HANDLE);
  CHECK_STATUS(burrow_protection_set_key(alice, 2, next, sizeof next, BURROW_KEY_EXPORTED), BURROW_ERR_UNSUPPORTED);
  const uint8_t unasked[16] = {1};
  CHECK_STATUS(burrow_protection_set_key(alice, 7, unasked, sizeof unasked, BURROW_KEY_FORGET),
               BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_protection_set_key(open, 1, NULL, 0, BURROW_KEY_FORGET), BURROW_ERR_WRONG_KIND);
  CHECK_STATUS(burrow_protection_set_key(alice, 7, NULL, 0, BURROW_KEY_FORGET), BURROW_OK);

  burrow_track_config config;
  CHECK_STATUS(burrow_config_init(&config, sizeof config), BURROW_OK);
  config.name = "t";
  burrow_track_request want;
  CHECK_STATUS(burrow_config_init(&want, sizeof want), BURROW_OK);
  burrow_track *out = NULL, *in = NULL, *other = NULL;
  burrow_event event;
  CHECK_STATUS(burrow_track_publish(alice, &config, &out), BURROW_OK);
  CHECK_STATUS(burrow_track_subscribe(bob, "alice", "t", &want, &in), BURROW_OK);
  CHECK(wait_kind(e, &event, BURROW_EVENT_TRACK_STATE, BURROW_TRACK_LIVE, in));
  push(out, 1);
  CHECK(pull(e, in) == 1);

  /* The next epoch is there for whoever has it, and what was removed is not used again. */
  CHECK_STATUS(burrow_protection_set_key(bob, 2, next, sizeof next, BURROW_KEY_REMOVAL), BURROW_OK);
  CHECK_STATUS(burrow_protection_set_key(alice, 2, next, sizeof next, BURROW_KEY_REMOVAL), BURROW_OK);
  CHECK_STATUS(burrow_protection_set_key(alice, 1, NULL, 0, BURROW_KEY_FORGET), BURROW_OK);
  push(out, 2);
  CHECK(pull(e, in) == 2);

  CHECK_STATUS(burrow_track_subscribe(mallory, "alice", "t", &want, &other), BURROW_OK);
  CHECK(wait_kind(e, &event, BURROW_EVENT_PROTECTION, 0, mallory));
  burrow_encoded_frame frame = {.struct_size = sizeof frame};
  CHECK_STATUS(burrow_track_pull_encoded(other, &frame), BURROW_AGAIN);

  CHECK_STATUS(burrow_engine_destroy(e), BURROW_OK);
  CHECK_STATUS(burrow_protection_set_key(alice, 2, NULL, 0, BURROW_KEY_FORGET), BURROW_ERR_STALE_HANDLE);
  return finish_tests();
}
