#include "internal.h"

#include <arpa/inet.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int cburrow_quic_check_begin(cburrow_quic_check *check, const cburrow_quic_tls *tls, const char *name) {
  uint8_t address[16];
  check->tls = tls;
  check->name = strdup(name);
  if (!check->name) return GNUTLS_E_MEMORY_ERROR;
  check->name_is_address = inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1;
  return 0;
}

void cburrow_quic_check_end(cburrow_quic_check *check) { free(check->name); }

static int fail(cburrow_quic_check *check, int result) {
  check->result = result;
  return -1;
}

// "3 days" for a length of time.
static void describe_length(char *to, size_t room, int64_t seconds) {
  static const struct {
    int64_t length;
    const char *name;
  } units[] = {{86400, "day"}, {3600, "hour"}, {60, "minute"}, {1, "second"}};
  for (size_t i = 0; i < 4; i++) {
    int64_t n = seconds / units[i].length;
    if (n > 0 || i == 3) {
      snprintf(to, room, "%lld %s%s", (long long)n, units[i].name, n == 1 ? "" : "s");
      return;
    }
  }
}

static void describe_time(cburrow_quic_check *check, const gnutls_datum_t *chain, unsigned int count) {
  int64_t now = (int64_t)time(NULL);
  for (unsigned int i = 0; i < count; i++) {
    gnutls_x509_crt_t certificate;
    if (gnutls_x509_crt_init(&certificate) != 0) return;
    if (gnutls_x509_crt_import(certificate, &chain[i], GNUTLS_X509_FMT_DER) == 0) {
      int64_t begin = (int64_t)gnutls_x509_crt_get_activation_time(certificate);
      int64_t end = (int64_t)gnutls_x509_crt_get_expiration_time(certificate);
      char length[40];
      const char *which = i == 0 ? "certificate" : "issuer certificate";
      if (end < now) {
        describe_length(length, sizeof(length), now - end);
        snprintf(check->text, sizeof(check->text), "%s for %s expired %s ago", which, check->name, length);
      } else if (begin > now) {
        describe_length(length, sizeof(length), begin - now);
        snprintf(check->text, sizeof(check->text), "%s for %s becomes valid in %s", which, check->name, length);
      }
    }
    gnutls_x509_crt_deinit(certificate);
    if (check->text[0]) return;
  }
  snprintf(check->text, sizeof(check->text), "certificate for %s is out of its time", check->name);
}

// Appends the names of a certificate, as many as fit.
static void describe_names(gnutls_x509_crt_t certificate, char *to, size_t room) {
  size_t used = 0;
  for (unsigned int i = 0; i < 8; i++) {
    char name[256] = {0};
    size_t count = sizeof(name) - 1;
    unsigned int critical = 0;
    int type = gnutls_x509_crt_get_subject_alt_name(certificate, i, name, &count, &critical);
    if (type == GNUTLS_E_SHORT_MEMORY_BUFFER) continue;
    if (type < 0) break;
    char text[INET6_ADDRSTRLEN] = {0};
    const char *shown = name;
    if (type == GNUTLS_SAN_IPADDRESS) {
      if (!inet_ntop(count == 4 ? AF_INET : AF_INET6, name, text, sizeof(text))) continue;
      shown = text;
    } else if (type != GNUTLS_SAN_DNSNAME) {
      continue;
    }
    int written = snprintf(to + used, room - used, "%s%s", used ? ", " : "", shown);
    if (written < 0 || (size_t)written >= room - used) {
      to[used] = 0;
      return;
    }
    used += (size_t)written;
  }
  if (used == 0) snprintf(to, room, "nobody");
}

static void describe_leaf(cburrow_quic_check *check, const gnutls_datum_t *leaf, int result) {
  gnutls_x509_crt_t certificate;
  char text[120] = "?";
  if (gnutls_x509_crt_init(&certificate) != 0) return;
  if (gnutls_x509_crt_import(certificate, leaf, GNUTLS_X509_FMT_DER) == 0) {
    if (result == CBURROW_QUIC_VERIFY_HOST) {
      describe_names(certificate, text, sizeof(text));
    } else {
      size_t count = sizeof(text);
      if (gnutls_x509_crt_get_issuer_dn(certificate, text, &count) != 0) snprintf(text, sizeof(text), "?");
    }
  }
  gnutls_x509_crt_deinit(certificate);
  if (result == CBURROW_QUIC_VERIFY_HOST) {
    snprintf(check->text, sizeof(check->text), "certificate is for %s, not for %.60s", text, check->name);
  } else {
    snprintf(check->text, sizeof(check->text), "certificate for %.60s has an unknown issuer (%s)", check->name, text);
  }
}

