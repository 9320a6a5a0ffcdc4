/* OpenH264 for Swift: its interface is tables of function pointers and structures of hundreds of members. */
#ifndef CBURROW_H264_H
#define CBURROW_H264_H

#include <stddef.h>
#include <stdint.h>

typedef struct cburrow_h264_encoder cburrow_h264_encoder;
typedef struct cburrow_h264_decoder cburrow_h264_decoder;

/* What is fixed for the life of an encoder. */
typedef struct cburrow_h264_settings {
  int32_t width, height; /* even */
  float frame_rate;
  int32_t bit_rate, max_bit_rate; /* bits per second */
  int32_t temporal_layers;        /* 1 to 4 */
  int32_t min_qp, max_qp;
  int32_t long_term_period;            /* frames between marks, 0 without long-term references */
  int32_t full_range;                  /* 1 when luma uses 0 to 255 */
  int32_t primaries, transfer, matrix; /* ISO/IEC 23091-2 code points */
} cburrow_h264_settings;

/* What became of one picture. */
typedef struct cburrow_h264_unit {
  size_t size; /* 0: the rate control left the picture out */
  int32_t is_key, temporal_id;
} cburrow_h264_unit;

/* NULL when the library refuses the settings. */
cburrow_h264_encoder *cburrow_h264_encoder_create(const cburrow_h264_settings *settings);
void cburrow_h264_encoder_destroy(cburrow_h264_encoder *encoder);
/* The functions returning int give 0, or the library's own code. */
int cburrow_h264_encoder_parameter_sets(cburrow_h264_encoder *encoder, cburrow_h264_unit *unit);
int cburrow_h264_encoder_encode(cburrow_h264_encoder *encoder, const uint8_t *y, const uint8_t *u, const uint8_t *v,
                                int32_t stride_y, int32_t stride_uv, int64_t milliseconds, cburrow_h264_unit *unit);
/* The bytes of the last unit, as many as its size said. */
void cburrow_h264_encoder_copy(const cburrow_h264_encoder *encoder, uint8_t *out);
int cburrow_h264_encoder_force_key(cburrow_h264_encoder *encoder);
int cburrow_h264_encoder_set_bit_rate(cburrow_h264_encoder *encoder, int32_t bit_rate, int32_t max_bit_rate);
int cburrow_h264_encoder_set_frame_rate(cburrow_h264_encoder *encoder, float frame_rate);
/* A receiver lost the pictures after `last_good` and is at `current` (frame_num of its decoder). */
int cburrow_h264_encoder_recover(cburrow_h264_encoder *encoder, uint32_t idr_id, int32_t last_good, int32_t current);
/* A receiver has the long-term picture `frame_number`, or failed to decode it. */
int cburrow_h264_encoder_acknowledge(cburrow_h264_encoder *encoder, uint32_t idr_id, int32_t frame_number,
                                     int32_t succeeded);

/* A decoded picture in the decoder's memory, until the next call. A width of 0 means none. */
typedef struct cburrow_h264_picture {
  const uint8_t *y, *u, *v;
  int32_t stride_y, stride_uv, width, height;
  uint64_t timestamp;
} cburrow_h264_picture;

/* Where a decoder is, for the encoder to recover from a loss by a long-term reference. */
typedef struct cburrow_h264_position {
  int32_t is_marked, marked_frame_number, frame_number, idr_id;
} cburrow_h264_position;

cburrow_h264_decoder *cburrow_h264_decoder_create(void);
void cburrow_h264_decoder_destroy(cburrow_h264_decoder *decoder);
/* Returns the DECODING_STATE: 0 without errors. A picture may come with an error: a concealed one. */
int cburrow_h264_decoder_decode(cburrow_h264_decoder *decoder, const uint8_t *bytes, size_t size, uint64_t timestamp,
                                cburrow_h264_picture *picture);
/* The next of the pictures that wait for their turn. */
int cburrow_h264_decoder_flush(cburrow_h264_decoder *decoder, cburrow_h264_picture *picture);
int32_t cburrow_h264_decoder_waiting(cburrow_h264_decoder *decoder);
void cburrow_h264_decoder_position(cburrow_h264_decoder *decoder, cburrow_h264_position *position);

#endif
