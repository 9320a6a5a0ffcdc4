/* A tone and pictures from one engine to another through the relay, in every format of the header. */
#include "media.h"

enum {
  STEP_US = 10000,
  RATE = 48000
};

static burrow_audio_frame piece(int32_t format, uint32_t rate, uint32_t channels, uint32_t frames) {
  burrow_audio_frame frame = {.struct_size = sizeof frame, .format = format, .sample_rate = rate};
  frame.channels = channels;
  frame.frames = frames;
  frame.samples = samples;
  return frame;
}

/** Whether a number lies between two others. */
static int between(double low, double value, double high) {
  if (value >= low && value <= high) return 1;
  printf("     %g is not in %g to %g\n", value, low, high);
  return 0;
}

static void check_offers(struct pair *pair) {
  burrow_media_info offers[4] = {{.struct_size = sizeof offers[0]}};
  size_t count = 0;
  CHECK_STATUS(burrow_room_media(pair->bob, "alice", NULL, 0, &count), BURROW_OK);
  CHECK(count == 2);
  CHECK_STATUS(burrow_room_media(pair->bob, "alice", offers, 1, &count), BURROW_ERR_BUFFER_TOO_SMALL);
  CHECK_STATUS(burrow_room_media(pair->bob, "alice", offers, 4, &count), BURROW_OK);
  CHECK(offers[0].kind == BURROW_TRACK_KIND_AUDIO && offers[1].kind == BURROW_TRACK_KIND_VIDEO);
  CHECK(offers[0].is_supported && offers[1].is_supported);
  CHECK(strcmp(offers[0].codec, "opus") == 0 && strcmp(offers[0].name, "audio") == 0);
  CHECK(offers[0].sample_rate == RATE && offers[0].channels == 1);
  CHECK(strncmp(offers[1].codec, "avc3.42", 7) == 0 && strcmp(offers[1].name, "video") == 0);
  CHECK(offers[1].width == WIDTH && offers[1].height == HEIGHT);
  CHECK_STATUS(burrow_room_media(pair->bob, "nobody", offers, 4, &count), BURROW_ERR_NOT_FOUND);
}

static void check_figures(burrow_track *mic, burrow_track *camera, burrow_track *ear, burrow_track *screen) {
  burrow_media_stats stats = {.struct_size = sizeof stats};
  CHECK_STATUS(burrow_track_stats_get(mic, NULL, &stats), BURROW_OK);
  CHECK(stats.frames > 30 && stats.bytes > 1000 && stats.codec_us > 0 && stats.level > 60);
  CHECK_STATUS(burrow_track_stats_get(camera, NULL, &stats), BURROW_OK);
  CHECK(stats.frames > 20 && stats.key_frames > 0 && stats.width == WIDTH && stats.height == HEIGHT);
  CHECK_STATUS(burrow_track_stats_get(ear, NULL, &stats), BURROW_OK);
  CHECK(stats.frames > 30 && stats.played_us > 300000 && stats.damaged_frames == 0);
  CHECK_STATUS(burrow_track_stats_get(screen, NULL, &stats), BURROW_OK);
  CHECK(stats.frames > 20 && stats.width == WIDTH && stats.height == HEIGHT && stats.damaged_frames == 0);
  burrow_track_info info = {.struct_size = sizeof info};
  CHECK_STATUS(burrow_track_info_get(screen, &info), BURROW_OK);
  CHECK(info.kind == BURROW_TRACK_KIND_VIDEO && info.direction == BURROW_TRACK_SUBSCRIBED);
  CHECK(info.state == BURROW_TRACK_LIVE && strcmp(info.path, "alice") == 0);
  CHECK_STATUS(burrow_track_info_get(mic, &info), BURROW_OK);
  CHECK(info.kind == BURROW_TRACK_KIND_AUDIO && strcmp(info.name, "audio") == 0 && info.state == BURROW_TRACK_LIVE);
}

