/* The codecs alone, on the same pictures and samples at the same pace: what everything else is held against.
 *
 *     media-bare --pictures FILE --width W --height H --speech FILE --seconds S [--video-bitrate B] [--audio-bitrate B]
 *                [--others N]
 *
 * One thread encodes and decodes pictures, one sound. They use the thinnest layer there is over the libraries, so that the
 * settings are those of the product. It prints one JSON object: per picture or packet the mean of the CPU time of encoding
 * and of decoding, the median of the time that passed, and the CPU of the whole process.
 */
#define _GNU_SOURCE
#include "cburrow_h264.h"
#include "cburrow_opus.h"
#include "media.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

struct options opt = {.width = 1280, .height = 720, .fps = 30, .video_bitrate = 2000000, .audio_bitrate = 32000};
atomic_int stopping;

enum {
  MOST_OTHERS = 16
};
static unsigned others = 1;

struct cost {
  struct list elapsed;
  int64_t cpu_ns, bytes;
  uint64_t count;
};
static struct cost video_encode, video_decode, audio_encode, audio_decode;
static int64_t begin_us;
/* What came out of the sound's decoder, by which the search for marker tones is tried out. */
static int16_t *decoded;
static size_t decoded_count;

static int64_t thread_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void count(struct cost *cost, int64_t cpu, int64_t at) {
  cost->cpu_ns += thread_ns() - cpu;
  append(&cost->elapsed, now_us() - at);
  cost->count++;
}

static void *pictures(void *unused) {
  struct film film;
  size_t luma = (size_t)opt.width * opt.height, room = luma * 2;
  uint8_t *unit_memory = allocate(room, 1);
  const cburrow_h264_settings settings = {.width = (int32_t)opt.width,
                                          .height = (int32_t)opt.height,
                                          .frame_rate = (float)opt.fps,
                                          .bit_rate = (int32_t)opt.video_bitrate,
                                          .max_bit_rate = (int32_t)(opt.video_bitrate / 10 * 11),
                                          .temporal_layers = 3,
                                          .min_qp = 12,
                                          .max_qp = 42,
                                          .long_term_period = 30,
                                          .primaries = 2,
                                          .transfer = 2,
                                          .matrix = 6};
  cburrow_h264_encoder *encoder = cburrow_h264_encoder_create(&settings);
  cburrow_h264_decoder *decoders[MOST_OTHERS];
  (void)unused;
  for (unsigned i = 0; i < others; i++)
    if (!(decoders[i] = cburrow_h264_decoder_create())) fail("no H.264");
  if (!encoder) fail("no H.264");
  prctl(PR_SET_TIMERSLACK, 1UL);
  open_film(&film);
  for (unsigned number = 0; number < opt.seconds * opt.fps; number++) {
    cburrow_h264_unit unit;
    cburrow_h264_picture picture;
    const uint8_t *memory = make_picture(&film, number);
    sleep_until(begin_us + (int64_t)number * 1000000 / opt.fps);
    int64_t cpu = thread_ns(), at = now_us();
    if (number % (2 * opt.fps) == 0) cburrow_h264_encoder_force_key(encoder);
    if (cburrow_h264_encoder_encode(encoder, memory, memory + luma, memory + luma + luma / 4, (int32_t)opt.width,
                                    (int32_t)opt.width / 2, (int64_t)number * 1000 / opt.fps, &unit)) {
      fail("encode");
    }
    count(&video_encode, cpu, at);
    if (!unit.size || unit.size > room) continue;
    cburrow_h264_encoder_copy(encoder, unit_memory);
    video_encode.bytes += (int64_t)unit.size;
    for (unsigned i = 0; i < others; i++) {
      cpu = thread_ns(), at = now_us();
      cburrow_h264_decoder_decode(decoders[i], unit_memory, unit.size, number, &picture);
      count(&video_decode, cpu, at);
    }
  }
  return NULL;
}

