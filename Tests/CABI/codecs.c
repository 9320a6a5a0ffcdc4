/* Encoders and decoders without a room: what goes in comes out, losses are made up, mistakes are statuses. */
#include "media.h"

#include <pthread.h>
#include <stdatomic.h>

static burrow_engine *engine;

static burrow_track *encoder(uint32_t kind, const burrow_encoding *encoding) {
  burrow_track *track = NULL;
  CHECK_STATUS(burrow_encoder_create(engine, kind, encoding, &track), BURROW_OK);
  return track;
}

static burrow_track *decoder(uint32_t kind) {
  burrow_track *track = NULL;
  CHECK_STATUS(burrow_decoder_create(engine, kind, NULL, 0, &track), BURROW_OK);
  return track;
}

/** Moves everything that is encoded to a decoder; returns how many frames that was. */
static int pass_on(burrow_track *from, burrow_track *to) {
  int count = 0;
  burrow_encoded_frame frame = {.struct_size = sizeof frame};
  while (burrow_track_pull_encoded(from, &frame) == BURROW_OK) {
    CHECK_STATUS(burrow_track_push_encoded(to, &frame), BURROW_OK);
    burrow_release(frame.buffer);
    count++;
  }
  return count;
}

/** A second of a tone in one format, out in another; chunks of odd sizes, much faster than real time. */
static void test_sound(int32_t format, uint32_t rate, uint32_t channels, int32_t to, uint32_t to_rate,
                       uint32_t to_channels) {
  burrow_encoding encoding;
  CHECK_STATUS(burrow_config_init(&encoding, sizeof encoding), BURROW_OK);
  encoding.flags = BURROW_ENCODING_MUSIC;
  encoding.channels = channels;
  burrow_track *in = encoder(BURROW_TRACK_KIND_AUDIO, &encoding), *out = decoder(BURROW_TRACK_KIND_AUDIO);
  struct tone tone = {.frequency = 440, .amplitude = 0.4};
  struct ear ear = {0};
  uint32_t pushed = 0, pulled = 0, chunk = 1, packets = 0;
  static float memory_out[2880 * 2];
  while (pulled < to_rate * 9 / 10) {
    if (pushed < rate) {
      chunk = chunk * 7 % 449 + 1;
      burrow_audio_frame frame = {.struct_size = sizeof frame, .format = format, .sample_rate = rate};
      frame.channels = channels;
      frame.frames = chunk;
      frame.samples = samples;
      sing(&tone, &frame);
      CHECK(burrow_track_push_audio(in, &frame) == BURROW_OK);
      pushed += chunk;
    } else if (burrow_close(in, NULL) != BURROW_OK && packets == 0) {
      break;
    }
    packets = (uint32_t)pass_on(in, out);
    burrow_audio_frame piece = {.struct_size = sizeof piece, .format = to, .sample_rate = to_rate};
    piece.channels = to_channels;
    piece.frames = to_rate / 100;
    piece.samples = memory_out;
    while (burrow_track_pull_audio(out, &piece) == BURROW_OK) {
      double wanted = (double)pulled * 1e6 / to_rate;
      CHECK(fabs((double)piece.timestamp_us - wanted) < 2000 && piece.flags == 0);
      if (pulled > to_rate / 10) hear(&ear, &piece, 440);
      pulled += piece.frames;
    }
  }
  CHECK(pulled >= to_rate * 9 / 10);
  CHECK(share_of_tone(&ear) > 0.98 && fabs(loudness(&ear) - 0.283) < 0.04);
  burrow_media_stats stats = {.struct_size = sizeof stats};
  CHECK_STATUS(burrow_track_stats_get(in, NULL, &stats), BURROW_OK);
  CHECK(stats.frames >= 45 && stats.frames <= 52 && stats.dropped_frames == 0 && stats.codec_us > 0);
  CHECK_STATUS(burrow_track_stats_get(out, NULL, &stats), BURROW_OK);
  CHECK(stats.frames >= 45 && stats.damaged_frames == 0 && stats.concealed_us == 0);
  burrow_encoded_frame frame = {.struct_size = sizeof frame};
  (void)burrow_close(in, NULL);
  pass_on(in, out);
  CHECK_STATUS(burrow_track_pull_encoded(in, &frame), BURROW_ERR_CLOSED);
  CHECK_STATUS(burrow_close(in, NULL), BURROW_ERR_CLOSED);
  burrow_release(in);
  burrow_release(out);
}

