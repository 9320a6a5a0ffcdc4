/* One of several people in a room: sends sound and pictures, takes everybody else's, mixed and shown.
 *
 * Delays come from the time stamps, which are of one clock here: nothing is drawn into so many pictures. */
#define _GNU_SOURCE
#include "media.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#define CHUNK (RATE / 50)
#define BUCKET_US 1000000
#define SUMS 15

struct other {
  burrow_track *audio, *video;
};

static struct other *others;
static unsigned other_count;
static burrow_room *room;
/* Guarded by `lock`: how long it took from camera to screen, in this bucket. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct list delays;
static struct list mix_late;

static void *loudspeaker(void *unused) {
  static int16_t samples[CHUNK];
  (void)unused;
  prctl(PR_SET_TIMERSLACK, 1UL);
  for (int64_t next = now_us(); !stopping; next += 20000) {
    sleep_until(next);
    burrow_audio_frame frame = {.struct_size = sizeof frame,
                                .format = BURROW_AUDIO_S16,
                                .sample_rate = RATE,
                                .channels = 1,
                                .frames = CHUNK,
                                .samples = samples};
    append(&mix_late, now_us() - next);
    check(burrow_room_mix_audio(room, &frame), "mix");
  }
  return NULL;
}

static void show(burrow_track *track) {
  burrow_video_frame frame = {.struct_size = sizeof frame};
  while (burrow_track_pull_video(track, &frame) == BURROW_OK) {
    pthread_mutex_lock(&lock);
    append(&delays, now_us() - frame.timestamp_us);
    pthread_mutex_unlock(&lock);
    burrow_release(frame.buffer);
    frame.struct_size = sizeof frame;
  }
}

static void *screen(void *unused) {
  (void)unused;
  while (!stopping) {
    burrow_event event = {.struct_size = sizeof event};
    if (burrow_engine_next_event(engine, 100, &event) != BURROW_OK) continue;
    if (event.kind == BURROW_EVENT_TRACK_DATA) {
      show(event.subject);
    } else if (event.kind == BURROW_EVENT_OVERFLOW) {
      for (unsigned i = 0; i < other_count; i++)
        show(others[i].video);
    } else if (event.kind == BURROW_EVENT_ROOM_STATE || event.kind == BURROW_EVENT_TRACK_STATE) {
      if (event.status < 0) fprintf(stderr, "%u: state %u %s\n", opt.index, event.state, event.text);
    }
  }
  return NULL;
}

/* Delays of the pictures since the last time: when, how many, median, 95 of 100, most. */
static void close_bucket(struct list *buckets) {
  pthread_mutex_lock(&lock);
  struct list mine = delays;
  delays = (struct list){0};
  pthread_mutex_unlock(&lock);
  append(buckets, now_us());
  append(buckets, (int64_t)mine.count);
  append(buckets, quantile(&mine, 0.5));
  append(buckets, quantile(&mine, 0.95));
  append(buckets, quantile(&mine, 1));
  free(mine.values);
}

/* Sums over all whom we hear and see. */
static void add_up(struct list *rows) {
  int64_t sum[SUMS] = {now_us()};
  for (unsigned i = 0; i < other_count; i++) {
    burrow_media_stats a = {.struct_size = sizeof a}, v = {.struct_size = sizeof v};
    burrow_track_stats wire = {.struct_size = sizeof wire};
    check(burrow_track_stats_get(others[i].audio, NULL, &a), "figures");
    if (opt.video) check(burrow_track_stats_get(others[i].video, &wire, &v), "figures");
    const int64_t row[SUMS] = {0,
                               a.delay_ms,
                               a.target_delay_ms,
                               (int64_t)a.frames,
                               (int64_t)a.late_frames,
                               (int64_t)a.dropped_frames,
                               (int64_t)a.played_us,
                               (int64_t)a.concealed_us,
                               (int64_t)v.frames,
                               (int64_t)v.dropped_frames,
                               (int64_t)v.damaged_frames,
                               (int64_t)v.freezes,
                               (int64_t)v.frozen_us,
                               (int64_t)v.codec_us,
                               wire.queued_frames};
    for (unsigned k = 1; k < SUMS; k++)
      sum[k] += row[k];
  }
  for (unsigned k = 0; k < SUMS; k++)
    append(rows, sum[k]);
}

void run_person(void) {
  static const char *const names[SUMS] = {"at",      "delay",   "target",    "packets", "late",
                                          "lost",    "played",  "concealed", "decoded", "dropped",
                                          "damaged", "freezes", "frozen",    "codec",   "queued"};
  char path[64];
  struct feed feed = {0};
  struct list buckets = {0}, rows = {0};
  snprintf(path, sizeof path, "room/p-%02u", opt.index);
  room = enter(path, "room", 0);
  feed.audio = publish(room, BURROW_TRACK_KIND_AUDIO);
  if (opt.video) feed.video = publish(room, BURROW_TRACK_KIND_VIDEO);
  others = allocate(opt.people, sizeof *others);
  for (unsigned i = 0; i < opt.people; i++) {
    if (i == opt.index) continue;
    snprintf(path, sizeof path, "room/p-%02u", i);
    struct other *other = &others[other_count++];
    other->audio = subscribe(room, path, BURROW_TRACK_KIND_AUDIO);
    if (opt.video) other->video = subscribe(room, path, BURROW_TRACK_KIND_VIDEO);
  }
  puts("ready");
  fflush(stdout);
  if (!wait_for_go()) return;
  pthread_t speaker_thread, screen_thread;
  /* Real cameras and devices do not all fire at the same time. */
  feed.begin_us = now_us() + 50000 + (int64_t)(opt.index * 33333 / (opt.people ? opt.people : 1));
  if (pthread_create(&speaker_thread, NULL, loudspeaker, NULL)) fail("no thread");
  if (pthread_create(&screen_thread, NULL, screen, NULL)) fail("no thread");
  start_feed(&feed);
  for (int64_t next = feed.begin_us; !stopping; next += BUCKET_US) {
    sleep_until(next);
    add_up(&rows);
    close_bucket(&buckets);
  }
  finish_feed(&feed);
  pthread_join(speaker_thread, NULL);
  pthread_join(screen_thread, NULL);
  struct samples sent[2] = {{.track = feed.audio}, {.track = feed.video}};
  sample(&sent[0]);
  if (opt.video) sample(&sent[1]);
  putchar('{');
  print_feed(stdout, &feed);
  putchar(',');
  print_samples(stdout, "audio", &sent[0]);
  putchar(',');
  print_samples(stdout, "video", &sent[1]);
  printf(",\"names\":[");
  for (unsigned k = 0; k < SUMS; k++)
    printf("%s\"%s\"", k ? "," : "", names[k]);
  printf("],");
  print_list(stdout, "sums", &rows, SUMS);
  putchar(',');
  print_list(stdout, "buckets", &buckets, 5);
  int64_t p99 = quantile(&mix_late, 0.99), most = quantile(&mix_late, 1);
  printf(",\"mix_late_us\":{\"p99\":%lld,\"max\":%lld}}\n", (long long)p99, (long long)most);
  fflush(stdout);
}
