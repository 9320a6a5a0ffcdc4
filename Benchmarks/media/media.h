/* What the parts of the measuring program for audio and video share.
 *
 * Sound and pictures say when they were taken, so that delays are measured on what is heard and seen: speech with marker
 * tones in it, and pictures with their number in a band of blocks at the top. All times are in microseconds of
 * CLOCK_MONOTONIC, which is also the clock of burrow_now_us(), so those of several processes can be compared.
 */
#ifndef BENCH_MEDIA_H
#define BENCH_MEDIA_H

#include <burrow.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define RATE 48000
#define BLOCKS 16

/* -- main.c ---------------------------------------------------------------------------------------------- */

struct options {
  const char *url, *path, *pictures, *speech, *out;
  unsigned width, height, fps, video_bitrate, audio_bitrate, people, index;
  double seconds;
  int audio, video, fixed, fec;
};
extern struct options opt;
extern atomic_int stopping;

/* Waits for the line "go" or "stop" on standard input; 0 when it is to end. `stopping` is set by "stop" and by an end. */
int wait_for_go(void);

/* -- tools.c --------------------------------------------------------------------------------------------- */

int64_t now_us(void);
/* Sleeps up to a point in time. */
void sleep_until(int64_t us);
void fail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
void *allocate(size_t count, size_t size);
/* Our own memory of a whole file, to be written to. */
uint8_t *map_file(const char *name, size_t *size);

/* Numbers that come one after the other. */
struct list {
  int64_t *values;
  size_t count, capacity;
};
void append(struct list *list, int64_t value);
/* {"KEY":[..]} without the braces. `width` values are a row of their own. */
void print_list(FILE *file, const char *key, const struct list *list, unsigned width);
/* Sorts; the value below which that share lies. */
int64_t quantile(struct list *list, double share);

/* -- content.c ------------------------------------------------------------------------------------------- */

/* Every half second a tone of 20 ms, between silences of 20 ms, whose frequency says which of 16 it is. */
#define MARK_EVERY 24000
#define MARK_CENTRE 1440
#define MARKS 16

struct sound {
  const int16_t *speech;
  size_t length;
};
void open_sound(struct sound *sound);
/* Samples from `position` on. */
void make_sound(const struct sound *sound, uint64_t position, int16_t *out, unsigned count);
/* Finds the tones in what was recorded: appends position, number of the tone and likeness in thousandths. */
void find_marks(const int16_t *samples, size_t count, struct list *found);

struct film {
  uint8_t *memory;
  size_t size;
  unsigned count;
};
void open_film(struct film *film);
/* The picture of that number, its number written into it. */
uint8_t *make_picture(struct film *film, unsigned number);
/* Which picture it is; -1 when a block is neither black nor white. Of any size: a smaller rendition has it too. */
int number_of(const uint8_t *luma, int stride, unsigned width, unsigned height);

/* -- host.c ---------------------------------------------------------------------------------------------- */

extern burrow_engine *engine;

void check(burrow_status status, const char *what);
/* Opens a room and returns when it stands; events before that are thrown away. */
burrow_room *enter(const char *path, const char *prefix, uint32_t flags);
burrow_track *publish(burrow_room *room, uint32_t kind);
burrow_track *subscribe(burrow_room *room, const char *path, uint32_t kind);
void push_sound(burrow_track *track, int16_t *samples, unsigned count, int64_t time_us);
void push_picture(burrow_track *track, uint8_t *memory, int64_t time_us);

/* What a track says of itself, every fifth of a second. */
struct samples {
  burrow_track *track;
  struct list rows;
};
#define FIGURES 22
void sample(struct samples *samples);
void print_samples(FILE *file, const char *key, const struct samples *samples);

/* -- send.c, receive.c, person.c ------------------------------------------------------------------------- */

/* Pushes in real time until it is stopped; from several threads, which it waits for. */
struct feed {
  burrow_track *audio, *video;
  int64_t begin_us;
  struct list audio_late, video_late;
  uint64_t packets, pictures, refused;
  int64_t push_us;
};
void start_feed(struct feed *feed);
void finish_feed(struct feed *feed);
void print_feed(FILE *file, struct feed *feed);

void run_send(void);
void run_receive(void);
void run_person(void);

#endif
