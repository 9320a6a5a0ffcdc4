/* What audio and video refuse: wrong structs, sizes, formats, times, wishes and kinds of tracks, each with its status. */
#include "media.h"

/** What is wrong with samples, whichever function gets them. */
static void refuse_sound(burrow_track *track, burrow_status (*call)(burrow_track *, burrow_audio_frame *)) {
  burrow_audio_frame frame = some_sound();
  CHECK_STATUS(call(track, NULL), BURROW_ERR_INVALID_ARGUMENT);
  frame.struct_size = 4;
  CHECK_STATUS(call(track, &frame), BURROW_ERR_INVALID_ARGUMENT);
  frame.struct_size = UINT32_MAX;
  CHECK_STATUS(call(track, &frame), BURROW_ERR_INVALID_ARGUMENT);
  /* An old struct without the samples. */
  frame.struct_size = 16;
  CHECK(call(track, &frame) < 0);
  frame = some_sound();
  frame.samples = NULL;
  CHECK_STATUS(call(track, &frame), BURROW_ERR_INVALID_ARGUMENT);
  static const uint32_t lengths[] = {0, 48001, UINT32_MAX, 1u << 31};
  for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
    frame = some_sound();
    frame.frames = lengths[i];
    CHECK_STATUS(call(track, &frame), BURROW_ERR_INVALID_ARGUMENT);
  }
  static const uint32_t rates[] = {0, 1, 7999, 11025, 96000, UINT32_MAX};
  for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
    frame = some_sound();
    frame.sample_rate = rates[i];
    CHECK_STATUS(call(track, &frame), BURROW_ERR_FORMAT);
  }
  static const uint32_t channels[] = {0, 3, UINT32_MAX};
  for (size_t i = 0; i < sizeof channels / sizeof *channels; i++) {
    frame = some_sound();
    frame.channels = channels[i];
    CHECK_STATUS(call(track, &frame), BURROW_ERR_FORMAT);
  }
  static const int32_t formats[] = {0, 3, -1, INT32_MIN, INT32_MAX};
  for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
    frame = some_sound();
    frame.format = formats[i];
    CHECK_STATUS(call(track, &frame), BURROW_ERR_FORMAT);
  }
}

static burrow_status push_audio(burrow_track *track, burrow_audio_frame *frame) {
  return burrow_track_push_audio(track, frame);
}

static burrow_status mix_audio(burrow_track *room, burrow_audio_frame *frame) {
  return burrow_room_mix_audio((burrow_room *)room, frame);
}

/** What is wrong with a picture, whichever function gets it. */
static void refuse_picture(void *target, burrow_status (*call)(void *, const burrow_video_frame *)) {
  burrow_video_frame frame = some_picture();
  CHECK_STATUS(call(target, NULL), BURROW_ERR_INVALID_ARGUMENT);
  frame.struct_size = 7;
  CHECK_STATUS(call(target, &frame), BURROW_ERR_INVALID_ARGUMENT);
  frame.struct_size = 20;
  CHECK(call(target, &frame) < 0);
  static const uint32_t sizes[] = {0, 4097, 1u << 20, UINT32_MAX};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    frame = some_picture();
    frame.width = sizes[i];
    CHECK_STATUS(call(target, &frame), BURROW_ERR_FORMAT);
    frame = some_picture();
    frame.height = sizes[i];
    CHECK_STATUS(call(target, &frame), BURROW_ERR_FORMAT);
  }
  static const int32_t strides[] = {0, 1, -1, WIDTH / 2 - 1, 131073, INT32_MAX, INT32_MIN};
  for (size_t i = 0; i < sizeof strides / sizeof *strides; i++) {
    for (int plane = 0; plane < 3; plane++) {
      frame = some_picture();
      frame.stride[plane] = strides[i];
      CHECK_STATUS(call(target, &frame), BURROW_ERR_INVALID_ARGUMENT);
    }
  }
  for (int plane = 0; plane < 3; plane++) {
    frame = some_picture();
    frame.plane[plane] = NULL;
    CHECK_STATUS(call(target, &frame), BURROW_ERR_INVALID_ARGUMENT);
  }
  static const int32_t formats[] = {0, 6, -1, INT32_MIN};
  for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
    frame = some_picture();
    frame.format = formats[i];
    CHECK_STATUS(call(target, &frame), BURROW_ERR_FORMAT);
  }
  static const uint32_t turns[] = {1, 45, 360, UINT32_MAX};
  for (size_t i = 0; i < sizeof turns / sizeof *turns; i++) {
    frame = some_picture();
    frame.rotation = turns[i];
    CHECK_STATUS(call(target, &frame), BURROW_ERR_INVALID_ARGUMENT);
  }
  frame = some_picture();
  frame.color = 4;
  CHECK_STATUS(call(target, &frame), BURROW_ERR_UNSUPPORTED);
}

