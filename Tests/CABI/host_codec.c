/* A host with codecs of its own: encoders without a room play its hardware, and what it publishes is listed, decoded by
   others, and bounded; what is none of it is refused. */
#include "media.h"

/** Some more of what an encoder makes, or 0 when nothing came. */
static int encode_one(burrow_track *encoder, int kind, burrow_encoded_frame *out) {
  if (kind == BURROW_TRACK_KIND_AUDIO) {
    burrow_audio_frame sound = some_sound();
    sound.frames = 960;
    static struct tone tone = {.frequency = 431, .amplitude = 0.3};
    sing(&tone, &sound);
    CHECK_STATUS(burrow_track_push_audio(encoder, &sound), BURROW_OK);
  } else {
    burrow_video_frame picture = some_picture();
    CHECK_STATUS(burrow_track_push_video(encoder, &picture), BURROW_OK);
  }
  memset(out, 0, sizeof *out);
  out->struct_size = sizeof *out;
  return burrow_track_pull_encoded(encoder, out) == BURROW_OK;
}

static burrow_track *publish_encoded(struct pair *pair, uint32_t kind, burrow_encoding *encoding) {
  burrow_track_config config;
  CHECK_STATUS(burrow_config_init(&config, sizeof config), BURROW_OK);
  config.kind = kind, config.flags = BURROW_TRACK_HOST_CODEC, config.encoding = encoding;
  burrow_track *track = NULL;
  CHECK_STATUS(burrow_track_publish(pair->alice, &config, &track), BURROW_OK);
  return track;
}

static burrow_track *subscribe_encoded(struct pair *pair, uint32_t kind) {
  burrow_track_request want;
  CHECK_STATUS(burrow_config_init(&want, sizeof want), BURROW_OK);
  want.kind = kind, want.flags = BURROW_TRACK_HOST_CODEC;
  burrow_track *track = NULL;
  CHECK_STATUS(burrow_track_subscribe(pair->bob, "alice", NULL, &want, &track), BURROW_OK);
  want.flags = 0;
  CHECK_STATUS(burrow_track_update(track, &want), BURROW_ERR_INVALID_ARGUMENT);
  burrow_track_info info = {.struct_size = sizeof info};
  CHECK_STATUS(burrow_track_info_get(track, &info), BURROW_OK);
  CHECK(info.flags & BURROW_TRACK_HOST_CODEC);
  return track;
}

/** What goes in comes out, to the byte. */
static void test_there_and_back(struct pair *pair, int kind) {
  burrow_track *encoder = NULL, *out = publish_encoded(pair, kind, NULL), *in = subscribe_encoded(pair, kind);
  CHECK_STATUS(burrow_encoder_create(pair->mine, kind, NULL, &encoder), BURROW_OK);
  uint8_t *sent[400] = {0};
  size_t lengths[400];
  int count = 0, received = 0, wrong = 0, first = -1;
  int64_t deadline = burrow_now_us() + 15 * 1000000;
  while (received < 30 && count < 400 && burrow_now_us() < deadline) {
    burrow_encoded_frame made;
    if (encode_one(encoder, kind, &made)) {
      made.timestamp_us = 0;
      CHECK_STATUS(burrow_track_push_encoded(out, &made), BURROW_OK);
      sent[count] = malloc(made.len);
      memcpy(sent[count], made.data, made.len);
      lengths[count++] = made.len;
      burrow_release(made.buffer);
    }
    wait_until(pair, burrow_now_us() + 20000);
    burrow_encoded_frame got = {.struct_size = sizeof got};
    while (burrow_track_pull_encoded(in, &got) == BURROW_OK) {
      /* Who comes later begins later. */
      for (int i = 0; first < 0 && i < count; i++)
        if (lengths[i] == got.len && memcmp(sent[i], got.data, got.len) == 0) first = i;
      int at = first + received++;
      wrong += first < 0 || at >= count || lengths[at] != got.len || memcmp(sent[at], got.data, got.len) != 0;
      burrow_release(got.buffer);
    }
  }
  CHECK(received >= 30);
  CHECK(wrong == 0);
  burrow_media_stats stats = {.struct_size = sizeof stats};
  CHECK_STATUS(burrow_track_stats_get(in, NULL, &stats), BURROW_OK);
  CHECK(stats.damaged_frames == 0);
  burrow_media_info offers[2] = {{.struct_size = sizeof *offers}};
  size_t offered = 0;
  CHECK_STATUS(burrow_room_media(pair->bob, "alice", offers, 2, &offered), BURROW_OK);
  CHECK(offered == 1 && offers[0].kind == (uint32_t)kind && offers[0].is_supported);
  for (int i = 0; i < count; i++)
    free(sent[i]);
  burrow_release(in);
  burrow_release(out);
  burrow_release(encoder);
  /* The offer goes, before the next one comes. */
  for (offered = 1; offered > 0 && burrow_now_us() < deadline;) {
    wait_until(pair, burrow_now_us() + 20000);
    if (burrow_room_media(pair->bob, "alice", NULL, 0, &offered) == BURROW_ERR_NOT_FOUND) offered = 0;
  }
}

