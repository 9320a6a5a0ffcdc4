/*
 * subscribe_media.c: records somebody's camera and microphone: pictures to a Y4M file, sound to a WAV file, in step.
 *
 *   cc subscribe_media.c $(pkg-config --cflags --libs burrow) -o subscribe_media
 *   ./subscribe_media --pin <fingerprint> --video alice.y4m --audio alice.wav moqt://localhost:4443 alice
 *   ./subscribe_media --pin <fingerprint> --audio alice.wav --rate 16000 --seconds 10 moqt://localhost:4443 alice
 *
 * Pulling is the clock: the program asks every ten milliseconds for what is to be heard and seen now. Evening out the
 * network, decoding, and making up what is missing is the library's work.
 */
#include <burrow.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
  MAX_PINS = 16,
  STEP_MS = 10
};

static volatile sig_atomic_t interrupted;

static void interrupt(int number) {
  (void)number;
  interrupted = 1;
}

static const char usage[] =
    "usage: subscribe_media [options] URL PATH\n"
    "\n"
    "Enters the room at URL (moqt://host[:port][/path][?jwt=token]) and records who publishes at PATH, which may be\n"
    "announced later. Ends when the participant leaves.\n"
    "\n"
    "  --video FILE     the Y4M file to be written\n"
    "  --audio FILE     the WAV file to be written\n"
    "  --seconds N      end after so much was recorded\n"
    "  --frame-rate N   pictures per second in the file (default 30)\n"
    "  --rate N         samples per second in the file (default 48000)\n"
    "  --channels N     1 or 2 (default 1)\n"
    "  --pin HEX        accept the certificate with this SHA-256 fingerprint (may be repeated)\n"
    "  --insecure       accept any certificate: for tests only\n"
    "  --help           this text\n";

/** Prints which call failed and why. */
static void complain(const char *what, burrow_status status) {
  char text[512] = "";
  size_t needed = 0;
  if (burrow_last_error(text, sizeof text, &needed) != BURROW_OK) text[0] = 0;
  fprintf(stderr, "%s: %s (%s)\n", what, text, burrow_status_name(status));
}

struct options {
  const char *url, *path, *video, *audio;
  uint8_t pins[MAX_PINS * 32];
  size_t pin_count;
  int insecure;
  long seconds, frame_rate, rate, channels;
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
  return errno == 0 && end != text && *end == 0 && *out > 0;
}

static int read_options(int argc, char **argv, struct options *options) {
  int index = 1;
  options->frame_rate = 30;
  options->rate = 48000;
  options->channels = 1;
  for (; index < argc && argv[index][0] == '-'; index++) {
    const char *name = argv[index], *value = index + 1 < argc ? argv[index + 1] : NULL;
    if (strcmp(name, "--help") == 0) {
      fputs(usage, stdout);
      exit(0);
    } else if (strcmp(name, "--insecure") == 0) {
      options->insecure = 1;
      continue;
    } else if (strcmp(name, "--video") == 0 && value) {
      options->video = value;
    } else if (strcmp(name, "--audio") == 0 && value) {
      options->audio = value;
    } else if (strcmp(name, "--pin") == 0 && value && options->pin_count < MAX_PINS &&
               read_pin(value, options->pins + 32 * options->pin_count)) {
      options->pin_count++;
    } else if (!(strcmp(name, "--seconds") == 0 && value && read_number(value, &options->seconds)) &&
               !(strcmp(name, "--frame-rate") == 0 && value && read_number(value, &options->frame_rate)) &&
               !(strcmp(name, "--rate") == 0 && value && read_number(value, &options->rate)) &&
               !(strcmp(name, "--channels") == 0 && value && read_number(value, &options->channels))) {
      fprintf(stderr, "subscribe_media: what is '%s %s'?\n", name, value ? value : "");
      return 0;
    }
    index++;
  }
  if (argc - index != 2 || (!options->video && !options->audio)) return 0;
  options->url = argv[index];
  options->path = argv[index + 1];
  return options->rate <= 48000 && options->channels <= 2 && options->frame_rate <= 1000;
}

/* ---- files ----------------------------------------------------------------------------------------------------- */

/** Writes pictures at a fixed rate: the last one again while there is no new one. */
struct film {
  FILE *file;
  long rate;
  burrow_video_frame last;
  uint8_t *picture;
  size_t size;
  int64_t written, taken;
};