static burrow_status push_video(void *track, const burrow_video_frame *frame) {
  return burrow_track_push_video(track, frame);
}

static burrow_status convert_from(void *unused, const burrow_video_frame *frame) {
  (void)unused;
  static uint8_t other[LUMA * 4];
  burrow_video_frame target = picture_in(other, BURROW_VIDEO_BGRA, 100);
  return burrow_video_frame_convert(frame, &target);
}

static burrow_status convert_to(void *unused, const burrow_video_frame *frame) {
  (void)unused;
  static uint8_t other[LUMA * 4];
  burrow_video_frame source = picture_in(other, BURROW_VIDEO_BGRA, 100), target;
  if (!frame) return burrow_video_frame_convert(&source, NULL);
  target = *frame;
  return burrow_video_frame_convert(&source, &target);
}

static void test_arguments(struct pair *pair, burrow_track *mic, burrow_track *camera) {
  refuse_sound(mic, push_audio);
  refuse_sound((burrow_track *)pair->bob, mix_audio);
  refuse_picture(camera, push_video);
  refuse_picture(NULL, convert_from);
  refuse_picture(NULL, convert_to);
  /* More than 60 ms at once. */
  burrow_audio_frame frame = some_sound();
  frame.frames = 2881;
  CHECK_STATUS(burrow_room_mix_audio(pair->bob, &frame), BURROW_ERR_INVALID_ARGUMENT);
  /* Small enough to be a picture, too small to be encoded; odd sizes are fine. */
  burrow_video_frame picture = some_picture();
  picture.width = 15;
  CHECK_STATUS(burrow_track_push_video(camera, &picture), BURROW_ERR_FORMAT);
  picture.width = 17;
  picture.height = 33;
  CHECK_STATUS(burrow_track_push_video(camera, &picture), BURROW_OK);

  burrow_video_frame made = {.struct_size = sizeof made};
  CHECK_STATUS(burrow_video_frame_alloc(pair->mine, BURROW_VIDEO_I420, 0, 16, &made), BURROW_ERR_FORMAT);
  CHECK_STATUS(burrow_video_frame_alloc(pair->mine, BURROW_VIDEO_RGBA, 16, 4097, &made), BURROW_ERR_FORMAT);
  CHECK_STATUS(burrow_video_frame_alloc(pair->mine, 99, 16, 16, &made), BURROW_ERR_FORMAT);
  CHECK_STATUS(burrow_video_frame_alloc(pair->mine, BURROW_VIDEO_NV12, 1, 1, NULL), BURROW_ERR_INVALID_ARGUMENT);
  made.struct_size = 0;
  CHECK_STATUS(burrow_video_frame_alloc(pair->mine, BURROW_VIDEO_NV12, 1, 1, &made), BURROW_ERR_INVALID_ARGUMENT);
}