static void refuse(burrow_track *track, const void *bytes, size_t length, int64_t time, burrow_status wanted) {
  burrow_encoded_frame frame = {.struct_size = sizeof frame, .data = bytes, .len = length, .timestamp_us = time};
  CHECK_STATUS(burrow_track_push_encoded(track, &frame), wanted);
}

static void test_refused(struct pair *pair) {
  burrow_track *camera = publish_encoded(pair, BURROW_TRACK_KIND_VIDEO, NULL);
  burrow_track *mic = publish_encoded(pair, BURROW_TRACK_KIND_AUDIO, NULL);
  burrow_track *encoder = NULL;
  CHECK_STATUS(burrow_encoder_create(pair->mine, BURROW_TRACK_KIND_VIDEO, NULL, &encoder), BURROW_OK);
  burrow_encoded_frame made;
  CHECK(encode_one(encoder, BURROW_TRACK_KIND_VIDEO, &made));
  refuse(camera, NULL, 0, 0, BURROW_ERR_INVALID_ARGUMENT);
  refuse(camera, "abc", 3, 0, BURROW_ERR_DAMAGED);
  refuse(camera, "\0\0\0\1\x67\x42", 6, 0, BURROW_ERR_DAMAGED);
  refuse(mic, "\xff\xff\xff", 3, 0, BURROW_ERR_DAMAGED);
  const int64_t hour = 3600 * INT64_C(1000000),
                times[] = {1, burrow_now_us() - hour, burrow_now_us() + hour, -1, INT64_MAX, INT64_MIN};
  for (size_t i = 0; i < sizeof times / sizeof *times; i++)
    refuse(camera, made.data, made.len, times[i], BURROW_ERR_INVALID_ARGUMENT);
  /* A hundred megabytes: by its length alone, nothing is read of it. */
  uint8_t *huge = calloc(1, 17 << 20);
  if (huge) refuse(camera, huge, 17 << 20, 0, BURROW_ERR_LIMIT);
  free(huge);
  refuse(camera, made.data, (size_t)100 << 20, 0, BURROW_ERR_LIMIT);
  burrow_audio_frame sound = some_sound();
  CHECK_STATUS(burrow_track_push_audio(mic, &sound), BURROW_ERR_WRONG_KIND);
  burrow_video_frame picture = some_picture();
  CHECK_STATUS(burrow_track_push_video(camera, &picture), BURROW_ERR_WRONG_KIND);
  CHECK_STATUS(burrow_track_control(camera, BURROW_CONTROL_KEYFRAME), BURROW_ERR_WRONG_KIND);
  CHECK_STATUS(burrow_track_pull_encoded(camera, &(burrow_encoded_frame){.struct_size = sizeof made}),
               BURROW_ERR_WRONG_KIND);
  burrow_encoding encoding;
  CHECK_STATUS(burrow_config_init(&encoding, sizeof encoding), BURROW_OK);
  encoding.bitrate_bps = 9;
  CHECK_STATUS(burrow_track_set_encoding(camera, &encoding), BURROW_ERR_INVALID_ARGUMENT);
  encoding.bitrate_bps = 300000;
  CHECK_STATUS(burrow_track_set_encoding(camera, &encoding), BURROW_OK);
  CHECK_STATUS(burrow_track_control(camera, BURROW_CONTROL_MUTE), BURROW_OK);
  CHECK_STATUS(burrow_track_control(camera, BURROW_CONTROL_UNMUTE), BURROW_OK);
  burrow_track_config config;
  CHECK_STATUS(burrow_config_init(&config, sizeof config), BURROW_OK);
  config.name = "data", config.flags = BURROW_TRACK_HOST_CODEC;
  burrow_track *track = NULL;
  CHECK_STATUS(burrow_track_publish(pair->alice, &config, &track), BURROW_ERR_UNSUPPORTED);
  CHECK_STATUS(burrow_close(camera, NULL), BURROW_OK);
  refuse(camera, made.data, made.len, 0, BURROW_ERR_CLOSED);
  burrow_release(made.buffer);
  burrow_release(encoder);
  burrow_release(camera);
  burrow_release(mic);
}

