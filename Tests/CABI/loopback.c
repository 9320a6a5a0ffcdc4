/* A relay and two rooms in one engine: announce, publish, subscribe, receive, fetch, leave. */
#include "support.h"

static void push_text(burrow_track *track, const char *text, uint32_t flags) {
  burrow_encoded_frame frame = {0};
  frame.struct_size = sizeof frame;
  frame.flags = flags;
  frame.data = (const uint8_t *)text;
  frame.len = strlen(text);
  frame.timestamp_us = 1234567;
  CHECK_STATUS(burrow_track_push_encoded(track, &frame), BURROW_OK);
}

/** Pulls one frame, waiting for it, and compares it. */
static void expect_text(burrow_engine *e, burrow_track *track, const char *text, uint32_t flags, int has_time) {
  burrow_encoded_frame frame = {0};
  burrow_event event;
  frame.struct_size = sizeof frame;
  burrow_status status;
  while ((status = burrow_track_pull_encoded(track, &frame)) == BURROW_AGAIN)
    if (!wait_kind(e, &event, BURROW_EVENT_TRACK_DATA, 0, track)) break;
  CHECK_STATUS(status, BURROW_OK);
  if (status != BURROW_OK) return;
  CHECK(frame.len == strlen(text) && memcmp(frame.data, text, frame.len) == 0);
  CHECK((frame.flags & flags) == flags);
  CHECK(!has_time || frame.timestamp_us == 1234567);
  burrow_release(frame.buffer);
}

