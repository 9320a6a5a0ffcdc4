/* Microphone and camera: sound every 10 ms, pictures at their rate, each handed in when it has just been recorded. */
#define _GNU_SOURCE
#include "media.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/prctl.h>

#define CHUNK (RATE / 100)

static pthread_t microphone_thread, camera_thread;

static void *microphone(void *argument) {
  struct feed *feed = argument;
  struct sound sound;
  int16_t samples[CHUNK];
  prctl(PR_SET_TIMERSLACK, 1UL);
  open_sound(&sound);
  for (uint64_t position = 0; !stopping; position += CHUNK) {
    int64_t recorded = feed->begin_us + (int64_t)(position * 1000000 / RATE);
    make_sound(&sound, position, samples, CHUNK);
    sleep_until(recorded + 10000);
    append(&feed->audio_late, now_us() - recorded - 10000);
    push_sound(feed->audio, samples, CHUNK, recorded);
    feed->packets++;
  }
  return NULL;
}

static void *camera(void *argument) {
  struct feed *feed = argument;
  struct film film;
  prctl(PR_SET_TIMERSLACK, 1UL);
  open_film(&film);
  for (unsigned number = 0; !stopping; number++) {
    int64_t taken = feed->begin_us + (int64_t)number * 1000000 / opt.fps;
    uint8_t *picture = make_picture(&film, number);
    sleep_until(taken);
    int64_t begin = now_us();
    append(&feed->video_late, begin - taken);
    push_picture(feed->video, picture, taken);
    feed->push_us += now_us() - begin;
    feed->pictures++;
  }
  return NULL;
}

void start_feed(struct feed *feed) {
  if (feed->audio && pthread_create(&microphone_thread, NULL, microphone, feed)) fail("no thread");
  if (feed->video && pthread_create(&camera_thread, NULL, camera, feed)) fail("no thread");
}

void finish_feed(struct feed *feed) {
  if (feed->audio) pthread_join(microphone_thread, NULL);
  if (feed->video) pthread_join(camera_thread, NULL);
}

static void print_late(FILE *file, const char *key, struct list *late) {
  int64_t p50 = quantile(late, 0.5), p99 = quantile(late, 0.99), most = quantile(late, 1);
  fprintf(file, "\"%s\":{\"p50\":%lld,\"p99\":%lld,\"max\":%lld}", key, (long long)p50, (long long)p99,
          (long long)most);
}

void print_feed(FILE *file, struct feed *feed) {
  fprintf(file, "\"begin\":%lld,\"packets\":%llu,\"pictures\":%llu,\"push_us\":%lld,", (long long)feed->begin_us,
          (unsigned long long)feed->packets, (unsigned long long)feed->pictures, (long long)feed->push_us);
  print_late(file, "audio_late_us", &feed->audio_late);
  fputc(',', file);
  print_late(file, "video_late_us", &feed->video_late);
}

/* What the connection says of itself, every fifth of a second. */
static void sample_room(burrow_room *room, struct list *rows) {
  burrow_room_stats s = {.struct_size = sizeof s};
  check(burrow_room_stats_get(room, &s), "figures");
  const int64_t row[] = {now_us(),
                         s.rtt_us,
                         (int64_t)s.send_rate_bps,
                         (int64_t)s.congestion_window_bytes,
                         (int64_t)s.in_flight_bytes,
                         (int64_t)s.sent_bytes,
                         (int64_t)s.lost_packets,
                         (int64_t)s.expired_groups};
  for (unsigned i = 0; i < 8; i++)
    append(rows, row[i]);
}

void run_send(void) {
  if (!opt.path) fail("--path is missing");
  burrow_room *room = enter(opt.path, NULL, BURROW_ROOM_NO_DISCOVERY);
  struct feed feed = {0};
  struct samples audio = {0}, video = {0};
  struct list line = {0};
  if (opt.audio) audio.track = feed.audio = publish(room, BURROW_TRACK_KIND_AUDIO);
  if (opt.video) video.track = feed.video = publish(room, BURROW_TRACK_KIND_VIDEO);
  puts("ready");
  fflush(stdout);
  if (!wait_for_go()) return;
  feed.begin_us = now_us() + 50000;
  printf("begun %lld\n", (long long)feed.begin_us);
  fflush(stdout);
  start_feed(&feed);
  for (int64_t next = feed.begin_us; !stopping; next += 200000) {
    sleep_until(next);
    if (feed.audio) sample(&audio);
    if (feed.video) sample(&video);
    sample_room(room, &line);
    burrow_event event = {.struct_size = sizeof event};
    while (burrow_engine_next_event(engine, 0, &event) == BURROW_OK) {
      if (event.kind == BURROW_EVENT_ROOM_STATE) {
        fprintf(stderr, "%lld room state %u %s\n", (long long)now_us(), event.state, event.text);
      }
    }
  }
  finish_feed(&feed);
  FILE *file = stdout;
  fputc('{', file);
  print_feed(file, &feed);
  fputc(',', file);
  print_samples(file, "audio", &audio);
  fputc(',', file);
  print_samples(file, "video", &video);
  fputc(',', file);
  print_list(file, "line", &line, 8);
  fputs("}\n", file);
  fflush(file);
}
