/*
 * subscribe.c: shows who is in a room, and prints the frames of one track.
 *
 *   cc subscribe.c $(pkg-config --cflags --libs burrow) -o subscribe
 *   ./subscribe --pin <fingerprint> moqt://localhost:4443                     who comes and goes
 *   ./subscribe --pin <fingerprint> moqt://localhost:4443 alice counter       one track
 *   ./subscribe --pin <fingerprint> --raw moqt://localhost:4443 alice file > picture.jpg
 *
 * The frames are read where the library keeps them: nothing is copied, and every frame is given back.
 */
#include <burrow.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
  MAX_PINS = 16
};

static volatile sig_atomic_t interrupted;

static void interrupt(int number) {
  (void)number;
  interrupted = 1;
}

static const char usage[] =
    "usage: subscribe [options] URL [PATH TRACK]\n"
    "\n"
    "Enters the room at URL (moqt://host[:port][/path][?jwt=token]). With PATH and TRACK it prints the frames of that\n"
    "track, which may be announced later; without them it shows who is there, comes and goes.\n"
    "\n"
    "  --pin HEX       accept the certificate with this SHA-256 fingerprint (may be repeated)\n"
    "  --insecure      accept any certificate: for tests only\n"
    "  --list          print who is there now, and end\n"
    "  --count N       end after N frames\n"
    "  --raw           write the bytes of the frames to standard output, and nothing else\n"
    "  --max-age MS    give up groups that are this much older than the newest (default 5000)\n"
    "  --help          this text\n"
    "\n"
    "Ends when the track does. Ctrl-C ends the program.\n";

/** Prints which call failed and why. */
static void complain(const char *what, burrow_status status) {
  char text[512] = "";
  size_t needed = 0;
  if (burrow_last_error(text, sizeof text, &needed) != BURROW_OK) text[0] = 0;
  fprintf(stderr, "%s: %s (%s)\n", what, text, burrow_status_name(status));
}

struct options {
  const char *url, *path, *track;
  uint8_t pins[MAX_PINS * 32];
  size_t pin_count;
  int insecure, list, raw;
  long count, max_age_ms;
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
  options->max_age_ms = 5000;
  for (; index < argc && argv[index][0] == '-'; index++) {
    const char *name = argv[index], *value = index + 1 < argc ? argv[index + 1] : NULL;
    if (strcmp(name, "--help") == 0) {
      fputs(usage, stdout);
      exit(0);
    } else if (strcmp(name, "--insecure") == 0) {
      options->insecure = 1;
    } else if (strcmp(name, "--list") == 0) {
      options->list = 1;
    } else if (strcmp(name, "--raw") == 0) {
      options->raw = 1;
    } else if (strcmp(name, "--pin") == 0 && value && options->pin_count < MAX_PINS &&
               read_pin(value, options->pins + 32 * options->pin_count)) {
      options->pin_count++;
      index++;
    } else if (strcmp(name, "--count") == 0 && value && read_number(value, &options->count)) {
      index++;
    } else if (strcmp(name, "--max-age") == 0 && value && read_number(value, &options->max_age_ms)) {
      index++;
    } else {
      fprintf(stderr, "subscribe: what is '%s %s'?\n", name, value ? value : "");
      return 0;
    }
  }
  if (argc - index != 1 && argc - index != 3) return 0;
  options->url = argv[index];
  if (argc - index == 3) {
    options->path = argv[index + 1];
    options->track = argv[index + 2];
  }
  return 1;
}

/** What the program knows about its one room and track. */
struct state {
  const struct options *options;
  burrow_engine *engine;
  burrow_room *room;
  burrow_track *track;
  burrow_request opening;
  long frames;
  int connected, over, failed;
};

/** Prints a frame: text as text, anything else as the beginning of its bytes. */
static void print_frame(const burrow_encoded_frame *frame) {
  int text = frame->len > 0 && frame->len < 4096;
  for (size_t i = 0; text && i < frame->len; i++)
    text = isprint(frame->data[i]) || isspace(frame->data[i]);
  printf("group %" PRIu64 " frame %" PRIu64 "%s, %zu bytes: ", frame->group, frame->sequence,
         frame->flags & BURROW_FRAME_DISCONTINUITY ? " (after a gap)" : "", frame->len);
  if (text) {
    printf("%.*s\n", (int)frame->len, (const char *)frame->data);
  } else {
    for (size_t i = 0; i < frame->len && i < 24; i++)
      printf("%02x", frame->data[i]);
    puts(frame->len > 24 ? "..." : "");
  }
}

/** Takes every frame that waits. */
static void read_frames(struct state *state) {
  while (!state->over && !interrupted) {
    burrow_encoded_frame frame = {.struct_size = sizeof frame};
    burrow_status status = burrow_track_pull_encoded(state->track, &frame);
    if (status == BURROW_AGAIN) break;
    if (status != BURROW_OK) {
      /* BURROW_ERR_CLOSED: the track is over and everything was taken. */
      if (status != BURROW_ERR_CLOSED)
        complain("reading a frame", status);
      else
        fprintf(stderr, "the track has ended after %ld frames\n", state->frames);
      state->failed |= status != BURROW_ERR_CLOSED;
      state->over = 1;
      break;
    }
    if (state->options->raw) {
      if (fwrite(frame.data, 1, frame.len, stdout) != frame.len) {
        fprintf(stderr, "writing: %s\n", strerror(errno));
        state->failed = state->over = 1;
      }
    } else {
      print_frame(&frame);
    }
    burrow_release(frame.buffer);
    state->frames++;
    if (state->options->count && state->frames >= state->options->count) state->over = 1;
  }
  fflush(stdout);
}