/** One second of sound and pictures after the other until both arrive as they were sent. */
static void test_call(void) {
  struct pair pair;
  open_pair(&pair);
  burrow_encoding encoding;
  CHECK_STATUS(burrow_config_init(&encoding, sizeof encoding), BURROW_OK);
  encoding.flags = BURROW_ENCODING_MUSIC | BURROW_ENCODING_FIXED;
  burrow_track *mic = publish_with(&pair, BURROW_TRACK_KIND_AUDIO, &encoding);
  burrow_track *camera = publish_with(&pair, BURROW_TRACK_KIND_VIDEO, NULL);
  burrow_track *ear = subscribe_to(&pair, BURROW_TRACK_KIND_AUDIO);
  burrow_track *screen = subscribe_to(&pair, BURROW_TRACK_KIND_VIDEO);
  burrow_track_config again;
  burrow_track *second = NULL;
  CHECK_STATUS(burrow_config_init(&again, sizeof again), BURROW_OK);
  again.kind = BURROW_TRACK_KIND_AUDIO;
  CHECK_STATUS(burrow_track_publish(pair.alice, &again, &second), BURROW_ERR_EXISTS);
  again.kind = BURROW_TRACK_KIND_DATA;
  again.name = "video";
  CHECK_STATUS(burrow_track_publish(pair.alice, &again, &second), BURROW_ERR_EXISTS);

  struct tone tone = {.frequency = 440, .amplitude = 0.4};
  struct ear heard = {0};
  int64_t begin = burrow_now_us();
  int number = 0, pictures = 0, last = -1, in_order = 1, tones = 0;
  for (; number < 4000 && (pictures < 25 || tones < 5); number++) {
    burrow_audio_frame frame = piece(BURROW_AUDIO_F32, RATE, 1, 480);
    sing(&tone, &frame);
    CHECK(burrow_track_push_audio(mic, &frame) >= BURROW_OK);
    if (number % 3 == 0) {
      burrow_video_frame picture = picture_in(memory, BURROW_VIDEO_I420, grey_of(number / 3));
      CHECK(burrow_track_push_video(camera, &picture) == BURROW_OK);
    }
    if (number == 60) CHECK_STATUS(burrow_track_control(camera, BURROW_CONTROL_KEYFRAME), BURROW_OK);
    if (number == 90) {
      encoding.bitrate_bps = 96000;
      CHECK_STATUS(burrow_track_set_encoding(mic, &encoding), BURROW_OK);
    }
    wait_until(&pair, begin + (int64_t)(number + 1) * STEP_US);
    frame = piece(BURROW_AUDIO_S16, RATE, 1, 480);
    CHECK(burrow_track_pull_audio(ear, &frame) == BURROW_OK);
    if (!(frame.flags & (BURROW_AUDIO_SILENT | BURROW_AUDIO_CONCEALED))) hear(&heard, &frame, 440);
    if (heard.count >= RATE / 10) {
      tones = share_of_tone(&heard) > 0.95 && between(0.2, loudness(&heard), 0.4) ? tones + 1 : 0;
      heard = (struct ear){0};
    }
    burrow_video_frame shown = {.struct_size = sizeof shown};
    burrow_status status = burrow_track_pull_video(screen, &shown);
    CHECK(status == BURROW_OK || status == BURROW_AGAIN);
    if (status != BURROW_OK) continue;
    CHECK(shown.format == BURROW_VIDEO_I420 && shown.width == WIDTH && shown.height == HEIGHT);
    CHECK(shown.buffer != NULL && shown.plane[3] == NULL && shown.timestamp_us > 0);
    /* Brightness grows by one each picture, until it starts anew. */
    int now = centre(&shown) - 40;
    if (last >= 0 && now + 3 < last && last < 150) in_order = 0;
    last = now;
    pictures++;
    burrow_release(shown.buffer);
  }
  CHECK(pictures >= 25 && tones >= 5 && in_order);
  CHECK(pair.seen[BURROW_EVENT_PARTICIPANT_MEDIA] > 0 && pair.seen[BURROW_EVENT_TRACK_DATA] > 0);
  check_offers(&pair);
  check_figures(mic, camera, ear, screen);

  CHECK_STATUS(burrow_track_control(mic, BURROW_CONTROL_MUTE), BURROW_OK);
  CHECK_STATUS(burrow_close(camera, NULL), BURROW_OK);
  burrow_video_frame picture = picture_in(memory, BURROW_VIDEO_I420, 100);
  CHECK_STATUS(burrow_track_push_video(camera, &picture), BURROW_ERR_CLOSED);
  CHECK_STATUS(burrow_close(screen, NULL), BURROW_OK);
  burrow_video_frame shown = {.struct_size = sizeof shown};
  CHECK_STATUS(burrow_track_pull_video(screen, &shown), BURROW_ERR_CLOSED);
  /* The name is free again at once. */
  again.kind = BURROW_TRACK_KIND_VIDEO;
  again.name = NULL;
  CHECK_STATUS(burrow_track_publish(pair.alice, &again, &second), BURROW_OK);
  CHECK_STATUS(burrow_close(ear, NULL), BURROW_OK);
  burrow_audio_frame frame = piece(BURROW_AUDIO_S16, RATE, 1, 480);
  CHECK_STATUS(burrow_track_pull_audio(ear, &frame), BURROW_ERR_CLOSED);
  burrow_media_stats stats = {.struct_size = sizeof stats};
  CHECK_STATUS(burrow_track_stats_get(ear, NULL, &stats), BURROW_OK);
  CHECK(stats.frames > 30);
  close_pair(&pair);
}

