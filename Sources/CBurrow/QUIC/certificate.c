#include "internal.h"

#include <arpa/inet.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>

int cburrow_quic_fingerprint(const uint8_t *certificate, size_t count, uint8_t out[32]) {
  gnutls_datum_t pem = {(uint8_t *)certificate, (unsigned int)count};
  gnutls_datum_t der = {NULL, 0};
  gnutls_x509_crt_t parsed;
  int rv = gnutls_x509_crt_init(&parsed);
  if (rv != 0) return rv;
  rv = gnutls_x509_crt_import(parsed, &pem, GNUTLS_X509_FMT_PEM);
  if (rv == 0) rv = gnutls_x509_crt_export2(parsed, GNUTLS_X509_FMT_DER, &der);
  if (rv == 0) rv = gnutls_hash_fast(GNUTLS_DIG_SHA256, der.data, der.size, out);
  gnutls_free(der.data);
  gnutls_x509_crt_deinit(parsed);
  return rv;
}

static int add_name(gnutls_x509_crt_t certificate, const char *name) {
  uint8_t address[16];
  if (inet_pton(AF_INET, name, address) == 1) {
    return gnutls_x509_crt_set_subject_alt_name(certificate, GNUTLS_SAN_IPADDRESS, address, 4, GNUTLS_FSAN_APPEND);
  }
  if (inet_pton(AF_INET6, name, address) == 1) {
    return gnutls_x509_crt_set_subject_alt_name(certificate, GNUTLS_SAN_IPADDRESS, address, 16, GNUTLS_FSAN_APPEND);
  }
  return gnutls_x509_crt_set_subject_alt_name(certificate, GNUTLS_SAN_DNSNAME, name, (unsigned int)strlen(name),
                                              GNUTLS_FSAN_APPEND);
}

static int describe(gnutls_x509_crt_t certificate, const cburrow_quic_certificate_request *request,
                    gnutls_x509_privkey_t key) {
  int rv = gnutls_x509_crt_set_version(certificate, 3);
  if (rv != 0) return rv;
  uint8_t serial[16];
  rv = gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof(serial));
  if (rv != 0) return rv;
  // Positive and never shorter, so that certificates of one shape have one size.
  serial[0] = (uint8_t)((serial[0] & 0x3f) | 0x40);
  rv = gnutls_x509_crt_set_serial(certificate, serial, sizeof(serial));
  if (rv != 0) return rv;
  rv = gnutls_x509_crt_set_activation_time(certificate, (time_t)request->not_before);
  if (rv != 0) return rv;
  rv = gnutls_x509_crt_set_expiration_time(certificate, (time_t)request->not_after);
  if (rv != 0) return rv;
  rv = gnutls_x509_crt_set_key(certificate, key);
  if (rv != 0) return rv;
  if (request->names[0]) {
    rv = gnutls_x509_crt_set_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME, 0, request->names,
                                       (unsigned int)strlen(request->names));
    if (rv != 0) return rv;
  }
  if (request->is_authority) {
    rv = gnutls_x509_crt_set_basic_constraints(certificate, 1, -1);
    if (rv != 0) return rv;
    return gnutls_x509_crt_set_key_usage(certificate, GNUTLS_KEY_KEY_CERT_SIGN);
  }
  for (const char *name = request->names; name[0]; name += strlen(name) + 1) {
    rv = add_name(certificate, name);
    if (rv != 0) return rv;
  }
  rv = gnutls_x509_crt_set_basic_constraints(certificate, 0, -1);
  if (rv != 0) return rv;
  rv = gnutls_x509_crt_set_key_purpose_oid(certificate, GNUTLS_KP_TLS_WWW_SERVER, 0);
  if (rv != 0) return rv;
  return gnutls_x509_crt_set_key_usage(certificate, GNUTLS_KEY_DIGITAL_SIGNATURE);
}

static int sign(gnutls_x509_crt_t certificate, const cburrow_quic_certificate_request *request,
                gnutls_x509_privkey_t key) {
  if (!request->issuer_certificate) {
    return gnutls_x509_crt_sign2(certificate, certificate, key, GNUTLS_DIG_SHA256, 0);
  }
  gnutls_datum_t pem = {(uint8_t *)request->issuer_certificate, (unsigned int)request->issuer_certificate_count};
  gnutls_datum_t key_pem = {(uint8_t *)request->issuer_key, (unsigned int)request->issuer_key_count};
  gnutls_x509_crt_t issuer = NULL;
  gnutls_x509_privkey_t issuer_key = NULL;
  int rv = gnutls_x509_crt_init(&issuer);
  if (rv == 0) rv = gnutls_x509_privkey_init(&issuer_key);
  if (rv == 0) rv = gnutls_x509_crt_import(issuer, &pem, GNUTLS_X509_FMT_PEM);
  if (rv == 0) rv = gnutls_x509_privkey_import(issuer_key, &key_pem, GNUTLS_X509_FMT_PEM);
  if (rv == 0) rv = gnutls_x509_crt_sign2(certificate, issuer, issuer_key, GNUTLS_DIG_SHA256, 0);
  if (issuer_key) gnutls_x509_privkey_deinit(issuer_key);
  if (issuer) gnutls_x509_crt_deinit(issuer);
  return rv;
}

static int take(gnutls_datum_t *from, uint8_t **to, size_t *count) {
  *to = malloc(from->size);
  if (!*to) return GNUTLS_E_MEMORY_ERROR;
  memcpy(*to, from->data, from->size);
  *count = from->size;
  return 0;
}

int cburrow_quic_make_certificate(const cburrow_quic_certificate_request *request, uint8_t **certificate,
                                  size_t *certificate_count, uint8_t **key, size_t *key_count) {
  gnutls_x509_crt_t made = NULL;
  gnutls_x509_privkey_t made_key = NULL;
  gnutls_datum_t pem = {NULL, 0};
  gnutls_datum_t key_pem = {NULL, 0};
  *certificate = NULL;
  *key = NULL;
  int rv = gnutls_x509_privkey_init(&made_key);
  if (rv == 0) rv = gnutls_x509_crt_init(&made);
  if (rv == 0) {
    rv = request->ed25519 ? gnutls_x509_privkey_generate(made_key, GNUTLS_PK_EDDSA_ED25519,
                                                         GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_ED25519), 0)
                          : gnutls_x509_privkey_generate(made_key, GNUTLS_PK_ECDSA,
                                                         GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
  }
  if (rv == 0) rv = describe(made, request, made_key);
  if (rv == 0) rv = sign(made, request, made_key);
  if (rv == 0) rv = gnutls_x509_crt_export2(made, GNUTLS_X509_FMT_PEM, &pem);
  if (rv == 0) rv = gnutls_x509_privkey_export2(made_key, GNUTLS_X509_FMT_PEM, &key_pem);
  if (rv == 0) rv = take(&pem, certificate, certificate_count);
  if (rv == 0) rv = take(&key_pem, key, key_count);
  if (rv != 0) {
    free(*certificate);
    free(*key);
    *certificate = NULL;
    *key = NULL;
  }
  if (key_pem.data) gnutls_memset(key_pem.data, 0, key_pem.size);
  gnutls_free(key_pem.data);
  gnutls_free(pem.data);
  if (made) gnutls_x509_crt_deinit(made);
  if (made_key) gnutls_x509_privkey_deinit(made_key);
  return rv;
}

void cburrow_quic_release(uint8_t *bytes) { free(bytes); }
