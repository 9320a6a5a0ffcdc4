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
  FRAMES = 960 /* 20 ms at 48 kHz */
};

static const char usage[] = "usage: call [--moq URL] [--pin SHA256] [--seconds N] NOSTR_RELAY [MEMBER...]\n";

struct host {
  const char *relay, *moq;
  uint8_t pin[32], members[MAX_PEOPLE * 32];
  size_t member_count;
  int has_pin, seconds;
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

static volatile sig_atomic_t interrupted;

static void interrupt(int number) { interrupted = number; }

/** Says what went wrong, and ends the program. */
static int check(struct host *host, const char *what, burrow_status status) {
  char text[512] = "";
  size_t needed = 0;
  if (status >= 0) return 1;
  (void)burrow_last_error(text, sizeof text, &needed);
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
  if (!host->group &&
      check(host, "opening the group", burrow_group_open(host->me, event->data, event->data_len, &host->group)))
    check(host, "joining", burrow_group_join(host->group, NULL));
}

/* ---- the call -------------------------------------------------------------------------------------------------- */

/** Calls the group, or answers a call of it. */
static void talk(struct host *host, burrow_call *incoming) {
  burrow_call_config config;
  burrow_room_config room;
  burrow_config_init(&config, sizeof config);
  burrow_config_init(&room, sizeof room);
  config.room = &room;
  room.pins = host->has_pin ? host->pin : NULL;
  room.pin_count = host->has_pin ? 1 : 0;
  if (!incoming) {
    config.group = host->group;
    config.relays = host->moq;
    check(host, "calling", burrow_call_start(host->me, &config, &host->call, NULL));
  } else if (check(host, "keeping the call", burrow_retain(incoming))) {
    /* The event lent it: it is ours from here on. */
    host->call = incoming;
    check(host, "answering", burrow_call_accept(host->call, &config, NULL));
  }
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
  burrow_call_member members[MAX_PEOPLE] = {{.struct_size = sizeof members[0]}};
  size_t count = 0, known;
  if (!host->room || burrow_call_participants(host->call, members, MAX_PEOPLE, &count) != BURROW_OK) return;
  for (size_t i = 0; i < count; i++) {
    for (known = 0; known < host->voice_count && strcmp(host->paths[known], members[i].path) != 0;)
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
  }
}

static void call_changed(struct host *host, const burrow_event *event) {
  if (event->state == BURROW_CALL_INCOMING && !host->call) talk(host, event->subject);
  if (event->subject != host->call) return;
  if (event->state == BURROW_CALL_ACTIVE && !host->end_us) {
    host->end_us = host->seconds ? burrow_now_us() + host->seconds * INT64_C(1000000) : INT64_MAX;
  } else if (event->state == BURROW_CALL_ENDED || event->state == BURROW_CALL_FAILED) {
    fprintf(stderr, "over: %s\n", event->text);
    host->over = 1;
    host->failed |= !host->end_us || event->state == BURROW_CALL_FAILED;
  }
}

/* ---- the loop -------------------------------------------------------------------------------------------------- */

static void on_event(struct host *host, const burrow_event *event) {
  if (event->kind == BURROW_EVENT_DONE && event->request == host->opening) {
    if (check(host, event->text, event->status)) opened(host);
  } else if (event->kind == BURROW_EVENT_DONE && event->request == host->founding) {
    /* Key packages may be on their way still. */
    if (event->status == BURROW_ERR_NOT_FOUND)
      host->again_us = burrow_now_us() + 500 * 1000;
    else
      check(host, event->text, event->status);
  } else if (event->kind == BURROW_EVENT_GROUP_EPOCH && host->member_count && !host->call) {
    /* The first to join changes the keys: now there is somebody to call. */
    talk(host, NULL);
  } else if (event->kind == BURROW_EVENT_GROUP_STATE && event->state == BURROW_GROUP_INVITED) {
    invited(host, event);
  } else if (event->kind == BURROW_EVENT_CALL_STATE) {
    call_changed(host, event);
  }
  /* Whatever it was, the call may have a room now, and somebody may be there. */
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
  if (status != BURROW_OK) check(host, "waiting for events", status);
}

static burrow_audio_frame sound(int16_t *samples, size_t frames) {
  burrow_audio_frame frame = {.struct_size = sizeof frame, .format = BURROW_AUDIO_S16, .sample_rate = 48000};
  frame.channels = 1;
  frame.frames = (uint32_t)frames;
  frame.samples = samples;
  return frame;
}

/** What was said goes to the others, if there is a call; 0 at the end of the input. */
static int record(struct host *host) {
  int16_t samples[FRAMES];
  ssize_t bytes = read(STDIN_FILENO, samples, sizeof samples);
  if (bytes <= 0) return bytes < 0 && errno == EINTR;
  burrow_audio_frame frame = sound(samples, (size_t)bytes / 2);
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
  while (!host->over && (poll(fds, 3, -1) >= 0 || errno == EINTR)) {
    if (fds[0].revents) drain(host);
    if (fds[1].revents) play(host, timer);
    if (fds[2].revents && !record(host)) fds[2].fd = -1;
    if (host->again_us && burrow_now_us() >= host->again_us) found(host);
    if (interrupted || (host->end_us && burrow_now_us() >= host->end_us)) {
      /* The others are told first; the event that it is over ends the loop. */
      if (!host->call || burrow_call_end(host->call, 0, NULL) < 0) break;
      interrupted = 0;
      host->end_us = INT64_MAX;
    }
  }
  close(timer);
}

static int read_options(int argc, char **argv, struct host *host) {
  int index = 1;
  for (; index + 1 < argc && argv[index][0] == '-'; index += 2) {
    const char *name = argv[index], *value = argv[index + 1];
    if (strcmp(name, "--moq") == 0) host->moq = value;
    if (strcmp(name, "--seconds") == 0) host->seconds = atoi(value);
    if (strcmp(name, "--pin") != 0) continue;
    host->has_pin = 0;
    if (strlen(value) != 64) return 0;
    while (host->has_pin < 32 && sscanf(value + 2 * host->has_pin, "%2hhx", &host->pin[host->has_pin]) == 1)
      host->has_pin++;
    if (host->has_pin != 32) return 0;
  }
  if (index >= argc || argv[index][0] == '-' || argc - index - 1 > MAX_PEOPLE) return 0;
  host->relay = argv[index++];
  for (; index < argc; index++, host->member_count++)
    if (burrow_pubkey_parse(argv[index], host->members + 32 * host->member_count) != BURROW_OK) return 0;
  return 1;
}

int main(int argc, char **argv) {
  static struct host host;
  if (!read_options(argc, argv, &host)) {
    fputs(usage, stderr);
    return 2;
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
