/* The measuring program for calls: one person in groups and calls over real relays.
 *
 *     call-peer [--nostr URL] [--moq URL] [--pin HEX] [--key HEX] [--storage FILE] [--pictures FILE --width W --height H --fps N] [--speech FILE] ...
 *
 * Without --nostr it is an engine that has nothing to do. Commands come one a line on standard input, and end with it:
 *
 *     found KEY...   a group with these people        call           calls the group
 *     invite KEY     one more                         accept         takes the call that rings or goes on
 *     remove KEY     one less                         hang [all]     leaves, or ends it for all
 *     auto           takes calls as soon as they ring usage          figures of this process
 *
 * What happens goes to standard output, one line each: microseconds of CLOCK_MONOTONIC, a word, and more. The Python files
 * beside this one read it.
 */
#define _GNU_SOURCE
#include "call.h"

#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

struct options opt = {
    .width = 640, .height = 360, .fps = 30, .video_bitrate = 800000, .audio_bitrate = 32000, .audio = 1, .video = 1};
atomic_int stopping;
burrow_engine *engine;

enum {
  MOST_MEMBERS = 64
};
static const char *nostr, *moq, *storage, *secret;
static uint8_t pin[32];
static int has_pin, takes_calls;
static burrow_identity *me;
static burrow_group *group;
static burrow_call *call;
static burrow_request opening, publishing, founding;
static uint8_t wanted[32 * MOST_MEMBERS];
static size_t wanted_count;
/* When to try again to found the group or to invite: key packages may be on their way. 0: no. */
static int64_t again_us;
static burrow_request inviting;
static uint8_t invited[32];

void tell(int64_t at_us, const char *format, ...) {
  static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  va_list args;
  pthread_mutex_lock(&lock);
  va_start(args, format);
  printf("%lld ", (long long)at_us);
  vprintf(format, args);
  putchar('\n');
  fflush(stdout);
  va_end(args);
  pthread_mutex_unlock(&lock);
}

void check(burrow_status status, const char *what) {
  if (status >= 0) return;
  char text[256] = "";
  size_t length;
  (void)burrow_last_error(text, sizeof text, &length);
  fail("%s: %s (%s)", what, burrow_status_name(status), text);
}

/* ---- commands -------------------------------------------------------------------------------------------- */

static void found(void) {
  burrow_group_config config;
  check(burrow_config_init(&config, sizeof config), "configuration");
  config.name = "people who call";
  config.relays = &nostr;
  config.relay_count = 1;
  config.members = wanted;
  config.member_count = wanted_count;
  burrow_release(group);
  group = NULL;
  check(burrow_group_create(me, &config, &group, &founding), "founding");
}

static void try_again(void) {
  again_us = 0;
  if (inviting)
    check(burrow_group_invite(group, invited, &inviting), "inviting");
  else
    found();
}

static void configure(burrow_call_config *config, burrow_room_config *how) {
  check(burrow_config_init(config, sizeof *config), "configuration");
  check(burrow_config_init(how, sizeof *how), "configuration");
  if (has_pin) {
    how->pins = pin;
    how->pin_count = 1;
  }
  config->flags = opt.video ? BURROW_CALL_VIDEO : 0;
  config->room = how;
}

static void start_call(void) {
  burrow_call_config config;
  burrow_room_config how;
  configure(&config, &how);
  config.group = group;
  config.relays = moq;
  burrow_release(call);
  call = NULL;
  tell(now_us(), "tap call");
  check(burrow_call_start(me, &config, &call, NULL), "calling");
}

static void accept_call(void) {
  burrow_call_config config;
  burrow_room_config how;
  if (!call) fail("nobody calls");
  configure(&config, &how);
  tell(now_us(), "tap accept");
  check(burrow_call_accept(call, &config, NULL), "accepting");
}

static void tell_usage(void) {
  struct mallinfo2 heap = mallinfo2();
  struct devices devices = devices_figures();
  struct seat_figures seat = seat_figures();
  tell(now_us(),
       "usage heap=%zu free=%zu others=%u shown=%llu damaged=%llu heard=%llu played=%llu concealed=%llu taken=%llu "
       "late=%lld",
       heap.uordblks + heap.hblkhd, heap.fordblks, seat.others, (unsigned long long)seat.pictures,
       (unsigned long long)seat.damaged, (unsigned long long)seat.sounds, (unsigned long long)seat.played_us,
       (unsigned long long)seat.concealed_us, (unsigned long long)devices.pictures, (long long)devices.late_us);
}

