/*
 * call.c: a call of a group in a program with a loop of its own, where the microphone and the loudspeaker are pipes.
 *
 *   cc call.c $(pkg-config --cflags --libs burrow) -o call
 *   arecord -f S16_LE -r 48000 | ./call wss://relay.example | aplay -f S16_LE -r 48000
 *       prints who it is, waits to be invited to a group, and answers its first call
 *   arecord … | ./call --moq moqt://relay.example wss://relay.example npub1… [npub1…] | aplay …
 *       founds a group with these people and calls them
 *
 * Everything happens in one poll(): events of the library, samples from the standard input, and a timer that takes what is to
 * be played. The library does the rest in threads of its own and never calls into this program.
 */
#include <burrow.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum {
  MAX_PEOPLE = 16,
  FRAMES = 960 /* 20 ms */
};

static volatile sig_atomic_t interrupted;

static void interrupt(int number) {
  (void)number;
  interrupted = 1;
}

static const char usage[] =
    "usage: call [options] RELAY [MEMBER...]\n"
    "\n"
    "Calls a new group of these members, or without any answers the first call of a group that invites us. RELAY is a\n"
    "Nostr relay, wss://host[:port]; a MEMBER is an npub1… or 64 hexadecimal digits. Samples have 16 bits, 48 kHz, "
    "mono.\n"
    "\n"
    "  --moq URL       the MoQ relay of the call\n"
    "  --pin HEX       accept its certificate with this SHA-256 fingerprint\n"
    "  --seconds N     hang up after so many in the call\n"
    "  --help          this text\n";

struct host {
  /* What was asked for. */
  const char *relay, *moq;
  uint8_t pin[32], members[MAX_PEOPLE * 32];
  size_t member_count;
  int has_pin;
  long seconds;
  /* What there is. */
  burrow_engine *engine;
  burrow_identity *me;
  burrow_group *group;
  burrow_call *call;
  burrow_room *room;
  burrow_track *microphone, *voices[MAX_PEOPLE];
  char paths[MAX_PEOPLE][BURROW_PATH_SIZE];
  size_t voice_count;
  burrow_request opening, founding;
  int64_t again_us, end_us;
  int over, failed;
};

static int check(struct host *host, const char *what, burrow_status status) {
  char text[512] = "";
  size_t needed = 0;
  if (status >= 0) return 1;
  if (burrow_last_error(text, sizeof text, &needed) != BURROW_OK) text[0] = 0;
  fprintf(stderr, "%s: %s (%s)\n", what, text, burrow_status_name(status));
  host->failed = host->over = 1;
  return 0;
}

/* ---- groups ---------------------------------------------------------------------------------------------------- */

static void found(struct host *host) {
  burrow_group_config config;
  burrow_config_init(&config, sizeof config);
  config.name = "friends";
  config.relays = &host->relay;
  config.relay_count = 1;
  config.members = host->members;
  config.member_count = host->member_count;
  burrow_release(host->group);
  host->group = NULL;
  host->again_us = 0;
  check(host, "founding a group", burrow_group_create(host->me, &config, &host->group, &host->founding));
}

/** The identity is there. */
static void opened(struct host *host) {
  uint8_t key[32];
  char text[BURROW_KEY_TEXT_SIZE];
  size_t length = 0;
  if (!check(host, "reading the key", burrow_identity_pubkey(host->me, key)) ||
      !check(host, "writing the key", burrow_pubkey_format(key, text, sizeof text, &length)))
    return;
  fprintf(stderr, "i am %s\n", text);
  if (host->member_count)
    found(host);
  else
    check(host, "publishing a key package", burrow_key_package_publish(host->me, NULL, 0, NULL));
}

static void invited(struct host *host, const burrow_event *event) {
  if (host->group ||
      !check(host, "opening the group", burrow_group_open(host->me, event->data, event->data_len, &host->group)))
    return;
  check(host, "joining", burrow_group_join(host->group, NULL));
}

/* ---- the call -------------------------------------------------------------------------------------------------- */

/** How we are in a call: whom to trust there, and where it is if it is ours. */
static void configure(struct host *host, burrow_call_config *config, burrow_room_config *room) {
  burrow_config_init(config, sizeof *config);
  burrow_config_init(room, sizeof *room);
  if (host->has_pin) {
    room->pins = host->pin;
    room->pin_count = 1;
  }
  config->room = room;
}

static void call(struct host *host) {
  burrow_call_config config;
  burrow_room_config room;
  configure(host, &config, &room);
  config.group = host->group;
  config.relays = host->moq;
  if (check(host, "calling", burrow_call_start(host->me, &config, &host->call, NULL))) fprintf(stderr, "calling\n");
}

