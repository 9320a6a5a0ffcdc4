/* Media that stops for a while or for good: cameras that are muted, pictures that are hidden, the end of sound. */
#include "media.h"

enum {
  PICTURE_US = 33333
};

/** Pictures that came out, by their brightness. */
struct screen {
  int count, first;
};

static struct screen look(burrow_track *track) {
  struct screen seen = {0};
  burrow_video_frame shown = {.struct_size = sizeof shown};
  while (burrow_track_pull_video(track, &shown) == BURROW_OK) {
    if (!seen.count++) seen.first = centre(&shown);
    burrow_release(shown.buffer);
    shown.struct_size = sizeof shown;
  }
  return seen;
}

/** Shows a brightness to the camera for so many pictures, or until the first comes out; what came out. */
static struct screen film(struct pair *pair, burrow_track *camera, burrow_track *screen, int grey, int pictures) {
  struct screen sum = {0};
  for (int number = 0; number < (pictures ? pictures : 200) && (pictures || !sum.count); number++) {
    burrow_video_frame picture = picture_in(memory, BURROW_VIDEO_I420, (uint8_t)grey);
    CHECK_STATUS(burrow_track_push_video(camera, &picture), BURROW_OK);
    wait_until(pair, burrow_now_us() + PICTURE_US);
    if (!screen) continue;
    struct screen seen = look(screen);
    if (!sum.count) sum.first = seen.first;
    sum.count += seen.count;
  }
  return sum;
}

static int is_about(int grey, int wanted) { return abs(grey - wanted) <= 6; }

/** Nothing of a muted camera is seen, by nobody, and nobody takes its silence for a fault. */
static void test_muted_camera(void) {
  struct pair pair;
  open_pair(&pair);
  burrow_track *camera = publish_with(&pair, BURROW_TRACK_KIND_VIDEO, NULL);
  burrow_track *screen = subscribe_to(&pair, BURROW_TRACK_KIND_VIDEO);
  CHECK(film(&pair, camera, screen, 60, 0).count > 0);
  film(&pair, camera, screen, 60, 15);
  CHECK_STATUS(burrow_track_control(camera, BURROW_CONTROL_MUTE), BURROW_OK);
  film(&pair, camera, screen, 200, 12);
  CHECK(film(&pair, camera, screen, 200, 24).count == 0);
  CHECK_STATUS(burrow_track_control(camera, BURROW_CONTROL_UNMUTE), BURROW_OK);
  CHECK(is_about(film(&pair, camera, screen, 120, 0).first, 120));
  film(&pair, camera, screen, 120, 8);
  burrow_media_stats stats = {.struct_size = sizeof stats};
  CHECK_STATUS(burrow_track_stats_get(screen, NULL, &stats), BURROW_OK);
  /* More than a second would be the pause; less can be a machine that is busy. */
  CHECK(stats.frozen_us < 1000000);

  /* Who comes while it is off does not get what was last. */
  CHECK_STATUS(burrow_track_control(camera, BURROW_CONTROL_MUTE), BURROW_OK);
  film(&pair, camera, screen, 200, 3);
  CHECK_STATUS(burrow_close(screen, NULL), BURROW_OK);
  screen = subscribe_to(&pair, BURROW_TRACK_KIND_VIDEO);
  CHECK(film(&pair, camera, screen, 200, 15).count == 0);
  CHECK_STATUS(burrow_track_control(camera, BURROW_CONTROL_UNMUTE), BURROW_OK);
  CHECK(is_about(film(&pair, camera, screen, 160, 0).first, 160));
  close_pair(&pair);
}

/** What is looked at again shows nothing of what was missed, and who comes when nobody looked nothing old. */
static void test_hidden_picture(void) {
  struct pair pair;
  open_pair(&pair);
  burrow_track *camera = publish_with(&pair, BURROW_TRACK_KIND_VIDEO, NULL);
  burrow_track *screen = subscribe_to(&pair, BURROW_TRACK_KIND_VIDEO);
  CHECK(film(&pair, camera, screen, 60, 0).count > 0);
  burrow_track_request want;
  CHECK_STATUS(burrow_config_init(&want, sizeof want), BURROW_OK);
  want.kind = BURROW_TRACK_KIND_VIDEO;
  want.flags = BURROW_TRACK_PAUSED;
  CHECK_STATUS(burrow_track_update(screen, &want), BURROW_OK);
  CHECK(film(&pair, camera, screen, 100, 6).count == 0);
  film(&pair, camera, NULL, 150, 9);
  want.flags = 0;
  CHECK_STATUS(burrow_track_update(screen, &want), BURROW_OK);
  CHECK(is_about(film(&pair, camera, screen, 150, 0).first, 150));

  /* A picture that stands still is there for who comes later, though no other follows. */
  CHECK_STATUS(burrow_close(screen, NULL), BURROW_OK);
  film(&pair, camera, NULL, 90, 15);
  screen = subscribe_to(&pair, BURROW_TRACK_KIND_VIDEO);
  struct screen seen = {0};
  for (int64_t until = burrow_now_us() + 5000000; !seen.count && burrow_now_us() < until; seen = look(screen))
    wait_until(&pair, burrow_now_us() + PICTURE_US);
  CHECK(seen.count > 0 && is_about(seen.first, 90));
  close_pair(&pair);
}

/** The last 40 ms are louder than all before: they are heard although the track ends with them. */
static void test_end_of_sound(void) {
  static float heard[480];
  struct pair pair;
  open_pair(&pair);
  burrow_encoding encoding;
  CHECK_STATUS(burrow_config_init(&encoding, sizeof encoding), BURROW_OK);
  encoding.flags = BURROW_ENCODING_MUSIC | BURROW_ENCODING_FIXED;
  burrow_track *mic = publish_with(&pair, BURROW_TRACK_KIND_AUDIO, &encoding);
  burrow_track *ear = subscribe_to(&pair, BURROW_TRACK_KIND_AUDIO);
  struct tone tone = {.frequency = 440, .amplitude = 0.1};
  int steps = 0, last = 0, quiet = 0, loud = 0;
  for (int64_t begin = burrow_now_us(); steps < 3000 && (!last || steps < last + 60); steps++) {
    if (quiet >= 100 && steps % 2 && !last) last = steps + 4;
    if (!last || steps < last) {
      tone.amplitude = last ? 0.8 : 0.1;
      burrow_audio_frame frame = some_sound();
      sing(&tone, &frame);
      CHECK(burrow_track_push_audio(mic, &frame) >= BURROW_OK);
    }
    if (last && steps == last - 1) CHECK_STATUS(burrow_close(mic, NULL), BURROW_OK);
    wait_until(&pair, begin + (int64_t)(steps + 1) * 10000);
    burrow_audio_frame frame = some_sound();
    frame.samples = heard;
    CHECK_STATUS(burrow_track_pull_audio(ear, &frame), BURROW_OK);
    if (!last && !(frame.flags & (BURROW_AUDIO_SILENT | BURROW_AUDIO_CONCEALED))) quiet++;
    for (int i = 0; i < 480; i++)
      loud += fabsf(heard[i]) > 0.4F;
  }
  /* Two thirds of a sine are above half of its peak. */
  if (loud < 1000) printf("     %d of about 1280 loud samples\n", loud);
  CHECK(loud >= 1000);
  close_pair(&pair);
}

int main(void) {
  test_muted_camera();
  test_hidden_picture();
  test_end_of_sound();
  return finish_tests();
}
