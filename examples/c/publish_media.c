/*
 * publish_media.c: publishes a camera and a microphone that are files: pictures from a Y4M file, sound from a WAV file.
 *
 *   cc publish_media.c $(pkg-config --cflags --libs burrow) -o publish_media
 *   ./publish_media --pin <fingerprint> --video clip.y4m --audio speech.wav moqt://localhost:4443 alice
 *   ./publish_media --pin <fingerprint> --video clip.y4m --loop --renditions 3 moqt://localhost:4443 bob
 *
 * Both go in at the pace at which they were recorded, with the times at which they would have been. Encoding, sending and
 * telling others what there is, is the library's work.
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
  CHUNK_MS = 20
};

static volatile sig_atomic_t interrupted;

static void interrupt(int number) {
  (void)number;
  interrupted = 1;
}

static const char usage[] =
    "usage: publish_media [options] URL PATH\n"
    "\n"
    "Announces PATH in the room at URL (moqt://host[:port][/path][?jwt=token]) and publishes files as if they were a\n"
    "camera and a microphone. Ends with the files.\n"
    "\n"
    "  --video FILE        pictures: a Y4M file, 4:2:0 with 8 bits\n"
    "  --audio FILE        sound: a WAV file, 16 bits, mono or stereo\n"
    "  --loop              begin again at the end, for ever\n"
    "  --renditions N      how many sizes of the pictures are offered, 1 to 3 (default 1)\n"
    "  --video-bitrate N   bits per second at most (default: what the size calls for)\n"
    "  --audio-bitrate N   bits per second at most (default 32000)\n"
    "  --pin HEX           accept the certificate with this SHA-256 fingerprint (may be repeated)\n"
    "  --insecure          accept any certificate: for tests only\n"
    "  --help              this text\n";

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
  int insecure, loop;
  long renditions, video_bitrate, audio_bitrate;
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
  options->renditions = 1;
  for (; index < argc && argv[index][0] == '-'; index++) {
    const char *name = argv[index], *value = index + 1 < argc ? argv[index + 1] : NULL;
    if (strcmp(name, "--help") == 0) {
      fputs(usage, stdout);
      exit(0);
    } else if (strcmp(name, "--insecure") == 0) {
      options->insecure = 1;
      continue;
    } else if (strcmp(name, "--loop") == 0) {
      options->loop = 1;
      continue;
    } else if (strcmp(name, "--video") == 0 && value) {
      options->video = value;
    } else if (strcmp(name, "--audio") == 0 && value) {
      options->audio = value;
    } else if (strcmp(name, "--pin") == 0 && value && options->pin_count < MAX_PINS &&
               read_pin(value, options->pins + 32 * options->pin_count)) {
      options->pin_count++;
    } else if (!(strcmp(name, "--renditions") == 0 && value && read_number(value, &options->renditions)) &&
               !(strcmp(name, "--video-bitrate") == 0 && value && read_number(value, &options->video_bitrate)) &&
               !(strcmp(name, "--audio-bitrate") == 0 && value && read_number(value, &options->audio_bitrate))) {
      fprintf(stderr, "publish_media: what is '%s %s'?\n", name, value ? value : "");
      return 0;
    }
    index++;
  }
  if (argc - index != 2 || (!options->video && !options->audio)) return 0;
  options->url = argv[index];
  options->path = argv[index + 1];
  return 1;
}

/* ---- files ----------------------------------------------------------------------------------------------------- */

/** A Y4M file: a line about all pictures, then a line before each. */
struct film {
  FILE *file;
  long first;
  uint32_t width, height, rate, scale;
  uint8_t *picture;
  size_t size;
};

