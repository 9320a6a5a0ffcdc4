/* Frame protection by itself: from many threads at once, with wrong arguments, and with frames that were tampered with. */
#include "support.h"

#include <pthread.h>

enum {
  THREADS = 4,
  FRAMES = 500,
  SIZE = 64
};

static burrow_sealer *sealer;
static burrow_opener *opener;
static uint64_t track;
static uint8_t sealed[THREADS][FRAMES][SIZE + BURROW_SEAL_OVERHEAD];
static size_t lengths[THREADS][FRAMES];
static int wrong[THREADS];

static burrow_frame_position place(int thread, int number) {
  burrow_frame_position where = {.struct_size = sizeof where, .kind = BURROW_PROTECTED_AUDIO, .track = track};
  where.group = (uint64_t)thread;
  where.frame = (uint64_t)number;
  return where;
}

static void *seal(void *argument) {
  int thread = *(int *)argument;
  for (int number = 0; number < FRAMES; number++) {
    uint8_t data[SIZE];
    memset(data, number, sizeof data);
    burrow_frame_position where = place(thread, number);
    uint8_t *out = sealed[thread][number];
    if (burrow_sealer_seal(sealer, &where, data, sizeof data, out, sizeof sealed[0][0], &lengths[thread][number]))
      wrong[thread]++;
  }
  return NULL;
}

static void *open_all(void *argument) {
  int thread = *(int *)argument;
  for (int number = 0; number < FRAMES; number++) {
    uint8_t data[SIZE + BURROW_SEAL_OVERHEAD];
    size_t length = 0;
    burrow_frame_position where = place(thread, number);
    burrow_status status =
        burrow_opener_open(opener, &where, sealed[thread][number], lengths[thread][number], data, sizeof data, &length);
    if (status != BURROW_OK || length != SIZE || data[0] != (uint8_t)number) wrong[thread]++;
  }
  return NULL;
}

static void in_threads(void *(*work)(void *)) {
  pthread_t threads[THREADS];
  int numbers[THREADS];
  for (int i = 0; i < THREADS; i++) {
    numbers[i] = i;
    pthread_create(&threads[i], NULL, work, &numbers[i]);
  }
  for (int i = 0; i < THREADS; i++)
    pthread_join(threads[i], NULL);
}

static uint64_t counter(const uint8_t *frame) {
  /* One byte of key number behind the configuration, because track and epoch fit it. */
  const uint8_t *bytes = frame + 2;
  if (!(frame[0] & 8)) return frame[0] & 7;
  uint64_t value = 0;
  for (int i = 0; i <= (frame[0] & 7); i++)
    value = value << 8 | bytes[i];
  return value;
}

static void counters_are_used_once(void) {
  static uint8_t seen[THREADS * FRAMES];
  int repeated = 0;
  for (int thread = 0; thread < THREADS; thread++)
    for (int number = 0; number < FRAMES; number++) {
      uint64_t value = counter(sealed[thread][number]);
      if (value >= sizeof seen || seen[value]++) repeated++;
    }
  CHECK(repeated == 0);
}

static void arguments(const burrow_protection_config *good) {
  uint8_t in[100] = {0}, out[200];
  size_t length;
  burrow_protection_config config = *good;
  burrow_opener *other = NULL;
  config.instance = NULL;
  CHECK_STATUS(burrow_opener_create(&config, &other), BURROW_ERR_INVALID_ARGUMENT);
  CHECK(other == NULL);
  config.suite = 1;
  burrow_sealer *second = NULL;
  CHECK_STATUS(burrow_sealer_create(&config, &second), BURROW_ERR_UNSUPPORTED);
  config.suite = 0, config.path = NULL;
  CHECK_STATUS(burrow_sealer_create(&config, &second), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_sealer_create(NULL, &second), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_sealer_create(good, NULL), BURROW_ERR_INVALID_ARGUMENT);
  config = *good, config.call_id_len = (size_t)-1;
  CHECK_STATUS(burrow_sealer_create(&config, &second), BURROW_ERR_INVALID_ARGUMENT);

  burrow_frame_position where = place(0, 0);
  where.flags = 2;
  CHECK_STATUS(burrow_sealer_seal(sealer, &where, in, 1, out, sizeof out, &length), BURROW_ERR_UNSUPPORTED);
  where.flags = 0, where.reserved = 1;
  CHECK_STATUS(burrow_sealer_seal(sealer, &where, in, 1, out, sizeof out, &length), BURROW_ERR_UNSUPPORTED);
  where.reserved = 0, where.kind = 9;
  CHECK_STATUS(burrow_opener_open(opener, &where, in, 1, out, sizeof out, &length), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_sealer_seal(sealer, NULL, in, 1, out, sizeof out, &length), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_sealer_seal((burrow_sealer *)opener, &where, in, 1, out, sizeof out, &length),
               BURROW_ERR_STALE_HANDLE);
  CHECK_STATUS(burrow_protection_set_key(sealer, 9, NULL, 32, 0), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_protection_set_key(sealer, 9, in, 32, 4), BURROW_ERR_UNSUPPORTED);
  CHECK_STATUS(burrow_protection_set_key(opener, 9, in, 32, BURROW_KEY_REMOVAL), BURROW_ERR_UNSUPPORTED);
  CHECK_STATUS(burrow_protection_set_key(opener, 9, in, 32, BURROW_KEY_FORGET), BURROW_ERR_UNSUPPORTED);
  CHECK_STATUS(burrow_protection_set_key(NULL, 9, in, 32, 0), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_protection_set_key(in, 9, in, 32, 0), BURROW_ERR_STALE_HANDLE);
  CHECK_STATUS(burrow_close(sealer, NULL), BURROW_ERR_STALE_HANDLE);
  CHECK_STATUS(burrow_sealer_add_track(sealer, BURROW_PROTECTED_AUDIO, NULL), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_protection_context(sealer, out, 3, &length), BURROW_ERR_BUFFER_TOO_SMALL);
}

