#include "cburrow_image.h"

#include <libyuv.h>
#include <stddef.h>

/* Y = (r R + g G + b B) / 65536 + offset, Cb and Cr alike, for the matrices libyuv has only one way. */
typedef struct coefficients {
  int32_t y[3], u[3], v[3], offset;
} coefficients;

static const coefficients bt709_limited = {{11966, 40254, 4064}, {-6596, -22188, 28784}, {28784, -26145, -2639}, 16};
static const coefficients bt709_full = {{13933, 46871, 4732}, {-7509, -25259, 32768}, {32768, -29763, -3005}, 0};

static uint8_t clamped(int32_t value) { return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value); }

static uint8_t apply(const int32_t c[3], int32_t r, int32_t g, int32_t b, int32_t offset) {
  return clamped((c[0] * r + c[1] * g + c[2] * b + (offset << 16) + 0x8000) >> 16);
}

static void luma_row(const coefficients *c, const uint8_t *rgb, uint8_t *y, int32_t width, int red, int blue) {
  for (int32_t x = 0; x < width; x++, rgb += 4)
    y[x] = apply(c->y, rgb[red], rgb[1], rgb[blue], c->offset);
}

/* The chroma of two rows, the mean of each block of four; at an odd edge the last column counts twice. */
static void chroma_row(const coefficients *c, const uint8_t *upper, const uint8_t *lower, uint8_t *u, uint8_t *v,
                       int32_t width, int red, int blue) {
  for (int32_t x = 0; x < width; x += 2) {
    const ptrdiff_t here = 4 * (ptrdiff_t)x;
    const ptrdiff_t next = x + 1 < width ? here + 4 : here;
    int32_t sum[3];
    const int channels[3] = {red, 1, blue};
    for (int i = 0; i < 3; i++) {
      const int k = channels[i];
      sum[i] = (upper[here + k] + upper[next + k] + lower[here + k] + lower[next + k] + 2) >> 2;
    }
    u[x / 2] = apply(c->u, sum[0], sum[1], sum[2], 128);
    v[x / 2] = apply(c->v, sum[0], sum[1], sum[2], 128);
  }
}

static int rgb_to_i420(const coefficients *c, const cburrow_image *from, const cburrow_image *to) {
  const int red = from->format == CBURROW_IMAGE_RGBA ? 0 : 2;
  for (int32_t row = 0; row < from->height; row++) {
    const uint8_t *rgb = from->plane0 + (ptrdiff_t)row * from->stride0;
    luma_row(c, rgb, to->plane0 + (ptrdiff_t)row * to->stride0, from->width, red, 2 - red);
    if (row % 2 != 0) continue;
    const uint8_t *lower = row + 1 < from->height ? rgb + from->stride0 : rgb;
    chroma_row(c, rgb, lower, to->plane1 + (ptrdiff_t)(row / 2) * to->stride1,
               to->plane2 + (ptrdiff_t)(row / 2) * to->stride2, from->width, red, 2 - red);
  }
  return 0;
}

typedef int (*from_rgb)(const uint8_t *, int, uint8_t *, int, uint8_t *, int, uint8_t *, int, int, int);
typedef int (*from_semiplanar)(const uint8_t *, int, const uint8_t *, int, uint8_t *, int, uint8_t *, int, uint8_t *,
                               int, int, int);

int cburrow_image_to_i420(const cburrow_image *from, const cburrow_image *to) {
  from_rgb rgb = NULL;
  from_semiplanar planes = NULL;
  const int is_full = to->color == CBURROW_IMAGE_BT601_FULL;
  switch (from->format) {
  case CBURROW_IMAGE_I420:
    return I420Copy(from->plane0, from->stride0, from->plane1, from->stride1, from->plane2, from->stride2, to->plane0,
                    to->stride0, to->plane1, to->stride1, to->plane2, to->stride2, from->width, from->height);
  case CBURROW_IMAGE_NV12:
    planes = NV12ToI420;
    break;
  case CBURROW_IMAGE_NV21:
    planes = NV21ToI420;
    break;
  case CBURROW_IMAGE_RGBA:
    rgb = is_full ? ABGRToJ420 : ABGRToI420;
    break;
  case CBURROW_IMAGE_BGRA:
    rgb = is_full ? ARGBToJ420 : ARGBToI420;
    break;
  default:
    return -1;
  }
  if (planes != NULL)
    return planes(from->plane0, from->stride0, from->plane1, from->stride1, to->plane0, to->stride0, to->plane1,
                  to->stride1, to->plane2, to->stride2, from->width, from->height);
  if (to->color == CBURROW_IMAGE_BT709) return rgb_to_i420(&bt709_limited, from, to);
  if (to->color == CBURROW_IMAGE_BT709_FULL) return rgb_to_i420(&bt709_full, from, to);
  return rgb(from->plane0, from->stride0, to->plane0, to->stride0, to->plane1, to->stride1, to->plane2, to->stride2,
             from->width, from->height);
}

