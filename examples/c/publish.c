/*
 * publish.c: announces a broadcast in a room and publishes one track, a counter or a file.
 *
 *   cc publish.c $(pkg-config --cflags --libs burrow) -o publish
 *   ./publish --pin <fingerprint> moqt://localhost:4443 alice counter
 *   ./publish --pin <fingerprint> moqt://localhost:4443 alice file picture.jpg
 *
 * Everything the library says comes out of burrow_engine_next_event(); between two frames the program waits there.
 */
#include <burrow.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
  CHUNK = 16 * 1024,
  MAX_PINS = 16
};

static volatile sig_atomic_t interrupted;

static void interrupt(int number) {
  (void)number;
  interrupted = 1;
}

static const char usage[] =
    "usage: publish [options] URL PATH TRACK [FILE]\n"
    "\n"
    "Announces PATH in the room at URL (moqt://host[:port][/path][?jwt=token]) and publishes TRACK in it:\n"
    "a counter that goes up, one frame at a time, or the contents of FILE as one group of frames.\n"
    "\n"
    "  --pin HEX       accept the certificate with this SHA-256 fingerprint (may be repeated)\n"
    "  --insecure      accept any certificate: for tests only\n"
    "  --interval MS   time between two frames of the counter (default 500)\n"
    "  --count N       end after N frames of the counter (default: never)\n"
    "  --help          this text\n"
    "\n"
    "A file is sent as soon as somebody subscribes. Ctrl-C ends the program.\n";

/** Prints which call failed and why, and gives back the status. */
static burrow_status complain(const char *what, burrow_status status) {
  char text[512] = "";
  size_t needed = 0;
  if (burrow_last_error(text, sizeof text, &needed) != BURROW_OK) text[0] = 0;
  fprintf(stderr, "%s: %s (%s)\n", what, text, burrow_status_name(status));
  return status;
}

struct options {
  const char *url, *path, *track, *file;
  uint8_t pins[MAX_PINS * 32];
  size_t pin_count;
  int insecure;
  long interval_ms, count;
};

/** Reads 64 hexadecimal digits, with or without colons between the bytes. */
static int read_pin(const char *text, uint8_t out[32]) {
  size_t digits = 0;
  for (; *text; text++) {
    if (*text == ':') continue;
    const char *all = "0123456789abcdef", *found = strchr(all, *text | 0x20);
    if (!found || digits == 64) return 0;
    uint8_t value = (uint8_t)(found - all);
    out[digits / 2] = (uint8_t)(digits % 2 ? out[digits / 2] << 4 | value : value);
    digits++;
  }
  return digits == 64;
}

static int read_number(const char *text, long *out) {
  char *end = NULL;
  errno = 0;
  *out = strtol(text, &end, 10);
  return errno == 0 && end != text && *end == 0 && *out >= 0;
}

static int read_options(int argc, char **argv, struct options *options) {
  int index = 1;
  options->interval_ms = 500;
  for (; index < argc && argv[index][0] == '-'; index++) {
    const char *name = argv[index], *value = index + 1 < argc ? argv[index + 1] : NULL;
    if (strcmp(name, "--help") == 0) {
      fputs(usage, stdout);
      exit(0);
    } else if (strcmp(name, "--insecure") == 0) {
      options->insecure = 1;
    } else if (strcmp(name, "--pin") == 0 && value && options->pin_count < MAX_PINS &&
               read_pin(value, options->pins + 32 * options->pin_count)) {
      options->pin_count++;
      index++;
    } else if (strcmp(name, "--interval") == 0 && value && read_number(value, &options->interval_ms)) {
      index++;
    } else if (strcmp(name, "--count") == 0 && value && read_number(value, &options->count)) {
      index++;
    } else {
      fprintf(stderr, "publish: what is '%s %s'?\n", name, value ? value : "");
      return 0;
    }
  }
  if (argc - index < 3 || argc - index > 4) return 0;
  options->url = argv[index];
  options->path = argv[index + 1];
  options->track = argv[index + 2];
  options->file = argc - index == 4 ? argv[index + 3] : NULL;
  return 1;
}

