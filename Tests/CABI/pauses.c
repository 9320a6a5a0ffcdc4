/* Media that stops for good. */
#include "media.h"

/** The last 40 ms are louder than all before: they are heard although the track ends with them. */
static void test_end_of_sound(void) {
  static float heard[480];
  struct pair pair;
  open_pair(&pair);
  burrow_encoding encoding;
  CHECK_STATUS(burrow_encoding_init(&encoding, sizeof encoding), BURROW_OK);
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
    if (last && steps == last - 1) CHECK_STATUS(burrow_track_unpublish(mic), BURROW_OK);
    wait_until(&pair, begin + (int64_t)(steps + 1) * 10000);
    burrow_audio_frame frame = some_sound();
    frame.samples = heard;
    CHECK_STATUS(burrow_track_pull_audio(ear, &frame), BURROW_OK);
    if (!last && !(frame.flags & (BURROW_AUDIO_SILENT | BURROW_AUDIO_CONCEALED))) quiet++;
    for (int i = 0; i < 480; i++)
      loud += fabsf(heard[i]) > 0.4F;
  }
  /* Two thirds of a sine are above half of its peak. */
  if (loud < 1100) printf("     %d of about 1280 loud samples\n", loud);
  CHECK(loud >= 1100);
  close_pair(&pair);
}

int main(void) {
  test_end_of_sound();
  return finish_tests();
}