/** Takes a picture; one of another size than the first is scaled to it. */
static int take_picture(struct film *film, const burrow_video_frame *shown) {
  if (!film->picture) {
    size_t luma = (size_t)shown->width * shown->height;
    size_t chroma = (size_t)((shown->width + 1) / 2) * ((shown->height + 1) / 2);
    film->size = luma + 2 * chroma;
    film->picture = malloc(film->size);
    if (!film->picture) return 0;
    film->last = (burrow_video_frame){.struct_size = sizeof film->last, .format = BURROW_VIDEO_I420};
    film->last.width = shown->width;
    film->last.height = shown->height;
    film->last.color = shown->color;
    for (int plane = 0; plane < 3; plane++) {
      film->last.plane[plane] = film->picture + (plane ? luma + (size_t)(plane - 1) * chroma : 0);
      film->last.stride[plane] = (int32_t)(plane ? (shown->width + 1) / 2 : shown->width);
    }
    fprintf(film->file, "YUV4MPEG2 W%" PRIu32 " H%" PRIu32 " F%ld:1 Ip A1:1 C420jpeg\n", shown->width, shown->height,
            film->rate);
  }
  film->taken++;
  return burrow_video_frame_convert(shown, &film->last) == BURROW_OK;
}

/** Fills the file up to a time. What was before the first picture looks like the first. */
static void advance_film(struct film *film, int64_t recorded_ms) {
  while (film->picture && film->written * 1000 < recorded_ms * film->rate) {
    fputs("FRAME\n", film->file);
    fwrite(film->picture, 1, film->size, film->file);
    film->written++;
  }
}

static void put_number(uint8_t *out, uint32_t value, int count) {
  for (int i = 0; i < count; i++)
    out[i] = (uint8_t)(value >> (8 * i));
}

/** The beginning of a WAV file with 16 bits and so many samples per channel. */
static void write_head(FILE *file, uint32_t rate, uint32_t channels, uint32_t frames) {
  uint8_t head[44];
  memcpy(head, "RIFF....WAVEfmt ", 16);
  put_number(head + 4, 36 + frames * channels * 2, 4);
  put_number(head + 16, 16, 4);
  put_number(head + 20, 1, 2);
  put_number(head + 22, channels, 2);
  put_number(head + 24, rate, 4);
  put_number(head + 28, rate * channels * 2, 4);
  put_number(head + 32, channels * 2, 2);
  put_number(head + 34, 16, 2);
  memcpy(head + 36, "data", 4);
  put_number(head + 40, frames * channels * 2, 4);
  rewind(file);
  fwrite(head, 1, sizeof head, file);
}

/* ---- the room -------------------------------------------------------------------------------------------------- */

struct state {
  const char *path;
  burrow_engine *engine;
  burrow_room *room;
  burrow_track *screen, *speaker;
  int over, failed;
};

static void on_event(struct state *state, const burrow_event *event) {
  if (event->kind == BURROW_EVENT_PARTICIPANT_LEFT && strcmp(event->text, state->path) == 0) {
    state->over = 1;
  } else if (event->kind == BURROW_EVENT_ROOM_STATE && event->state == BURROW_ROOM_CLOSED) {
    if (event->status != BURROW_OK) {
      fprintf(stderr, "the room is closed: %s (%s)\n", event->text, burrow_status_name(event->status));
      state->failed = 1;
    }
    state->over = 1;
  } else if (event->kind == BURROW_EVENT_ROOM_STATE && event->state == BURROW_ROOM_RECONNECTING) {
    fprintf(stderr, "connection lost: %s; connecting again\n", event->text);
  }
}

/** Handles events until a time on the clock of burrow_now_us(). */
static void wait_until(struct state *state, int64_t until_us) {
  do {
    int64_t left_us = until_us - burrow_now_us();
    burrow_event event = {.struct_size = sizeof event};
    int32_t wait_ms = left_us > 0 ? (int32_t)((left_us + 999) / 1000) : 0;
    burrow_status status = burrow_engine_next_event(state->engine, wait_ms, &event);
    if (status == BURROW_OK) on_event(state, &event);
    if (status < 0) state->over = 1;
    if (status == BURROW_AGAIN && left_us <= 0) return;
  } while (!state->over && !interrupted);
}