static void refuse_encoding(burrow_track *track, burrow_encoding encoding, burrow_status wanted) {
  CHECK_STATUS(burrow_track_set_encoding(track, &encoding), wanted);
}

static void test_wishes(struct pair *pair, burrow_track *mic, burrow_track *camera) {
  burrow_encoding encoding;
  CHECK_STATUS(burrow_config_init(NULL, sizeof encoding), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_config_init(&encoding, 3), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_config_init(&encoding, sizeof encoding), BURROW_OK);
  CHECK_STATUS(burrow_track_set_encoding(mic, NULL), BURROW_ERR_INVALID_ARGUMENT);
#define REFUSE(track, field, value, wanted)              \
  do {                                                   \
    burrow_encoding wrong_ = encoding;                   \
    wrong_.field = (value);                              \
    refuse_encoding(track, wrong_, BURROW_ERR_##wanted); \
  } while (0)
  REFUSE(mic, flags, 1u << 20, UNSUPPORTED);
  REFUSE(mic, packets_per_group, 51, INVALID_ARGUMENT);
  REFUSE(mic, packets_per_group, 2, INVALID_ARGUMENT);
  REFUSE(mic, channels, 3, INVALID_ARGUMENT);
  REFUSE(mic, channels, 2, INVALID_ARGUMENT);
  REFUSE(mic, frame_ms, 21, INVALID_ARGUMENT);
  REFUSE(mic, frame_ms, 40, INVALID_ARGUMENT);
  REFUSE(mic, complexity, 11, INVALID_ARGUMENT);
  REFUSE(camera, width, 15, INVALID_ARGUMENT);
  REFUSE(camera, height, 4097, INVALID_ARGUMENT);
  REFUSE(camera, frame_rate, 121, INVALID_ARGUMENT);
  REFUSE(camera, renditions, 4, INVALID_ARGUMENT);
  REFUSE(camera, renditions, 2, INVALID_ARGUMENT);
  static const uint32_t rates[] = {1, UINT32_MAX};
  for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
    REFUSE(mic, bitrate_bps, rates[i], INVALID_ARGUMENT);
    REFUSE(camera, bitrate_bps, rates[i], INVALID_ARGUMENT);
    REFUSE(camera, keyframe_interval_ms, rates[i], INVALID_ARGUMENT);
  }
#undef REFUSE
  encoding.bitrate_bps = 10000;
  encoding.keyframe_interval_ms = 100;
  CHECK_STATUS(burrow_track_set_encoding(mic, &encoding), BURROW_OK);
  CHECK_STATUS(burrow_track_set_encoding(camera, &encoding), BURROW_OK);
  CHECK_STATUS(burrow_track_control(mic, 0), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_track_control(mic, BURROW_CONTROL_KEYFRAME + 1), BURROW_ERR_INVALID_ARGUMENT);

  burrow_track_request want;
  burrow_track *track = NULL;
  CHECK_STATUS(burrow_config_init(&want, sizeof want), BURROW_OK);
  want.kind = 4;
  CHECK_STATUS(burrow_track_subscribe(pair->bob, "alice", NULL, &want, &track), BURROW_ERR_INVALID_ARGUMENT);
  want.kind = BURROW_TRACK_KIND_AUDIO;
  want.flags = BURROW_TRACK_ORDERED;
  CHECK_STATUS(burrow_track_subscribe(pair->bob, "alice", NULL, &want, &track), BURROW_ERR_UNSUPPORTED);
  want.flags = 0;
  want.gain_percent = 401;
  CHECK_STATUS(burrow_track_subscribe(pair->bob, "alice", NULL, &want, &track), BURROW_ERR_INVALID_ARGUMENT);
  want.gain_percent = 0;
  want.min_delay_ms = 500;
  CHECK_STATUS(burrow_track_subscribe(pair->bob, "alice", NULL, &want, &track), BURROW_ERR_INVALID_ARGUMENT);
  want.min_delay_ms = want.max_delay_ms = UINT32_MAX;
  CHECK_STATUS(burrow_track_subscribe(pair->bob, "alice", NULL, &want, &track), BURROW_ERR_INVALID_ARGUMENT);
  CHECK(track == NULL);
  burrow_track_config config;
  CHECK_STATUS(burrow_config_init(&config, sizeof config), BURROW_OK);
  config.name = "data";
  config.encoding = &encoding;
  CHECK_STATUS(burrow_track_publish(pair->alice, &config, &track), BURROW_ERR_INVALID_ARGUMENT);
  config.kind = BURROW_TRACK_KIND_VIDEO;
  encoding.struct_size = 1;
  CHECK_STATUS(burrow_track_publish(pair->alice, &config, &track), BURROW_ERR_INVALID_ARGUMENT);
  config.encoding = NULL;
  config.reserved = 7;
  CHECK_STATUS(burrow_track_publish(pair->alice, &config, &track), BURROW_ERR_UNSUPPORTED);
  config.reserved = 0;
  CHECK_STATUS(burrow_track_publish(pair->bob, &config, &track), BURROW_ERR_WRONG_KIND);
  CHECK(track == NULL);
}