static void obey(char *line) {
  char *word = strtok(line, " ");
  char *argument = word ? strtok(NULL, " ") : NULL;
  if (!word) return;
  if (!strcmp(word, "found")) {
    for (; argument && wanted_count < MOST_MEMBERS; argument = strtok(NULL, " "))
      check(burrow_pubkey_parse(argument, wanted + 32 * wanted_count++), "a key");
    found();
  } else if (!strcmp(word, "invite") && argument && group) {
    check(burrow_pubkey_parse(argument, invited), "a key");
    check(burrow_group_invite(group, invited, &inviting), "inviting");
  } else if (!strcmp(word, "remove") && argument && group) {
    uint8_t key[32];
    check(burrow_pubkey_parse(argument, key), "a key");
    check(burrow_group_remove(group, key, NULL), "removing");
  } else if (!strcmp(word, "call")) {
    start_call();
  } else if (!strcmp(word, "accept")) {
    accept_call();
  } else if (!strcmp(word, "auto")) {
    takes_calls = 1;
  } else if (!strcmp(word, "hang")) {
    if (!call) return;
    check(burrow_call_end(call, argument ? BURROW_CALL_END_ALL : 0, NULL), "hanging up");
  } else if (!strcmp(word, "usage")) {
    tell_usage();
  } else {
    fail("no command: %s", word);
  }
}

static void take_commands(void) {
  static char buffer[16384];
  static size_t length;
  ssize_t got = read(STDIN_FILENO, buffer + length, sizeof buffer - 1 - length);
  if (got <= 0) {
    stopping = 1;
    return;
  }
  length += (size_t)got;
  buffer[length] = 0;
  char *start = buffer, *end;
  while ((end = strchr(start, '\n'))) {
    *end = 0;
    obey(start);
    start = end + 1;
  }
  length -= (size_t)(start - buffer);
  memmove(buffer, start, length);
}

/* ---- events ---------------------------------------------------------------------------------------------- */

static void completed(const burrow_event *event) {
  if (event->request == opening) {
    check(event->status, "identity");
    if (nostr) check(burrow_key_package_publish(me, &nostr, 1, &publishing), "publishing a key package");
  } else if (event->request == publishing) {
    uint8_t key[32];
    check(event->status, "key package");
    check(burrow_identity_pubkey(me, key), "key");
    char text[BURROW_KEY_TEXT_SIZE];
    size_t length;
    check(burrow_pubkey_format(key, text, sizeof text, &length), "key");
    tell(event->time_us, "key %s", text);
  } else if (event->request == founding || event->request == inviting) {
    /* Keys that come by themselves after a change may stand in the way of the next for a moment. */
    if (event->status == BURROW_ERR_NOT_FOUND || event->status == BURROW_ERR_CHANGE_PENDING ||
        event->status == BURROW_ERR_LOST_RACE)
      again_us = now_us() + 200000;
    else if (event->status < 0)
      fail("group: %s (%s)", burrow_status_name(event->status), event->text);
    else
      tell(event->time_us, event->request == founding ? "founded" : "invited");
    if (!again_us && event->request == inviting) inviting = 0;
  } else if (event->status < 0) {
    tell(event->time_us, "failed %s %s", burrow_status_name(event->status), event->text);
  }
}

static void group_changed(const burrow_event *event) {
  if (event->state == BURROW_GROUP_INVITED && !group) {
    check(burrow_group_open(me, event->data, event->data_len, &group), "group");
    check(burrow_group_join(group, NULL), "joining");
  } else if (event->state == BURROW_GROUP_ACTIVE) {
    tell(event->time_us, "member");
  } else if (event->state == BURROW_GROUP_REMOVED) {
    tell(event->time_us, "removed");
  }
}

static void call_changed(const burrow_event *event) {
  int is_over = event->state == BURROW_CALL_ENDED || event->state == BURROW_CALL_FAILED;
  tell(event->time_us, "call %u %lld %s", event->state, (long long)(event->value & 0xff), is_over ? event->text : "-");
  if (event->subject != call && !is_over) {
    burrow_release(call);
    call = event->subject;
    check(burrow_retain(call), "keeping a call");
  }
  if (event->subject != call) return;
  if (event->state == BURROW_CALL_INCOMING && takes_calls) accept_call();
  if (is_over) {
    leave_seat();
    burrow_release(call);
    call = NULL;
  }
}