/** Prints everybody who is in the room now. */
static int list_participants(const struct state *state) {
  burrow_participant *list = NULL;
  size_t count = 0, capacity = 0;
  burrow_status status;
  /* The list may grow between asking how long it is and reading it. */
  while ((status = burrow_room_participants(state->room, list, capacity, &count)) == BURROW_ERR_BUFFER_TOO_SMALL ||
         (status == BURROW_OK && capacity == 0 && count > 0)) {
    free(list);
    capacity = count + 8;
    list = calloc(capacity, sizeof *list);
    if (!list) {
      fputs("out of memory\n", stderr);
      return 1;
    }
    list[0].struct_size = sizeof *list;
  }
  if (status != BURROW_OK) complain("listing participants", status);
  for (size_t i = 0; status == BURROW_OK && capacity && i < count; i++)
    printf("%" PRIu32 "\t%s\n", list[i].id, list[i].path);
  if (status == BURROW_OK && count == 0) puts("nobody");
  free(list);
  return status != BURROW_OK;
}

static void on_event(struct state *state, const burrow_event *event) {
  int quiet = state->options->raw;
  switch (event->kind) {
  case BURROW_EVENT_DONE:
    /* When it fails the room closes, and says why. */
    if (event->request == state->opening && event->status == BURROW_OK) state->connected = 1;
    break;
  case BURROW_EVENT_ROOM_STATE:
    if (event->state == BURROW_ROOM_RECONNECTING) {
      fprintf(stderr, "connection lost: %s; connecting again\n", event->text);
    } else if (event->state == BURROW_ROOM_RESTORED) {
      fprintf(stderr, "connected again\n");
    } else if (event->state == BURROW_ROOM_CLOSED) {
      if (event->status != BURROW_OK) {
        fprintf(stderr, "the room is closed: %s (%s)\n", event->text, burrow_status_name(event->status));
        state->failed = 1;
      }
      state->over = 1;
    }
    break;
  case BURROW_EVENT_PARTICIPANT_JOINED:
    if (!quiet && !state->options->list) printf("'%s' is here\n", event->text);
    break;
  case BURROW_EVENT_PARTICIPANT_LEFT:
    if (!quiet && !state->options->list) printf("'%s' is gone\n", event->text);
    break;
  case BURROW_EVENT_TRACK_DATA:
    read_frames(state);
    break;
  case BURROW_EVENT_TRACK_STATE:
    if (event->state == BURROW_TRACK_LIVE) {
      fprintf(stderr, "'%s' of '%s' goes\n", state->options->track, state->options->path);
    } else if (event->state == BURROW_TRACK_ENDED) {
      /* What came before the end can still be read; when all of it was, pulling says so. */
      read_frames(state);
    } else if (event->state == BURROW_TRACK_FAILED) {
      fprintf(stderr, "no track: %s (%s)\n", event->text, burrow_status_name(event->status));
      state->failed = state->over = 1;
    }
    break;
  default:
    break; /* kinds this program does not care about, or does not know yet */
  }
  fflush(stdout);
}

/** Handles events until a time on the clock of burrow_now_us(), or until the program should end. */
static void wait_until(struct state *state, int64_t until_us) {
  while (!state->over && !interrupted && burrow_now_us() < until_us) {
    burrow_event event = {.struct_size = sizeof event};
    /* A signal does not end the wait, so it is cut into slices. */
    burrow_status status = burrow_engine_next_event(state->engine, 100, &event);
    if (status == BURROW_OK) {
      on_event(state, &event);
    } else if (status != BURROW_AGAIN) {
      if (status != BURROW_ERR_CLOSED) complain("waiting for events", status);
      state->over = 1;
    }
  }
}

/** Says goodbye to the relay; it would notice by itself, but only after a while. */
static void leave(struct state *state) {
  if (burrow_close(state->engine, NULL) != BURROW_OK) return;
  int64_t end_us = burrow_now_us() + 2 * 1000000;
  burrow_event event = {.struct_size = sizeof event};
  while (burrow_now_us() < end_us && burrow_engine_next_event(state->engine, 100, &event) >= BURROW_OK)
    continue;
}

static int run(struct state *state) {
  const struct options *options = state->options;
  burrow_room_config room;
  burrow_config_init(&room, sizeof room);
  room.url = options->url;
  room.pins = options->pin_count ? options->pins : NULL;
  room.pin_count = options->pin_count;
  if (options->insecure) room.flags |= BURROW_ROOM_INSECURE;
  burrow_status status = burrow_room_open(state->engine, &room, &state->room, &state->opening);
  if (status != BURROW_OK) {
    complain("opening the room", status);
    return 1;
  }

  if (options->track) {
    burrow_track_request want;
    burrow_config_init(&want, sizeof want);
    want.max_age_ms = (uint32_t)options->max_age_ms;
    want.flags |= options->raw ? (uint32_t)BURROW_TRACK_ORDERED : 0;
    status = burrow_track_subscribe(state->room, options->path, options->track, &want, &state->track);
    if (status != BURROW_OK) {
      complain("subscribing", status);
      return 1;
    }
  }

  while (!state->connected && !state->over && !interrupted)
    wait_until(state, burrow_now_us() + 100000);
  if (options->list && state->connected) {
    /* The relay tells who is there right after the connection stands. */
    wait_until(state, burrow_now_us() + 500000);
    return list_participants(state);
  }
  while (!state->over && !interrupted)
    wait_until(state, INT64_MAX);
  return state->failed;
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

  struct state state = {.options = &options};
  burrow_status status = burrow_engine_create(NULL, &state.engine);
  if (status != BURROW_OK) {
    complain("making an engine", status);
    return 1;
  }
  int code = run(&state);
  leave(&state);
  burrow_release(state.track);
  burrow_release(state.room);
  burrow_engine_destroy(state.engine);
  return code;
}
