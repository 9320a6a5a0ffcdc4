/* Loudspeaker and screen: sound is pulled every 10 ms, as a device would, and pictures when the library says that one is
 * due. Nothing is judged before the end. */
#define _GNU_SOURCE
#include "media.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/prctl.h>

#define CHUNK (RATE / 100)

static burrow_track *audio, *video;
static struct list pulls, late, shown;
static int16_t *recording;
static size_t recorded, recording_room;

static void *loudspeaker(void *unused) {
  (void)unused;
  prctl(PR_SET_TIMERSLACK, 1UL);
  for (int64_t next = now_us(); !stopping; next += 10000) {
    sleep_until(next);
    int64_t at = now_us();
    if (recorded + CHUNK > recording_room) break;
    burrow_audio_frame frame = {.struct_size = sizeof frame,
                                .format = BURROW_AUDIO_S16,
                                .sample_rate = RATE,
                                .channels = 1,
                                .frames = CHUNK,
                                .samples = recording + recorded};
    check(burrow_track_pull_audio(audio, &frame), "pull audio");
    append(&pulls, at);
    append(&pulls, frame.timestamp_us);
    append(&pulls, frame.flags);
    append(&late, at - next);
    recorded += CHUNK;
  }
  return NULL;
}

static void show(void) {
  burrow_video_frame frame = {.struct_size = sizeof frame};
  while (burrow_track_pull_video(video, &frame) == BURROW_OK) {
    append(&shown, now_us());
    append(&shown, number_of(frame.plane[0], frame.stride[0], frame.width, frame.height));
    append(&shown, frame.timestamp_us);
    append(&shown, frame.height);
    burrow_release(frame.buffer);
    frame.struct_size = sizeof frame;
  }
}

static void *screen(void *unused) {
  (void)unused;
  prctl(PR_SET_TIMERSLACK, 1UL);
  while (!stopping) {
    burrow_event event = {.struct_size = sizeof event};
    if (burrow_engine_next_event(engine, 100, &event) != BURROW_OK) continue;
    if (event.kind == BURROW_EVENT_TRACK_DATA || event.kind == BURROW_EVENT_OVERFLOW) {
      if (video) show();
    } else if (event.kind == BURROW_EVENT_ROOM_STATE || event.kind == BURROW_EVENT_TRACK_STATE) {
      fprintf(stderr, "%lld state %u %s\n", (long long)now_us(), event.state, event.text);
    }
  }
  return NULL;
}

/* When each tone was heard. */
static void print_marks(void) {
  struct list found = {0}, heard = {0};
  find_marks(recording, recorded, &found);
  for (size_t i = 0; i < found.count; i += 3) {
    size_t position = (size_t)found.values[i], pull = position / CHUNK;
    append(&heard, pulls.values[3 * pull] + (int64_t)(position % CHUNK) * 1000000 / RATE);
    append(&heard, found.values[i + 1]);
    append(&heard, found.values[i + 2]);
  }
  print_list(stdout, "marks", &heard, 3);
}

void run_receive(void) {
  if (!opt.path) fail("--path is missing");
  burrow_room *room = enter(NULL, NULL, 0);
  struct samples heard = {0}, seen = {0};
  if (opt.audio) heard.track = audio = subscribe(room, opt.path, BURROW_TRACK_KIND_AUDIO);
  if (opt.video) seen.track = video = subscribe(room, opt.path, BURROW_TRACK_KIND_VIDEO);
  puts("ready");
  fflush(stdout);
  if (!wait_for_go()) return;
  recording_room = (size_t)((opt.seconds + 60) * RATE);
  recording = allocate(recording_room, sizeof *recording);
  pthread_t speaker_thread, screen_thread;
  if (audio && pthread_create(&speaker_thread, NULL, loudspeaker, NULL)) fail("no thread");
  if (pthread_create(&screen_thread, NULL, screen, NULL)) fail("no thread");
  for (int64_t next = now_us(); !stopping; next += 200000) {
    sleep_until(next);
    if (audio) sample(&heard);
    if (video) sample(&seen);
  }
  if (audio) pthread_join(speaker_thread, NULL);
  pthread_join(screen_thread, NULL);
  if (opt.out) {
    FILE *file = fopen(opt.out, "wb");
    if (file) fwrite(recording, sizeof *recording, recorded, file), fclose(file);
  }
  putchar('{');
  print_list(stdout, "pulls", &pulls, 3);
  putchar(',');
  print_list(stdout, "shown", &shown, 4);
  putchar(',');
  print_marks();
  putchar(',');
  print_samples(stdout, "audio", &heard);
  putchar(',');
  print_samples(stdout, "video", &seen);
  int64_t p50 = quantile(&late, 0.5), p99 = quantile(&late, 0.99), most = quantile(&late, 1);
  printf(",\"pull_late_us\":{\"p50\":%lld,\"p99\":%lld,\"max\":%lld}}\n", (long long)p50, (long long)p99,
         (long long)most);
  fflush(stdout);
}
