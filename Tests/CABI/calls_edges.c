/* Calls that do not come about, hosts that are asked, members that are removed, and hosts that go in the middle of one. */
#include "calls.h"

static burrow_relay_info relay;
static char url[64];
static burrow_call_config how;
static burrow_room_config room_config;

static struct person *alice, *bob, *carol;

static burrow_request call_from(struct person *caller) {
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

static burrow_request end(struct person *who, uint32_t flags) {
  burrow_request request = 0;
  CHECK_STATUS(burrow_call_end(who->call, flags, &request), BURROW_OK);
  return request;
}

static void forget_all(void) {
  for (int i = 0; i < people_count; i++)
    forget_call(&people[i]);
}

static int is_over(const struct person *who, uint32_t state, uint32_t reason) {
  return has_seen(who, stage(state, 0, reason));
}

/** Both in a call, and nothing else. */
static void connect_both(struct person *caller, struct person *callee) {
  call_from(caller);
  UNTIL(callee->call != NULL);
  burrow_request request = accept(callee);
  FINISH(callee, request, BURROW_OK);
  UNTIL(has_seen(caller, stage(BURROW_CALL_ACTIVE, BURROW_CALL_OK, 0)));
}

static void check_arguments(void) {
  burrow_call_config config = how;
  burrow_call *call = NULL;
  burrow_request request = 1;
  CHECK_STATUS(burrow_call_start(alice->identity, &config, &call, &request), BURROW_ERR_INVALID_ARGUMENT);
  CHECK(call == NULL && request == 0);
  config.group = bob->group;
  CHECK_STATUS(burrow_call_start(alice->identity, &config, &call, &request), BURROW_ERR_INVALID_ARGUMENT);
  config.group = (burrow_group *)alice->identity;
  CHECK_STATUS(burrow_call_start(alice->identity, &config, &call, &request), BURROW_ERR_STALE_HANDLE);
  config.group = alice->group;
  config.relays = "not a URL";
  CHECK_STATUS(burrow_call_start(alice->identity, &config, &call, &request), BURROW_ERR_INVALID_ARGUMENT);
  config.relays = NULL;
  config.flags = 1u << 31;
  CHECK_STATUS(burrow_call_start(alice->identity, &config, &call, &request), BURROW_ERR_UNSUPPORTED);
  config.flags = 0;
  burrow_room_config room = room_config;
  room.path = "somewhere";
  config.room = &room;
  CHECK_STATUS(burrow_call_start(alice->identity, &config, &call, &request), BURROW_ERR_INVALID_ARGUMENT);
  room.path = NULL;
  room.flags = BURROW_ROOM_NO_DISCOVERY;
  CHECK_STATUS(burrow_call_start(alice->identity, &config, &call, &request), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_call_start(alice->identity, &how, NULL, &request), BURROW_ERR_INVALID_ARGUMENT);
  burrow_call *none = (burrow_call *)alice->group;
  burrow_call_info info = {.struct_size = sizeof info};
  size_t count = 0;
  burrow_call_change change;
  CHECK_STATUS(burrow_config_init(&change, sizeof change), BURROW_OK);
  CHECK_STATUS(burrow_call_accept(none, NULL, NULL), BURROW_ERR_STALE_HANDLE);
  CHECK_STATUS(burrow_call_end(none, 0, NULL), BURROW_ERR_STALE_HANDLE);
  CHECK_STATUS(burrow_call_update(none, &change, NULL), BURROW_ERR_STALE_HANDLE);
  CHECK_STATUS(burrow_call_info_get(none, &info), BURROW_ERR_STALE_HANDLE);
  CHECK_STATUS(burrow_call_participants(none, NULL, 0, &count), BURROW_ERR_STALE_HANDLE);
  CHECK_STATUS(burrow_call_accept(NULL, NULL, NULL), BURROW_ERR_INVALID_ARGUMENT);
}

/* Nobody may call one more than five times a minute, so they take turns. */
static void check_refusals(void) {
  /* Declined, and busy by the user's wish. */
  burrow_request started = call_from(alice), request;
  UNTIL(bob->call != NULL);
  FINISH(alice, started, BURROW_OK);
  request = end(bob, 0);
  FINISH(bob, request, BURROW_OK);
  CHECK(is_over(bob, BURROW_CALL_ENDED, BURROW_CALL_REASON_DECLINED));
  UNTIL(is_over(alice, BURROW_CALL_ENDED, BURROW_CALL_REASON_DECLINED));
  CHECK(info_of(alice->call).reason == BURROW_CALL_REASON_DECLINED && info_of(alice->call).room == NULL);
  forget_all();
  call_from(bob);
  UNTIL(alice->call != NULL);
  CHECK_STATUS(burrow_call_end(alice->call, 64, NULL), BURROW_ERR_UNSUPPORTED);
  end(alice, BURROW_CALL_END_BUSY);
  UNTIL(is_over(bob, BURROW_CALL_ENDED, BURROW_CALL_REASON_BUSY));
  forget_all();

  /* Taken back, also by letting go, and before the offer is out. */
  call_from(bob);
  UNTIL(alice->call != NULL);
  end(bob, 0);
  UNTIL(is_over(alice, BURROW_CALL_ENDED, BURROW_CALL_REASON_MISSED));
  UNTIL(is_over(bob, BURROW_CALL_ENDED, BURROW_CALL_REASON_CANCELLED));
  forget_all();
  call_from(alice);
  UNTIL(bob->call != NULL);
  forget_call(alice);
  UNTIL(is_over(bob, BURROW_CALL_ENDED, BURROW_CALL_REASON_MISSED));
  forget_all();
  started = call_from(alice);
  request = end(alice, 0);
  FINISH(alice, started, BURROW_ERR_CANCELLED);
  FINISH(alice, request, BURROW_OK);
  CHECK(bob->call == NULL);
  forget_all();

  /* Nobody answers. */
  how.ring_ms = 300;
  call_from(alice);
  how.ring_ms = 0;
  UNTIL(is_over(alice, BURROW_CALL_ENDED, BURROW_CALL_REASON_TIMEOUT));
  UNTIL(is_over(bob, BURROW_CALL_ENDED, BURROW_CALL_REASON_MISSED));
  forget_all();

  /* There is one call at a time. */
  connect_both(alice, bob);
  burrow_call *first = alice->call;
  started = call_from(alice);
  FINISH(alice, started, BURROW_ERR_BUSY);
  CHECK(info_of(alice->call).state == BURROW_CALL_FAILED);
  burrow_release(alice->call);
  alice->call = first;
  CHECK(info_of(first).state == BURROW_CALL_ACTIVE);
  end(bob, 0);
  UNTIL(is_over(alice, BURROW_CALL_ENDED, BURROW_CALL_REASON_REMOTE_HANGUP));
  forget_all();

  /* No relay. */
  burrow_call_config config = how;
  config.group = alice->group;
  config.relays = "moqt://127.0.0.1:9\nmoqt://127.0.0.1:11";
  config.connect_ms = 4000;
  CHECK_STATUS(burrow_call_start(alice->identity, &config, &alice->call, &started), BURROW_OK);
  FINISH(alice, started, BURROW_ERR_UNREACHABLE);
  CHECK(is_over(alice, BURROW_CALL_FAILED, BURROW_CALL_REASON_RELAY_UNREACHABLE) && bob->call == NULL);
  forget_all();
  /* The second of two. */
  char both[128];
  snprintf(both, sizeof both, "moqt://127.0.0.1:9\n%s", url);
  config.relays = both;
  config.group = bob->group;
  CHECK_STATUS(burrow_call_start(bob->identity, &config, &bob->call, &started), BURROW_OK);
  FINISH(bob, started, BURROW_OK);
  CHECK(!strcmp(info_of(bob->call).relay, url));
  UNTIL(alice->call != NULL);
  end(bob, 0);
  UNTIL(is_over(alice, BURROW_CALL_ENDED, BURROW_CALL_REASON_MISSED));
  forget_all();
}

/** The relay of a call goes for good, and the call goes to another one. */
static void check_other_relay(burrow_engine *home) {
  burrow_relay_info first = {.struct_size = sizeof first};
  burrow_relay *doomed = start_relay(home, &first);
  uint8_t pins[64];
  memcpy(pins, first.fingerprint, 32);
  memcpy(pins + 32, relay.fingerprint, 32);
  char both[128], doomed_url[64];
  snprintf(doomed_url, sizeof doomed_url, "moqt://127.0.0.1:%u", first.port);
  snprintf(both, sizeof both, "%s\n%s", doomed_url, url);
  burrow_room_config room = room_config;
  room.pins = pins;
  room.pin_count = 2;
  burrow_call_config config = how;
  config.room = &room;
  config.grace_ms = 6000;
  burrow_request request = 0;
  config.group = bob->group;
  config.relays = both;
  CHECK_STATUS(burrow_call_start(bob->identity, &config, &bob->call, &request), BURROW_OK);
  FINISH(bob, request, BURROW_OK);
  UNTIL(alice->call != NULL);
  config.group = NULL;
  config.relays = NULL;
  CHECK_STATUS(burrow_call_accept(alice->call, &config, &request), BURROW_OK);
  FINISH(alice, request, BURROW_OK);
  UNTIL(has_seen(bob, stage(BURROW_CALL_ACTIVE, BURROW_CALL_OK, 0)));
  CHECK(!strcmp(info_of(bob->call).relay, doomed_url) && !strcmp(info_of(alice->call).relay, doomed_url));
  CHECK_STATUS(burrow_close(doomed, &request), BURROW_OK);
  burrow_release(doomed);
  UNTIL(!strcmp(info_of(bob->call).relay, url) && !strcmp(info_of(alice->call).relay, url));
  UNTIL(info_of(bob->call).detail == BURROW_CALL_OK && info_of(alice->call).detail == BURROW_CALL_OK);
  CHECK(has_seen(bob, stage(BURROW_CALL_ACTIVE, BURROW_CALL_RECONNECTING, 0)));
  CHECK(info_of(bob->call).state == BURROW_CALL_ACTIVE && info_of(bob->call).room != NULL);
  request = end(alice, 0);
  FINISH(alice, request, BURROW_OK);
  UNTIL(is_over(bob, BURROW_CALL_ENDED, BURROW_CALL_REASON_REMOTE_HANGUP));
  forget_all();
}

/** Both call each other before they hear of it: the call with the smaller id is the call, and nothing rings. */
static void check_glare(void) {
  alice->is_deaf = bob->is_deaf = 1;
  burrow_request one = call_from(alice), other = call_from(bob);
  UNTIL(ended(alice, one) == BURROW_OK && ended(bob, other) == BURROW_OK);
  char id[BURROW_CALL_ID_SIZE];
  int alice_wins = strcmp(info_of(alice->call).call_id, info_of(bob->call).call_id) < 0;
  struct person *winner = alice_wins ? alice : bob, *loser = alice_wins ? bob : alice;
  memcpy(id, info_of(winner->call).call_id, sizeof id);
  burrow_call *given_up = loser->call;
  loser->call = NULL;
  listen_again(alice);
  listen_again(bob);
  UNTIL(is_over(loser, BURROW_CALL_ENDED, BURROW_CALL_REASON_GLARE) && loser->call != NULL);
  CHECK(!strcmp(info_of(given_up).other_id, id) && !strcmp(info_of(loser->call).call_id, id));
  CHECK(!strcmp(info_of(loser->call).other_id, info_of(given_up).call_id));
  UNTIL(info_of(loser->call).state == BURROW_CALL_ACTIVE && info_of(winner->call).state == BURROW_CALL_ACTIVE);
  CHECK(!has_seen(alice, stage(BURROW_CALL_INCOMING, BURROW_CALL_RINGING, 0)));
  CHECK(!has_seen(bob, stage(BURROW_CALL_INCOMING, BURROW_CALL_RINGING, 0)));
  burrow_release(given_up);
  end(loser, 0);
  UNTIL(is_over(winner, BURROW_CALL_ENDED, BURROW_CALL_REASON_REMOTE_HANGUP));
  UNTIL(is_over(loser, BURROW_CALL_ENDED, BURROW_CALL_REASON_HANGUP));
  forget_all();
}

static void answer(struct person *who, uint32_t admission, burrow_status wanted) {
  burrow_call_change change;
  CHECK_STATUS(burrow_config_init(&change, sizeof change), BURROW_OK);
  change.flags = BURROW_CALL_CHANGE_ADMISSION;
  change.admission = admission;
  burrow_request request = 0;
  CHECK_STATUS(burrow_call_update(who->call, &change, &request), BURROW_OK);
  FINISH(who, request, wanted);
}

/** Carol decides about each call before it rings. */
static void check_questions(void) {
  for (uint32_t admission = BURROW_CALL_ADMIT_RING; admission <= BURROW_CALL_ADMIT_DROP; admission++) {
    struct person *caller = admission == BURROW_CALL_ADMIT_RING ? alice : bob;
    call_from(caller);
    UNTIL(has_seen(carol, stage(BURROW_CALL_ASKED, 0, 0)));
    burrow_call_change change;
    CHECK_STATUS(burrow_config_init(&change, sizeof change), BURROW_OK);
    change.flags = BURROW_CALL_CHANGE_ADMISSION;
    change.admission = 9;
    CHECK_STATUS(burrow_call_update(carol->call, &change, NULL), BURROW_ERR_INVALID_ARGUMENT);
    answer(carol, admission, BURROW_OK);
    if (admission == BURROW_CALL_ADMIT_DROP) {
      UNTIL(is_over(carol, BURROW_CALL_ENDED, BURROW_CALL_REASON_DECLINED));
      answer(carol, admission, BURROW_ERR_CLOSED);
    } else {
      uint32_t detail = admission == BURROW_CALL_ADMIT_RING ? BURROW_CALL_RINGING : BURROW_CALL_SILENTLY;
      UNTIL(has_seen(carol, stage(BURROW_CALL_INCOMING, detail, 0)));
    }
    end(caller, 0);
    UNTIL(is_over(caller, BURROW_CALL_ENDED, BURROW_CALL_REASON_CANCELLED));
    if (admission != BURROW_CALL_ADMIT_DROP) UNTIL(is_over(carol, BURROW_CALL_ENDED, BURROW_CALL_REASON_MISSED));
    forget_all();
  }
}

/** Who declined a group's call joins it later, after a look. */
static void check_late_join(void) {
  burrow_request request = 0;
  connect_both(carol, alice);
  UNTIL(bob->call != NULL);
  end(bob, 0);
  UNTIL(has_seen(bob, stage(BURROW_CALL_AVAILABLE, 0, 0)));
  CHECK(info_of(bob->call).room == NULL);
  burrow_call_change change;
  CHECK_STATUS(burrow_config_init(&change, sizeof change), BURROW_OK);
  change.flags = BURROW_CALL_CHANGE_LOOK;
  change.room = &room_config;
  CHECK_STATUS(burrow_call_update(bob->call, &change, &request), BURROW_OK);
  FINISH(bob, request, BURROW_OK);
  burrow_call_member members[CROWD] = {{.struct_size = sizeof members[0]}};
  size_t count = 0;
  CHECK_STATUS(burrow_call_participants(bob->call, members, CROWD, &count), BURROW_OK);
  CHECK(count == 2);
  request = accept(bob);
  FINISH(bob, request, BURROW_OK);
  UNTIL(burrow_call_participants(bob->call, members, CROWD, &count) == BURROW_OK && count == 2);

  /* The admin removes him: he is out of the call, and they go on. */
  CHECK_STATUS(burrow_group_remove(alice->group, bob->key, &request), BURROW_OK);
  FINISH(alice, request, BURROW_OK);
  UNTIL(is_over(bob, BURROW_CALL_ENDED, BURROW_CALL_REASON_REMOVED));
  UNTIL(burrow_call_participants(alice->call, members, CROWD, &count) == BURROW_OK && count == 1);
  CHECK(!memcmp(members[0].pubkey, carol->key, 32));
  CHECK(info_of(carol->call).state == BURROW_CALL_ACTIVE);
  end(alice, BURROW_CALL_END_ALL);
  UNTIL(is_over(carol, BURROW_CALL_ENDED, BURROW_CALL_REASON_REMOTE_HANGUP));
  forget_all();
}

/** Hosts that go in the middle of a call. */
static void check_departures(void) {
  /* Closing an identity hangs up; its calls answer no more. */
  call_from(alice);
  UNTIL(has_seen(carol, stage(BURROW_CALL_ASKED, 0, 0)));
  answer(carol, BURROW_CALL_ADMIT_RING, BURROW_OK);
  burrow_request request = accept(carol);
  FINISH(carol, request, BURROW_OK);
  UNTIL(has_seen(alice, stage(BURROW_CALL_ACTIVE, BURROW_CALL_OK, 0)));
  burrow_room *room = info_of(carol->call).room;
  CHECK_STATUS(burrow_retain(room), BURROW_OK);
  CHECK_STATUS(burrow_close(carol->identity, &request), BURROW_OK);
  FINISH(carol, request, BURROW_OK);
  CHECK(info_of(carol->call).state == BURROW_CALL_ENDED && info_of(carol->call).room == NULL);
  UNTIL(is_over(alice, BURROW_CALL_ENDED, BURROW_CALL_REASON_REMOTE_HANGUP));
  request = accept(carol);
  FINISH(carol, request, BURROW_ERR_CLOSED);
  request = end(carol, 0);
  FINISH(carol, request, BURROW_ERR_CLOSED);
  burrow_room_info info = {.struct_size = sizeof info};
  CHECK_STATUS(burrow_room_info_get(room, &info), BURROW_OK);
  burrow_release(room);
  burrow_call *call = NULL;
  burrow_call_config config = how;
  config.group = carol->group;
  CHECK_STATUS(burrow_call_start(carol->identity, &config, &call, &request), BURROW_ERR_CLOSED);
}

int main(void) {
  burrow_engine *home = NULL;
  CHECK_STATUS(burrow_engine_create(NULL, &home), BURROW_OK);
  start_relay(home, &relay);
  init_call(&how, &room_config, &relay, url);
  alice = meet(0);
  bob = meet(0);
  befriend();
  check_arguments();
  check_refusals();
  check_other_relay(home);
  check_glare();
  carol = join_later(BURROW_ENGINE_ASK_CALLS, NULL);
  check_questions();
  check_late_join();
  check_departures();

  /* After the engine is shut down nothing begins any more. */
  burrow_request request = 0;
  CHECK_STATUS(burrow_close(alice->engine, &request), BURROW_OK);
  UNTIL(ended(alice, request) != BURROW_AGAIN);
  burrow_call *call = NULL;
  burrow_call_config config = how;
  config.group = alice->group;
  CHECK_STATUS(burrow_call_start(alice->identity, &config, &call, NULL), BURROW_ERR_CLOSED);
  CHECK_STATUS(burrow_call_end(alice->call, 0, NULL), BURROW_ERR_CLOSED);
  for (int i = 0; i < people_count; i++)
    CHECK_STATUS(burrow_engine_destroy(people[i].engine), BURROW_OK);
  CHECK_STATUS(burrow_engine_destroy(home), BURROW_OK);
  return finish_tests();
}