static void answer(struct host *host, burrow_call *incoming) {
  burrow_call_config config;
  burrow_room_config room;
  configure(host, &config, &room);
  /* The event lends it: it is ours from here on. */
  if (!check(host, "keeping the call", burrow_retain(incoming))) return;
  host->call = incoming;
  if (check(host, "answering", burrow_call_accept(host->call, &config, NULL))) fprintf(stderr, "answering\n");
}

static void leave_room(struct host *host) {
  while (host->voice_count > 0)
    burrow_release(host->voices[--host->voice_count]);
  burrow_release(host->microphone);
  burrow_release(host->room);
  host->microphone = NULL;
  host->room = NULL;
}

/** The room is there as soon as both sides want the call: our microphone goes in. After a change of relays it is another. */
static void enter(struct host *host) {
  burrow_call_info info = {.struct_size = sizeof info};
  if (burrow_call_info_get(host->call, &info) != BURROW_OK || !info.room || info.room == host->room) return;
  leave_room(host);
  if (!check(host, "keeping the room", burrow_retain(info.room))) return;
  host->room = info.room;
  burrow_track_config track;
  burrow_config_init(&track, sizeof track);
  track.kind = BURROW_TRACK_KIND_AUDIO;
  check(host, "publishing the microphone", burrow_track_publish(host->room, &track, &host->microphone));
}

/** Subscribes to everybody's sound, once. */
static void follow(struct host *host) {
  burrow_call_member members[MAX_PEOPLE];
  size_t count = 0;
  members[0].struct_size = sizeof members[0];
  if (!host->room || burrow_call_participants(host->call, members, MAX_PEOPLE, &count) != BURROW_OK) return;
  for (size_t i = 0; i < count; i++) {
    size_t known = 0;
    while (known < host->voice_count && strcmp(host->paths[known], members[i].path) != 0)
      known++;
    if (!members[i].announced || known < host->voice_count || known == MAX_PEOPLE) continue;
    burrow_track_request want;
    burrow_config_init(&want, sizeof want);
    want.kind = BURROW_TRACK_KIND_AUDIO;
    if (!check(host, "listening",
               burrow_track_subscribe(host->room, members[i].path, NULL, &want, &host->voices[known])))
      return;
    memcpy(host->paths[known], members[i].path, sizeof members[i].path);
    host->voice_count++;
    fprintf(stderr, "here: %s\n", members[i].path);
  }
}

static void call_changed(struct host *host, const burrow_event *event) {
  if (event->state == BURROW_CALL_INCOMING && !host->call) answer(host, event->subject);
  if (!host->call || event->subject != host->call) return;
  if (event->state == BURROW_CALL_ACTIVE && !host->end_us) {
    fprintf(stderr, "active\n");
    host->end_us = host->seconds ? burrow_now_us() + host->seconds * 1000000 : INT64_MAX;
  } else if (event->state == BURROW_CALL_ENDED || event->state == BURROW_CALL_FAILED) {
    fprintf(stderr, "over: %s\n", event->text);
    host->over = 1;
    host->failed = host->failed || event->state == BURROW_CALL_FAILED || !host->end_us;
  }
}

static void hang_up(struct host *host) {
  host->end_us = INT64_MAX;
  interrupted = 0;
  if (!host->call || burrow_call_end(host->call, 0, NULL) < 0) host->over = 1;
}

/* ---- the loop -------------------------------------------------------------------------------------------------- */

static void on_event(struct host *host, const burrow_event *event) {
  if (event->kind == BURROW_EVENT_DONE && event->request == host->opening) {
    if (check(host, event->text, event->status)) opened(host);
  } else if (event->kind == BURROW_EVENT_DONE && event->request == host->founding) {
    /* Key packages may be on their way still. */
    if (event->status == BURROW_ERR_NOT_FOUND)
      host->again_us = burrow_now_us() + 500 * 1000;
    else if (check(host, event->text, event->status))
      fprintf(stderr, "founded\n");
  } else if (event->kind == BURROW_EVENT_GROUP_EPOCH && host->member_count && !host->call) {
    /* The first to join changes the keys: now there is somebody to call. */
    call(host);
  } else if (event->kind == BURROW_EVENT_GROUP_STATE && event->state == BURROW_GROUP_INVITED) {
    invited(host, event);
  } else if (event->kind == BURROW_EVENT_CALL_STATE) {
    call_changed(host, event);
  }
  /* Kinds this program does not care about, or does not know yet, may bring news of the call all the same. */
  if (host->call && !host->over) {
    enter(host);
    follow(host);
  }
}

/** Takes all events that wait; the descriptor is readable as long as there are some. */
static void drain(struct host *host) {
  burrow_event event = {.struct_size = sizeof event};
  burrow_status status = BURROW_OK;
  while (!host->over && (status = burrow_engine_next_event(host->engine, 0, &event)) == BURROW_OK)
    on_event(host, &event);
  if (status != BURROW_OK && status != BURROW_AGAIN) check(host, "waiting for events", status);
}