static int verify_pins(cburrow_quic_check *check, const gnutls_datum_t *leaf) {
  uint8_t digest[32];
  if (gnutls_hash_fast(GNUTLS_DIG_SHA256, leaf->data, leaf->size, digest) != 0) {
    return fail(check, CBURROW_QUIC_VERIFY_INVALID);
  }
  for (size_t i = 0; i < check->tls->pin_count; i++) {
    if (gnutls_memcmp(digest, check->tls->pins + 32 * i, 32) == 0) return 0;
  }
  char hex[65];
  for (size_t i = 0; i < 32; i++)
    snprintf(hex + 2 * i, 3, "%02x", digest[i]);
  snprintf(check->text, sizeof(check->text), "certificate for %.60s has the fingerprint %s, which is not pinned",
           check->name, hex);
  return fail(check, CBURROW_QUIC_VERIFY_PIN);
}

// Judges the server's certificate when it is there. Zero accepts it.
int cburrow_quic_check_peer(cburrow_quic_check *check, gnutls_session_t session) {
  if (check->tls->insecure) return 0;
  unsigned int count = 0;
  const gnutls_datum_t *chain = gnutls_certificate_get_peers(session, &count);
  if (!chain || count == 0) {
    snprintf(check->text, sizeof(check->text), "%s sent no certificate", check->name);
    return fail(check, CBURROW_QUIC_VERIFY_INVALID);
  }
  if (check->tls->pin_count) return verify_pins(check, &chain[0]);

  uint8_t address[16];
  gnutls_typed_vdata_st wanted[2] = {
      {GNUTLS_DT_DNS_HOSTNAME, (uint8_t *)check->name, 0},
      {GNUTLS_DT_KEY_PURPOSE_OID, (uint8_t *)GNUTLS_KP_TLS_WWW_SERVER, 0},
  };
  if (check->name_is_address) {
    wanted[0].type = GNUTLS_DT_IP_ADDRESS;
    wanted[0].data = address;
    if (inet_pton(AF_INET, check->name, address) == 1) {
      wanted[0].size = 4;
    } else if (inet_pton(AF_INET6, check->name, address) == 1) {
      wanted[0].size = 16;
    } else {
      return fail(check, CBURROW_QUIC_VERIFY_HOST);
    }
  }
  unsigned int status = 0;
  int rv = gnutls_certificate_verify_peers(session, wanted, 2, &status);
  if (rv < 0) {
    snprintf(check->text, sizeof(check->text), "certificate for %s cannot be checked: %s", check->name,
             gnutls_strerror(rv));
    return fail(check, CBURROW_QUIC_VERIFY_INVALID);
  }
  if (status == 0) return 0;
  if (status & (GNUTLS_CERT_EXPIRED | GNUTLS_CERT_NOT_ACTIVATED)) {
    describe_time(check, chain, count);
    return fail(check, CBURROW_QUIC_VERIFY_EXPIRED);
  }
  if (status & (GNUTLS_CERT_SIGNER_NOT_FOUND | GNUTLS_CERT_SIGNER_NOT_CA)) {
    describe_leaf(check, &chain[0], CBURROW_QUIC_VERIFY_ISSUER);
    return fail(check, CBURROW_QUIC_VERIFY_ISSUER);
  }
  if (status & GNUTLS_CERT_UNEXPECTED_OWNER) {
    describe_leaf(check, &chain[0], CBURROW_QUIC_VERIFY_HOST);
    return fail(check, CBURROW_QUIC_VERIFY_HOST);
  }
  snprintf(check->text, sizeof(check->text), "certificate for %s is not valid (status %#x)", check->name, status);
  return fail(check, CBURROW_QUIC_VERIFY_INVALID);
}
