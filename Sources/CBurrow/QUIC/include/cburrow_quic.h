#ifndef CBURROW_QUIC_H
#define CBURROW_QUIC_H
#endif
