// What ngtcp2 calls.
#ifndef CBURROW_QUIC_CALLBACKS_H
#define CBURROW_QUIC_CALLBACKS_H

#include <ngtcp2/ngtcp2.h>

void cburrow_quic_set_callbacks(ngtcp2_callbacks *to);
void cburrow_quic_write_qlog(void *user, uint32_t flags, const void *data, size_t count);

#endif