static void test_sound_formats(void) {
  static const uint32_t rates[] = {8000, 16000, 24000, 32000, 44100, 48000};
  for (size_t i = 0; i < 24; i++) {
    int32_t format = i & 1 ? BURROW_AUDIO_S16 : BURROW_AUDIO_F32;
    int32_t to = i & 4 ? BURROW_AUDIO_S16 : BURROW_AUDIO_F32;
    test_sound(format, rates[i % 6], 1 + (i / 6 & 1), to, rates[(i * 5 + i / 6) % 6], 1 + (i / 3 & 1));
  }
}

/** 20 ms of something like a voice, which is what redundancy is for: pulses with overtones, louder and softer. */
static void speak(burrow_audio_frame *frame, int number) {
  for (uint32_t i = 0; i < frame->frames; i++) {
    double t = number * 0.02 + i / 48000.0, pitch = 120 + 10 * sin(TURN * 0.7 * t), value = 0;
    for (int overtone = 1; overtone < 16; overtone++)
      value += sin(TURN * pitch * overtone * t) / overtone;
    samples[i] = (float)(0.15 * (0.6 + 0.4 * sin(TURN * 3.5 * t)) * value);
  }
}

/** Two seconds with lost packets: told, they are made up, and flagged unless the next packet describes them. */
static void test_losses(int with_redundancy) {
  burrow_encoding encoding;
  CHECK_STATUS(burrow_config_init(&encoding, sizeof encoding), BURROW_OK);
  encoding.flags = with_redundancy ? BURROW_ENCODING_FEC : 0;
  burrow_track *in = encoder(BURROW_TRACK_KIND_AUDIO, &encoding), *out = decoder(BURROW_TRACK_KIND_AUDIO);
  burrow_audio_frame piece = some_sound();
  piece.frames = 960;
  int pulled = 0, concealed = 0, lost = 0;
  for (int number = 0; number < 100; number++) {
    speak(&piece, number);
    CHECK_STATUS(burrow_track_push_audio(in, &piece), BURROW_OK);
    burrow_encoded_frame frame = {.struct_size = sizeof frame};
    CHECK_STATUS(burrow_track_pull_encoded(in, &frame), BURROW_OK);
    CHECK(frame.duration_us == 20000 && frame.timestamp_us == number * 20000 && (frame.flags & BURROW_FRAME_KEY));
    if (number % 10 == 5) {
      /* Every other loss is told at once, the rest is left to the next packet. */
      burrow_encoded_frame nothing = {.struct_size = sizeof nothing, .duration_us = 20000};
      if (number % 20 == 5) CHECK_STATUS(burrow_track_push_encoded(out, &nothing), BURROW_OK);
      lost++;
    } else {
      frame.flags = number % 20 == 16 ? BURROW_FRAME_DISCONTINUITY : 0;
      CHECK_STATUS(burrow_track_push_encoded(out, &frame), BURROW_OK);
    }
    burrow_release(frame.buffer);
    burrow_audio_frame heard = some_sound();
    heard.frames = 960;
    while (burrow_track_pull_audio(out, &heard) == BURROW_OK) {
      CHECK(heard.timestamp_us == pulled * 20000);
      concealed += (heard.flags & BURROW_AUDIO_CONCEALED) != 0;
      pulled++;
    }
  }
  CHECK(pulled == 100 && lost == 10);
  /* What was told is made up; most of the rest is described by the next packet, if the encoder was asked for that. */
  CHECK(with_redundancy ? concealed >= 5 && concealed <= 7 : concealed == 10);
  burrow_media_stats stats = {.struct_size = sizeof stats};
  CHECK_STATUS(burrow_track_stats_get(out, NULL, &stats), BURROW_OK);
  CHECK(stats.recovered_us == (uint64_t)(10 - concealed) * 20000);
  CHECK(stats.concealed_us == (uint64_t)concealed * 20000 && stats.played_us == 2000000);
  burrow_release(in);
  burrow_release(out);
}

