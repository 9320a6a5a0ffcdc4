#include "callbacks.h"
#include "internal.h"

#include <string.h>

#if CBURROW_QUIC_V1
typedef ngtcp2_encryption_level level_type;
typedef ngtcp2_connection_id_status_type status_type;
#define LEVEL_APPLICATION NGTCP2_ENCRYPTION_LEVEL_1RTT
#else
typedef ngtcp2_crypto_level level_type;
typedef int status_type;
#define LEVEL_APPLICATION NGTCP2_CRYPTO_LEVEL_APPLICATION
#endif

#define ALERT_UNEXPECTED_MESSAGE 10

static int recv_crypto_data(ngtcp2_conn *conn, level_type level, uint64_t offset, const uint8_t *data, size_t count,
                            void *user) {
  cburrow_quic_conn *self = user;
  if (!self->session) {
    // After the handshake a client may send nothing here (RFC 9001 §6, §4.4).
    self->alert = ALERT_UNEXPECTED_MESSAGE;
    return NGTCP2_ERR_CRYPTO;
  }
  return ngtcp2_crypto_recv_crypto_data_cb(conn, level, offset, data, count, user);
}

static int stream_open(ngtcp2_conn *conn, int64_t id, void *user) {
  cburrow_quic_conn *self = user;
  void *stream = self->events.stream_opened(self->user, id);
  if (ngtcp2_conn_set_stream_user_data(conn, id, stream) != 0) return NGTCP2_ERR_CALLBACK_FAILURE;
#if CBURROW_QUIC_CLOSES_LATE
  if (!ngtcp2_is_bidi_stream(id)) cburrow_quic_memory_mark_opened(&self->memory, id, stream);
#endif
  return 0;
}

// Nothing more comes on a stream of the peer. When ngtcp2 cannot be made to notice that such a stream is over (memory.c), it
// is so for us, and what ngtcp2 might still say about it is not heard.
static void end_received(cburrow_quic_conn *self, ngtcp2_conn *conn, int64_t id, void *stream) {
#if CBURROW_QUIC_CLOSES_LATE
  if (self->memory.misses == 0 || ngtcp2_is_bidi_stream(id)) return;
  if (ngtcp2_conn_set_stream_user_data(conn, id, NULL) != 0) return;
  self->events.stream_closed(self->user, stream, 0, 0, 0);
#else
  (void)self, (void)conn, (void)id, (void)stream;
#endif
}

static int recv_stream_data(ngtcp2_conn *conn, uint32_t flags, int64_t id, uint64_t offset, const uint8_t *data,
                            size_t count, void *user, void *stream) {
  cburrow_quic_conn *self = user;
  (void)offset;
  if (stream) {
    int fin = (flags & NGTCP2_STREAM_DATA_FLAG_FIN) != 0;
    self->events.stream_data(self->user, stream, fin, data, count);
    if (fin) end_received(self, conn, id, stream);
  }
  return 0;
}

static int acked_stream_data(ngtcp2_conn *conn, int64_t id, uint64_t offset, uint64_t count, void *user, void *stream) {
  cburrow_quic_conn *self = user;
  (void)conn, (void)id;
  if (stream) self->events.stream_acked(self->user, stream, offset + count);
  return 0;
}

static int stream_close(ngtcp2_conn *conn, uint32_t flags, int64_t id, uint64_t code, void *user, void *stream) {
  cburrow_quic_conn *self = user;
  if (stream) {
    self->events.stream_closed(self->user, stream, (flags & NGTCP2_STREAM_CLOSE_FLAG_APP_ERROR_CODE_SET) != 0, code,
                               ngtcp2_conn_get_stream_loss_count(conn, id));
  }
  return 0;
}

static int stream_reset(ngtcp2_conn *conn, int64_t id, uint64_t final_size, uint64_t code, void *user, void *stream) {
  cburrow_quic_conn *self = user;
  (void)final_size;
  if (stream) {
    self->events.stream_reset(self->user, stream, code);
    end_received(self, conn, id, stream);
  }
  return 0;
}

static int extend_stream_data(ngtcp2_conn *conn, int64_t id, uint64_t limit, void *user, void *stream) {
  cburrow_quic_conn *self = user;
  (void)conn, (void)id, (void)limit;
  if (stream) self->events.stream_credit(self->user, stream);
  return 0;
}

static int extend_local_streams(ngtcp2_conn *conn, uint64_t limit, void *user) {
  cburrow_quic_conn *self = user;
  (void)conn, (void)limit;
  self->events.streams_available(self->user);
  return 0;
}

static int recv_datagram(ngtcp2_conn *conn, uint32_t flags, const uint8_t *data, size_t count, void *user) {
  cburrow_quic_conn *self = user;
  (void)conn, (void)flags;
  self->events.datagram(self->user, data, count);
  return 0;
}

static int handshake_completed(ngtcp2_conn *conn, void *user) {
  cburrow_quic_conn *self = user;
  (void)conn;
  self->events.handshake_completed(self->user);
  return 0;
}

static int recv_tx_key(ngtcp2_conn *conn, level_type level, void *user) {
  cburrow_quic_conn *self = user;
  (void)conn;
  if (self->is_server && level == LEVEL_APPLICATION && !self->early_established &&
      (gnutls_session_get_flags(self->session) & GNUTLS_SFLAGS_EARLY_DATA)) {
    self->early_established = 1;
    self->events.early_established(self->user);
  }
  return 0;
}

static int early_data_rejected(ngtcp2_conn *conn, void *user) {
  cburrow_quic_conn *self = user;
  (void)conn;
  self->events.early_rejected(self->user);
  return 0;
}