/** A name of somebody else's rendition is found out with the first picture: the track fails, with others behind that one. */
static void test_name_that_is_taken(struct pair *pair) {
  burrow_encoding encoding;
  CHECK_STATUS(burrow_config_init(&encoding, sizeof encoding), BURROW_OK);
  encoding.renditions = 2;
  burrow_track_config config;
  CHECK_STATUS(burrow_config_init(&config, sizeof config), BURROW_OK);
  config.kind = BURROW_TRACK_KIND_VIDEO, config.name = "cam", config.encoding = &encoding;
  burrow_track *camera = NULL, *same = NULL, *encoder = NULL;
  CHECK_STATUS(burrow_track_publish(pair->alice, &config, &camera), BURROW_OK);
  burrow_video_frame picture = some_picture();
  CHECK_STATUS(burrow_track_push_video(camera, &picture), BURROW_OK);
  wait_until(pair, burrow_now_us() + 300000);
  CHECK_STATUS(burrow_encoder_create(pair->mine, BURROW_TRACK_KIND_VIDEO, NULL, &encoder), BURROW_OK);
  burrow_encoded_frame made;
  CHECK(encode_one(encoder, BURROW_TRACK_KIND_VIDEO, &made));
  made.timestamp_us = 0;
  config.name = "cam-1", config.flags = BURROW_TRACK_HOST_CODEC, config.encoding = NULL;
  CHECK_STATUS(burrow_track_publish(pair->alice, &config, &same), BURROW_OK);
  burrow_track_info info = {.struct_size = sizeof info};
  for (int i = 0; i < 2000 && info.state != BURROW_TRACK_FAILED; i++) {
    burrow_status status = BURROW_OK;
    for (int j = 0; j < 5 && status == BURROW_OK; j++)
      status = burrow_track_push_encoded(same, &made);
    CHECK(status == BURROW_OK || status == BURROW_AGAIN || status == BURROW_ERR_CLOSED);
    wait_until(pair, burrow_now_us() + 5000);
    info.struct_size = sizeof info;
    CHECK_STATUS(burrow_track_info_get(same, &info), BURROW_OK);
  }
  CHECK(info.state == BURROW_TRACK_FAILED);
  refuse(same, made.data, made.len, 0, BURROW_ERR_CLOSED);
  burrow_release(made.buffer);
  burrow_release(encoder);
  burrow_release(same);
  burrow_release(camera);
}

int main(void) {
  struct pair pair;
  open_pair(&pair);
  test_there_and_back(&pair, BURROW_TRACK_KIND_VIDEO);
  test_there_and_back(&pair, BURROW_TRACK_KIND_AUDIO);
  test_refused(&pair);
  test_name_that_is_taken(&pair);
  CHECK_STATUS(burrow_engine_destroy(pair.mine), BURROW_OK);
  CHECK_STATUS(burrow_engine_destroy(pair.other), BURROW_OK);
  return finish_tests();
}
