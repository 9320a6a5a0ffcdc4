/* Calls: they ring, are accepted, heard and ended, declined, missed and joined late; hosts that do all of it wrong. */
#include "calls.h"

static burrow_relay *home_relay;
static burrow_relay_info relay;
static char url[64];
static burrow_call_config how;
static burrow_room_config room_config;

static struct person *alice, *bob, *carol;

static burrow_request call_everybody(struct person *caller) {
  burrow_call_config config = how;
  config.group = caller->group;
  config.relays = url;
  burrow_request request = 0;
  CHECK_STATUS(burrow_call_start(caller->identity, &config, &caller->call, &request), BURROW_OK);
  return request;
}

static burrow_request accept(struct person *callee) {
  burrow_request request = 0;
  CHECK_STATUS(burrow_call_accept(callee->call, &how, &request), BURROW_OK);
  return request;
}

/** Both sing and listen until each has heard the other. */
static void converse(struct person *one, struct person *other) {
  struct person *both[] = {one, other};
  burrow_track *mouths[2] = {NULL, NULL}, *ears[2] = {NULL, NULL};
  struct tone tones[2] = {{440, 0, 0.5}, {660, 0, 0.5}};
  struct ear heard[2] = {{0}};
  for (int i = 0; i < 2; i++) {
    burrow_track_config config;
    CHECK_STATUS(burrow_config_init(&config, sizeof config), BURROW_OK);
    config.kind = BURROW_TRACK_KIND_AUDIO;
    CHECK_STATUS(burrow_track_publish(info_of(both[i]->call).room, &config, &mouths[i]), BURROW_OK);
  }
  for (int i = 0; i < 2; i++) {
    burrow_call_member member = {.struct_size = sizeof member};
    size_t count = 0;
    UNTIL(burrow_call_participants(both[i]->call, &member, 1, &count) == BURROW_OK && count == 1 && member.announced);
    CHECK(!memcmp(member.pubkey, both[1 - i]->key, 32) && member.participant > 0);
    burrow_track_request want;
    CHECK_STATUS(burrow_config_init(&want, sizeof want), BURROW_OK);
    want.kind = BURROW_TRACK_KIND_AUDIO;
    CHECK_STATUS(burrow_track_subscribe(info_of(both[i]->call).room, member.path, NULL, &want, &ears[i]), BURROW_OK);
  }
  int64_t begin = burrow_now_us();
  for (int step = 0; step < 600; step++) {
    for (int i = 0; i < 2; i++) {
      burrow_audio_frame frame = some_sound();
      frame.timestamp_us = begin + step * 10000;
      sing(&tones[i], &frame);
      (void)burrow_track_push_audio(mouths[i], &frame);
      frame = some_sound();
      if (burrow_track_pull_audio(ears[i], &frame) == BURROW_OK) hear(&heard[i], &frame, tones[1 - i].frequency);
    }
    if (loudness(&heard[0]) > 0.1 && loudness(&heard[1]) > 0.1) break;
    while (burrow_now_us() < begin + step * 10000)
      drain_all(1);
  }
  for (int i = 0; i < 2; i++) {
    CHECK(loudness(&heard[i]) > 0.1);
    burrow_release(mouths[i]);
    burrow_release(ears[i]);
  }
}

/** How many are connected to the MoQ relay. */
static uint32_t sessions(void) {
  burrow_relay_info now = {.struct_size = sizeof now};
  CHECK_STATUS(burrow_relay_info_get(home_relay, &now), BURROW_OK);
  return now.sessions;
}