static void *sounds(void *unused) {
  enum {
    PACKET = RATE / 50
  };
  struct sound sound;
  int16_t samples[PACKET];
  float in[PACKET], out[PACKET], clip = 0;
  unsigned char packet[1500];
  int error;
  OpusEncoder *encoder = opus_encoder_create(RATE, 1, OPUS_APPLICATION_VOIP, &error);
  OpusDecoder *decoders[MOST_OTHERS];
  (void)unused;
  for (unsigned i = 0; i < others; i++)
    if (!(decoders[i] = opus_decoder_create(RATE, 1, &error))) fail("no Opus");
  if (!encoder) fail("no Opus");
  cburrow_opus_encoder_set(encoder, OPUS_SET_BITRATE_REQUEST, (int32_t)opt.audio_bitrate);
  cburrow_opus_encoder_set(encoder, OPUS_SET_COMPLEXITY_REQUEST, 5);
  cburrow_opus_encoder_set(encoder, OPUS_SET_SIGNAL_REQUEST, OPUS_SIGNAL_VOICE);
  cburrow_opus_encoder_set(encoder, OPUS_SET_VBR_CONSTRAINT_REQUEST, 1);
  prctl(PR_SET_TIMERSLACK, 1UL);
  open_sound(&sound);
  for (uint64_t number = 0; number < opt.seconds * 50; number++) {
    make_sound(&sound, number * PACKET, samples, PACKET);
    for (unsigned i = 0; i < PACKET; i++)
      in[i] = (float)samples[i] / 32768;
    sleep_until(begin_us + (int64_t)number * 20000);
    int64_t cpu = thread_ns(), at = now_us();
    int size = opus_encode_float(encoder, in, PACKET, packet, sizeof packet);
    if (size < 0) fail("encode");
    count(&audio_encode, cpu, at);
    audio_encode.bytes += size;
    for (unsigned i = 0; i < others; i++) {
      cpu = thread_ns(), at = now_us();
      cburrow_opus_decode(decoders[i], 1, packet, size, out, PACKET, 0, &clip);
      count(&audio_decode, cpu, at);
    }
    for (unsigned i = 0; i < PACKET; i++)
      decoded[decoded_count++] = (int16_t)(out[i] * 32767);
  }
  return NULL;
}

/* How many tones are found again, and how much later they are than they went in: that is the codec's own delay. */
static void print_marks(void) {
  struct list found = {0}, later = {0};
  unsigned wanted = (unsigned)(decoded_count / MARK_EVERY);
  find_marks(decoded, decoded_count, &found);
  for (size_t i = 0; i < found.count; i += 3) {
    int64_t position = found.values[i], number = position / MARK_EVERY;
    if (number % MARKS == found.values[i + 1]) append(&later, position - number * MARK_EVERY - MARK_CENTRE);
  }
  size_t right = later.count;
  double p5 = (double)quantile(&later, 0.05) / 48, p50 = (double)quantile(&later, 0.5) / 48;
  double p95 = (double)quantile(&later, 0.95) / 48;
  printf("\"marks\":{\"wanted\":%u,\"found\":%zu,\"wrong\":%zu,\"p5_ms\":%.2f,\"p50_ms\":%.2f,\"p95_ms\":%.2f},",
         wanted, right, found.count / 3 - right, p5, p50, p95);
}

static void print_cost(const char *key, struct cost *cost) {
  double each = cost->count ? (double)cost->cpu_ns / 1e3 / (double)cost->count : 0;
  printf("\"%s\":{\"count\":%llu,\"cpu_us\":%.2f,\"p50_us\":%lld,\"p95_us\":%lld,\"bytes\":%lld},", key,
         (unsigned long long)cost->count, each, (long long)quantile(&cost->elapsed, 0.5),
         (long long)quantile(&cost->elapsed, 0.95), (long long)cost->bytes);
}

int main(int argc, char **argv) {
  for (int i = 1; i + 1 < argc; i += 2) {
    const char *name = argv[i], *value = argv[i + 1];
    if (!strcmp(name, "--pictures"))
      opt.pictures = value;
    else if (!strcmp(name, "--speech"))
      opt.speech = value;
    else if (!strcmp(name, "--width"))
      opt.width = (unsigned)atoi(value);
    else if (!strcmp(name, "--height"))
      opt.height = (unsigned)atoi(value);
    else if (!strcmp(name, "--fps"))
      opt.fps = (unsigned)atoi(value);
    else if (!strcmp(name, "--video-bitrate"))
      opt.video_bitrate = (unsigned)atoi(value);
    else if (!strcmp(name, "--audio-bitrate"))
      opt.audio_bitrate = (unsigned)atoi(value);
    else if (!strcmp(name, "--seconds"))
      opt.seconds = atof(value);
    else if (!strcmp(name, "--others") && atoi(value) > 0 && atoi(value) <= MOST_OTHERS)
      others = (unsigned)atoi(value);
    else
      fail("unknown option %s", name);
  }
  pthread_t threads[2];
  decoded = allocate((size_t)(opt.seconds * RATE) + RATE, sizeof *decoded);
  alarm((unsigned)opt.seconds + 60);
  begin_us = now_us() + 300000;
  if (pthread_create(&threads[0], NULL, pictures, NULL) || pthread_create(&threads[1], NULL, sounds, NULL)) {
    fail("no thread");
  }
  pthread_join(threads[0], NULL);
  pthread_join(threads[1], NULL);
  struct rusage used;
  getrusage(RUSAGE_SELF, &used);
  putchar('{');
  print_marks();
  print_cost("video_encode", &video_encode);
  print_cost("video_decode", &video_decode);
  print_cost("audio_encode", &audio_encode);
  print_cost("audio_decode", &audio_decode);
  printf("\"cpu_s\":%.4f,\"seconds\":%.1f}\n",
         (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
             (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6,
         opt.seconds);
  return 0;
}