static int open_film(struct film *film, const char *name) {
  char line[1000], *rest = NULL;
  int is_known = 1;
  film->rate = 30;
  film->scale = 1;
  film->file = fopen(name, "rb");
  if (!film->file || !fgets(line, sizeof line, film->file)) {
    fprintf(stderr, "%s: %s\n", name, film->file ? "empty" : strerror(errno));
    return 0;
  }
  const char *word = strtok_r(line, " \n", &rest);
  int is_y4m = word && strcmp(word, "YUV4MPEG2") == 0;
  while (is_y4m && (word = strtok_r(NULL, " \n", &rest)) != NULL) {
    if (word[0] == 'W') film->width = (uint32_t)strtoul(word + 1, NULL, 10);
    if (word[0] == 'H') film->height = (uint32_t)strtoul(word + 1, NULL, 10);
    if (word[0] == 'F' && sscanf(word + 1, "%" SCNu32 ":%" SCNu32, &film->rate, &film->scale) != 2) is_known = 0;
    if (word[0] == 'C') is_known &= strncmp(word + 1, "420", 3) == 0 && strncmp(word + 1, "420p1", 5) != 0;
  }
  if (!is_y4m || !is_known || film->width < 16 || film->width > 4096 || film->height < 16 || film->height > 4096 ||
      film->rate == 0 || film->scale == 0) {
    fprintf(stderr, "%s is not a Y4M file with pictures in 4:2:0 and 8 bits\n", name);
    return 0;
  }
  film->first = ftell(film->file);
  film->size = (size_t)film->width * film->height + 2 * (size_t)((film->width + 1) / 2) * ((film->height + 1) / 2);
  film->picture = malloc(film->size);
  return film->picture != NULL;
}

/** Reads the next picture; 0 at the end. */
static int next_picture(struct film *film) {
  char line[1000];
  return fgets(line, sizeof line, film->file) && strncmp(line, "FRAME", 5) == 0 &&
         fread(film->picture, 1, film->size, film->file) == film->size;
}

/** A WAV file: chunks, of which one says how the samples look and another has them. */
struct recording {
  FILE *file;
  long first;
  uint32_t rate, channels, frames, left;
  int16_t *piece;
};

static uint32_t little_endian(const uint8_t *bytes, int count) {
  uint32_t value = 0;
  for (int i = count; i-- > 0;)
    value = value << 8 | bytes[i];
  return value;
}

static int open_recording(struct recording *recording, const char *name) {
  uint8_t head[12], chunk[8], format[16] = {0};
  recording->file = fopen(name, "rb");
  if (!recording->file) {
    fprintf(stderr, "%s: %s\n", name, strerror(errno));
    return 0;
  }
  int is_wav = fread(head, 1, sizeof head, recording->file) == sizeof head && memcmp(head, "RIFF", 4) == 0 &&
               memcmp(head + 8, "WAVE", 4) == 0;
  while (is_wav && !recording->first && fread(chunk, 1, sizeof chunk, recording->file) == sizeof chunk) {
    uint32_t size = little_endian(chunk + 4, 4);
    if (memcmp(chunk, "data", 4) == 0) {
      recording->first = ftell(recording->file);
      recording->frames = size / 2;
    } else if (memcmp(chunk, "fmt ", 4) == 0 && size >= sizeof format) {
      is_wav = fread(format, 1, sizeof format, recording->file) == sizeof format &&
               fseek(recording->file, (long)(size - sizeof format + (size & 1)), SEEK_CUR) == 0;
    } else {
      is_wav = fseek(recording->file, (long)size + (size & 1), SEEK_CUR) == 0;
    }
  }
  recording->channels = little_endian(format + 2, 2);
  recording->rate = little_endian(format + 4, 4);
  if (!is_wav || !recording->first || little_endian(format + 14, 2) != 16 || recording->channels < 1 ||
      recording->channels > 2 || recording->rate < 8000 || recording->rate > 48000) {
    fprintf(stderr, "%s is not a WAV file with 16 bits and one or two channels\n", name);
    return 0;
  }
  recording->left = recording->frames /= recording->channels;
  recording->piece = malloc((size_t)recording->rate * CHUNK_MS / 1000 * recording->channels * 2);
  return recording->piece != NULL;
}