/** Every function on every kind of track it is not for. */
static void test_kinds(burrow_track *mic, burrow_track *camera, burrow_track *ear, burrow_track *screen,
                       burrow_track *data) {
  burrow_audio_frame sound = some_sound();
  burrow_video_frame picture = some_picture(), shown = {.struct_size = sizeof shown};
  burrow_encoded_frame frame = {.struct_size = sizeof frame};
  burrow_media_stats stats = {.struct_size = sizeof stats};
  burrow_encoding encoding;
  CHECK_STATUS(burrow_config_init(&encoding, sizeof encoding), BURROW_OK);
  burrow_track *const all[] = {mic, camera, ear, screen, data};
  for (int i = 0; i < 5; i++) {
    if (i != 0) CHECK_STATUS(burrow_track_push_audio(all[i], &sound), BURROW_ERR_WRONG_KIND);
    if (i != 1) CHECK_STATUS(burrow_track_push_video(all[i], &picture), BURROW_ERR_WRONG_KIND);
    if (i != 1) CHECK_STATUS(burrow_track_control(all[i], BURROW_CONTROL_KEYFRAME), BURROW_ERR_WRONG_KIND);
    if (i > 1) CHECK_STATUS(burrow_track_set_encoding(all[i], &encoding), BURROW_ERR_WRONG_KIND);
    if (i > 1) CHECK_STATUS(burrow_track_control(all[i], BURROW_CONTROL_MUTE), BURROW_ERR_WRONG_KIND);
    if (i != 2) CHECK_STATUS(burrow_track_pull_audio(all[i], &sound), BURROW_ERR_WRONG_KIND);
    if (i != 3) CHECK_STATUS(burrow_track_pull_video(all[i], &shown), BURROW_ERR_WRONG_KIND);
    if (i != 4) CHECK_STATUS(burrow_track_push_encoded(all[i], &frame), BURROW_ERR_WRONG_KIND);
    if (i != 4) CHECK_STATUS(burrow_track_fetch(all[i], 0, NULL), BURROW_ERR_WRONG_KIND);
    CHECK_STATUS(burrow_track_pull_encoded(all[i], &frame), BURROW_ERR_WRONG_KIND);
    CHECK_STATUS(burrow_track_stats_get(all[i], NULL, &stats), i == 4 ? BURROW_ERR_WRONG_KIND : BURROW_OK);
  }
  burrow_track_stats counters = {.struct_size = sizeof counters};
  CHECK_STATUS(burrow_track_stats_get(mic, &counters, &stats), BURROW_OK);
  CHECK_STATUS(burrow_track_stats_get(data, &counters, &stats), BURROW_ERR_WRONG_KIND);
  CHECK_STATUS(burrow_track_stats_get(data, &counters, NULL), BURROW_OK);
  counters.struct_size = stats.struct_size = 1;
  CHECK_STATUS(burrow_track_stats_get(mic, &counters, NULL), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_track_stats_get(mic, NULL, &stats), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_track_stats_get(mic, NULL, NULL), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_track_pull_video(screen, NULL), BURROW_ERR_INVALID_ARGUMENT);
  burrow_track_request want;
  CHECK_STATUS(burrow_config_init(&want, sizeof want), BURROW_OK);
  want.kind = BURROW_TRACK_KIND_VIDEO;
  CHECK_STATUS(burrow_track_update(ear, &want), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_track_update(mic, &want), BURROW_ERR_WRONG_KIND);
  want.width = want.height = UINT32_MAX;
  CHECK_STATUS(burrow_track_update(screen, &want), BURROW_OK);
  want.flags = BURROW_TRACK_PAUSED;
  CHECK_STATUS(burrow_track_update(screen, &want), BURROW_OK);
  want.flags = 0;
  CHECK_STATUS(burrow_track_update(screen, &want), BURROW_OK);
}

