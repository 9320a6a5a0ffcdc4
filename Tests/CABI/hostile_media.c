/* Hosts that abuse audio and video: numbers that are none, too much at once, too many threads, pictures that are kept,
   and everything after the end. Each is a status or a counted drop, never a crash, and memory stays bounded. */
#include "media.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

/** Samples that are no numbers, or beyond all measure. */
static void test_numbers(struct pair *pair, burrow_track *mic, burrow_track *ear) {
  static const float values[] = {NAN, INFINITY, -INFINITY, 1e38f, -1e38f, 1e-45f};
  burrow_audio_frame sound = some_sound();
  for (int step = 0; step < 60; step++) {
    for (int i = 0; i < 480; i++)
      samples[i] = values[(step / 10 + (i & 1)) % 6];
    CHECK(burrow_track_push_audio(mic, &sound) == BURROW_OK);
    wait_until(pair, burrow_now_us() + 10000);
    float out[480];
    burrow_audio_frame pulled = some_sound();
    pulled.samples = out;
    CHECK(burrow_track_pull_audio(ear, &pulled) == BURROW_OK);
    int sane = 1;
    for (int i = 0; i < 480; i++)
      sane &= out[i] >= -1 && out[i] <= 1;
    CHECK(sane);
  }
  memset(samples, 0, sizeof samples);
}

