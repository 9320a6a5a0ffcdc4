/* The few functions of libm that signal processing needs, so that Swift need not import the whole C library. */
#ifndef CBURROW_MATH_H
#define CBURROW_MATH_H

#include <math.h>

static inline float cburrow_log10f(float x) { return log10f(x); }
static inline float cburrow_powf(float x, float y) { return powf(x, y); }
static inline double cburrow_log(double x) { return log(x); }
static inline double cburrow_exp(double x) { return exp(x); }
static inline float cburrow_tanhf(float x) { return tanhf(x); }
static inline double cburrow_cos(double x) { return cos(x); }
static inline double cburrow_sin(double x) { return sin(x); }

#endif
