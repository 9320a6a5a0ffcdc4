/* The library as a host uses it. */
#define _GNU_SOURCE
#include "media.h"

#include <stdlib.h>
#include <string.h>

burrow_engine *engine;

void check(burrow_status status, const char *what) {
  if (status >= 0) return;
  char text[256] = "";
  size_t length;
  (void)burrow_last_error(text, sizeof text, &length);
  fail("%s: %s (%s)", what, burrow_status_name(status), text);
}

burrow_room *enter(const char *path, const char *prefix, uint32_t flags) {
  burrow_room_config config;
  burrow_room *room = NULL;
  burrow_request opening;
  if (!opt.url) fail("--url is missing");
  check(burrow_engine_create(NULL, &engine), "engine");
  check(burrow_config_init(&config, sizeof config), "config");
  config.flags = BURROW_ROOM_INSECURE | BURROW_ROOM_NO_SYSTEM_ROOTS | flags;
  config.url = opt.url;
  config.path = path;
  config.prefix = prefix;
  config.qlog_dir = getenv("BENCH_QLOG");
  check(burrow_room_open(engine, &config, &room, &opening), "room");
  for (int64_t until = now_us() + 15000000; now_us() < until;) {
    burrow_event event = {.struct_size = sizeof event};
    if (burrow_engine_next_event(engine, 100, &event) != BURROW_OK) continue;
    if (event.kind != BURROW_EVENT_DONE || event.request != opening) continue;
    if (event.status < 0) fail("room: %s", event.text);
    return room;
  }
  fail("no connection within 15 s");
}

burrow_track *publish(burrow_room *room, uint32_t kind) {
  burrow_encoding encoding;
  burrow_track_config config;
  burrow_track *track = NULL;
  check(burrow_config_init(&encoding, sizeof encoding), "encoding");
  check(burrow_config_init(&config, sizeof config), "track");
  encoding.flags = opt.fixed ? BURROW_ENCODING_FIXED : 0;
  if (kind == BURROW_TRACK_KIND_AUDIO) {
    encoding.bitrate_bps = opt.audio_bitrate;
    if (opt.fec) encoding.flags |= BURROW_ENCODING_FEC;
  } else {
    encoding.bitrate_bps = opt.video_bitrate;
    encoding.frame_rate = opt.fps;
  }
  config.kind = kind;
  config.encoding = &encoding;
  check(burrow_track_publish(room, &config, &track), "publish");
  return track;
}

burrow_track *subscribe(burrow_room *room, const char *path, uint32_t kind) {
  burrow_track_request want;
  burrow_track *track = NULL;
  check(burrow_config_init(&want, sizeof want), "request");
  want.kind = kind;
  check(burrow_track_subscribe(room, path, NULL, &want, &track), "subscribe");
  return track;
}

void push_sound(burrow_track *track, int16_t *samples, unsigned count, int64_t time_us) {
  burrow_audio_frame frame = {.struct_size = sizeof frame,
                              .format = BURROW_AUDIO_S16,
                              .sample_rate = RATE,
                              .channels = 1,
                              .frames = count,
                              .timestamp_us = time_us,
                              .samples = samples};
  check(burrow_track_push_audio(track, &frame), "push audio");
}

void push_picture(burrow_track *track, uint8_t *memory, int64_t time_us) {
  int32_t width = (int32_t)opt.width;
  size_t luma = (size_t)opt.width * opt.height;
  burrow_video_frame frame = {.struct_size = sizeof frame,
                              .format = BURROW_VIDEO_I420,
                              .width = opt.width,
                              .height = opt.height,
                              .timestamp_us = time_us,
                              .plane = {memory, memory + luma, memory + luma + luma / 4},
                              .stride = {width, width / 2, width / 2}};
  check(burrow_track_push_video(track, &frame), "push video");
}

void sample(struct samples *samples) {
  burrow_media_stats s = {.struct_size = sizeof s};
  burrow_track_stats wire = {.struct_size = sizeof wire};
  check(burrow_track_stats_get(samples->track, &wire, &s), "figures");
  const int64_t row[FIGURES] = {now_us(),
                                s.width,
                                s.height,
                                s.bitrate_bps,
                                s.frame_rate,
                                s.target_delay_ms,
                                s.delay_ms,
                                s.skew_ms,
                                (int64_t)s.frames,
                                (int64_t)s.bytes,
                                (int64_t)s.key_frames,
                                (int64_t)s.dropped_frames,
                                (int64_t)s.late_frames,
                                (int64_t)s.damaged_frames,
                                (int64_t)s.played_us,
                                (int64_t)s.recovered_us,
                                (int64_t)s.concealed_us,
                                (int64_t)s.stretched_us,
                                (int64_t)s.freezes,
                                (int64_t)s.frozen_us,
                                (int64_t)s.codec_us,
                                wire.queued_frames};
  for (unsigned i = 0; i < FIGURES; i++)
    append(&samples->rows, row[i]);
}

void print_samples(FILE *file, const char *key, const struct samples *samples) {
  static const char *const names[FIGURES] = {"at",      "width",   "height", "bitrate",   "frame_rate", "target",
                                             "delay",   "skew",    "frames", "bytes",     "keys",       "dropped",
                                             "late",    "damaged", "played", "recovered", "concealed",  "stretched",
                                             "freezes", "frozen",  "codec",  "queued"};
  fprintf(file, "\"%s_names\":[", key);
  for (unsigned i = 0; i < FIGURES; i++)
    fprintf(file, "%s\"%s\"", i ? "," : "", names[i]);
  fputs("],", file);
  print_list(file, key, &samples->rows, FIGURES);
}