/** A microphone that records in one format after another, and a loudspeaker that plays in the same. */
struct chain {
  struct pair pair;
  burrow_track *mic;
  struct tone tone;
  int64_t begin_us, pushed_us, now_us;
  uint32_t chunk;
};

/** Ten milliseconds: pushes them in chunks of odd sizes and takes as much of the mix. */
static burrow_audio_frame beat(struct chain *chain, int32_t format, uint32_t rate, uint32_t channels) {
  chain->now_us += STEP_US;
  while (chain->pushed_us < chain->now_us) {
    chain->chunk = chain->chunk * 7 % 449 + 1;
    burrow_audio_frame frame = piece(format, rate, channels, chain->chunk);
    sing(&chain->tone, &frame);
    CHECK(burrow_track_push_audio(chain->mic, &frame) >= BURROW_OK);
    chain->pushed_us += (int64_t)chain->chunk * 1000000 / rate;
  }
  wait_until(&chain->pair, chain->begin_us + chain->now_us);
  burrow_audio_frame mixed = piece(format, rate, channels, rate / 100);
  mixed.timestamp_us = 1;
  CHECK(burrow_room_mix_audio(chain->pair.bob, &mixed) == BURROW_OK);
  CHECK(mixed.timestamp_us == 0 && mixed.frames == rate / 100);
  return mixed;
}

/** Every format, rate and channel count in, and the same out of the mix. */
static void test_sample_formats(void) {
  static const uint32_t rates[] = {8000, 16000, 24000, 32000, 44100, 48000};
  struct chain chain = {.tone = {.frequency = 500, .amplitude = 0.4}};
  open_pair(&chain.pair);
  chain.mic = publish_with(&chain.pair, BURROW_TRACK_KIND_AUDIO, NULL);
  subscribe_to(&chain.pair, BURROW_TRACK_KIND_AUDIO);
  chain.begin_us = burrow_now_us();
  for (int heard = 0, steps = 0; heard < 50 && steps < 1000; steps++)
    heard += !(beat(&chain, BURROW_AUDIO_S16, 8000, 1).flags & BURROW_AUDIO_SILENT);
  for (int which = 0; which < 24; which++) {
    uint32_t rate = rates[which % 6], channels = (uint32_t)(1 + which / 6 % 2);
    int32_t format = which < 12 ? BURROW_AUDIO_S16 : BURROW_AUDIO_F32;
    /* A machine that is busy with other things lets the sound falter, which says nothing about the format. */
    int is_good = 0;
    for (int attempt = 0; attempt < 8 && !is_good; attempt++) {
      struct ear ear = {0};
      for (int step = 0; step < 33; step++) {
        burrow_audio_frame mixed = beat(&chain, format, rate, channels);
        /* What was recorded in the format before is heard first. */
        if (step >= 18) hear(&ear, &mixed, 500);
      }
      is_good = share_of_tone(&ear) > 0.7 && loudness(&ear) > 0.1;
    }
    if (!is_good) printf("     format %d, %u Hz, %u channels\n", format, rate, channels);
    CHECK(is_good);
  }
  close_pair(&chain.pair);
}

