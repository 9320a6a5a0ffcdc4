/* libopus for Swift: its controls are variadic, which Swift cannot call. */
#ifndef CBURROW_OPUS_H
#define CBURROW_OPUS_H

#include <opus/opus.h>
#include <stdint.h>

/* Each returns OPUS_OK or a negative OPUS_* code. */
int cburrow_opus_encoder_set(OpusEncoder *encoder, int request, int32_t value);
int cburrow_opus_encoder_get(OpusEncoder *encoder, int request, int32_t *value);
int cburrow_opus_encoder_reset(OpusEncoder *encoder);
int cburrow_opus_decoder_reset(OpusDecoder *decoder);

/* opus_decode_float with room for `capacity` samples per channel, followed by what keeps a hostile stream's samples
 * within -1...1: soft clipping, whose state is `clip` (one float a channel), and 0 for what is not a number. */
int cburrow_opus_decode(OpusDecoder *decoder, int channels, const uint8_t *packet, int32_t length, float *samples,
                        int capacity, int fec, float *clip);

/* Samples per channel at 48 kHz in a packet; OPUS_INVALID_PACKET when its framing is wrong. */
int cburrow_opus_packet_frames(const uint8_t *packet, int32_t length);
/* Whether a packet carries redundancy for the one before it (RFC 6716 4.2.4). */
int cburrow_opus_packet_has_redundancy(const uint8_t *packet, int32_t length);

#endif