static burrow_audio_frame sound(int16_t *samples, uint32_t frames) {
  burrow_audio_frame frame = {.struct_size = sizeof frame, .format = BURROW_AUDIO_S16, .sample_rate = 48000};
  frame.channels = 1;
  frame.frames = frames;
  frame.samples = samples;
  return frame;
}

/** What was said goes to the others; 0 at the end of the input. */
static int record(struct host *host) {
  int16_t samples[FRAMES];
  ssize_t bytes = read(STDIN_FILENO, samples, sizeof samples);
  if (bytes <= 0) return bytes < 0 && errno == EINTR;
  burrow_audio_frame frame = sound(samples, (uint32_t)bytes / 2);
  /* Nobody listens before there is a call, and BURROW_AGAIN would mean that a second of sound waits already. */
  if (host->microphone && frame.frames) check(host, "recording", burrow_track_push_audio(host->microphone, &frame));
  return 1;
}

/** What the others say is to be played now: pulling is the clock. */
static void play(struct host *host, int timer) {
  uint64_t ticks = 0;
  int16_t samples[FRAMES] = {0};
  if (read(timer, &ticks, sizeof ticks) != sizeof ticks) return;
  while (ticks-- > 0 && host->room && !host->over) {
    burrow_audio_frame frame = sound(samples, FRAMES);
    if (burrow_room_mix_audio(host->room, &frame) < 0 || write(STDOUT_FILENO, samples, sizeof samples) < 0) return;
  }
}

static void run(struct host *host) {
  int32_t events = -1;
  int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  struct itimerspec every = {{0, 20000000}, {0, 20000000}};
  timerfd_settime(timer, 0, &every, NULL);
  if (!check(host, "asking for the descriptor", burrow_engine_event_fd(host->engine, &events))) return;
  struct pollfd fds[] = {
      {.fd = events, .events = POLLIN}, {.fd = timer, .events = POLLIN}, {.fd = 0, .events = POLLIN}};
  while (!host->over) {
    int64_t now_us;
    if (poll(fds, 3, -1) < 0 && errno != EINTR) break;
    if (fds[0].revents) drain(host);
    if (fds[1].revents) play(host, timer);
    if (fds[2].revents && !record(host)) fds[2].fd = -1;
    now_us = burrow_now_us();
    if (host->again_us && now_us >= host->again_us) found(host);
    if (interrupted || (host->end_us && now_us >= host->end_us)) hang_up(host);
  }
  close(timer);
}

static int read_pin(const char *text, uint8_t out[32]) {
  unsigned value = 0;
  for (int i = 0; i < 32; i++, text += 2) {
    if (sscanf(text, "%2x", &value) != 1) return 0;
    out[i] = (uint8_t)value;
  }
  return *text == 0;
}

static int read_options(int argc, char **argv, struct host *host) {
  int index = 1;
  for (; index < argc && argv[index][0] == '-'; index++) {
    const char *name = argv[index], *value = index + 1 < argc ? argv[index + 1] : NULL;
    if (strcmp(name, "--moq") == 0 && value)
      host->moq = value;
    else if (strcmp(name, "--pin") == 0 && value && strlen(value) == 64 && read_pin(value, host->pin))
      host->has_pin = 1;
    else if (strcmp(name, "--seconds") == 0 && value && atol(value) > 0)
      host->seconds = atol(value);
    else
      return 0;
    index++;
  }
  if (index == argc || argc - index - 1 > MAX_PEOPLE) return 0;
  host->relay = argv[index++];
  for (; index < argc; index++, host->member_count++)
    if (burrow_pubkey_parse(argv[index], host->members + 32 * host->member_count) != BURROW_OK) return 0;
  return 1;
}

int main(int argc, char **argv) {
  static struct host host;
  if (!read_options(argc, argv, &host)) {
    fputs(usage, argc == 2 && strcmp(argv[1], "--help") == 0 ? stdout : stderr);
    return argc == 2 && strcmp(argv[1], "--help") == 0 ? 0 : 2;
  }
  struct sigaction action = {.sa_handler = interrupt};
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);

  burrow_identity_config identity;
  burrow_config_init(&identity, sizeof identity);
  /* With a storage_path and a storage_key the identity and its groups would still be there next time. */
  if (check(&host, "making an engine", burrow_engine_create(NULL, &host.engine)) &&
      check(&host, "adding the relay", burrow_nostr_add_relay(host.engine, host.relay, NULL)) &&
      check(&host, "making an identity", burrow_identity_create(host.engine, NULL, &identity, &host.me, &host.opening)))
    run(&host);
  leave_room(&host);
  burrow_release(host.call);
  burrow_release(host.group);
  burrow_release(host.me);
  burrow_engine_destroy(host.engine);
  return host.failed;
}