/** Pictures in every format, with gaps between rows, stored bottom up, and turned. */
static void test_picture_formats(void) {
  static const int32_t formats[] = {BURROW_VIDEO_I420, BURROW_VIDEO_NV12, BURROW_VIDEO_NV21, BURROW_VIDEO_RGBA,
                                    BURROW_VIDEO_BGRA};
  struct pair pair;
  open_pair(&pair);
  burrow_track *camera = publish_with(&pair, BURROW_TRACK_KIND_VIDEO, NULL);
  burrow_track *screen = subscribe_to(&pair, BURROW_TRACK_KIND_VIDEO);
  for (int which = 0; which < 10; which++) {
    uint8_t grey = (uint8_t)(60 + 15 * which);
    burrow_video_frame picture = picture_in(memory, formats[which % 5], grey);
    if (which >= 5) {
      /* Bottom up, and to be turned once, which makes the picture upright. */
      for (int plane = 0; plane < 3 && picture.plane[plane]; plane++) {
        int rows = plane ? HEIGHT / 2 : HEIGHT;
        picture.plane[plane] += (ptrdiff_t)picture.stride[plane] * (rows - 1);
        picture.stride[plane] = -picture.stride[plane];
      }
      picture.rotation = 90;
    }
    uint32_t width = which >= 5 ? HEIGHT : WIDTH;
    int64_t deadline = burrow_now_us() + 10 * 1000000;
    int arrived = 0;
    while (!arrived && burrow_now_us() < deadline) {
      CHECK(burrow_track_push_video(camera, &picture) == BURROW_OK);
      wait_until(&pair, burrow_now_us() + 33333);
      burrow_video_frame shown = {.struct_size = sizeof shown};
      if (burrow_track_pull_video(screen, &shown) != BURROW_OK) continue;
      arrived = shown.width == width && abs(centre(&shown) - grey) <= 4;
      burrow_release(shown.buffer);
    }
    if (!arrived) printf("     format %d, case %d\n", formats[which % 5], which);
    CHECK(arrived);
  }
  close_pair(&pair);
}

/** Allocated pictures, and every conversion between formats, sizes and orientations. */
static void test_conversion(void) {
  burrow_engine *e = NULL;
  CHECK_STATUS(burrow_engine_create(NULL, &e), BURROW_OK);
  for (int32_t from = BURROW_VIDEO_I420; from <= BURROW_VIDEO_BGRA; from++) {
    burrow_video_frame source = picture_in(memory, from, 120);
    source.timestamp_us = 4711;
    for (int32_t to = BURROW_VIDEO_I420; to <= BURROW_VIDEO_BGRA; to++) {
      burrow_video_frame target = {.struct_size = sizeof target}, back = {.struct_size = sizeof back};
      CHECK_STATUS(burrow_video_frame_alloc(e, to, 101, 67, &target), BURROW_OK);
      CHECK(target.width == 101 && target.height == 67 && target.buffer != NULL);
      CHECK(target.plane[0][0] == (to >= BURROW_VIDEO_RGBA ? 0 : 16));
      CHECK_STATUS(burrow_video_frame_convert(&source, &target), BURROW_OK);
      CHECK(target.timestamp_us == 4711);
      CHECK_STATUS(burrow_video_frame_alloc(e, BURROW_VIDEO_I420, 67, 101, &back), BURROW_OK);
      target.rotation = 270;
      CHECK_STATUS(burrow_video_frame_convert(&target, &back), BURROW_OK);
      CHECK(abs(centre(&back) - 120) <= 4);
      CHECK_STATUS(burrow_retain(back.buffer), BURROW_OK);
      burrow_release(back.buffer);
      CHECK(abs(centre(&back) - 120) <= 4);
      burrow_release(back.buffer);
      burrow_release(target.buffer);
    }
  }
  CHECK_STATUS(burrow_engine_destroy(e), BURROW_OK);
}

int main(void) {
  CHECK(burrow_has_feature("opus") == 1 && burrow_has_feature("h264") == 1);
  test_conversion();
  test_call();
  test_sample_formats();
  test_picture_formats();
  return finish_tests();
}
