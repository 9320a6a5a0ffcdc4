#ifndef BURROW_RELAY_OPTIONS_H
#define BURROW_RELAY_OPTIONS_H

#include <burrow.h>
#include <stdint.h>

enum {
  MAX_LISTEN = 16,
  MAX_HOST_NAMES = 64,
  RESET_SECRET_SIZE = 32
};

/* What the command line says. Texts of files are owned and live as long as the program. */
typedef struct {
  burrow_relay_config relay;
  const char *listen[MAX_LISTEN];
  const char *host_names[MAX_HOST_NAMES];
  uint8_t reset_secret[RESET_SECRET_SIZE];
  int32_t log_level;
  uint32_t stats_seconds;
} options;

/* Reads the command line. Returns -1 to go on, otherwise the status to exit with. */
int options_read(int argc, char **argv, options *out);

#endif