/** What the program knows about its one room and track. */
struct state {
  burrow_engine *engine;
  burrow_room *room;
  burrow_track *track;
  burrow_request opening;
  int connected, over;
};

static void on_event(struct state *state, const burrow_event *event) {
  switch (event->kind) {
  case BURROW_EVENT_DONE:
    /* When it fails the room closes, and says why. */
    if (event->request == state->opening && event->status == BURROW_OK) state->connected = 1;
    break;
  case BURROW_EVENT_ROOM_STATE:
    if (event->state == BURROW_ROOM_RECONNECTING) {
      fprintf(stderr, "connection lost: %s; connecting again\n", event->text);
    } else if (event->state == BURROW_ROOM_CONNECTED || event->state == BURROW_ROOM_RESTORED) {
      burrow_room_info info = {.struct_size = sizeof info};
      if (burrow_room_info_get(state->room, &info) != BURROW_OK) break;
      fprintf(stderr, "%s to %s as '%s'\n", event->state == BURROW_ROOM_CONNECTED ? "connected" : "connected again",
              info.remote_address, info.path);
    } else if (event->state == BURROW_ROOM_CLOSED) {
      if (event->status != BURROW_OK)
        fprintf(stderr, "the room is closed: %s (%s)\n", event->text, burrow_status_name(event->status));
      state->over = 1;
    }
    break;
  case BURROW_EVENT_PARTICIPANT_JOINED:
    fprintf(stderr, "'%s' is here\n", event->text);
    break;
  case BURROW_EVENT_PARTICIPANT_LEFT:
    fprintf(stderr, "'%s' is gone\n", event->text);
    break;
  default:
    break; /* kinds this program does not care about, or does not know yet */
  }
}

/** Handles events until a time on the clock of burrow_now_us(); returns early when the program should end. */
static void wait_until(struct state *state, int64_t until_us) {
  while (!state->over && !interrupted) {
    int64_t left_ms = (until_us - burrow_now_us() + 999) / 1000;
    if (left_ms < 0) left_ms = 0;
    /* A signal does not end the wait, so it is cut into slices. */
    if (left_ms > 100) left_ms = 100;
    burrow_event event = {.struct_size = sizeof event};
    burrow_status status = burrow_engine_next_event(state->engine, (int32_t)left_ms, &event);
    if (status == BURROW_OK) {
      on_event(state, &event);
    } else if (status != BURROW_AGAIN) {
      if (status != BURROW_ERR_CLOSED) complain("waiting for events", status);
      state->over = 1;
    } else if (burrow_now_us() >= until_us) {
      return;
    }
  }
}

static burrow_status push(struct state *state, const void *data, size_t len, uint32_t flags) {
  burrow_encoded_frame frame = {.struct_size = sizeof frame, .flags = flags, .data = data, .len = len};
  burrow_status status;
  /* BURROW_AGAIN: more frames wait than the engine keeps. It takes them within moments. */
  while ((status = burrow_track_push_encoded(state->track, &frame)) == BURROW_AGAIN && !state->over && !interrupted)
    wait_until(state, burrow_now_us() + 1000);
  if (status < 0) complain("publishing a frame", status);
  return status;
}

static uint64_t subscribers(const struct state *state) {
  burrow_track_stats stats = {.struct_size = sizeof stats};
  return burrow_track_stats_get(state->track, &stats, NULL) == BURROW_OK ? stats.subscribers : 0;
}

static int publish_counter(struct state *state, const struct options *options) {
  int64_t next_us = burrow_now_us();
  for (long number = 0; (options->count == 0 || number < options->count) && !state->over && !interrupted; number++) {
    char text[96];
    int len = snprintf(text, sizeof text, "%ld at %" PRId64 " us", number, burrow_now_us());
    /* Every number is a group of its own: who comes late starts with the newest. */
    if (push(state, text, (size_t)len, BURROW_FRAME_KEY | BURROW_FRAME_END_OF_GROUP) < 0) return 1;
    printf("%s (%" PRIu64 " subscribers)\n", text, subscribers(state));
    fflush(stdout);
    next_us += options->interval_ms * 1000;
    wait_until(state, next_us);
  }
  return 0;
}

