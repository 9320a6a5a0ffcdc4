/* What the tests of calls share: people with an engine each, and the test in the place of their Nostr relays. */
#ifndef CABI_CALLS_H
#define CABI_CALLS_H

#include "media.h"

enum {
  CROWD = 4,
  TOLD = 64
};

/** Somebody with an engine. What they were told of calls is kept in order. */
struct person {
  burrow_engine *engine;
  burrow_identity *identity;
  burrow_group *group;
  burrow_call *call;
  uint8_t key[32];
  /** What the last event of each kind said: states as state | detail << 8 | reason << 16. */
  uint32_t states[TOLD];
  int state_count;
  uint32_t members[TOLD];
  uint8_t member_keys[TOLD][32];
  int member_count;
  /** The last completion, and how it ended. */
  burrow_request done[TOLD];
  burrow_status results[TOLD];
  int done_count;
  int messages;
  /** What others send reaches them later. */
  int is_deaf;
  char *unheard[TOLD];
  int unheard_count;
};

static struct person people[CROWD];
static int people_count;
/** Others hear of what is published. */
static const char *const nostr_relays[] = {"wss://relay.example"};

static inline uint32_t stage(uint32_t state, uint32_t detail, uint32_t reason) {
  return state | detail << 8 | reason << 16;
}

/** Gives an event to everybody but its sender, and tells the sender that relays have it. */
static inline void carry_event(struct person *from, const burrow_event *event) {
  char id[65] = "";
  const char *start = strstr(event->text, "\"id\":\"");
  if (start) memcpy(id, start + 6, 64);
  for (int i = 0; i < people_count; i++) {
    struct person *who = &people[i];
    if (who == from) continue;
    if (!who->is_deaf)
      (void)burrow_nostr_ingest(who->engine, event->text);
    else if (who->unheard_count < TOLD)
      who->unheard[who->unheard_count++] = strdup(event->text);
  }
  (void)burrow_nostr_published(from->engine, id, 1);
}

/** Hears what was said meanwhile. */
static inline void listen_again(struct person *who) {
  who->is_deaf = 0;
  for (int i = 0; i < who->unheard_count; i++) {
    (void)burrow_nostr_ingest(who->engine, who->unheard[i]);
    free(who->unheard[i]);
  }
  who->unheard_count = 0;
}

static inline void take(struct person *who, const burrow_event *event) {
  if (getenv("CABI_TRACE"))
    printf("%d: event %u state %u value %lld status %s request %llu text %.60s\n", (int)(who - people), event->kind,
           event->state, (long long)event->value, burrow_status_name(event->status), (unsigned long long)event->request,
           event->text);
  switch (event->kind) {
  case BURROW_EVENT_NOSTR_OUT:
    carry_event(who, event);
    break;
  case BURROW_EVENT_DONE:
    who->done[who->done_count % TOLD] = event->request;
    who->results[who->done_count++ % TOLD] = event->status;
    break;
  case BURROW_EVENT_GROUP_STATE:
    if (event->state == BURROW_GROUP_INVITED && !who->group)
      CHECK_STATUS(burrow_group_open(who->identity, event->data, event->data_len, &who->group), BURROW_OK);
    break;
  case BURROW_EVENT_GROUP_MESSAGE:
    who->messages++;
    break;
  case BURROW_EVENT_CALL_STATE:
    if (event->state == BURROW_CALL_AVAILABLE) {
      burrow_release(who->call);
      who->call = NULL;
    }
    if (!who->call && event->state != BURROW_CALL_ENDED && event->state != BURROW_CALL_FAILED) {
      who->call = event->subject;
      CHECK_STATUS(burrow_retain(who->call), BURROW_OK);
    }
    CHECK(event->data_len == 32);
    who->states[who->state_count++ % TOLD] =
        stage(event->state, (uint32_t)(event->value & 0xff), (uint32_t)(event->value >> 8));
    break;
  case BURROW_EVENT_CALL_MEMBER:
    if (event->data_len == 32) memcpy(who->member_keys[who->member_count % TOLD], event->data, 32);
    who->members[who->member_count++ % TOLD] = event->state;
    break;
  default:
    break;
  }
}

/** Takes what there is for everybody. */
static inline void drain_all(int32_t patience_ms) {
  for (int i = 0; i < people_count; i++) {
    burrow_event event = {.struct_size = sizeof event};
    int32_t timeout = i == 0 ? patience_ms : 0;
    while (burrow_engine_next_event(people[i].engine, timeout, &event) == BURROW_OK) {
      take(&people[i], &event);
      timeout = 0;
    }
  }
}

/** Until a condition holds, with everybody's events taken; for ten seconds at most. */
#define UNTIL(condition)                                 \
  do {                                                   \
    int64_t until_ = burrow_now_us() + 10 * 1000 * 1000; \
    while (!(condition) && burrow_now_us() < until_)     \
      drain_all(5);                                      \
    CHECK(condition);                                    \
  } while (0)