int main(void) {
  uint8_t secret[32] = {1, 2, 3}, context[200];
  size_t length = 0;
  burrow_protection_config config;
  CHECK_STATUS(burrow_config_init(&config, sizeof config), BURROW_OK);
  config.path = "room/alice";
  CHECK_STATUS(burrow_sealer_create(&config, &sealer), BURROW_OK);
  CHECK_STATUS(burrow_protection_context(sealer, context, sizeof context, &length), BURROW_OK);
  CHECK(length == 1 + 1 + strlen(config.path) + BURROW_INSTANCE_SIZE);
  config.instance = context + length - BURROW_INSTANCE_SIZE;
  CHECK_STATUS(burrow_opener_create(&config, &opener), BURROW_OK);
  uint8_t same[200];
  size_t also = 0;
  CHECK_STATUS(burrow_protection_context(opener, NULL, 0, &also), BURROW_OK);
  CHECK(also == length);
  CHECK_STATUS(burrow_protection_context(opener, same, sizeof same, &also), BURROW_OK);
  CHECK(also == length && memcmp(same, context, length) == 0);
  CHECK_STATUS(burrow_sealer_add_track(sealer, BURROW_PROTECTED_AUDIO, &track), BURROW_OK);

  burrow_frame_position where = place(0, 0);
  CHECK_STATUS(burrow_sealer_seal(sealer, &where, secret, 1, sealed[0][0], sizeof sealed[0][0], &length),
               BURROW_ERR_KEY_MISSING);
  CHECK_STATUS(burrow_protection_set_key(sealer, 1, secret, sizeof secret, 0), BURROW_OK);
  in_threads(seal);
  for (int i = 0; i < THREADS; i++)
    CHECK(wrong[i] == 0);
  counters_are_used_once();

  uint8_t out[SIZE + BURROW_SEAL_OVERHEAD];
  CHECK_STATUS(burrow_opener_open(opener, &where, sealed[0][0], lengths[0][0], out, sizeof out, &length), BURROW_AGAIN);
  CHECK_STATUS(burrow_protection_set_key(opener, 1, secret, sizeof secret, 0), BURROW_OK);
  where.frame = 1;
  CHECK_STATUS(burrow_opener_open(opener, &where, sealed[0][0], lengths[0][0], out, sizeof out, &length),
               BURROW_ERR_FRAME_REJECTED);
  arguments(&config);

  /* Together they use more counters than a window has, so what is late may be refused; nothing else may happen. */
  in_threads(open_all);
  int late = 0;
  for (int i = 0; i < THREADS; i++)
    late += wrong[i];
  CHECK(late < THREADS * FRAMES);
  int repeated = 0;
  for (int thread = 0; thread < THREADS; thread++)
    for (int number = 0; number < FRAMES; number++) {
      where = place(thread, number);
      if (burrow_opener_open(opener, &where, sealed[thread][number], lengths[thread][number], out, sizeof out,
                             &length) == BURROW_OK)
        repeated++;
    }
  /* A frame opens in the threads or here, not in both. */
  CHECK(repeated <= late);

  burrow_release(sealer);
  burrow_release(opener);
  CHECK_STATUS(burrow_protection_context(sealer, NULL, 0, &length), BURROW_ERR_STALE_HANDLE);
  return finish_tests();
}
