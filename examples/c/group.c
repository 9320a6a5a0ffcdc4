/*
 * group.c: a group of people whose messages nobody else can read, found and joined through a Nostr relay.
 *
 *   cc group.c $(pkg-config --cflags --libs burrow) -o group
 *   ./group wss://relay.example                       prints who it is, and waits to be invited
 *   ./group wss://relay.example npub1… [npub1…]       founds a group with these people
 *
 * The founder says something and everybody else answers. Each change of the members' keys is shown by a secret that only
 * they can derive, which is what a call of the group is encrypted with. When all have answered the founder removes them.
 */
#include <burrow.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
  MAX_MEMBERS = 16,
  CHAT = 9 /* the kind of a message of a chat */
};

static volatile sig_atomic_t interrupted;

static void interrupt(int number) {
  (void)number;
  interrupted = 1;
}

static const char usage[] =
    "usage: group [options] RELAY [MEMBER...]\n"
    "\n"
    "Founds a group with the members, or without any waits to be invited to one. A member is an npub1… or\n"
    "64 hexadecimal digits; RELAY is wss://host[:port].\n"
    "\n"
    "  --name NAME     what the new group is called\n"
    "  --text TEXT     what to say in it\n"
    "  --seconds N     give up after so many (default 60)\n"
    "  --help          this text\n";

/** What the program knows about its one identity and group. */
struct state {
  const char *relay, *name, *text;
  uint8_t members[MAX_MEMBERS * 32];
  size_t member_count;
  long seconds;
  burrow_engine *engine;
  burrow_identity *me;
  burrow_group *group;
  /* What is waited for, and what it is. */
  burrow_request request;
  const char *doing;
  /* When a request that failed is made again, or 0. */
  int64_t again_us;
  size_t answers, removed;
  int over, failed;
};

static void complain(struct state *state, const char *what, burrow_status status) {
  char text[512] = "";
  size_t needed = 0;
  if (burrow_last_error(text, sizeof text, &needed) != BURROW_OK) text[0] = 0;
  fprintf(stderr, "%s: %s (%s)\n", what, text, burrow_status_name(status));
  state->failed = state->over = 1;
}

/** Goes on only if a call was fine; a completion will say what became of it. */
static void begin(struct state *state, const char *doing, burrow_status status) {
  state->doing = doing;
  if (status != BURROW_OK) complain(state, doing, status);
}

static int read_options(int argc, char **argv, struct state *state) {
  int index = 1;
  for (; index < argc && argv[index][0] == '-'; index++) {
    const char *name = argv[index], *value = index + 1 < argc ? argv[index + 1] : NULL;
    if (strcmp(name, "--help") == 0) {
      fputs(usage, stdout);
      exit(0);
    }
    if (strcmp(name, "--name") == 0 && value)
      state->name = value;
    else if (strcmp(name, "--text") == 0 && value)
      state->text = value;
    else if (strcmp(name, "--seconds") == 0 && value && atol(value) > 0)
      state->seconds = atol(value);
    else
      return 0;
    index++;
  }
  if (index == argc || argc - index - 1 > MAX_MEMBERS) return 0;
  state->relay = argv[index++];
  for (; index < argc; index++) {
    if (burrow_pubkey_parse(argv[index], state->members + 32 * state->member_count) != BURROW_OK) return 0;
    state->member_count++;
  }
  return 1;
}

static const char *npub(const uint8_t *key, char text[BURROW_KEY_TEXT_SIZE]) {
  size_t length = 0;
  return burrow_pubkey_format(key, text, BURROW_KEY_TEXT_SIZE, &length) == BURROW_OK ? text : "somebody";
}

/** Prints the secret of the members' present keys. A program would not print it. */
static void show_secret(struct state *state) {
  uint8_t secret[16];
  uint64_t epoch = 0;
  burrow_status status = burrow_group_export_secret(state->group, "example", NULL, 0, secret, sizeof secret, &epoch);
  if (status == BURROW_ERR_NOT_MEMBER) return; /* The event is older than our removal. */
  if (status != BURROW_OK) {
    complain(state, "exporting a secret", status);
    return;
  }
  printf("epoch %" PRIu64 ": ", epoch);
  for (size_t i = 0; i < sizeof secret; i++)
    printf("%02x", secret[i]);
  puts("");
}

static void found(struct state *state) {
  burrow_group_config config;
  burrow_config_init(&config, sizeof config);
  config.name = state->name;
  config.relays = &state->relay;
  config.relay_count = 1;
  config.members = state->members;
  config.member_count = state->member_count;
  burrow_release(state->group);
  state->group = NULL;
  begin(state, "founding", burrow_group_create(state->me, &config, &state->group, &state->request));
}

static void remove_next(struct state *state) {
  const uint8_t *member = state->members + 32 * state->removed;
  begin(state, "removing", burrow_group_remove(state->group, member, &state->request));
}

static void say(struct state *state) {
  begin(state, "speaking", burrow_group_send(state->group, CHAT, state->text, NULL, &state->request));
}

