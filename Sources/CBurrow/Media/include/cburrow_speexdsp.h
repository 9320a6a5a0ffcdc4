/* The resampler of libspeexdsp. */
#ifndef CBURROW_SPEEXDSP_H
#define CBURROW_SPEEXDSP_H

#include <speex/speex_resampler.h>

#endif