static void run(uint32_t version) {
  burrow_engine *e = NULL;
  CHECK_STATUS(burrow_engine_create(NULL, &e), BURROW_OK);
  burrow_relay_info relay_info;
  burrow_relay *relay = start_relay(e, &relay_info);
  burrow_room *alice = open_room(e, &relay_info, "room/alice", version);
  burrow_room *bob = open_room(e, &relay_info, "room/bob", version);

  burrow_room_info room_info = {.struct_size = sizeof room_info};
  CHECK_STATUS(burrow_room_info_get(alice, &room_info), BURROW_OK);
  CHECK(room_info.state == BURROW_ROOM_CONNECTED);
  CHECK(room_info.version == version);
  CHECK(strcmp(room_info.path, "room/alice") == 0);
  CHECK(strncmp(room_info.remote_address, "127.0.0.1:", 10) == 0);

  burrow_track_config config;
  CHECK_STATUS(burrow_config_init(&config, sizeof config), BURROW_OK);
  config.name = "chat";
  burrow_track *published = NULL, *subscribed = NULL, *again = NULL;
  CHECK_STATUS(burrow_track_publish(alice, &config, &published), BURROW_OK);
  CHECK_STATUS(burrow_track_publish(alice, &config, &again), BURROW_ERR_EXISTS);
  CHECK(again == NULL);
  CHECK_STATUS(burrow_track_subscribe(bob, "room/alice", "chat", NULL, &subscribed), BURROW_OK);
  burrow_event event;
  CHECK(wait_kind(e, &event, BURROW_EVENT_TRACK_STATE, BURROW_TRACK_LIVE, subscribed));

  push_text(published, "hello", 0);
  expect_text(e, subscribed, "hello", BURROW_FRAME_KEY, version == BURROW_MOQ_LITE_05);
  push_text(published, "world", 0);
  expect_text(e, subscribed, "world", 0, version == BURROW_MOQ_LITE_05);
  push_text(published, "second", BURROW_FRAME_KEY);
  expect_text(e, subscribed, "second", BURROW_FRAME_KEY, 0);

  burrow_participant people[4] = {{.struct_size = sizeof *people}};
  size_t count = 0;
  CHECK_STATUS(burrow_room_participants(bob, people, 4, &count), BURROW_OK);
  CHECK(count == 1 && strcmp(people[0].path, "room/alice") == 0);
  CHECK_STATUS(burrow_room_participants(bob, people, 0, &count), BURROW_ERR_BUFFER_TOO_SMALL);
  CHECK_STATUS(burrow_room_participants(bob, NULL, 0, &count), BURROW_OK);

  if (version == BURROW_MOQ_LITE_05) {
    burrow_request fetch = 0;
    push_text(published, "third", BURROW_FRAME_KEY);
    expect_text(e, subscribed, "third", BURROW_FRAME_KEY, 1);
    CHECK_STATUS(burrow_track_fetch(subscribed, 0, &fetch), BURROW_OK);
    expect_text(e, subscribed, "hello", BURROW_FRAME_FETCHED, 1);
    expect_text(e, subscribed, "world", BURROW_FRAME_FETCHED, 1);
    CHECK_STATUS(wait_done(e, fetch), BURROW_OK);
    CHECK_STATUS(burrow_track_fetch(subscribed, 4711, &fetch), BURROW_OK);
    CHECK_STATUS(wait_done(e, fetch), BURROW_ERR_NOT_FOUND);
    push_text(published, "quick", BURROW_FRAME_DATAGRAM);
    expect_text(e, subscribed, "quick", BURROW_FRAME_DATAGRAM | BURROW_FRAME_END_OF_GROUP, 1);
  }

  char *json;
  size_t needed = 0;
  CHECK_STATUS(burrow_stats_json(alice, NULL, 0, &needed), BURROW_OK);
  json = malloc(needed + 4096);
  CHECK_STATUS(burrow_stats_json(alice, json, needed + 4096, &needed), BURROW_OK);
  CHECK(json[0] == '{' && strstr(json, "published_frames"));
  CHECK_STATUS(burrow_stats_json(relay, json, needed + 4096, &needed), BURROW_OK);
  free(json);

  CHECK_STATUS(burrow_close(published, NULL), BURROW_OK);
  CHECK_STATUS(burrow_close(published, NULL), BURROW_ERR_CLOSED);
  CHECK(wait_kind(e, &event, BURROW_EVENT_TRACK_STATE, BURROW_TRACK_ENDED, subscribed));
  burrow_encoded_frame frame = {.struct_size = sizeof frame};
  CHECK_STATUS(burrow_track_pull_encoded(subscribed, &frame), BURROW_ERR_CLOSED);
  CHECK_STATUS(burrow_track_push_encoded(subscribed, &frame), BURROW_ERR_WRONG_KIND);
  CHECK_STATUS(burrow_track_pull_encoded(published, &frame), BURROW_ERR_WRONG_KIND);

  burrow_request request;
  CHECK_STATUS(burrow_close(alice, &request), BURROW_OK);
  CHECK_STATUS(wait_done(e, request), BURROW_OK);
  CHECK_STATUS(burrow_close(alice, &request), BURROW_ERR_CLOSED);
  CHECK(request == 0);
  CHECK(wait_kind(e, &event, BURROW_EVENT_PARTICIPANT_LEFT, 0, bob));
  CHECK(strcmp(event.text, "room/alice") == 0);
  CHECK_STATUS(burrow_close(relay, &request), BURROW_OK);
  CHECK_STATUS(wait_done(e, request), BURROW_OK);

  CHECK_STATUS(burrow_close(e, &request), BURROW_OK);
  CHECK_STATUS(wait_done(e, request), BURROW_OK);
  event.struct_size = sizeof event;
  CHECK_STATUS(burrow_engine_next_event(e, 1000, &event), BURROW_ERR_CLOSED);
  burrow_release(published);
  burrow_release(subscribed);
  burrow_release(alice);
  CHECK_STATUS(burrow_engine_destroy(e), BURROW_OK);
  CHECK_STATUS(burrow_room_info_get(bob, &room_info), BURROW_ERR_STALE_HANDLE);
}

int main(void) {
  static const uint32_t versions[] = {BURROW_MOQ_LITE_05, BURROW_MOQ_LITE_04, BURROW_MOQ_LITE_03, BURROW_MOQ_LITE_02};
  for (size_t i = 0; i < sizeof versions / sizeof *versions; i++)
    run(versions[i]);
  return finish_tests();
}