/** Pictures come out in order, all of them; a key picture on request and with another size. */
static void test_pictures(void) {
  burrow_encoding encoding;
  CHECK_STATUS(burrow_config_init(&encoding, sizeof encoding), BURROW_OK);
  burrow_track *in = encoder(BURROW_TRACK_KIND_VIDEO, &encoding), *out = decoder(BURROW_TRACK_KIND_VIDEO);
  int shown = 0, keys = 0;
  for (int number = 0; number < 90; number++) {
    burrow_video_frame picture = picture_in(memory, BURROW_VIDEO_I420 + number % 5, grey_of(number));
    picture.timestamp_us = number * 40000;
    if (number == 30) CHECK_STATUS(burrow_track_control(in, BURROW_CONTROL_KEYFRAME), BURROW_OK);
    if (number == 70) {
      encoding.width = 160;
      encoding.height = 90;
      CHECK_STATUS(burrow_track_set_encoding(in, &encoding), BURROW_OK);
    }
    CHECK_STATUS(burrow_track_push_video(in, &picture), BURROW_OK);
    burrow_encoded_frame frame = {.struct_size = sizeof frame};
    if (burrow_track_pull_encoded(in, &frame) != BURROW_OK) continue;
    int is_key = (frame.flags & BURROW_FRAME_KEY) != 0;
    keys += is_key;
    CHECK(is_key == (frame.sequence == 0) && frame.group == (uint64_t)(keys - 1));
    if (number == 30 || number == 70) CHECK(is_key);
    CHECK(frame.timestamp_us == number * 40000 && frame.len > 4 && memcmp(frame.data, "\0\0\0\1", 4) == 0);
    CHECK_STATUS(burrow_track_push_encoded(out, &frame), BURROW_OK);
    burrow_release(frame.buffer);
    burrow_video_frame decoded = {.struct_size = sizeof decoded};
    CHECK_STATUS(burrow_track_pull_video(out, &decoded), BURROW_OK);
    CHECK(decoded.timestamp_us == number * 40000 && abs(centre(&decoded) - grey_of(number)) <= 4);
    CHECK(decoded.width == (number < 70 ? WIDTH : 160u));
    burrow_release(decoded.buffer);
    shown++;
  }
  CHECK(shown >= 85);
  burrow_media_stats stats = {.struct_size = sizeof stats};
  CHECK_STATUS(burrow_track_stats_get(in, NULL, &stats), BURROW_OK);
  CHECK(stats.frames == (uint64_t)shown && stats.width == 160 && stats.key_frames == (uint64_t)keys);
  CHECK(stats.dropped_frames == (uint64_t)(90 - shown));
  CHECK_STATUS(burrow_track_stats_get(out, NULL, &stats), BURROW_OK);
  CHECK(stats.frames == (uint64_t)shown && stats.height == 90 && stats.damaged_frames == 0);
  CHECK_STATUS(burrow_close(out, NULL), BURROW_OK);
  burrow_video_frame decoded = {.struct_size = sizeof decoded};
  CHECK_STATUS(burrow_track_pull_video(out, &decoded), BURROW_ERR_CLOSED);
  burrow_release(in);
  burrow_release(out);
}

/** The smallest, the oddest and the longest pictures. */
static void test_sizes(void) {
  static const uint32_t sizes[][2] = {{16, 16}, {17, 33}, {4096, 16}, {16, 4096}, {255, 2047}, {1919, 1079}};
  uint8_t *pixels = malloc(4096 * 1100 * 2);
  memset(pixels, 100, 4096 * 1100 * 2);
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    burrow_track *in = encoder(BURROW_TRACK_KIND_VIDEO, NULL), *out = decoder(BURROW_TRACK_KIND_VIDEO);
    burrow_video_frame picture = {.struct_size = sizeof picture, .format = BURROW_VIDEO_NV12};
    picture.width = sizes[i][0];
    picture.height = sizes[i][1];
    picture.plane[0] = picture.plane[1] = pixels;
    picture.stride[0] = picture.stride[1] = (int32_t)(sizes[i][0] + 1) & ~1;
    CHECK_STATUS(burrow_track_push_video(in, &picture), BURROW_OK);
    CHECK(pass_on(in, out) == 1);
    burrow_video_frame shown = {.struct_size = sizeof shown};
    CHECK_STATUS(burrow_track_pull_video(out, &shown), BURROW_OK);
    CHECK(shown.width == (sizes[i][0] & ~1u) && shown.height == (sizes[i][1] & ~1u));
    CHECK(shown.buffer && abs(centre(&shown) - 100) <= 4);
    burrow_release(shown.buffer);
    burrow_release(in);
    burrow_release(out);
  }
  free(pixels);
}

