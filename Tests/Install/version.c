/* The smallest program that uses the library: it proves that header and library are found and fit together. */
#include <burrow.h>
#include <stdio.h>

int main(void) {
  uint32_t version = burrow_version();
  printf("burrow %u.%u.%u: %s\n", version >> 16, version >> 8 & 255, version & 255, burrow_version_string());
  return version == 0;
}
