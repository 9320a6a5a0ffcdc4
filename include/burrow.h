#ifndef BURROW_H
#define BURROW_H
#include <stdint.h>
#endif
