#include "cburrow_shims.h"

#include <gnutls/gnutls.h>
#include <ngtcp2/ngtcp2.h>
#include <opus/opus.h>
#include <stdio.h>
#include <wels/codec_api.h>

/* Only the library as a whole is linked with these; a test of one layer may not be. */
#pragma weak ngtcp2_version
#pragma weak gnutls_check_version
#pragma weak opus_get_version_string
#pragma weak WelsGetCodecVersionEx

void cburrow_library_versions(char *out, size_t size) {
  const ngtcp2_info *quic = ngtcp2_version ? ngtcp2_version(0) : NULL;
  const char *tls = gnutls_check_version ? gnutls_check_version(NULL) : NULL;
  const char *sound = opus_get_version_string ? opus_get_version_string() : NULL;
  OpenH264Version pictures = {0};
  if (WelsGetCodecVersionEx) WelsGetCodecVersionEx(&pictures);
  // Opus says its own name.
  snprintf(out, size, "ngtcp2 %s, GnuTLS %s, %s, OpenH264 %u.%u.%u", quic ? quic->version_str : "?", tls ? tls : "?",
           sound ? sound : "libopus ?", pictures.uMajor, pictures.uMinor, pictures.uRevision);
}