static void check_pair(void) {
  alice->call = bob->call = NULL;
  burrow_request started = call_everybody(alice);
  UNTIL(has_seen(bob, stage(BURROW_CALL_INCOMING, BURROW_CALL_RINGING, 0)));
  FINISH(alice, started, BURROW_OK);
  UNTIL(has_seen(alice, stage(BURROW_CALL_OUTGOING, BURROW_CALL_REMOTE_RINGING, 0)));
  CHECK(has_seen(alice, stage(BURROW_CALL_OUTGOING, BURROW_CALL_PUBLISHING, 0)));
  CHECK(has_seen(alice, stage(BURROW_CALL_OUTGOING, BURROW_CALL_SENT, 0)));
  /* Nobody connects before they agree. */
  burrow_call_info info = info_of(bob->call);
  CHECK(info.room == NULL && info.state == BURROW_CALL_INCOMING && info.participant_count == 1);
  CHECK(!memcmp(info.caller, alice->key, 32) && !memcmp(info.peer, alice->key, 32));
  CHECK(info.flags == BURROW_CALL_PAIR && info.group_id_len == 32);
  UNTIL(sessions() == 1);
  int64_t later = burrow_now_us() + 400000;
  while (burrow_now_us() < later)
    drain_all(5);
  CHECK(sessions() == 1);
  burrow_request accepted = accept(bob), again = 0;
  CHECK_STATUS(burrow_call_accept(bob->call, &how, &again), BURROW_OK);
  FINISH(bob, accepted, BURROW_OK);
  UNTIL(ended(bob, again) < 0);
  UNTIL(has_seen(alice, stage(BURROW_CALL_ACTIVE, BURROW_CALL_OK, 0)));
  info = info_of(alice->call);
  CHECK(info.room && info.started_us > 0 && strstr(info.relay, "127.0.0.1"));
  CHECK(info.flags == (BURROW_CALL_PAIR | BURROW_CALL_OUTWARD));
  CHECK(!strcmp(info.call_id, info_of(bob->call).call_id));
  converse(alice, bob);

  /* Another network changes nothing. */
  CHECK_STATUS(burrow_engine_network_changed(alice->engine, BURROW_NETWORK_SWITCHED), BURROW_OK);

  /* Muted: others see it at once. */
  burrow_call_change change;
  CHECK_STATUS(burrow_config_init(&change, sizeof change), BURROW_OK);
  change.flags = BURROW_CALL_CHANGE_MUTED | BURROW_CALL_CHANGE_VIDEO;
  change.muted = change.video = 1;
  burrow_request request = 0;
  CHECK_STATUS(burrow_call_update(alice->call, &change, &request), BURROW_OK);
  FINISH(alice, request, BURROW_OK);
  burrow_call_member member = {.struct_size = sizeof member};
  size_t count = 0;
  UNTIL(burrow_call_participants(bob->call, &member, 1, &count) == BURROW_OK && count == 1 && member.muted == 1);
  CHECK(member.video == 1 && member.progress == BURROW_CALL_PROGRESS_JOINED && member.present == 1);
  CHECK(info_of(alice->call).flags & BURROW_CALL_MUTED);

  CHECK_STATUS(burrow_call_end(alice->call, 0, &request), BURROW_OK);
  FINISH(alice, request, BURROW_OK);
  UNTIL(has_seen(bob, stage(BURROW_CALL_ENDED, 0, BURROW_CALL_REASON_REMOTE_HANGUP)));
  UNTIL(has_seen(alice, stage(BURROW_CALL_ENDED, 0, BURROW_CALL_REASON_HANGUP)));
  CHECK(info_of(bob->call).room == NULL && info_of(bob->call).state == BURROW_CALL_ENDED);
  CHECK(bob->messages == 0);

  /* What is over stays over, whatever is asked of it. */
  CHECK_STATUS(burrow_call_end(bob->call, 0, &request), BURROW_OK);
  FINISH(bob, request, BURROW_ERR_CLOSED);
  CHECK_STATUS(burrow_call_accept(bob->call, NULL, &request), BURROW_OK);
  FINISH(bob, request, BURROW_ERR_CLOSED);
  CHECK_STATUS(burrow_call_update(bob->call, &change, &request), BURROW_OK);
  FINISH(bob, request, BURROW_ERR_CLOSED);
  CHECK_STATUS(burrow_close(bob->call, &request), BURROW_OK);
  FINISH(bob, request, BURROW_ERR_CLOSED);
  forget_call(alice);
  forget_call(bob);
}

static int is_told(const struct person *who, uint32_t change, const struct person *of) {
  for (int i = 0; i < who->member_count && i < TOLD; i++)
    if (who->members[i] == change && !memcmp(who->member_keys[i], of->key, 32)) return 1;
  return 0;
}

/** Both devices of one person ring; the one that is taken has the call, and the other one stops. */
static void check_devices(struct person *tablet) {
  call_everybody(alice);
  UNTIL(has_seen(bob, stage(BURROW_CALL_INCOMING, BURROW_CALL_RINGING, 0)));
  UNTIL(has_seen(tablet, stage(BURROW_CALL_INCOMING, BURROW_CALL_RINGING, 0)));
  burrow_request accepted = accept(tablet);
  FINISH(tablet, accepted, BURROW_OK);
  UNTIL(has_seen(bob, stage(BURROW_CALL_ENDED, 0, BURROW_CALL_REASON_ANSWERED_ELSEWHERE)));
  UNTIL(has_seen(alice, stage(BURROW_CALL_ACTIVE, BURROW_CALL_OK, 0)));
  converse(alice, tablet);
  CHECK_STATUS(burrow_call_end(tablet->call, 0, NULL), BURROW_OK);
  UNTIL(has_seen(alice, stage(BURROW_CALL_ENDED, 0, BURROW_CALL_REASON_REMOTE_HANGUP)));
  forget_call(alice);
  forget_call(bob);
  forget_call(tablet);

  call_everybody(alice);
  UNTIL(bob->call && tablet->call);
  CHECK_STATUS(burrow_call_end(bob->call, 0, NULL), BURROW_OK);
  UNTIL(has_seen(tablet, stage(BURROW_CALL_ENDED, 0, BURROW_CALL_REASON_DECLINED_ELSEWHERE)));
  UNTIL(has_seen(alice, stage(BURROW_CALL_ENDED, 0, BURROW_CALL_REASON_DECLINED)));
  forget_call(alice);
  forget_call(bob);
  forget_call(tablet);
}