/** Reads the next piece; returns how many samples per channel it has, 0 at the end. */
static uint32_t next_piece(struct recording *recording) {
  uint32_t wanted = recording->rate * CHUNK_MS / 1000;
  if (wanted > recording->left) wanted = recording->left;
  size_t bytes = (size_t)recording->channels * 2;
  uint32_t count = (uint32_t)fread(recording->piece, bytes, wanted, recording->file);
  recording->left = count ? recording->left - count : 0;
  return count;
}

/* ---- the room -------------------------------------------------------------------------------------------------- */

struct state {
  burrow_engine *engine;
  burrow_room *room;
  burrow_track *camera, *microphone;
  burrow_request opening;
  int connected, over;
};

static void on_event(struct state *state, const burrow_event *event) {
  if (event->kind == BURROW_EVENT_DONE && event->request == state->opening && event->status == BURROW_OK) {
    state->connected = 1;
  } else if (event->kind == BURROW_EVENT_TRACK_STATE && event->state == BURROW_TRACK_FAILED) {
    fprintf(stderr, "a track failed: %s (%s)\n", event->text, burrow_status_name(event->status));
    state->over = 1;
  } else if (event->kind == BURROW_EVENT_ROOM_STATE && event->state == BURROW_ROOM_RECONNECTING) {
    fprintf(stderr, "connection lost: %s; connecting again\n", event->text);
  } else if (event->kind == BURROW_EVENT_ROOM_STATE && event->state == BURROW_ROOM_CLOSED) {
    if (event->status != BURROW_OK)
      fprintf(stderr, "the room is closed: %s (%s)\n", event->text, burrow_status_name(event->status));
    state->over = 1;
  }
}

/** Handles events until a time on the clock of burrow_now_us(); returns early when the program should end. */
static void wait_until(struct state *state, int64_t until_us) {
  while (!state->over && !interrupted) {
    int64_t left_us = until_us - burrow_now_us();
    /* A signal does not end the wait, so it is cut into slices. */
    int32_t wait_ms = left_us <= 0 ? 0 : left_us > 100000 ? 100 : (int32_t)((left_us + 999) / 1000);
    burrow_event event = {.struct_size = sizeof event};
    burrow_status status = burrow_engine_next_event(state->engine, wait_ms, &event);
    if (status == BURROW_OK) {
      on_event(state, &event);
    } else if (status != BURROW_AGAIN) {
      state->over = 1;
    } else if (burrow_now_us() >= until_us) {
      return;
    }
  }
}

static burrow_status show(struct state *state, const struct film *film, int64_t time_us) {
  size_t luma = (size_t)film->width * film->height, chroma = (film->size - luma) / 2;
  burrow_video_frame frame = {.struct_size = sizeof frame, .format = BURROW_VIDEO_I420, .timestamp_us = time_us};
  frame.width = film->width;
  frame.height = film->height;
  for (int plane = 0; plane < 3; plane++) {
    frame.plane[plane] = film->picture + (plane ? luma + (size_t)(plane - 1) * chroma : 0);
    frame.stride[plane] = (int32_t)(plane ? (film->width + 1) / 2 : film->width);
  }
  return burrow_track_push_video(state->camera, &frame);
}

static burrow_status play(struct state *state, const struct recording *recording, uint32_t count, int64_t time_us) {
  burrow_audio_frame frame = {.struct_size = sizeof frame, .format = BURROW_AUDIO_S16, .timestamp_us = time_us};
  frame.sample_rate = recording->rate;
  frame.channels = recording->channels;
  frame.frames = count;
  frame.samples = recording->piece;
  /* BURROW_AGAIN would mean that a second of sound waits to be encoded: better lose a piece than be late with all. */
  return burrow_track_push_audio(state->microphone, &frame);
}