static void on_event(const burrow_event *event) {
  switch (event->kind) {
  case BURROW_EVENT_TRACK_DATA:
    show(event->subject);
    return;
  case BURROW_EVENT_OVERFLOW:
    show_all();
    break;
  case BURROW_EVENT_DONE:
    completed(event);
    break;
  case BURROW_EVENT_GROUP_STATE:
    group_changed(event);
    break;
  case BURROW_EVENT_GROUP_EPOCH:
    tell(event->time_us, "epoch %lld", (long long)event->value);
    break;
  case BURROW_EVENT_CALL_STATE:
    call_changed(event);
    break;
  case BURROW_EVENT_NOSTR_REFUSED:
    tell(event->time_us, "refused %s %s", burrow_status_name(event->status), event->text);
    break;
  case BURROW_EVENT_PROTECTION:
    tell(event->time_us, "protection %s %s", burrow_status_name(event->status), event->text);
    break;
  default:
    break;
  }
  if (call) {
    take_seat(call);
    look_around(call);
  }
}

static void drain(void) {
  burrow_event event = {.struct_size = sizeof event};
  burrow_status status;
  while ((status = burrow_engine_next_event(engine, 0, &event)) == BURROW_OK)
    on_event(&event);
  check(status, "events");
}

static void run(void) {
  int32_t events = -1;
  check(burrow_engine_event_fd(engine, &events), "descriptor");
  struct pollfd fds[] = {{.fd = events, .events = POLLIN}, {.fd = STDIN_FILENO, .events = POLLIN}};
  while (!stopping) {
    poll(fds, 2, again_us ? 50 : -1);
    if (fds[0].revents) drain();
    if (fds[1].revents) take_commands();
    if (again_us && now_us() >= again_us) try_again();
  }
}

/* ---- options --------------------------------------------------------------------------------------------- */

static void take_option(const char *name, const char *value) {
  static const struct {
    const char *name;
    const char **text;
    unsigned *number;
  } known[] = {
      {"--nostr", &nostr, NULL},
      {"--moq", &moq, NULL},
      {"--storage", &storage, NULL},
      {"--key", &secret, NULL},
      {"--pictures", &opt.pictures, NULL},
      {"--speech", &opt.speech, NULL},
      {"--width", NULL, &opt.width},
      {"--height", NULL, &opt.height},
      {"--fps", NULL, &opt.fps},
      {"--video-bitrate", NULL, &opt.video_bitrate},
      {"--audio-bitrate", NULL, &opt.audio_bitrate},
      {"--index", NULL, &opt.index},
  };
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    if (strcmp(name, known[i].name)) continue;
    if (known[i].text) *known[i].text = value;
    if (known[i].number) *known[i].number = (unsigned)atoi(value);
    return;
  }
  if (strcmp(name, "--pin") || strlen(value) != 64) fail("unknown option %s", name);
  for (int i = 0; i < 32; i++) {
    const char digits[] = {value[2 * i], value[2 * i + 1], 0};
    pin[i] = (uint8_t)strtoul(digits, NULL, 16);
  }
  has_pin = 1;
}

int main(int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    if (!strcmp(argv[i], "--fixed"))
      opt.fixed = 1;
    else if (i + 1 < argc)
      take_option(argv[i], argv[i + 1]), i++;
    else
      fail("%s needs a value", argv[i]);
  }
  if (!opt.fps || opt.width < 64 || opt.height < 36) fail("pictures of that size or rate are not measured");
  opt.video = opt.pictures != NULL;
  prctl(PR_SET_PDEATHSIG, SIGKILL); /* nothing outlives the program that runs the benchmark */
  signal(SIGPIPE, SIG_IGN);

  burrow_identity_config config;
  check(burrow_engine_create(NULL, &engine), "engine");
  if (nostr) check(burrow_nostr_add_relay(engine, nostr, NULL), "relay");
  check(burrow_config_init(&config, sizeof config), "configuration");
  static const uint8_t seal[32] = "whoever measures has no secrets";
  config.storage_path = storage;
  config.storage_key = storage ? seal : NULL;
  check(burrow_identity_create(engine, secret, &config, &me, &opening), "identity");
  if (moq) start_devices();
  run();
  leave_seat();
  burrow_release(call);
  burrow_release(group);
  burrow_release(me);
  burrow_engine_destroy(engine);
  fflush(stdout);
  _exit(0); /* without the clean-up of threads that still sleep */
}
