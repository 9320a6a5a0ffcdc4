/* Sound and pictures that say when they were taken, and how that is read from what arrives. */
#define _GNU_SOURCE
#include "media.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* -- sound ------------------------------------------------------------------------------------------------- */

enum {
  TONE = RATE / 50,       /* samples of a tone */
  FADE = RATE * 15 / 1000 /* of the speech before and after it */
};

static float tones[MARKS][TONE], quadratures[MARKS][TONE];
static double tone_energy;

static double frequency(unsigned mark) { return 1000 + 200.0 * (mark % MARKS); }

static void prepare_tones(void) {
  if (tone_energy > 0) return;
  for (unsigned m = 0; m < MARKS; m++) {
    double energy = 0;
    for (unsigned i = 0; i < TONE; i++) {
      double window = 0.5 - 0.5 * cos(2 * M_PI * (i + 0.5) / TONE);
      double phase = 2 * M_PI * frequency(m) * i / RATE;
      tones[m][i] = (float)(window * cos(phase));
      quadratures[m][i] = (float)(window * sin(phase));
      energy += tones[m][i] * tones[m][i];
    }
    tone_energy = energy;
  }
}

void open_sound(struct sound *sound) {
  size_t size;
  if (!opt.speech) fail("--speech is missing");
  sound->speech = (const int16_t *)(void *)map_file(opt.speech, &size);
  sound->length = size / sizeof(int16_t);
  if (sound->length < RATE) fail("%s: less than a second of speech", opt.speech);
  prepare_tones();
}

void make_sound(const struct sound *sound, uint64_t position, int16_t *out, unsigned count) {
  for (unsigned i = 0; i < count; i++, position++) {
    uint64_t mark = position / MARK_EVERY;
    int64_t from_centre = (int64_t)(position % MARK_EVERY) - MARK_CENTRE;
    int64_t distance = llabs(from_centre);
    double value = sound->speech[position % sound->length];
    if (distance <= TONE / 2) {
      int64_t at = from_centre + TONE / 2;
      value = at < TONE ? 12000.0 * tones[mark % MARKS][at] : 0;
    } else if (distance <= MARK_CENTRE - FADE) {
      value = 0;
    } else if (distance < MARK_CENTRE) {
      value *= (double)(distance - (MARK_CENTRE - FADE)) / FADE;
    }
    out[i] = (int16_t)lrint(value);
  }
}

struct likeness {
  double value;
  unsigned mark;
};

/* How much of the energy of a piece is one of the tones. */
static struct likeness compare_tones(const int16_t *samples) {
  double energy = 1;
  for (unsigned i = 0; i < TONE; i++)
    energy += (double)samples[i] * samples[i];
  struct likeness best = {0, 0};
  /* A tone has an RMS of 5200 when it begins; what codecs leave of it is not below a fifth. */
  if (energy < TONE * 1000.0 * 1000.0) return best;
  for (unsigned m = 0; m < MARKS; m++) {
    float real = 0, imaginary = 0;
    for (unsigned i = 0; i < TONE; i++) {
      real += (float)samples[i] * tones[m][i];
      imaginary += (float)samples[i] * quadratures[m][i];
    }
    double value = ((double)real * real + (double)imaginary * imaginary) / (energy * tone_energy);
    if (value > best.value) best = (struct likeness){value, m};
  }
  return best;
}

/* Uphill from `at` by small steps, one way. */
static struct likeness climb(const int16_t *samples, size_t count, size_t *at, int step) {
  struct likeness best = compare_tones(samples + *at);
  for (;;) {
    size_t next = *at + (size_t)step; /* wraps round below 0, and is too large then */
    if (next > count - TONE) return best;
    struct likeness there = compare_tones(samples + next);
    if (there.value <= best.value) return best;
    best = there;
    *at = next;
  }
}

void find_marks(const int16_t *samples, size_t count, struct list *found) {
  enum {
    COARSE = RATE / 500,
    FINE = RATE / 4000,
    APART = RATE / 10
  };
  prepare_tones();
  for (size_t at = 0; at + TONE <= count; at += COARSE) {
    if (compare_tones(samples + at).value < 0.4) continue;
    size_t top = at;
    climb(samples, count, &top, FINE);
    struct likeness best = climb(samples, count, &top, -FINE);
    if (best.value < 0.7) continue;
    append(found, (int64_t)top + TONE / 2);
    append(found, best.mark);
    append(found, (int64_t)(best.value * 1000));
    at = top + APART;
  }
}

/* -- pictures ---------------------------------------------------------------------------------------------- */

void open_film(struct film *film) {
  size_t size;
  if (!opt.pictures) fail("--pictures is missing");
  film->memory = map_file(opt.pictures, &size);
  film->size = (size_t)opt.width * opt.height * 3 / 2;
  film->count = (unsigned)(size / film->size);
  if (film->count < 2) fail("%s: fewer than two pictures of %ux%u", opt.pictures, opt.width, opt.height);
}

/* Forth and back, so that it can be repeated without a cut. */
uint8_t *make_picture(struct film *film, unsigned number) {
  unsigned cycle = 2 * (film->count - 1), at = number % cycle;
  uint8_t *picture = film->memory + film->size * (at < film->count ? at : cycle - at);
  unsigned band = opt.height / 15, block = opt.width / BLOCKS;
  for (unsigned bit = 0; bit < BLOCKS; bit++)
    memset(picture + bit * block, number >> bit & 1 ? 235 : 16, block);
  for (unsigned row = 1; row < band; row++)
    memcpy(picture + (size_t)row * opt.width, picture, opt.width);
  return picture;
}

int number_of(const uint8_t *luma, int stride, unsigned width, unsigned height) {
  const uint8_t *row = luma + (ptrdiff_t)stride * (int)(height / 30);
  int number = 0;
  for (unsigned bit = 0; bit < BLOCKS; bit++) {
    uint8_t value = row[(2 * bit + 1) * width / (2 * BLOCKS)];
    if (value > 96 && value < 160) return -1;
    if (value >= 160) number |= 1 << bit;
  }
  return number;
}