/** Who does not pull is asked to, and loses nothing. */
static void test_limits(void) {
  burrow_track *in = encoder(BURROW_TRACK_KIND_AUDIO, NULL), *out = decoder(BURROW_TRACK_KIND_AUDIO);
  burrow_audio_frame piece = some_sound();
  burrow_status status = BURROW_OK;
  int seconds = 0;
  piece.frames = 48000;
  while ((status = burrow_track_push_audio(in, &piece)) == BURROW_OK && seconds < 100)
    seconds++;
  CHECK(status == BURROW_AGAIN && seconds >= 5 && seconds <= 7);
  burrow_encoded_frame frame = {.struct_size = sizeof frame};
  burrow_buffer *kept[64];
  for (int i = 0; i < 64; i++) {
    CHECK_STATUS(burrow_track_pull_encoded(in, &frame), BURROW_OK);
    kept[i] = frame.buffer;
    CHECK_STATUS(burrow_track_push_encoded(out, &frame), i < 50 ? BURROW_OK : BURROW_AGAIN);
  }
  CHECK_STATUS(burrow_track_pull_encoded(in, &frame), BURROW_AGAIN);
  burrow_release(in);
  /* They outlive their encoder. */
  for (int i = 0; i < 64; i++)
    burrow_release(kept[i]);
  CHECK_STATUS(burrow_track_pull_encoded(in, &frame), BURROW_ERR_STALE_HANDLE);
  burrow_release(out);

  in = encoder(BURROW_TRACK_KIND_VIDEO, NULL);
  out = decoder(BURROW_TRACK_KIND_VIDEO);
  burrow_video_frame picture = some_picture(), shown[4] = {{.struct_size = sizeof shown[0]}};
  int taken = 0, busy = 0;
  for (int i = 0; i < 20 && !busy; i++) {
    CHECK_STATUS(burrow_track_push_video(in, &picture), BURROW_OK);
    if (burrow_track_pull_encoded(in, &frame) != BURROW_OK) continue;
    status = burrow_track_push_encoded(out, &frame);
    taken += status == BURROW_OK;
    busy = status == BURROW_AGAIN;
    burrow_release(frame.buffer);
  }
  CHECK(taken == 4 && busy);
  for (int i = 0; i < 4; i++) {
    shown[i].struct_size = sizeof shown[i];
    CHECK_STATUS(burrow_track_pull_video(out, &shown[i]), i < 3 ? BURROW_OK : BURROW_AGAIN);
  }
  burrow_release(out);
  CHECK(abs(centre(&shown[0]) - 100) <= 4);
  for (int i = 0; i < 3; i++)
    burrow_release(shown[i].buffer);
  burrow_release(in);
}