static int to_rgb(const cburrow_image *from, const cburrow_image *to) {
  const struct YuvConstants *bgra = NULL, *rgba = NULL;
  switch (from->color) {
  case CBURROW_IMAGE_BT601:
    bgra = &kYuvI601Constants, rgba = &kYvuI601Constants;
    break;
  case CBURROW_IMAGE_BT601_FULL:
    bgra = &kYuvJPEGConstants, rgba = &kYvuJPEGConstants;
    break;
  case CBURROW_IMAGE_BT709:
    bgra = &kYuvH709Constants, rgba = &kYvuH709Constants;
    break;
  case CBURROW_IMAGE_BT709_FULL:
    bgra = &kYuvF709Constants, rgba = &kYvuF709Constants;
    break;
  default:
    return -1;
  }
  /* The other order of bytes is the same sum with U and V exchanged and the matrix mirrored. */
  if (to->format == CBURROW_IMAGE_BGRA)
    return I420ToARGBMatrix(from->plane0, from->stride0, from->plane1, from->stride1, from->plane2, from->stride2,
                            to->plane0, to->stride0, bgra, from->width, from->height);
  return I420ToARGBMatrix(from->plane0, from->stride0, from->plane2, from->stride2, from->plane1, from->stride1,
                          to->plane0, to->stride0, rgba, from->width, from->height);
}

int cburrow_image_from_i420(const cburrow_image *from, const cburrow_image *to) {
  switch (to->format) {
  case CBURROW_IMAGE_I420:
    return cburrow_image_to_i420(from, to);
  case CBURROW_IMAGE_NV12:
    return I420ToNV12(from->plane0, from->stride0, from->plane1, from->stride1, from->plane2, from->stride2, to->plane0,
                      to->stride0, to->plane1, to->stride1, from->width, from->height);
  case CBURROW_IMAGE_NV21:
    return I420ToNV21(from->plane0, from->stride0, from->plane1, from->stride1, from->plane2, from->stride2, to->plane0,
                      to->stride0, to->plane1, to->stride1, from->width, from->height);
  case CBURROW_IMAGE_RGBA:
  case CBURROW_IMAGE_BGRA:
    return to_rgb(from, to);
  default:
    return -1;
  }
}

int cburrow_image_copy_rgb(const cburrow_image *from, const cburrow_image *to) {
  if (from->format == to->format)
    return ARGBCopy(from->plane0, from->stride0, to->plane0, to->stride0, from->width, from->height);
  return ABGRToARGB(from->plane0, from->stride0, to->plane0, to->stride0, from->width, from->height);
}

int cburrow_image_scale(const cburrow_image *from, const cburrow_image *to) {
  /* A box averages all samples it replaces: no flicker when a picture shrinks. It is bilinear when one grows. */
  if (from->format == CBURROW_IMAGE_I420)
    return I420Scale(from->plane0, from->stride0, from->plane1, from->stride1, from->plane2, from->stride2, from->width,
                     from->height, to->plane0, to->stride0, to->plane1, to->stride1, to->plane2, to->stride2, to->width,
                     to->height, kFilterBox);
  return ARGBScale(from->plane0, from->stride0, from->width, from->height, to->plane0, to->stride0, to->width,
                   to->height, kFilterBox);
}

int cburrow_image_rotate(const cburrow_image *from, const cburrow_image *to, int32_t degrees) {
  const enum RotationMode mode = (enum RotationMode)degrees;
  if (from->format == CBURROW_IMAGE_I420)
    return I420Rotate(from->plane0, from->stride0, from->plane1, from->stride1, from->plane2, from->stride2, to->plane0,
                      to->stride0, to->plane1, to->stride1, to->plane2, to->stride2, from->width, from->height, mode);
  return ARGBRotate(from->plane0, from->stride0, to->plane0, to->stride0, from->width, from->height, mode);
}
