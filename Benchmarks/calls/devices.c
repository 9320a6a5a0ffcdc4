/* Camera, microphone and loudspeaker: threads with clocks of their own, as devices have. */
#define _GNU_SOURCE
#include "call.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/prctl.h>

#define CHUNK (RATE / 50)

_Atomic(burrow_room *) speaker_room;
_Atomic(burrow_track *) microphone, camera;
static _Atomic uint64_t sounds, mixed, pictures;
static _Atomic int64_t late_us;

/* A handle may be released between its being read and its being used: then it is stale, and nothing happens. */
static int is_news(burrow_status status) {
  return status < 0 && status != BURROW_ERR_STALE_HANDLE && status != BURROW_ERR_CLOSED;
}

static void note_lateness(int64_t planned_us) {
  int64_t late = now_us() - planned_us;
  if (late > late_us) late_us = late;
}

/* A device that was stopped goes on with what is now, and not with all that it missed. */
static int has_missed(int64_t planned_us) { return now_us() - planned_us > 500000; }

static burrow_audio_frame sound_of(int16_t *samples, int64_t time_us) {
  burrow_audio_frame frame = {.struct_size = sizeof frame, .format = BURROW_AUDIO_S16, .sample_rate = RATE};
  frame.channels = 1;
  frame.frames = CHUNK;
  frame.timestamp_us = time_us;
  frame.samples = samples;
  return frame;
}

/* A sound card: what was recorded in the last 20 ms goes out when what is to be played in the next comes in. */
static void *sound_card(void *unused) {
  struct sound speech = {0};
  int16_t samples[CHUNK] = {0};
  (void)unused;
  prctl(PR_SET_TIMERSLACK, 1UL);
  if (opt.speech) open_sound(&speech);
  uint64_t position = (uint64_t)opt.index * RATE;
  for (int64_t next = now_us(); !stopping; next += 20000, position += CHUNK) {
    sleep_until(next);
    note_lateness(next);
    if (has_missed(next)) next = now_us();
    burrow_track *track = microphone;
    if (track) {
      if (speech.length) make_sound(&speech, position, samples, CHUNK);
      burrow_audio_frame frame = sound_of(samples, next - 20000);
      burrow_status status = burrow_track_push_audio(track, &frame);
      if (is_news(status)) check(status, "recording");
      sounds++;
    }
    burrow_room *room = speaker_room;
    if (room) {
      burrow_audio_frame frame = sound_of(samples, 0);
      burrow_status status = burrow_room_mix_audio(room, &frame);
      if (is_news(status)) check(status, "playing");
      mixed++;
    }
  }
  return NULL;
}

static void *take_pictures(void *unused) {
  struct film film;
  const int32_t width = (int32_t)opt.width;
  const size_t luma = (size_t)opt.width * opt.height;
  (void)unused;
  prctl(PR_SET_TIMERSLACK, 1UL);
  open_film(&film);
  const int64_t begin = now_us() + (int64_t)(opt.index * 1000000 / opt.fps / 4);
  for (unsigned number = 0; !stopping; number++) {
    int64_t next = begin + (int64_t)number * 1000000 / opt.fps;
    sleep_until(next);
    note_lateness(next);
    burrow_track *track = camera;
    if (!track || has_missed(next)) continue;
    uint8_t *picture = make_picture(&film, number);
    burrow_video_frame frame = {.struct_size = sizeof frame,
                                .format = BURROW_VIDEO_I420,
                                .width = opt.width,
                                .height = opt.height,
                                .timestamp_us = next,
                                .plane = {picture, picture + luma, picture + luma + luma / 4},
                                .stride = {width, width / 2, width / 2}};
    burrow_status status = burrow_track_push_video(track, &frame);
    if (is_news(status)) check(status, "taking pictures");
    pictures++;
  }
  return NULL;
}

void start_devices(void) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, sound_card, NULL) || pthread_detach(thread)) fail("no thread");
  if (opt.video && (pthread_create(&thread, NULL, take_pictures, NULL) || pthread_detach(thread))) fail("no thread");
}

struct devices devices_figures(void) {
  struct devices all = {.sounds = sounds, .mixed = mixed, .pictures = pictures, .late_us = late_us};
  late_us = 0;
  return all;
}