/** Pushes every picture and every piece of sound at its time; both begin together, so they stay in step. */
static int publish(struct state *state, struct film *film, struct recording *recording, int loop) {
  int64_t begin_us = burrow_now_us();
  uint64_t pictures = 0, samples = 0;
  int has_film = film->file != NULL, has_sound = recording->file != NULL;
  burrow_status status = BURROW_OK;
  while ((has_film || has_sound) && !state->over && !interrupted && status >= 0) {
    int64_t picture_us = INT64_MAX, sound_us = INT64_MAX;
    if (has_film) picture_us = begin_us + (int64_t)(pictures * 1000000 * film->scale / film->rate);
    /* A piece is there when its last sample was recorded. */
    if (has_sound) sound_us = begin_us + (int64_t)(samples * 1000000 / recording->rate) + CHUNK_MS * 1000;
    wait_until(state, picture_us < sound_us ? picture_us : sound_us);
    if (picture_us <= sound_us) {
      if (next_picture(film)) {
        status = show(state, film, picture_us);
        pictures++;
      } else {
        has_film = loop && pictures > 0 && fseek(film->file, film->first, SEEK_SET) == 0;
      }
    } else {
      uint32_t count = next_piece(recording);
      if (count > 0) {
        status = play(state, recording, count, sound_us - CHUNK_MS * 1000);
        samples += count;
      } else {
        has_sound = loop && samples > 0 && fseek(recording->file, recording->first, SEEK_SET) == 0;
        recording->left = recording->frames;
      }
    }
  }
  if (status < 0) complain("pushing", status);
  /* What was pushed last is still on its way through codec and network. */
  wait_until(state, burrow_now_us() + 1000000);
  printf("published %" PRIu64 " pictures and %.1f s of sound\n", pictures,
         recording->rate ? (double)samples / recording->rate : 0.0);
  return status < 0;
}

static int publish_tracks(struct state *state, const struct options *options, const struct film *film,
                          const struct recording *recording) {
  for (int turn = 0; turn < 2; turn++) {
    int is_video = turn == 0;
    if (is_video ? !options->video : !options->audio) continue;
    burrow_encoding encoding;
    burrow_track_config config;
    burrow_config_init(&encoding, sizeof encoding);
    burrow_config_init(&config, sizeof config);
    if (is_video) {
      encoding.bitrate_bps = (uint32_t)options->video_bitrate;
      encoding.renditions = (uint32_t)options->renditions;
      encoding.frame_rate = (film->rate + film->scale - 1) / film->scale;
    } else {
      encoding.bitrate_bps = (uint32_t)options->audio_bitrate;
      encoding.channels = recording->channels;
    }
    config.kind = is_video ? BURROW_TRACK_KIND_VIDEO : BURROW_TRACK_KIND_AUDIO;
    config.encoding = &encoding;
    burrow_status status = burrow_track_publish(state->room, &config, is_video ? &state->camera : &state->microphone);
    if (status != BURROW_OK) {
      complain(is_video ? "publishing the pictures" : "publishing the sound", status);
      return 0;
    }
  }
  return 1;
}

int main(int argc, char **argv) {
  struct options options = {0};
  if (!read_options(argc, argv, &options)) {
    fputs(usage, stderr);
    return 2;
  }
  struct film film = {0};
  struct recording recording = {0};
  if (options.video && !open_film(&film, options.video)) return 1;
  if (options.audio && !open_recording(&recording, options.audio)) return 1;
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
  } else if (publish_tracks(&state, &options, &film, &recording)) {
    while (!state.connected && !state.over && !interrupted)
      wait_until(&state, burrow_now_us() + 100000);
    if (state.connected && !state.over) code = publish(&state, &film, &recording, options.loop);
  }

  if (burrow_close(state.engine, NULL) == BURROW_OK) {
    int64_t end_us = burrow_now_us() + 2 * 1000000;
    burrow_event event = {.struct_size = sizeof event};
    while (burrow_now_us() < end_us && burrow_engine_next_event(state.engine, 100, &event) >= BURROW_OK)
      continue;
  }
  burrow_engine_destroy(state.engine);
  free(film.picture);
  free(recording.piece);
  if (film.file) fclose(film.file);
  if (recording.file) fclose(recording.file);
  return code;
}