static int new_connection_id(ngtcp2_conn *conn, ngtcp2_cid *cid, uint8_t *token, size_t count, void *user) {
  cburrow_quic_conn *self = user;
  (void)conn;
  if (count != CBURROW_QUIC_CID_SIZE) return NGTCP2_ERR_CALLBACK_FAILURE;
  self->events.random(self->user, cid->data, count);
  cid->datalen = count;
  if (ngtcp2_crypto_generate_stateless_reset_token(token, self->reset_secret, CBURROW_QUIC_SECRET_SIZE, cid) != 0) {
    return NGTCP2_ERR_CALLBACK_FAILURE;
  }
  self->events.cid_added(self->user, cid->data);
  return 0;
}

static int remove_connection_id(ngtcp2_conn *conn, const ngtcp2_cid *cid, void *user) {
  cburrow_quic_conn *self = user;
  (void)conn;
  if (cid->datalen == CBURROW_QUIC_CID_SIZE) self->events.cid_retired(self->user, cid->data);
  return 0;
}

static int dcid_status(ngtcp2_conn *conn, status_type type, uint64_t sequence, const ngtcp2_cid *cid,
                       const uint8_t *token, void *user) {
  cburrow_quic_conn *self = user;
  (void)conn, (void)sequence, (void)cid;
  if (token) self->events.reset_token(self->user, token, type == NGTCP2_CONNECTION_ID_STATUS_TYPE_ACTIVATE);
  return 0;
}

static int recv_stateless_reset(ngtcp2_conn *conn, const ngtcp2_pkt_stateless_reset *reset, void *user) {
  cburrow_quic_conn *self = user;
  (void)conn, (void)reset;
  self->events.stateless_reset(self->user);
  return 0;
}

#if CBURROW_QUIC_V1
static int path_validation(ngtcp2_conn *conn, uint32_t flags, const ngtcp2_path *path, const ngtcp2_path *old_path,
                           ngtcp2_path_validation_result result, void *user) {
  (void)old_path;
#else
static int path_validation(ngtcp2_conn *conn, uint32_t flags, const ngtcp2_path *path,
                           ngtcp2_path_validation_result result, void *user) {
#endif
  cburrow_quic_conn *self = user;
  (void)conn, (void)flags, (void)path;
  self->events.path_validated(self->user, result == NGTCP2_PATH_VALIDATION_RESULT_SUCCESS);
  return 0;
}

#if CBURROW_QUIC_V1
static int recv_new_token(ngtcp2_conn *conn, const uint8_t *token, size_t count, void *user) {
  cburrow_quic_conn *self = user;
  (void)conn;
  self->events.address_token(self->user, token, count);
  return 0;
}
#else
static int recv_new_token(ngtcp2_conn *conn, const ngtcp2_vec *token, void *user) {
  cburrow_quic_conn *self = user;
  (void)conn;
  self->events.address_token(self->user, token->base, token->len);
  return 0;
}
#endif

static void random_bytes(uint8_t *to, size_t count, const ngtcp2_rand_ctx *context) {
  cburrow_quic_conn *self = context->native_handle;
  self->events.random(self->user, to, count);
}

void cburrow_quic_write_qlog(void *user, uint32_t flags, const void *data, size_t count) {
  cburrow_quic_conn *self = user;
  if (self->user) self->events.qlog(self->user, data, count, (flags & NGTCP2_QLOG_WRITE_FLAG_FIN) != 0);
}

void cburrow_quic_set_callbacks(ngtcp2_callbacks *to) {
  memset(to, 0, sizeof(*to));
  to->client_initial = ngtcp2_crypto_client_initial_cb;
  to->recv_client_initial = ngtcp2_crypto_recv_client_initial_cb;
  to->recv_crypto_data = recv_crypto_data;
  to->encrypt = ngtcp2_crypto_encrypt_cb;
  to->decrypt = ngtcp2_crypto_decrypt_cb;
  to->hp_mask = ngtcp2_crypto_hp_mask_cb;
  to->recv_retry = ngtcp2_crypto_recv_retry_cb;
  to->update_key = ngtcp2_crypto_update_key_cb;
  to->delete_crypto_aead_ctx = ngtcp2_crypto_delete_crypto_aead_ctx_cb;
  to->delete_crypto_cipher_ctx = ngtcp2_crypto_delete_crypto_cipher_ctx_cb;
  to->get_path_challenge_data = ngtcp2_crypto_get_path_challenge_data_cb;
  to->version_negotiation = ngtcp2_crypto_version_negotiation_cb;
  to->handshake_completed = handshake_completed;
  to->recv_tx_key = recv_tx_key;
#if CBURROW_QUIC_V1
  to->tls_early_data_rejected = early_data_rejected;
#else
  to->early_data_rejected = early_data_rejected;
#endif
  to->stream_open = stream_open;
  to->recv_stream_data = recv_stream_data;
  to->acked_stream_data_offset = acked_stream_data;
  to->stream_close = stream_close;
  to->stream_reset = stream_reset;
  to->extend_max_stream_data = extend_stream_data;
  to->extend_max_local_streams_bidi = extend_local_streams;
  to->extend_max_local_streams_uni = extend_local_streams;
  to->recv_datagram = recv_datagram;
  to->rand = random_bytes;
  to->get_new_connection_id = new_connection_id;
  to->remove_connection_id = remove_connection_id;
  to->dcid_status = dcid_status;
  to->recv_stateless_reset = recv_stateless_reset;
  to->path_validation = path_validation;
  to->recv_new_token = recv_new_token;
}