static inline int has_seen(const struct person *who, uint32_t stage) {
  for (int i = 0; i < who->state_count && i < TOLD; i++)
    if (who->states[i] == stage) return 1;
  return 0;
}

/** How a request ended; 1 as long as it has not. */
static inline burrow_status ended(const struct person *who, burrow_request request) {
  for (int i = 0; i < who->done_count && i < TOLD; i++)
    if (who->done[i] == request) return who->results[i];
  return BURROW_AGAIN;
}

#define FINISH(who, request, wanted)                                                        \
  do {                                                                                      \
    UNTIL(ended(who, request) != BURROW_AGAIN);                                             \
    if (ended(who, request) != (wanted))                                                    \
      printf("     %s ended with %s\n", #request, burrow_status_name(ended(who, request))); \
    CHECK(ended(who, request) == (wanted));                                                 \
  } while (0)

/** Starts afresh: the next call is another one. */
static inline void forget_call(struct person *who) {
  burrow_release(who->call);
  who->call = NULL;
  who->state_count = who->member_count = who->done_count = 0;
}

/** Somebody new, or another device of somebody. */
static inline struct person *meet_as(uint32_t flags, const struct person *same) {
  struct person *who = &people[people_count++];
  memset(who, 0, sizeof *who);
  burrow_engine_config host;
  CHECK_STATUS(burrow_config_init(&host, sizeof host), BURROW_OK);
  host.flags = BURROW_ENGINE_HOST_RELAYS | BURROW_ENGINE_PRIVATE_CALLS | flags;
  CHECK_STATUS(burrow_engine_create(&host, &who->engine), BURROW_OK);
  burrow_identity_config config;
  CHECK_STATUS(burrow_config_init(&config, sizeof config), BURROW_OK);
  burrow_request request = 0;
  char key[BURROW_KEY_TEXT_SIZE] = "";
  size_t length = 0;
  if (same) CHECK_STATUS(burrow_identity_export(same->identity, key, sizeof key, &length), BURROW_OK);
  CHECK_STATUS(burrow_identity_create(who->engine, same ? key : NULL, &config, &who->identity, &request), BURROW_OK);
  FINISH(who, request, BURROW_OK);
  CHECK_STATUS(burrow_identity_pubkey(who->identity, who->key), BURROW_OK);
  return who;
}

static inline struct person *meet(uint32_t flags) { return meet_as(flags, NULL); }

/** The first one founds a group with the others. */
static inline void befriend(void) {
  burrow_request request = 0;
  uint8_t keys[32 * CROWD];
  for (int i = 1; i < people_count; i++) {
    CHECK_STATUS(burrow_key_package_publish(people[i].identity, nostr_relays, 1, &request), BURROW_OK);
    FINISH(&people[i], request, BURROW_OK);
    memcpy(keys + 32 * (i - 1), people[i].key, 32);
  }
  burrow_group_config config;
  CHECK_STATUS(burrow_config_init(&config, sizeof config), BURROW_OK);
  config.relays = nostr_relays;
  config.relay_count = 1;
  config.members = keys;
  config.member_count = (size_t)(people_count - 1);
  CHECK_STATUS(burrow_group_create(people[0].identity, &config, &people[0].group, &request), BURROW_OK);
  FINISH(&people[0], request, BURROW_OK);
  for (int i = 1; i < people_count; i++) {
    UNTIL(people[i].group != NULL);
    CHECK_STATUS(burrow_group_join(people[i].group, &request), BURROW_OK);
    FINISH(&people[i], request, BURROW_OK);
  }
}

/** Somebody more, whom the first one invites. */
static inline struct person *join_later(uint32_t flags, const struct person *same) {
  burrow_request request = 0;
  struct person *who = meet_as(flags, same);
  CHECK_STATUS(burrow_key_package_publish(who->identity, nostr_relays, 1, &request), BURROW_OK);
  FINISH(who, request, BURROW_OK);
  CHECK_STATUS(burrow_group_invite(people[0].group, who->key, &request), BURROW_OK);
  FINISH(&people[0], request, BURROW_OK);
  UNTIL(who->group != NULL);
  CHECK_STATUS(burrow_group_join(who->group, &request), BURROW_OK);
  FINISH(who, request, BURROW_OK);
  return who;
}

static inline burrow_call_info info_of(burrow_call *call) {
  burrow_call_info info = {.struct_size = sizeof info};
  CHECK_STATUS(burrow_call_info_get(call, &info), BURROW_OK);
  return info;
}

/** How a room of this relay is reached, and the relay's URL. */
static inline void init_call(burrow_call_config *config, burrow_room_config *room, const burrow_relay_info *relay,
                             char url[64]) {
  init_room(room, relay, url);
  room->url = NULL;
  CHECK_STATUS(burrow_config_init(config, sizeof *config), BURROW_OK);
  config->room = room;
}

#endif