/** Three in a group, where one leaves and comes back, and the admin ends it for all. */
static void check_group(void) {
  burrow_request started = call_everybody(alice), request = 0;
  UNTIL(has_seen(bob, stage(BURROW_CALL_INCOMING, BURROW_CALL_RINGING, 0)));
  UNTIL(has_seen(carol, stage(BURROW_CALL_INCOMING, BURROW_CALL_RINGING, 0)));
  FINISH(alice, started, BURROW_OK);
  CHECK(info_of(bob->call).flags == 0);
  burrow_request accepted = accept(bob);
  FINISH(bob, accepted, BURROW_OK);
  UNTIL(has_seen(alice, stage(BURROW_CALL_ACTIVE, BURROW_CALL_OK, 0)));
  converse(alice, bob);

  /* Who does not take it may come later. */
  CHECK_STATUS(burrow_call_end(carol->call, 0, &request), BURROW_OK);
  FINISH(carol, request, BURROW_OK);
  UNTIL(has_seen(carol, stage(BURROW_CALL_AVAILABLE, 0, 0)));
  CHECK(has_seen(carol, stage(BURROW_CALL_ENDED, 0, BURROW_CALL_REASON_DECLINED)));
  CHECK(info_of(carol->call).state == BURROW_CALL_AVAILABLE);
  burrow_call_change change;
  CHECK_STATUS(burrow_config_init(&change, sizeof change), BURROW_OK);
  change.flags = BURROW_CALL_CHANGE_MUTED;
  CHECK_STATUS(burrow_call_update(carol->call, &change, &request), BURROW_OK);
  FINISH(carol, request, BURROW_ERR_WRONG_KIND);
  accepted = accept(carol);
  FINISH(carol, accepted, BURROW_OK);
  burrow_call_member members[CROWD] = {{.struct_size = sizeof members[0]}};
  size_t count = 0;
  UNTIL(burrow_call_participants(carol->call, members, CROWD, &count) == BURROW_OK && count == 2);
  UNTIL(is_told(alice, BURROW_CALL_MEMBER_JOINED, carol) && is_told(bob, BURROW_CALL_MEMBER_JOINED, carol));

  change.muted = 1;
  CHECK_STATUS(burrow_call_update(bob->call, &change, NULL), BURROW_OK);
  UNTIL(is_told(alice, BURROW_CALL_MEMBER_CHANGED, bob) && is_told(carol, BURROW_CALL_MEMBER_CHANGED, bob));

  /* Letting go of it is leaving. */
  forget_call(bob);
  UNTIL(is_told(alice, BURROW_CALL_MEMBER_LEFT, bob) && is_told(carol, BURROW_CALL_MEMBER_LEFT, bob));
  CHECK(info_of(alice->call).state == BURROW_CALL_ACTIVE);
  CHECK_STATUS(burrow_call_end(alice->call, BURROW_CALL_END_ALL, &request), BURROW_OK);
  FINISH(alice, request, BURROW_OK);
  UNTIL(has_seen(carol, stage(BURROW_CALL_ENDED, 0, BURROW_CALL_REASON_REMOTE_HANGUP)));
  forget_call(alice);
  forget_call(carol);
}

int main(void) {
  burrow_engine *home = NULL;
  CHECK_STATUS(burrow_engine_create(NULL, &home), BURROW_OK);
  home_relay = start_relay(home, &relay);
  init_call(&how, &room_config, &relay, url);
  alice = meet(0);
  bob = meet(0);
  befriend();
  check_pair();
  struct person *tablet = join_later(0, bob);
  check_devices(tablet);
  CHECK_STATUS(burrow_engine_destroy(tablet->engine), BURROW_OK);
  people_count--;
  carol = join_later(0, NULL);
  check_group();

  /* Engines that go in the middle of a call, with all that hosts still hold. */
  call_everybody(alice);
  UNTIL(bob->call != NULL);
  accept(bob);
  UNTIL(has_seen(alice, stage(BURROW_CALL_ACTIVE, BURROW_CALL_OK, 0)));
  for (int i = 0; i < people_count; i++)
    CHECK_STATUS(burrow_engine_destroy(people[i].engine), BURROW_OK);
  CHECK_STATUS(burrow_call_end(alice->call, 0, NULL), BURROW_ERR_STALE_HANDLE);
  CHECK_STATUS(burrow_call_accept(bob->call, NULL, NULL), BURROW_ERR_STALE_HANDLE);
  burrow_release(alice->call);
  CHECK_STATUS(burrow_engine_destroy(home), BURROW_OK);
  return finish_tests();
}