static void test_mistakes(void) {
  burrow_track *track = (burrow_track *)engine;
  burrow_encoding encoding;
  CHECK_STATUS(burrow_config_init(&encoding, sizeof encoding), BURROW_OK);
  CHECK_STATUS(burrow_encoder_create(NULL, 2, NULL, &track), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_encoder_create(engine, 2, NULL, NULL), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_encoder_create(engine, 1, NULL, &track), BURROW_ERR_INVALID_ARGUMENT);
  CHECK(track == NULL);
  CHECK_STATUS(burrow_encoder_create(engine, UINT32_MAX, NULL, &track), BURROW_ERR_INVALID_ARGUMENT);
  encoding.renditions = 2;
  CHECK_STATUS(burrow_encoder_create(engine, 3, &encoding, &track), BURROW_ERR_INVALID_ARGUMENT);
  encoding.renditions = 0;
  encoding.bitrate_bps = 1;
  CHECK_STATUS(burrow_encoder_create(engine, 2, &encoding, &track), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_encoder_create(engine, 3, &encoding, &track), BURROW_ERR_INVALID_ARGUMENT);
  encoding.bitrate_bps = 0;
  encoding.flags = 1u << 31;
  CHECK_STATUS(burrow_encoder_create(engine, 3, &encoding, &track), BURROW_ERR_UNSUPPORTED);
  encoding.struct_size = 0;
  CHECK_STATUS(burrow_encoder_create(engine, 3, &encoding, &track), BURROW_ERR_INVALID_ARGUMENT);
  static const uint8_t noise[100] = {1, 66, 0, 30, 255, 225, 0, 200, 1, 2, 3};
  CHECK_STATUS(burrow_decoder_create(engine, 3, NULL, 1, &track), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_decoder_create(engine, 3, noise, SIZE_MAX, &track), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_decoder_create(engine, 3, noise, sizeof noise, &track), BURROW_ERR_DAMAGED);
  CHECK_STATUS(burrow_decoder_create(engine, 2, noise, sizeof noise, &track), BURROW_ERR_DAMAGED);
  static const uint8_t surround[] = "OpusHead\1\6\0\0\200\273\0\0\0\0\1";
  CHECK_STATUS(burrow_decoder_create(engine, 2, surround, 19, &track), BURROW_ERR_FORMAT);
  CHECK_STATUS(burrow_decoder_create(engine, 0, NULL, 0, &track), BURROW_ERR_INVALID_ARGUMENT);
  CHECK(track == NULL);

  burrow_track *speaker = encoder(BURROW_TRACK_KIND_AUDIO, NULL), *camera = encoder(BURROW_TRACK_KIND_VIDEO, NULL);
  burrow_track *ear = decoder(BURROW_TRACK_KIND_AUDIO), *screen = decoder(BURROW_TRACK_KIND_VIDEO);
  burrow_track *const all[] = {speaker, camera, ear, screen};
  burrow_audio_frame sound = some_sound();
  burrow_video_frame picture = some_picture(), shown = {.struct_size = sizeof shown};
  burrow_encoded_frame frame = {.struct_size = sizeof frame, .data = noise, .len = sizeof noise};
  burrow_track_info info = {.struct_size = sizeof info};
  burrow_track_stats stats = {.struct_size = sizeof stats};
  burrow_track_request want;
  CHECK_STATUS(burrow_config_init(&want, sizeof want), BURROW_OK);
  CHECK_STATUS(burrow_config_init(&encoding, sizeof encoding), BURROW_OK);
  for (int i = 0; i < 4; i++) {
    if (i != 0) CHECK_STATUS(burrow_track_push_audio(all[i], &sound), BURROW_ERR_WRONG_KIND);
    if (i != 1) CHECK_STATUS(burrow_track_push_video(all[i], &picture), BURROW_ERR_WRONG_KIND);
    if (i != 1) CHECK_STATUS(burrow_track_control(all[i], BURROW_CONTROL_KEYFRAME), BURROW_ERR_WRONG_KIND);
    if (i != 2) CHECK_STATUS(burrow_track_pull_audio(all[i], &sound), BURROW_ERR_WRONG_KIND);
    if (i != 3) CHECK_STATUS(burrow_track_pull_video(all[i], &shown), BURROW_ERR_WRONG_KIND);
    if (i < 2) CHECK_STATUS(burrow_track_push_encoded(all[i], &frame), BURROW_ERR_WRONG_KIND);
    if (i > 1) CHECK_STATUS(burrow_track_pull_encoded(all[i], &frame), BURROW_ERR_WRONG_KIND);
    if (i > 1) CHECK_STATUS(burrow_track_set_encoding(all[i], &encoding), BURROW_ERR_WRONG_KIND);
    CHECK_STATUS(burrow_track_control(all[i], BURROW_CONTROL_MUTE), BURROW_ERR_WRONG_KIND);
    CHECK_STATUS(burrow_track_update(all[i], &want), BURROW_ERR_WRONG_KIND);
    CHECK_STATUS(burrow_track_fetch(all[i], 0, NULL), BURROW_ERR_WRONG_KIND);
    CHECK_STATUS(burrow_track_info_get(all[i], &info), BURROW_ERR_WRONG_KIND);
    CHECK_STATUS(burrow_track_stats_get(all[i], &stats, NULL), BURROW_ERR_WRONG_KIND);
  }
  /* Bytes that are no codec's. */
  CHECK_STATUS(burrow_track_pull_audio(ear, &sound), BURROW_AGAIN);
  static const uint8_t packet[] = {0xff, 0xff, 0xff};
  frame.data = packet;
  frame.len = sizeof packet;
  CHECK_STATUS(burrow_track_push_encoded(ear, &frame), BURROW_ERR_DAMAGED);
  frame.len = 0;
  CHECK_STATUS(burrow_track_push_encoded(screen, &frame), BURROW_ERR_INVALID_ARGUMENT);
  frame.duration_us = INT64_MAX;
  CHECK_STATUS(burrow_track_push_encoded(ear, &frame), BURROW_OK);
  frame.duration_us = INT64_MIN;
  frame.timestamp_us = INT64_MAX;
  CHECK_STATUS(burrow_track_push_encoded(ear, &frame), BURROW_OK);
  for (int i = 0; i < 20; i++) {
    sound.sample_rate = i & 1 ? 8000 : 44100;
    CHECK(burrow_track_pull_audio(ear, &sound) >= 0);
  }
  uint8_t *large = calloc(1, 9 * 1024 * 1024);
  frame.data = large;
  frame.len = 9 * 1024 * 1024;
  CHECK_STATUS(burrow_track_push_encoded(screen, &frame), BURROW_ERR_LIMIT);
  CHECK(burrow_track_push_encoded(ear, &frame) < 0);
  free(large);
  /* Times. */
  sound = some_sound();
  sound.timestamp_us = INT64_MAX;
  CHECK_STATUS(burrow_track_push_audio(speaker, &sound), BURROW_ERR_INVALID_ARGUMENT);
  sound.timestamp_us = INT64_MIN;
  CHECK_STATUS(burrow_track_push_audio(speaker, &sound), BURROW_ERR_INVALID_ARGUMENT);
  sound.timestamp_us = 3600ll * 1000000;
  CHECK_STATUS(burrow_track_push_audio(speaker, &sound), BURROW_OK);
  sound.timestamp_us = 3590ll * 1000000;
  CHECK_STATUS(burrow_track_push_audio(speaker, &sound), BURROW_ERR_INVALID_ARGUMENT);
  picture.timestamp_us = INT64_MAX;
  CHECK_STATUS(burrow_track_push_video(camera, &picture), BURROW_ERR_INVALID_ARGUMENT);
  picture.timestamp_us = 1000;
  CHECK_STATUS(burrow_track_push_video(camera, &picture), BURROW_OK);
  CHECK_STATUS(burrow_track_push_video(camera, &picture), BURROW_ERR_INVALID_ARGUMENT);
  picture.width = 8;
  picture.timestamp_us = 50000;
  CHECK_STATUS(burrow_track_push_video(camera, &picture), BURROW_ERR_FORMAT);
  picture.width = 4096;
  CHECK_STATUS(burrow_track_push_video(camera, &picture), BURROW_ERR_INVALID_ARGUMENT);
  encoding.bitrate_bps = UINT32_MAX;
  for (int i = 0; i < 4; i++) {
    if (i < 2) CHECK_STATUS(burrow_track_set_encoding(all[i], &encoding), BURROW_ERR_INVALID_ARGUMENT);
    burrow_release(all[i]);
  }
}

