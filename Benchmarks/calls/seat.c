/* The place in a call: what is sent, and who is seen and heard. */
#define _GNU_SOURCE
#include "call.h"

#include <stdlib.h>
#include <string.h>

enum {
  SEATS = 32
};

struct view {
  char path[BURROW_PATH_SIZE];
  burrow_track *audio, *video;
  uint64_t pictures;
};
static burrow_room *room;
static struct view views[SEATS];
static size_t view_count;
/* Of those who have left. */
static struct seat_figures past;

static void add_figures(const struct view *view, struct seat_figures *sum) {
  burrow_media_stats a = {.struct_size = sizeof a}, v = {.struct_size = sizeof v};
  sum->pictures += view->pictures;
  if (view->audio && burrow_track_stats_get(view->audio, NULL, &a) == BURROW_OK) {
    sum->sounds += a.frames;
    sum->concealed_us += a.concealed_us;
    sum->played_us += a.played_us;
  }
  if (view->video && burrow_track_stats_get(view->video, NULL, &v) == BURROW_OK) sum->damaged += v.damaged_frames;
}

struct seat_figures seat_figures(void) {
  struct seat_figures sum = past;
  for (size_t i = 0; i < view_count; i++)
    add_figures(&views[i], &sum);
  sum.others = (unsigned)view_count;
  return sum;
}

static burrow_track *send_track(uint32_t kind) {
  burrow_encoding encoding;
  burrow_track_config config;
  burrow_track *track = NULL;
  check(burrow_config_init(&encoding, sizeof encoding), "encoding");
  check(burrow_config_init(&config, sizeof config), "track");
  encoding.flags = opt.fixed ? BURROW_ENCODING_FIXED : 0;
  encoding.bitrate_bps = kind == BURROW_TRACK_KIND_AUDIO ? opt.audio_bitrate : opt.video_bitrate;
  if (kind == BURROW_TRACK_KIND_VIDEO) encoding.frame_rate = opt.fps;
  config.kind = kind;
  config.encoding = &encoding;
  /* The room may just have ended; the call says so by itself. */
  if (burrow_track_publish(room, &config, &track) < 0) return NULL;
  return track;
}

static void drop(size_t index) {
  struct view *view = &views[index];
  add_figures(view, &past);
  burrow_release(view->audio);
  burrow_release(view->video);
  *view = views[--view_count];
}

void leave_seat(void) {
  burrow_track *sound = microphone, *pictures = camera;
  speaker_room = NULL;
  microphone = camera = NULL;
  while (view_count)
    drop(view_count - 1);
  burrow_release(sound);
  burrow_release(pictures);
  burrow_release(room);
  room = NULL;
}

void take_seat(burrow_call *call) {
  burrow_call_info info = {.struct_size = sizeof info};
  if (burrow_call_info_get(call, &info) != BURROW_OK || !info.room || info.room == room) return;
  leave_seat();
  if (burrow_retain(info.room) < 0) return;
  room = info.room;
  if (opt.audio) microphone = send_track(BURROW_TRACK_KIND_AUDIO);
  if (opt.video) camera = send_track(BURROW_TRACK_KIND_VIDEO);
  speaker_room = room;
  tell(now_us(), "room");
}

static burrow_track *receive_track(const char *path, uint32_t kind) {
  burrow_track_request want;
  burrow_track *track = NULL;
  check(burrow_config_init(&want, sizeof want), "request");
  want.kind = kind;
  if (burrow_track_subscribe(room, path, NULL, &want, &track) < 0) return NULL;
  return track;
}

void look_around(burrow_call *call) {
  static burrow_call_member members[SEATS];
  size_t count = 0;
  members[0].struct_size = sizeof members[0];
  if (!room || burrow_call_participants(call, members, SEATS, &count) != BURROW_OK) return;
  for (size_t i = view_count; i-- > 0;) {
    size_t at = 0;
    while (at < count && !(members[at].announced && !strcmp(members[at].path, views[i].path)))
      at++;
    if (at == count) drop(i);
  }
  for (size_t i = 0; i < count; i++) {
    size_t known = 0;
    while (known < view_count && strcmp(views[known].path, members[i].path) != 0)
      known++;
    if (!members[i].announced || known < view_count || known == SEATS) continue;
    struct view *view = &views[view_count++];
    *view = (struct view){0};
    memcpy(view->path, members[i].path, sizeof view->path);
    if (opt.audio) view->audio = receive_track(view->path, BURROW_TRACK_KIND_AUDIO);
    if (opt.video) view->video = receive_track(view->path, BURROW_TRACK_KIND_VIDEO);
    tell(now_us(), "here %s", view->path);
  }
}

void show(burrow_track *track) {
  struct view *view = NULL;
  burrow_video_frame frame = {.struct_size = sizeof frame};
  for (size_t i = 0; i < view_count; i++)
    if (views[i].video == track) view = &views[i];
  if (!view) return;
  while (burrow_track_pull_video(track, &frame) == BURROW_OK) {
    int64_t at = now_us();
    if (!view->pictures++) tell(at, "first %s %lld", view->path, (long long)(at - frame.timestamp_us));
    burrow_release(frame.buffer);
    frame.struct_size = sizeof frame;
  }
}

void show_all(void) {
  for (size_t i = 0; i < view_count; i++)
    show(views[i].video);
}