static int publish_file(struct state *state, const struct options *options) {
  FILE *file = fopen(options->file, "rb");
  if (!file) {
    fprintf(stderr, "%s: %s\n", options->file, strerror(errno));
    return 1;
  }
  fprintf(stderr, "waiting for a subscriber\n");
  while (subscribers(state) == 0 && !state->over && !interrupted)
    wait_until(state, burrow_now_us() + 20000);
  static uint8_t buffer[2][CHUNK];
  size_t len = fread(buffer[0], 1, CHUNK, file), total = 0;
  int failed = 0;
  uint32_t flags = BURROW_FRAME_KEY;
  for (int turn = 0; !state->over && !interrupted && !failed; turn ^= 1) {
    /* One chunk ahead, to know which is the last. An empty file is one empty frame. */
    size_t next = len ? fread(buffer[turn ^ 1], 1, CHUNK, file) : 0;
    failed = push(state, buffer[turn], len, flags | (next ? 0 : (uint32_t)BURROW_FRAME_END_OF_GROUP)) < 0;
    total += len;
    if (!next) break;
    len = next;
    flags = 0;
  }
  if (ferror(file)) {
    fprintf(stderr, "%s cannot be read\n", options->file);
    failed = 1;
  }
  fclose(file);
  printf("%zu bytes of %s\n", total, options->file);
  return failed;
}

/** Lets what was pushed reach the relay, for at most ten seconds, and takes leave. */
static void finish(struct state *state) {
  if (state->track) burrow_close(state->track, NULL);
  int64_t limit_us = burrow_now_us() + 10 * 1000000;
  for (int quiet = 0; quiet < 3 && !state->over && !interrupted && burrow_now_us() < limit_us;) {
    wait_until(state, burrow_now_us() + 300000);
    burrow_track_stats track = {.struct_size = sizeof track};
    burrow_room_stats room = {.struct_size = sizeof room};
    int known = burrow_track_stats_get(state->track, &track, NULL) == BURROW_OK &&
                burrow_room_stats_get(state->room, &room) == BURROW_OK;
    quiet = known && track.queued_frames == 0 && room.in_flight_bytes == 0 ? quiet + 1 : 0;
  }
  if (burrow_close(state->engine, NULL) != BURROW_OK) return;
  int64_t end_us = burrow_now_us() + 2 * 1000000;
  burrow_event event = {.struct_size = sizeof event};
  while (burrow_now_us() < end_us && burrow_engine_next_event(state->engine, 100, &event) >= BURROW_OK)
    continue;
}

int main(int argc, char **argv) {
  struct options options = {0};
  if (!read_options(argc, argv, &options)) {
    fputs(usage, stderr);
    return 2;
  }
  struct sigaction action = {.sa_handler = interrupt};
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);

  struct state state = {0};
  int code = 1;
  burrow_status status = burrow_engine_create(NULL, &state.engine);
  if (status != BURROW_OK) {
    complain("making an engine", status);
    return 1;
  }

  burrow_room_config room;
  burrow_config_init(&room, sizeof room);
  room.url = options.url;
  room.path = options.path;
  room.pins = options.pin_count ? options.pins : NULL;
  room.pin_count = options.pin_count;
  if (options.insecure) room.flags |= BURROW_ROOM_INSECURE;
  status = burrow_room_open(state.engine, &room, &state.room, &state.opening);
  if (status != BURROW_OK) {
    complain("opening the room", status);
    goto end;
  }

  /* A room takes tracks before it is connected: they are announced as soon as it is. */
  burrow_track_config track;
  burrow_config_init(&track, sizeof track);
  track.name = options.track;
  track.max_age_ms = options.file ? 60000 : 5000;
  status = burrow_track_publish(state.room, &track, &state.track);
  if (status != BURROW_OK) {
    complain("publishing the track", status);
    goto end;
  }

  while (!state.connected && !state.over && !interrupted)
    wait_until(&state, burrow_now_us() + 100000);
  if (state.connected && !state.over) {
    code = options.file ? publish_file(&state, &options) : publish_counter(&state, &options);
    finish(&state);
  }

end:
  burrow_release(state.track);
  burrow_release(state.room);
  burrow_engine_destroy(state.engine);
  return code;
}