static atomic_int turned_away, accepted;

static void *encode(void *raw) {
  static uint8_t pixels[LUMA * 4];
  burrow_video_frame picture = picture_in(pixels, BURROW_VIDEO_I420, 100);
  burrow_encoded_frame frame = {.struct_size = sizeof frame};
  for (int i = 0; i < 2000 && (turned_away == 0 || i < 20); i++) {
    burrow_status status = burrow_track_push_video(raw, &picture);
    if (status == BURROW_ERR_BUSY) turned_away++;
    if (status == BURROW_OK) accepted++;
    if (burrow_track_pull_encoded(raw, &frame) == BURROW_OK) burrow_release(frame.buffer);
  }
  return NULL;
}

/** A codec is one thread's at a time; after shutdown and destroy it is nobody's. */
static void test_threads_and_end(void) {
  burrow_track *camera = encoder(BURROW_TRACK_KIND_VIDEO, NULL);
  pthread_t threads[2];
  for (int i = 0; i < 2; i++)
    pthread_create(&threads[i], NULL, encode, camera);
  for (int i = 0; i < 2; i++)
    pthread_join(threads[i], NULL);
  CHECK(turned_away > 0 && accepted > 0);
  burrow_video_frame picture = some_picture();
  burrow_request request = 0;
  CHECK_STATUS(burrow_close(engine, &request), BURROW_OK);
  CHECK_STATUS(wait_done(engine, request), BURROW_OK);
  CHECK_STATUS(burrow_track_push_video(camera, &picture), BURROW_ERR_CLOSED);
  burrow_track *late = NULL;
  CHECK_STATUS(burrow_encoder_create(engine, BURROW_TRACK_KIND_AUDIO, NULL, &late), BURROW_ERR_CLOSED);
  CHECK_STATUS(burrow_decoder_create(engine, BURROW_TRACK_KIND_AUDIO, NULL, 0, &late), BURROW_ERR_CLOSED);
  CHECK_STATUS(burrow_engine_destroy(engine), BURROW_OK);
  CHECK_STATUS(burrow_track_push_video(camera, &picture), BURROW_ERR_STALE_HANDLE);
  burrow_release(camera);
}

int main(void) {
  CHECK_STATUS(burrow_engine_create(NULL, &engine), BURROW_OK);
  test_sound_formats();
  test_losses(0);
  test_losses(1);
  test_pictures();
  test_sizes();
  test_limits();
  test_mistakes();
  test_threads_and_end();
  return finish_tests();
}
