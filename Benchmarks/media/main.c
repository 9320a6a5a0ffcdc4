/* The measuring program for audio and video.
 *
 *     media-peer send    --url URL --path P  microphone and camera
 *     media-peer receive --url URL --path P  loudspeaker and screen
 *     media-peer person  --url URL --people N --index I  both, in a room of N
 *
 * --pictures FILE is I420 of --width x --height without anything between the pictures, --speech FILE 16-bit samples, 48 kHz,
 * mono. It prints "ready" when it is connected, begins with the line "go" on standard input, ends with "stop" or with
 * the end of standard input, and then prints one JSON object on one line. the Python files beside this one read it.
 */
#define _GNU_SOURCE
#include "media.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

struct options opt = {.width = 640,
                      .height = 360,
                      .fps = 30,
                      .video_bitrate = 800000,
                      .audio_bitrate = 32000,
                      .seconds = 60,
                      .audio = 1,
                      .video = 1};
atomic_int stopping;

static void *obey(void *unused) {
  char line[64];
  (void)unused;
  while (fgets(line, sizeof line, stdin) && strcmp(line, "stop\n")) {
  }
  stopping = 1;
  return NULL;
}

int wait_for_go(void) {
  char line[64];
  pthread_t thread;
  if (!fgets(line, sizeof line, stdin) || strcmp(line, "go\n")) return 0;
  if (pthread_create(&thread, NULL, obey, NULL)) fail("no thread");
  return 1;
}

static int is_flag(const char *name) {
  if (!strcmp(name, "--no-audio"))
    opt.audio = 0;
  else if (!strcmp(name, "--no-video"))
    opt.video = 0;
  else if (!strcmp(name, "--fixed"))
    opt.fixed = 1;
  else if (!strcmp(name, "--fec"))
    opt.fec = 1;
  else
    return 0;
  return 1;
}

static void take_option(const char *name, const char *value) {
  static const struct {
    const char *name;
    const char **text;
    unsigned *number;
  } known[] = {
      {"--url", &opt.url, NULL},
      {"--path", &opt.path, NULL},
      {"--pictures", &opt.pictures, NULL},
      {"--speech", &opt.speech, NULL},
      {"--out", &opt.out, NULL},
      {"--width", NULL, &opt.width},
      {"--height", NULL, &opt.height},
      {"--fps", NULL, &opt.fps},
      {"--video-bitrate", NULL, &opt.video_bitrate},
      {"--audio-bitrate", NULL, &opt.audio_bitrate},
      {"--people", NULL, &opt.people},
      {"--index", NULL, &opt.index},
  };
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    if (strcmp(name, known[i].name)) continue;
    if (known[i].text) *known[i].text = value;
    if (known[i].number) *known[i].number = (unsigned)atoi(value);
    return;
  }
  if (strcmp(name, "--seconds")) fail("unknown option %s", name);
  opt.seconds = atof(value);
}

int main(int argc, char **argv) {
  if (argc < 2) fail("usage: see the head of main.c");
  for (int i = 2; i < argc; i++) {
    const char *name = argv[i];
    if (is_flag(name)) continue;
    if (i + 1 >= argc) fail("%s needs a value", name);
    take_option(name, argv[++i]);
  }
  if (!opt.fps || opt.width < 64 || opt.height < 36) fail("pictures of that size or rate are not measured");
  prctl(PR_SET_PDEATHSIG, SIGKILL); /* nothing outlives the program that runs the benchmark */
  signal(SIGPIPE, SIG_IGN);
  alarm((unsigned)opt.seconds + 120);
  if (!strcmp(argv[1], "send"))
    run_send();
  else if (!strcmp(argv[1], "receive"))
    run_receive();
  else if (!strcmp(argv[1], "person"))
    run_person();
  else
    fail("unknown role %s", argv[1]);
  fflush(stdout);
  _exit(0); /* without the clean-up of a library that other threads are still in */
}
