#include "internal.h"

#include <arpa/inet.h>
#include <gnutls/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ALPN_MAX 16

static const char priority_text[] =
    "NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305:+AES-128-CCM:"
    "-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:%DISABLE_TLS13_COMPAT_MODE";

static int verify_peer(gnutls_session_t session) {
  cburrow_quic_conn *conn = gnutls_session_get_ptr(session);
  return cburrow_quic_check_peer(&conn->check, session);
}

// Remembers a ClientHello with early data; the second one with the same key is a replay. A full table refuses
// early data, which costs a round trip and nothing else.
static int remember_hello(void *user, time_t expires, const gnutls_datum_t *key, const gnutls_datum_t *data) {
  cburrow_quic_tls *tls = user;
  (void)data;
  if (key->size > REPLAY_KEY_MAX) return GNUTLS_E_DB_ENTRY_EXISTS;
  if (!tls->replays) {
    tls->replays = calloc(REPLAY_SLOTS, sizeof(replay_entry));
    if (!tls->replays) return GNUTLS_E_DB_ENTRY_EXISTS;
  }
  int64_t now = (int64_t)time(NULL);
  replay_entry *free_entry = NULL;
  for (size_t i = 0; i < REPLAY_SLOTS; i++) {
    replay_entry *entry = &tls->replays[i];
    if (entry->count == 0 || entry->expires < now) {
      if (!free_entry) free_entry = entry;
    } else if (entry->count == key->size && memcmp(entry->key, key->data, key->size) == 0) {
      return GNUTLS_E_DB_ENTRY_EXISTS;
    }
  }
  if (!free_entry) return GNUTLS_E_DB_ENTRY_EXISTS;
  free_entry->expires = (int64_t)expires;
  free_entry->count = key->size;
  memcpy(free_entry->key, key->data, key->size);
  return 0;
}

static cburrow_quic_tls *tls_new(int is_server, int *error) {
  cburrow_quic_tls *tls = calloc(1, sizeof(*tls));
  if (!tls) {
    *error = GNUTLS_E_MEMORY_ERROR;
    return NULL;
  }
  tls->is_server = is_server;
  *error = gnutls_certificate_allocate_credentials(&tls->credentials);
  if (*error == 0) *error = gnutls_priority_init(&tls->priority, priority_text, NULL);
  if (*error != 0) {
    cburrow_quic_tls_free(tls);
    return NULL;
  }
  return tls;
}

cburrow_quic_tls *cburrow_quic_tls_client(int system_roots, const uint8_t *roots, size_t roots_count,
                                          const uint8_t *pins, size_t pin_count, int insecure, int *error) {
  cburrow_quic_tls *tls = tls_new(0, error);
  if (!tls) return NULL;
  tls->insecure = insecure;
  if (pin_count) {
    tls->pins = malloc(pin_count * 32);
    if (!tls->pins) {
      *error = GNUTLS_E_MEMORY_ERROR;
      goto failed;
    }
    memcpy(tls->pins, pins, pin_count * 32);
    tls->pin_count = pin_count;
  }
  if (roots_count) {
    gnutls_datum_t pem = {(uint8_t *)roots, (unsigned int)roots_count};
    int added = gnutls_certificate_set_x509_trust_mem(tls->credentials, &pem, GNUTLS_X509_FMT_PEM);
    if (added <= 0) {
      *error = added < 0 ? added : GNUTLS_E_NO_CERTIFICATE_FOUND;
      goto failed;
    }
  }
  if (system_roots && !insecure && !pin_count) {
    int added = gnutls_certificate_set_x509_system_trust(tls->credentials);
    if (added < 0) {
      *error = added;
      goto failed;
    }
  }
  gnutls_certificate_set_verify_function(tls->credentials, verify_peer);
  return tls;
failed:
  cburrow_quic_tls_free(tls);
  return NULL;
}

cburrow_quic_tls *cburrow_quic_tls_server(const uint8_t *certificate, size_t certificate_count, const uint8_t *key,
                                          size_t key_count, int *error) {
  cburrow_quic_tls *tls = tls_new(1, error);
  if (!tls) return NULL;
  gnutls_datum_t certificate_pem = {(uint8_t *)certificate, (unsigned int)certificate_count};
  gnutls_datum_t key_pem = {(uint8_t *)key, (unsigned int)key_count};
  *error = gnutls_certificate_set_x509_key_mem(tls->credentials, &certificate_pem, &key_pem, GNUTLS_X509_FMT_PEM);
  if (*error < 0) goto failed;
  *error = gnutls_session_ticket_key_generate(&tls->ticket_key);
  if (*error != 0) goto failed;
  *error = gnutls_anti_replay_init(&tls->anti_replay);
  if (*error != 0) goto failed;
  gnutls_anti_replay_set_add_function(tls->anti_replay, remember_hello);
  gnutls_anti_replay_set_ptr(tls->anti_replay, tls);
  return tls;
failed:
  cburrow_quic_tls_free(tls);
  return NULL;
}

