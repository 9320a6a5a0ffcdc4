/* What the tests of audio and video share: two engines with a relay between them, tones, pictures with a number. */
#ifndef CABI_MEDIA_H
#define CABI_MEDIA_H

#include "support.h"

#include <math.h>

enum {
  WIDTH = 320,
  HEIGHT = 180,
  LUMA = WIDTH * HEIGHT,
  CHROMA = (WIDTH / 2) * (HEIGHT / 2)
};

static const double TURN = 6.283185307179586;

/** Alice publishes in one engine, Bob listens in another; the relay is Alice's. */
struct pair {
  burrow_engine *mine, *other;
  burrow_relay *relay;
  burrow_room *alice, *bob;
  /** Events of Bob's, counted by kind. */
  int seen[64];
};

static inline void count_event(struct pair *pair, const burrow_event *event) {
  if (event->kind < 64) pair->seen[event->kind]++;
}

static inline void drain(struct pair *pair, burrow_engine *e, int32_t timeout_ms) {
  burrow_event event = {.struct_size = sizeof event};
  while (burrow_engine_next_event(e, timeout_ms, &event) == BURROW_OK) {
    if (e == pair->other) count_event(pair, &event);
    timeout_ms = 0;
  }
}

/** Takes events until a time: this is the beat of everything that runs in real time. */
static inline void wait_until(struct pair *pair, int64_t time_us) {
  int64_t left;
  drain(pair, pair->mine, 0);
  do {
    left = time_us - burrow_now_us();
    drain(pair, pair->other, left > 0 ? (int32_t)((left + 999) / 1000) : 0);
  } while (left > 0 && burrow_now_us() < time_us);
}

static inline void open_pair(struct pair *pair) {
  memset(pair, 0, sizeof *pair);
  CHECK_STATUS(burrow_engine_create(NULL, &pair->mine), BURROW_OK);
  CHECK_STATUS(burrow_engine_create(NULL, &pair->other), BURROW_OK);
  burrow_relay_info info;
  pair->relay = start_relay(pair->mine, &info);
  pair->alice = open_room(pair->mine, &info, "alice", 0);
  char url[64];
  burrow_room_config config;
  init_room(&config, &info, url);
  config.flags = BURROW_ROOM_MEDIA;
  burrow_request request = 0;
  CHECK_STATUS(burrow_room_open(pair->other, &config, &pair->bob, &request), BURROW_OK);
  CHECK_STATUS(wait_done(pair->other, request), BURROW_OK);
}

static inline void close_pair(struct pair *pair) {
  CHECK_STATUS(burrow_engine_destroy(pair->other), BURROW_OK);
  CHECK_STATUS(burrow_engine_destroy(pair->mine), BURROW_OK);
}

static inline burrow_track *publish_with(struct pair *pair, uint32_t kind, const burrow_encoding *encoding) {
  burrow_track_config config;
  burrow_track *track = NULL;
  CHECK_STATUS(burrow_config_init(&config, sizeof config), BURROW_OK);
  config.kind = kind;
  config.encoding = encoding;
  CHECK_STATUS(burrow_track_publish(pair->alice, &config, &track), BURROW_OK);
  return track;
}

static inline burrow_track *subscribe_to(struct pair *pair, uint32_t kind) {
  burrow_track_request want;
  burrow_track *track = NULL;
  CHECK_STATUS(burrow_config_init(&want, sizeof want), BURROW_OK);
  want.kind = kind;
  CHECK_STATUS(burrow_track_subscribe(pair->bob, "alice", NULL, &want, &track), BURROW_OK);
  return track;
}

/* ---- sound --------------------------------------------------------------------------------------------------- */

/** A sine in any format of the header, that goes on where the last piece ended. */
struct tone {
  double frequency, phase, amplitude;
};

static inline void sing(struct tone *tone, burrow_audio_frame *frame) {
  for (uint32_t i = 0; i < frame->frames; i++) {
    double value = tone->amplitude * sin(tone->phase);
    tone->phase = fmod(tone->phase + TURN * tone->frequency / frame->sample_rate, TURN);
    for (uint32_t channel = 0; channel < frame->channels; channel++) {
      size_t index = (size_t)i * frame->channels + channel;
      if (frame->format == BURROW_AUDIO_S16)
        ((int16_t *)frame->samples)[index] = (int16_t)lrint(value * 32767);
      else
        ((float *)frame->samples)[index] = (float)value;
    }
  }
}

