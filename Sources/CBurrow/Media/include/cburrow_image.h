/* Pictures in memory by libyuv: copies, conversion, scaling, rotation. Nothing is checked here: sizes, strides and
 * planes are right or the caller's Swift would not call. Each function returns 0, or -1 when libyuv refuses. */
#ifndef CBURROW_IMAGE_H
#define CBURROW_IMAGE_H

#include <stdint.h>

enum cburrow_image_format {
  CBURROW_IMAGE_I420,
  CBURROW_IMAGE_NV12,
  CBURROW_IMAGE_NV21,
  CBURROW_IMAGE_RGBA, /* in the order of bytes; libyuv names it by words: ABGR */
  CBURROW_IMAGE_BGRA  /* libyuv's ARGB */
};

enum cburrow_image_color {
  CBURROW_IMAGE_BT601,
  CBURROW_IMAGE_BT601_FULL,
  CBURROW_IMAGE_BT709,
  CBURROW_IMAGE_BT709_FULL
};

typedef struct cburrow_image {
  int32_t format, color;
  int32_t width, height;
  uint8_t *plane0, *plane1, *plane2; /* the first row of each; rows follow by the stride, which may be negative */
  int32_t stride0, stride1, stride2;
} cburrow_image;

/* The two are of one size; one of them is I420. From and to RGB by the colours of the I420 side. */
int cburrow_image_to_i420(const cburrow_image *from, const cburrow_image *to);
int cburrow_image_from_i420(const cburrow_image *from, const cburrow_image *to);
/* Both RGBA or BGRA, of one size. */
int cburrow_image_copy_rgb(const cburrow_image *from, const cburrow_image *to);
/* Both of one format, I420 or BGRA or RGBA, with positive strides. */
int cburrow_image_scale(const cburrow_image *from, const cburrow_image *to);
int cburrow_image_rotate(const cburrow_image *from, const cburrow_image *to, int32_t degrees);

#endif