static int record(struct state *state, const struct options *options, struct film *film, FILE *sound) {
  static int16_t samples[48000 * STEP_MS / 1000 * 2];
  burrow_audio_frame piece = {.struct_size = sizeof piece, .format = BURROW_AUDIO_S16, .samples = samples};
  piece.sample_rate = (uint32_t)options->rate;
  piece.channels = (uint32_t)options->channels;
  int64_t begin_us = burrow_now_us(), step = 0, recorded_ms = 0, frames = 0;
  int started = 0;
  if (sound) write_head(sound, piece.sample_rate, piece.channels, 0);
  while (!state->over && !interrupted && !(options->seconds && recorded_ms >= options->seconds * 1000)) {
    wait_until(state, begin_us + ++step * STEP_MS * 1000);
    burrow_video_frame shown = {.struct_size = sizeof shown};
    if (state->screen && burrow_track_pull_video(state->screen, &shown) == BURROW_OK) {
      int is_taken = take_picture(film, &shown);
      burrow_release(shown.buffer);
      if (!is_taken) return 1;
      started = 1;
    }
    if (state->speaker) {
      /* At 44100 Hz ten milliseconds are 441 samples; at all other rates as even. */
      piece.frames = (uint32_t)(options->rate * STEP_MS / 1000);
      burrow_status status = burrow_track_pull_audio(state->speaker, &piece);
      if (status != BURROW_OK) {
        complain("pulling sound", status);
        return 1;
      }
      started |= piece.timestamp_us != 0;
      if (started) frames += (int64_t)fwrite(samples, 2 * piece.channels, piece.frames, sound);
    }
    if (!started) continue;
    recorded_ms += STEP_MS;
    advance_film(film, recorded_ms);
  }
  if (sound) write_head(sound, piece.sample_rate, piece.channels, (uint32_t)frames);
  printf("recorded %.1f s of '%s', %" PRId64 " pictures\n", (double)recorded_ms / 1000, options->path, film->taken);
  return state->failed || (film->file && ferror(film->file)) || (sound && ferror(sound));
}

static burrow_track *subscribe(struct state *state, uint32_t kind) {
  burrow_track_request want;
  burrow_track *track = NULL;
  burrow_config_init(&want, sizeof want);
  want.kind = kind;
  /* Without a name: whatever the participant's catalogue says. */
  burrow_status status = burrow_track_subscribe(state->room, state->path, NULL, &want, &track);
  if (status != BURROW_OK) complain("subscribing", status);
  return track;
}

static FILE *create(const char *name) {
  FILE *file = fopen(name, "wb");
  if (!file) fprintf(stderr, "%s: %s\n", name, strerror(errno));
  return file;
}

int main(int argc, char **argv) {
  struct options options = {0};
  if (!read_options(argc, argv, &options)) {
    fputs(usage, stderr);
    return 2;
  }
  struct film film = {.rate = options.frame_rate};
  FILE *sound = NULL;
  if (options.video && !(film.file = create(options.video))) return 1;
  if (options.audio && !(sound = create(options.audio))) return 1;
  struct sigaction action = {.sa_handler = interrupt};
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);

  struct state state = {.path = options.path};
  int code = 1;
  burrow_status status = burrow_engine_create(NULL, &state.engine);
  if (status != BURROW_OK) {
    complain("making an engine", status);
    return 1;
  }
  burrow_room_config room;
  burrow_config_init(&room, sizeof room);
  room.url = options.url;
  room.pins = options.pin_count ? options.pins : NULL;
  room.pin_count = options.pin_count;
  if (options.insecure) room.flags |= BURROW_ROOM_INSECURE;
  status = burrow_room_open(state.engine, &room, &state.room, NULL);
  if (status != BURROW_OK) {
    complain("opening the room", status);
  } else {
    if (options.video) state.screen = subscribe(&state, BURROW_TRACK_KIND_VIDEO);
    if (options.audio) state.speaker = subscribe(&state, BURROW_TRACK_KIND_AUDIO);
    if (!options.video == !state.screen && !options.audio == !state.speaker)
      code = record(&state, &options, &film, sound);
  }
  burrow_engine_destroy(state.engine);
  free(film.picture);
  if (film.file && fclose(film.file) != 0) code = 1;
  if (sound && fclose(sound) != 0) code = 1;
  return code;
}
