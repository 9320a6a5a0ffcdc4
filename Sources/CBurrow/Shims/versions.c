#include "cburrow_shims.h"

#include <gnutls/gnutls.h>
#include <ngtcp2/ngtcp2.h>
#include <stdio.h>

/* Only the library as a whole is linked with these; a test of one layer may not be. */
#pragma weak ngtcp2_version
#pragma weak gnutls_check_version

void cburrow_library_versions(char *out, size_t size) {
  const ngtcp2_info *quic = ngtcp2_version ? ngtcp2_version(0) : NULL;
  const char *tls = gnutls_check_version ? gnutls_check_version(NULL) : NULL;
  snprintf(out, size, "ngtcp2 %s, GnuTLS %s", quic ? quic->version_str : "?", tls ? tls : "?");
}