void cburrow_quic_tls_free(cburrow_quic_tls *tls) {
  if (!tls) return;
  if (tls->credentials) gnutls_certificate_free_credentials(tls->credentials);
  if (tls->priority) gnutls_priority_deinit(tls->priority);
  if (tls->anti_replay) gnutls_anti_replay_deinit(tls->anti_replay);
  if (tls->ticket_key.data) {
    gnutls_memset(tls->ticket_key.data, 0, tls->ticket_key.size);
    gnutls_free(tls->ticket_key.data);
  }
  free(tls->replays);
  free(tls->pins);
  free(tls);
}

const char *cburrow_quic_tls_error_text(int error) { return gnutls_strerror(error); }

static int set_alpn(gnutls_session_t session, cburrow_quic_alpn alpn, unsigned int flags) {
  gnutls_datum_t names[ALPN_MAX];
  unsigned int count = 0;
  size_t at = 0;
  while (at < alpn.count && count < ALPN_MAX) {
    size_t length = alpn.bytes[at];
    if (length == 0 || length > alpn.count - at - 1) return GNUTLS_E_INVALID_REQUEST;
    names[count].data = (uint8_t *)alpn.bytes + at + 1;
    names[count].size = (unsigned int)length;
    count++;
    at += 1 + length;
  }
  if (count == 0) return GNUTLS_E_INVALID_REQUEST;
  return gnutls_alpn_set_protocols(session, names, count, flags);
}

static int ticket_arrived(gnutls_session_t session, unsigned int type, unsigned int when, unsigned int incoming,
                          const gnutls_datum_t *message) {
  (void)when;
  (void)message;
  if (type != GNUTLS_HANDSHAKE_NEW_SESSION_TICKET || !incoming) return 0;
  cburrow_quic_conn *conn = gnutls_session_get_ptr(session);
  gnutls_datum_t data = {NULL, 0};
  if (gnutls_session_get_data2(session, &data) == 0) {
    if (conn->user) conn->events.ticket(conn->user, data.data, data.size);
    gnutls_free(data.data);
  }
  return 0;
}

int cburrow_quic_session_client(cburrow_quic_conn *conn, const cburrow_quic_client *client, cburrow_quic_alpn alpn,
                                int early_data) {
  unsigned int flags = GNUTLS_CLIENT | GNUTLS_NO_END_OF_EARLY_DATA;
  if (early_data) flags |= GNUTLS_ENABLE_EARLY_DATA;
  int rv = gnutls_init(&conn->session, flags);
  if (rv != 0) return rv;
  gnutls_session_set_ptr(conn->session, conn);
  rv = gnutls_priority_set(conn->session, conn->tls->priority);
  if (rv != 0) return rv;
  gnutls_handshake_set_hook_function(conn->session, GNUTLS_HANDSHAKE_NEW_SESSION_TICKET, GNUTLS_HOOK_POST,
                                     ticket_arrived);
  if (ngtcp2_crypto_gnutls_configure_client_session(conn->session) != 0) return GNUTLS_E_INTERNAL_ERROR;
  if (client->ticket_count) {
    // A ticket that cannot be read only costs the shorter handshake.
    (void)gnutls_session_set_data(conn->session, client->ticket, client->ticket_count);
  }
  rv = gnutls_credentials_set(conn->session, GNUTLS_CRD_CERTIFICATE, conn->tls->credentials);
  if (rv != 0) return rv;
  rv = set_alpn(conn->session, alpn, GNUTLS_ALPN_MANDATORY);
  if (rv != 0) return rv;
  if (client->server_name) {
    return gnutls_server_name_set(conn->session, GNUTLS_NAME_DNS, client->server_name, strlen(client->server_name));
  }
  return 0;
}

int cburrow_quic_session_server(cburrow_quic_conn *conn, cburrow_quic_alpn alpn, int early_data) {
  unsigned int flags = GNUTLS_SERVER | GNUTLS_NO_AUTO_SEND_TICKET | GNUTLS_NO_END_OF_EARLY_DATA;
  if (early_data) flags |= GNUTLS_ENABLE_EARLY_DATA;
  int rv = gnutls_init(&conn->session, flags);
  if (rv != 0) return rv;
  gnutls_session_set_ptr(conn->session, conn);
  rv = gnutls_priority_set(conn->session, conn->tls->priority);
  if (rv != 0) return rv;
  rv = gnutls_session_ticket_enable_server(conn->session, &conn->tls->ticket_key);
  if (rv != 0) return rv;
  if (ngtcp2_crypto_gnutls_configure_server_session(conn->session) != 0) return GNUTLS_E_INTERNAL_ERROR;
  if (early_data) {
    gnutls_anti_replay_enable(conn->session, conn->tls->anti_replay);
    // The value QUIC requires (RFC 9001 §4.6.1).
    gnutls_record_set_max_early_data_size(conn->session, 0xffffffffu);
  }
  rv = gnutls_credentials_set(conn->session, GNUTLS_CRD_CERTIFICATE, conn->tls->credentials);
  if (rv != 0) return rv;
  gnutls_certificate_server_set_request(conn->session, GNUTLS_CERT_IGNORE);
  return set_alpn(conn->session, alpn, GNUTLS_ALPN_MANDATORY | GNUTLS_ALPN_SERVER_PRECEDENCE);
}

void cburrow_quic_wipe(void *bytes, size_t count) { gnutls_memset(bytes, 0, count); }