static inline double sample_at(const burrow_audio_frame *frame, size_t index) {
  return frame->format == BURROW_AUDIO_S16 ? ((int16_t *)frame->samples)[index] / 32768.0
                                           : ((float *)frame->samples)[index];
}

/** What part of the energy is the tone, and how much energy there is, sample by sample. */
struct ear {
  double sine, cosine, energy, phase;
  size_t count;
};

static inline void hear(struct ear *ear, const burrow_audio_frame *frame, double frequency) {
  for (uint32_t i = 0; i < frame->frames; i++) {
    double value = sample_at(frame, (size_t)i * frame->channels);
    ear->sine += value * sin(ear->phase);
    ear->cosine += value * cos(ear->phase);
    ear->energy += value * value;
    ear->phase = fmod(ear->phase + TURN * frequency / frame->sample_rate, TURN);
    ear->count++;
  }
}

static inline double share_of_tone(const struct ear *ear) {
  if (ear->energy <= 0) return 0;
  return 2 * (ear->sine * ear->sine + ear->cosine * ear->cosine) / ((double)ear->count * ear->energy);
}

static inline double loudness(const struct ear *ear) { return ear->count ? sqrt(ear->energy / (double)ear->count) : 0; }

/* ---- pictures ------------------------------------------------------------------------------------------------ */

/** A grey picture whose brightness is its number, from 40 up. */
static inline uint8_t grey_of(int number) { return (uint8_t)(40 + number % 160); }

/** Planes one after the other in one piece of memory, which needs WIDTH * HEIGHT * 4 bytes at most. */
static inline burrow_video_frame picture_in(uint8_t *memory, int32_t format, uint8_t grey) {
  burrow_video_frame frame = {.struct_size = sizeof frame, .format = format, .width = WIDTH, .height = HEIGHT};
  frame.plane[0] = memory;
  if (format == BURROW_VIDEO_RGBA || format == BURROW_VIDEO_BGRA) {
    /* Of 16 to 235, which is what comes out, to 0 to 255. */
    memset(memory, (grey - 16) * 255 / 219, (size_t)LUMA * 4);
    frame.stride[0] = WIDTH * 4;
    return frame;
  }
  memset(memory, grey, LUMA);
  memset(memory + LUMA, 128, (size_t)CHROMA * 2);
  frame.stride[0] = WIDTH;
  frame.plane[1] = memory + LUMA;
  frame.stride[1] = format == BURROW_VIDEO_I420 ? WIDTH / 2 : WIDTH;
  if (format == BURROW_VIDEO_I420) {
    frame.plane[2] = memory + LUMA + CHROMA;
    frame.stride[2] = WIDTH / 2;
  }
  return frame;
}

/** The brightness in the middle of a pulled picture. */
static inline int centre(const burrow_video_frame *frame) {
  return frame->plane[0][(size_t)frame->stride[0] * (frame->height / 2) + frame->width / 2];
}

/* ---- something to push ----------------------------------------------------------------------------------------- */

static uint8_t memory[LUMA * 4];
static float samples[48000 * 2];

/** Ten milliseconds of what is in `samples`. */
static inline burrow_audio_frame some_sound(void) {
  burrow_audio_frame frame = {.struct_size = sizeof frame, .format = BURROW_AUDIO_F32, .sample_rate = 48000};
  frame.channels = 1;
  frame.frames = 480;
  frame.samples = samples;
  return frame;
}

static inline burrow_video_frame some_picture(void) { return picture_in(memory, BURROW_VIDEO_I420, 100); }

/** How much of it was thrown away so far. */
static inline uint64_t dropped(burrow_track *track) {
  burrow_media_stats stats = {.struct_size = sizeof stats};
  CHECK_STATUS(burrow_track_stats_get(track, NULL, &stats), BURROW_OK);
  return stats.dropped_frames;
}

/** Waits until a track has dropped something more; counts are told by the codec's thread. */
static inline int drops_more(struct pair *pair, burrow_track *track, uint64_t before) {
  int64_t deadline = burrow_now_us() + 5 * 1000000;
  while (dropped(track) <= before && burrow_now_us() < deadline)
    wait_until(pair, burrow_now_us() + 20000);
  return dropped(track) > before;
}

#endif