static long resident_kib(void) {
  long pages = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (!file) return 0;
  if (fscanf(file, "%*s %ld", &pages) != 1) pages = 0;
  fclose(file);
  return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

/** As fast as the machine can for two seconds, and nobody pulls. */
static void test_haste(struct pair *pair, burrow_track *mic, burrow_track *camera) {
  burrow_audio_frame sound = some_sound();
  sound.frames = 48000;
  burrow_video_frame picture = some_picture();
  uint64_t sound_before = dropped(mic), pictures_before = dropped(camera);
  int64_t end = burrow_now_us() + 500000;
  int refused = 0, strange = 0;
  long before = 0;
  for (int round = 0; round < 2; round++) {
    for (; burrow_now_us() < end;) {
      burrow_status status = burrow_track_push_audio(mic, &sound);
      refused += status == BURROW_AGAIN;
      strange += status < 0;
      strange += burrow_track_push_video(camera, &picture) != BURROW_OK;
    }
    if (round == 0) before = resident_kib();
    end = burrow_now_us() + 1500000;
  }
  long grown = resident_kib() - before;
  printf("     refused %d chunks; grew by %ld KiB\n", refused, grown);
  CHECK(strange == 0);
  CHECK(grown < 64 * 1024);
  CHECK(drops_more(pair, mic, sound_before));
  CHECK(drops_more(pair, camera, pictures_before));
}

static atomic_int puller_stop, puller_busy, puller_wrong;

struct pulled_track {
  burrow_track *ear, *screen;
  burrow_room *room;
};

static void *pull_everything(void *raw) {
  struct pulled_track *track = raw;
  float out[2880];
  while (!puller_stop) {
    burrow_audio_frame sound = some_sound();
    sound.samples = out;
    sound.frames = 2880;
    burrow_status status = burrow_track_pull_audio(track->ear, &sound);
    puller_busy += status == BURROW_ERR_BUSY;
    puller_wrong += status != BURROW_OK && status != BURROW_ERR_BUSY;
    status = burrow_room_mix_audio(track->room, &sound);
    puller_busy += status == BURROW_ERR_BUSY;
    puller_wrong += status != BURROW_OK && status != BURROW_ERR_BUSY;
    burrow_video_frame shown = {.struct_size = sizeof shown};
    status = burrow_track_pull_video(track->screen, &shown);
    puller_wrong += status < 0;
    if (status == BURROW_OK) burrow_release(shown.buffer);
  }
  return NULL;
}

/** Two threads pull the same tracks and mix the same room while a third pushes. */
static void test_two_threads(struct pair *pair, burrow_track *mic, burrow_track *camera, burrow_track *ear,
                             burrow_track *screen) {
  struct pulled_track track = {ear, screen, pair->bob};
  pthread_t threads[2];
  for (int i = 0; i < 2; i++)
    pthread_create(&threads[i], NULL, pull_everything, &track);
  burrow_audio_frame sound = some_sound();
  burrow_video_frame picture = some_picture();
  int64_t limit = burrow_now_us() + 8 * 1000000, least = burrow_now_us() + 500000;
  while (burrow_now_us() < least || (puller_busy == 0 && burrow_now_us() < limit)) {
    CHECK(burrow_track_push_audio(mic, &sound) >= 0);
    CHECK(burrow_track_push_video(camera, &picture) >= 0);
    wait_until(pair, burrow_now_us() + 10000);
  }
  puller_stop = 1;
  for (int i = 0; i < 2; i++)
    pthread_join(threads[i], NULL);
  CHECK(puller_busy > 0);
  CHECK(puller_wrong == 0);
}

/** Pushes pictures until one more is lent; 0 when none comes. */
static int borrow(struct pair *pair, burrow_track *camera, burrow_track *screen, burrow_video_frame *out) {
  burrow_video_frame picture = some_picture();
  int64_t deadline = burrow_now_us() + 10 * 1000000;
  out->struct_size = sizeof *out;
  while (burrow_now_us() < deadline) {
    CHECK(burrow_track_push_video(camera, &picture) == BURROW_OK);
    wait_until(pair, burrow_now_us() + 33333);
    if (burrow_track_pull_video(screen, out) == BURROW_OK) return 1;
  }
  burrow_media_stats sent = {.struct_size = sizeof sent}, received = {.struct_size = sizeof received};
  CHECK_STATUS(burrow_track_stats_get(camera, NULL, &sent), BURROW_OK);
  CHECK_STATUS(burrow_track_stats_get(screen, NULL, &received), BURROW_OK);
  printf(
      "     sent %llu pictures, dropped %llu, %u bit/s of %u; received %llu, damaged %llu, dropped %llu, delay %u ms\n",
      (unsigned long long)sent.frames, (unsigned long long)sent.dropped_frames, sent.bitrate_bps, sent.estimate_bps,
      (unsigned long long)received.frames, (unsigned long long)received.damaged_frames,
      (unsigned long long)received.dropped_frames, received.delay_ms);
  return 0;
}

/** Three pictures are lent and no more; they stay readable when their track is gone, and go back once. */
static void test_loans(struct pair *pair, burrow_track *camera, burrow_track *screen) {
  burrow_video_frame kept[3], more = {.struct_size = sizeof more};
  int lent = 0;
  for (int i = 0; i < 3; i++)
    lent += borrow(pair, camera, screen, &kept[i]);
  CHECK(lent == 3);
  if (lent < 3) {
    CHECK_STATUS(burrow_engine_destroy(pair->other), BURROW_OK);
    return;
  }
  burrow_video_frame picture = some_picture();
  for (int i = 0; i < 10; i++) {
    CHECK(burrow_track_push_video(camera, &picture) == BURROW_OK);
    wait_until(pair, burrow_now_us() + 33333);
    CHECK(burrow_track_pull_video(screen, &more) == BURROW_AGAIN);
  }
  burrow_release(kept[0].buffer);
  burrow_release(kept[0].buffer); /* twice: the second one is stale and ignored */
  if (!borrow(pair, camera, screen, &kept[0])) kept[0] = kept[1];
  CHECK(kept[0].buffer != kept[1].buffer);
  CHECK_STATUS(burrow_track_pull_video(screen, &more), BURROW_AGAIN);
  burrow_release(screen);
  CHECK_STATUS(burrow_track_pull_video(screen, &more), BURROW_ERR_STALE_HANDLE);
  for (int i = 0; i < 3; i++) {
    CHECK(abs(centre(&kept[i]) - 100) <= 4);
    if (i < 2) burrow_release(kept[i].buffer);
  }
  /* The third is kept until the engine is destroyed, which takes it back. */
  CHECK_STATUS(burrow_engine_destroy(pair->other), BURROW_OK);
  CHECK_STATUS(burrow_retain(kept[2].buffer), BURROW_ERR_STALE_HANDLE);
  burrow_release(kept[2].buffer);
}

/** A host that stops in the middle of everything. */
static void test_afterwards(struct pair *pair, burrow_track *mic, burrow_track *camera) {
  burrow_audio_frame sound = some_sound();
  burrow_video_frame picture = some_picture();
  burrow_request request = 0;
  CHECK_STATUS(burrow_close(pair->alice, &request), BURROW_OK);
  CHECK_STATUS(burrow_room_mix_audio(pair->alice, &sound), BURROW_ERR_CLOSED);
  CHECK_STATUS(wait_done(pair->mine, request), BURROW_OK);
  burrow_status status;
  int64_t deadline = burrow_now_us() + 5 * 1000000;
  while ((status = burrow_track_push_audio(mic, &sound)) >= 0 && burrow_now_us() < deadline) {
  }
  CHECK(status == BURROW_ERR_CLOSED);
  while ((status = burrow_track_push_video(camera, &picture)) >= 0 && burrow_now_us() < deadline) {
  }
  CHECK(status == BURROW_ERR_CLOSED);
  burrow_media_stats stats = {.struct_size = sizeof stats};
  CHECK_STATUS(burrow_track_stats_get(mic, NULL, &stats), BURROW_OK);
  CHECK(stats.frames > 0);
  CHECK_STATUS(burrow_close(pair->mine, &request), BURROW_OK);
  CHECK_STATUS(wait_done(pair->mine, request), BURROW_OK);
  CHECK_STATUS(burrow_engine_destroy(pair->mine), BURROW_OK);
  CHECK_STATUS(burrow_track_push_audio(mic, &sound), BURROW_ERR_STALE_HANDLE);
  CHECK_STATUS(burrow_track_push_video(camera, &picture), BURROW_ERR_STALE_HANDLE);
  CHECK_STATUS(burrow_room_mix_audio(pair->alice, &sound), BURROW_ERR_STALE_HANDLE);
}

int main(void) {
  struct pair pair;
  open_pair(&pair);
  /* Nobody is there: silence, in every length. */
  burrow_audio_frame sound = some_sound();
  sound.frames = 2880;
  samples[0] = samples[2879] = 0.5f;
  CHECK_STATUS(burrow_room_mix_audio(pair.bob, &sound), BURROW_OK);
  CHECK(sound.flags == BURROW_AUDIO_SILENT && samples[0] == 0 && samples[2879] == 0);
  burrow_track *mic = publish_with(&pair, BURROW_TRACK_KIND_AUDIO, NULL);
  burrow_track *camera = publish_with(&pair, BURROW_TRACK_KIND_VIDEO, NULL);
  burrow_track *ear = subscribe_to(&pair, BURROW_TRACK_KIND_AUDIO);
  burrow_track *screen = subscribe_to(&pair, BURROW_TRACK_KIND_VIDEO);
  test_numbers(&pair, mic, ear);
  test_haste(&pair, mic, camera);
  test_two_threads(&pair, mic, camera, ear, screen);
  test_loans(&pair, camera, screen);
  test_afterwards(&pair, mic, camera);
  return finish_tests();
}