static void test_times(struct pair *pair, burrow_track *mic, burrow_track *camera) {
  static const int64_t wrong[] = {INT64_MIN, INT64_MAX, -1, 1, -3600ll * 1000000, 3600ll * 1000000};
  burrow_audio_frame sound = some_sound();
  burrow_video_frame picture = some_picture();
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    /* The last two are an hour from now. */
    int64_t time_us = i < 4 ? wrong[i] : burrow_now_us() + wrong[i];
    sound.timestamp_us = picture.timestamp_us = time_us;
    CHECK_STATUS(burrow_track_push_audio(mic, &sound), BURROW_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(burrow_track_push_video(camera, &picture), BURROW_ERR_INVALID_ARGUMENT);
  }
  /* Within ten seconds they are taken; a picture that is not after the one before is dropped, and counted. */
  uint64_t before = dropped(camera);
  picture.timestamp_us = burrow_now_us();
  CHECK_STATUS(burrow_track_push_video(camera, &picture), BURROW_OK);
  wait_until(pair, burrow_now_us() + 100000);
  picture.timestamp_us -= 5 * 1000000;
  CHECK_STATUS(burrow_track_push_video(camera, &picture), BURROW_OK);
  CHECK(drops_more(pair, camera, before));
  sound.timestamp_us = burrow_now_us() - 5 * 1000000;
  CHECK_STATUS(burrow_track_push_audio(mic, &sound), BURROW_OK);
  sound.timestamp_us = burrow_now_us();
  CHECK_STATUS(burrow_track_push_audio(mic, &sound), BURROW_OK);
  sound.timestamp_us -= 2 * 1000000;
  CHECK_STATUS(burrow_track_push_audio(mic, &sound), BURROW_OK);
}

int main(void) {
  struct pair pair;
  open_pair(&pair);
  burrow_track *mic = publish_with(&pair, BURROW_TRACK_KIND_AUDIO, NULL);
  burrow_track *camera = publish_with(&pair, BURROW_TRACK_KIND_VIDEO, NULL);
  burrow_track *ear = subscribe_to(&pair, BURROW_TRACK_KIND_AUDIO);
  burrow_track *screen = subscribe_to(&pair, BURROW_TRACK_KIND_VIDEO);
  burrow_track_config config;
  burrow_track *data = NULL;
  CHECK_STATUS(burrow_config_init(&config, sizeof config), BURROW_OK);
  config.name = "data";
  CHECK_STATUS(burrow_track_publish(pair.alice, &config, &data), BURROW_OK);

  test_arguments(&pair, mic, camera);
  test_wishes(&pair, mic, camera);
  test_kinds(mic, camera, ear, screen, data);
  test_times(&pair, mic, camera);
  close_pair(&pair);
  return finish_tests();
}
