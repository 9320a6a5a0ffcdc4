// Shared by the files of this module only.
#ifndef CBURROW_QUIC_INTERNAL_H
#define CBURROW_QUIC_INTERNAL_H

#include "cburrow_quic.h"

#include <gnutls/gnutls.h>
#include <ngtcp2/ngtcp2.h>
#include <ngtcp2/ngtcp2_crypto.h>
#include <ngtcp2/ngtcp2_crypto_gnutls.h>

// ngtcp2 1.0 renamed a part of its interface.
#define CBURROW_QUIC_V1 (NGTCP2_VERSION_NUM >= 0x010000)

// See memory.c. Known only for the layout of 64-bit machines.
#define CBURROW_QUIC_CLOSES_LATE (NGTCP2_VERSION_NUM < 0x000e00 && UINTPTR_MAX == UINT64_MAX)

#if CBURROW_QUIC_CLOSES_LATE
// What is asked for while a connection is made and may hold pools: its object, its congestion controller, a token, and
// the packet number spaces of the handshake.
#define CBURROW_QUIC_OBJECTS 8

// A block of stream objects.
typedef struct cburrow_quic_block {
  void *at;
  size_t streams;
} cburrow_quic_block;

typedef struct cburrow_quic_memory {
  ngtcp2_mem mem;
  cburrow_quic_block *blocks;
  size_t count;
  size_t capacity;
  // Where the last stream was found.
  size_t last_block;
  size_t last_place;
  // Streams that were not found.
  uint64_t misses;
  int unrecognised;
  int is_making;
  size_t made;
  struct {
    uint8_t *at;
    size_t size;
  } objects[CBURROW_QUIC_OBJECTS];
} cburrow_quic_memory;

const ngtcp2_mem *cburrow_quic_memory_init(cburrow_quic_memory *memory, int unrecognised);
// The connection is complete: what was noted about it is forgotten.
void cburrow_quic_memory_made(cburrow_quic_memory *memory);
void cburrow_quic_memory_free(cburrow_quic_memory *memory);
// A stream of the peer was opened and got its user data.
void cburrow_quic_memory_mark_opened(cburrow_quic_memory *memory, int64_t id, void *stream);
#endif

#define REPLAY_SLOTS 4096
#define REPLAY_KEY_MAX 64

// One ClientHello that came with early data.
typedef struct replay_entry {
  int64_t expires;
  size_t count;
  uint8_t key[REPLAY_KEY_MAX];
} replay_entry;

struct cburrow_quic_tls {
  gnutls_certificate_credentials_t credentials;
  gnutls_priority_t priority;
  int is_server;
  // Client.
  int insecure;
  uint8_t *pins;
  size_t pin_count;
  // Server.
  gnutls_datum_t ticket_key;
  gnutls_anti_replay_t anti_replay;
  replay_entry *replays;
};

// What is asked of a server's certificate, and what came of it.
typedef struct cburrow_quic_check {
  const cburrow_quic_tls *tls;
  char *name;
  int name_is_address;
  int result;
  char text[256];
} cburrow_quic_check;

struct cburrow_quic_conn {
  // First, because GnuTLS's session pointer points here.
  ngtcp2_crypto_conn_ref ref;
  ngtcp2_conn *conn;
  gnutls_session_t session;
  cburrow_quic_tls *tls;
  cburrow_quic_events events;
  void *user;
  cburrow_quic_check check;
  int last_error;
  int alert;
  int early_established;
  int tickets_sent;
  int is_server;
  // How often all paths were given up. One that is heard of again then is a new one to ngtcp2.
  uint16_t path_attempt;
  // The endpoint's, CBURROW_QUIC_SECRET_SIZE bytes.
  const uint8_t *reset_secret;
  // The path of the last packet written.
  ngtcp2_path_storage written_path;
  int has_written;
#if !CBURROW_QUIC_V1
  ngtcp2_connection_close_error close_error;
#endif
#if CBURROW_QUIC_CLOSES_LATE
  cburrow_quic_memory memory;
#endif
};

// tls.c
int cburrow_quic_session_client(cburrow_quic_conn *conn, const cburrow_quic_client *client, cburrow_quic_alpn alpn,
                                int early_data);
int cburrow_quic_session_server(cburrow_quic_conn *conn, cburrow_quic_alpn alpn, int early_data);

// verify.c
int cburrow_quic_check_begin(cburrow_quic_check *check, const cburrow_quic_tls *tls, const char *name);
void cburrow_quic_check_end(cburrow_quic_check *check);
int cburrow_quic_check_peer(cburrow_quic_check *check, gnutls_session_t session);

// address.c
void cburrow_quic_path_in(ngtcp2_path_storage *to, const cburrow_quic_path *from, const cburrow_quic_conn *conn);
void cburrow_quic_path_out(cburrow_quic_path *to, const ngtcp2_path *from, const cburrow_quic_conn *conn);
ngtcp2_socklen cburrow_quic_address_in(ngtcp2_sockaddr_union *to, const cburrow_quic_address *from);

static inline ngtcp2_cid cburrow_quic_cid_in(const cburrow_quic_cid *from) {
  ngtcp2_cid cid;
  size_t count = from->count <= NGTCP2_MAX_CIDLEN ? from->count : NGTCP2_MAX_CIDLEN;
  ngtcp2_cid_init(&cid, from->bytes, count);
  return cid;
}

#endif
