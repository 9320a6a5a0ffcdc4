/* libFuzzer as a library: it has this function, but no header that declares it. */
#ifndef BURROW_FUZZ_DRIVER_H
#define BURROW_FUZZ_DRIVER_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*one_input)(const uint8_t *data, size_t size));

#endif
