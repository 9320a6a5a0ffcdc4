#include "cburrow_opus.h"

#include <stddef.h>

enum {
  RATE = 48000,
  LONGEST = 5760,
  FRAMES_PER_PACKET = 48
};

int cburrow_opus_encoder_set(OpusEncoder *encoder, int request, int32_t value) {
  return opus_encoder_ctl(encoder, request, (opus_int32)value);
}

int cburrow_opus_encoder_get(OpusEncoder *encoder, int request, int32_t *value) {
  return opus_encoder_ctl(encoder, request, (opus_int32 *)value);
}

int cburrow_opus_encoder_reset(OpusEncoder *encoder) { return opus_encoder_ctl(encoder, OPUS_RESET_STATE); }

int cburrow_opus_decoder_reset(OpusDecoder *decoder) { return opus_decoder_ctl(decoder, OPUS_RESET_STATE); }

int cburrow_opus_decode(OpusDecoder *decoder, int channels, const uint8_t *packet, int32_t length, float *samples,
                        int capacity, int fec, float *clip) {
  int frames = opus_decode_float(decoder, packet, length, samples, capacity, fec);
  for (int i = 0; i < frames * channels; i++) {
    /* False for NaN as well; an infinity is the clipper's business. */
    samples[i] = samples[i] == samples[i] ? samples[i] : 0.0f;
  }
  if (frames > 0) {
    opus_pcm_soft_clip(samples, frames, channels, clip);
  }
  return frames;
}

int cburrow_opus_packet_frames(const uint8_t *packet, int32_t length) {
  opus_int16 sizes[FRAMES_PER_PACKET];
  if (length < 1) {
    return OPUS_INVALID_PACKET;
  }
  int count = opus_packet_parse(packet, length, NULL, NULL, sizes, NULL);
  if (count < 0) {
    return OPUS_INVALID_PACKET;
  }
  int frames = count * opus_packet_get_samples_per_frame(packet, RATE);
  return frames > LONGEST ? OPUS_INVALID_PACKET : frames;
}

int cburrow_opus_packet_has_redundancy(const uint8_t *packet, int32_t length) {
  const unsigned char *frames[FRAMES_PER_PACKET];
  opus_int16 sizes[FRAMES_PER_PACKET];
  /* Configurations from 16 are CELT only, which has none. */
  if (length < 1 || packet[0] >> 3 >= 16) {
    return 0;
  }
  if (opus_packet_parse(packet, length, NULL, frames, sizes, NULL) < 1 || sizes[0] < 1) {
    return 0;
  }
  /* A SILK frame begins, for each channel, with a voice flag for each 20 ms and then the flag that is meant. */
  int length_of_frame = opus_packet_get_samples_per_frame(packet, RATE);
  int parts = length_of_frame > RATE / 50 ? length_of_frame / (RATE / 50) : 1;
  int flags = frames[0][0] >> (7 - parts) & 1;
  if (packet[0] & 4) {
    flags |= frames[0][0] >> (6 - 2 * parts) & 1;
  }
  return flags;
}