/** The identity is there: tells relays who we are if they ask, and founds a group or becomes somebody to be invited. */
static void opened(struct state *state) {
  uint8_t key[32];
  char text[BURROW_KEY_TEXT_SIZE];
  burrow_status status = burrow_nostr_authenticate(state->engine, state->me);
  if (status == BURROW_OK) status = burrow_identity_pubkey(state->me, key);
  if (status != BURROW_OK) {
    complain(state, "using the identity", status);
    return;
  }
  printf("i am %s\n", npub(key, text));
  if (state->member_count)
    found(state);
  else
    begin(state, "publishing a key package", burrow_key_package_publish(state->me, NULL, 0, &state->request));
}

/** A request is over. */
static void done(struct state *state, burrow_status status, const char *text) {
  const char *doing = state->doing;
  state->request = 0;
  /* Key packages may be on their way still, and somebody else's change of the group may come before ours. */
  if ((status == BURROW_ERR_NOT_FOUND && strcmp(doing, "founding") == 0) || status == BURROW_ERR_LOST_RACE ||
      status == BURROW_ERR_CHANGE_PENDING) {
    state->again_us = burrow_now_us() + 500 * 1000;
  } else if (status != BURROW_OK) {
    fprintf(stderr, "%s: %s (%s)\n", doing, text, burrow_status_name(status));
    state->failed = state->over = 1;
  } else if (strcmp(doing, "opening") == 0) {
    opened(state);
  } else if (strcmp(doing, "founding") == 0) {
    printf("founded '%s'\n", state->name);
    show_secret(state);
    say(state);
  } else if (strcmp(doing, "removing") == 0) {
    state->removed++;
    if (state->removed == state->member_count)
      state->over = 1;
    else
      remove_next(state);
  }
}

/** What was not possible a moment ago. */
static void again(struct state *state) {
  state->again_us = 0;
  if (strcmp(state->doing, "founding") == 0)
    found(state);
  else
    remove_next(state);
}

static void group_changed(struct state *state, const burrow_event *event) {
  if (event->state == BURROW_GROUP_INVITED && !state->group) {
    burrow_status status = burrow_group_open(state->me, event->data, event->data_len, &state->group);
    burrow_group_info info = {.struct_size = sizeof info};
    if (status == BURROW_OK) status = burrow_group_info_get(state->group, &info);
    if (status != BURROW_OK) {
      complain(state, "reading an invitation", status);
      return;
    }
    char text[BURROW_KEY_TEXT_SIZE];
    printf("invited to '%s' by %s\n", info.name, npub(info.inviter, text));
    begin(state, "joining", burrow_group_join(state->group, &state->request));
  } else if (event->state == BURROW_GROUP_REMOVED) {
    puts("removed");
    state->over = 1;
  }
}

static void on_event(struct state *state, const burrow_event *event) {
  switch (event->kind) {
  case BURROW_EVENT_DONE:
    if (event->request == state->request) done(state, event->status, event->text);
    break;
  case BURROW_EVENT_GROUP_STATE:
    group_changed(state, event);
    break;
  case BURROW_EVENT_GROUP_EPOCH:
    if (state->group) show_secret(state);
    break;
  case BURROW_EVENT_GROUP_MESSAGE:
    /* JSON with the author's pubkey, the content and more; use a parser. */
    printf("heard: %s\n", event->text);
    state->answers++;
    if (!state->member_count)
      say(state);
    else if (state->answers == state->member_count)
      remove_next(state);
    break;
  case BURROW_EVENT_NOSTR_RELAY:
    if (event->status != BURROW_OK)
      fprintf(stderr, "%s: %.*s\n", event->text, (int)event->data_len, (const char *)event->data);
    break;
  default:
    break; /* kinds this program does not care about, or does not know yet */
  }
  fflush(stdout);
}

static void run(struct state *state) {
  burrow_status status = burrow_nostr_add_relay(state->engine, state->relay, NULL);
  if (status != BURROW_OK) {
    complain(state, "adding the relay", status);
    return;
  }
  /* With a storage_path and a storage_key the identity and its groups would still be there next time. */
  burrow_identity_config config;
  burrow_config_init(&config, sizeof config);
  begin(state, "opening", burrow_identity_create(state->engine, NULL, &config, &state->me, &state->request));

  int64_t end_us = burrow_now_us() + state->seconds * 1000000;
  while (!state->over && !interrupted) {
    burrow_event event = {.struct_size = sizeof event};
    /* A signal does not end the wait, so it is cut into slices. */
    status = burrow_engine_next_event(state->engine, 100, &event);
    if (status == BURROW_OK)
      on_event(state, &event);
    else if (status != BURROW_AGAIN)
      complain(state, "waiting for events", status);
    if (state->again_us && burrow_now_us() >= state->again_us) again(state);
    if (!state->over && burrow_now_us() >= end_us) {
      fprintf(stderr, "it took too long: %s\n", state->doing);
      state->failed = state->over = 1;
    }
  }
}

int main(int argc, char **argv) {
  struct state state = {.name = "friends", .text = "hello", .seconds = 60, .doing = ""};
  if (!read_options(argc, argv, &state)) {
    fputs(usage, stderr);
    return 2;
  }
  struct sigaction action = {.sa_handler = interrupt};
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);

  burrow_status status = burrow_engine_create(NULL, &state.engine);
  if (status != BURROW_OK) {
    complain(&state, "making an engine", status);
    return 1;
  }
  run(&state);
  burrow_release(state.group);
  burrow_release(state.me);
  burrow_engine_destroy(state.engine);
  return state.failed;
}
