#include "callbacks.h"
#include "internal.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(cburrow_quic_vec) == sizeof(ngtcp2_vec), "the vectors are handed over as they are");
_Static_assert(offsetof(cburrow_quic_vec, count) == offsetof(ngtcp2_vec, len),
               "the vectors are handed over as they are");

static ngtcp2_conn *get_conn(ngtcp2_crypto_conn_ref *ref) { return ((cburrow_quic_conn *)(void *)ref)->conn; }

static int result(cburrow_quic_conn *conn, int error) {
  if (error == 0) return CBURROW_QUIC_OK;
  switch (error) {
  case NGTCP2_ERR_WRITE_MORE:
    return CBURROW_QUIC_WRITE_MORE;
  case NGTCP2_ERR_STREAM_DATA_BLOCKED:
    return CBURROW_QUIC_STREAM_BLOCKED;
  case NGTCP2_ERR_STREAM_SHUT_WR:
    return CBURROW_QUIC_STREAM_SHUT;
  case NGTCP2_ERR_STREAM_NOT_FOUND:
    return CBURROW_QUIC_STREAM_GONE;
  case NGTCP2_ERR_STREAM_ID_BLOCKED:
    return CBURROW_QUIC_NO_CREDIT;
  default:
    break;
  }
  conn->last_error = error;
  switch (error) {
  case NGTCP2_ERR_DRAINING:
    return CBURROW_QUIC_DRAINING;
  case NGTCP2_ERR_CLOSING:
    return CBURROW_QUIC_CLOSING;
  case NGTCP2_ERR_RETRY:
    return CBURROW_QUIC_RETRY;
  case NGTCP2_ERR_DROP_CONN:
    return CBURROW_QUIC_DROP;
  case NGTCP2_ERR_IDLE_CLOSE:
    return CBURROW_QUIC_IDLE;
  case NGTCP2_ERR_HANDSHAKE_TIMEOUT:
    return CBURROW_QUIC_HANDSHAKE_TIMEOUT;
  case NGTCP2_ERR_CRYPTO:
    return CBURROW_QUIC_CRYPTO;
  case NGTCP2_ERR_RECV_VERSION_NEGOTIATION:
  case NGTCP2_ERR_VERSION_NEGOTIATION_FAILURE:
    return CBURROW_QUIC_VERSION;
  case NGTCP2_ERR_NO_VIABLE_PATH:
    return CBURROW_QUIC_NO_PATH;
  default:
    return CBURROW_QUIC_FAILED;
  }
}

static ngtcp2_cc_algo congestion_control(int choice) {
  switch (choice) {
  case CBURROW_QUIC_BBR:
    return NGTCP2_CC_ALGO_BBR;
  case CBURROW_QUIC_BBR2:
#if CBURROW_QUIC_V1
    // Its BBR is the second version.
    return NGTCP2_CC_ALGO_BBR;
#else
    return NGTCP2_CC_ALGO_BBR2;
#endif
  default:
    return NGTCP2_CC_ALGO_CUBIC;
  }
}

static void fill_settings(ngtcp2_settings *to, const cburrow_quic_settings *from, cburrow_quic_conn *conn) {
  ngtcp2_settings_default(to);
  to->initial_ts = from->now;
  to->cc_algo = congestion_control(from->congestion_control);
  to->initial_rtt = from->initial_rtt;
  to->max_window = from->connection_window_limit;
  to->max_stream_window = from->stream_window_limit;
  to->handshake_timeout = from->handshake_timeout;
  to->no_pmtud = from->path_mtu_discovery ? 0 : 1;
  to->rand_ctx.native_handle = conn;
  if (from->qlog) {
#if CBURROW_QUIC_V1
    to->qlog_write = cburrow_quic_write_qlog;
#else
    to->qlog.write = cburrow_quic_write_qlog;
#endif
  }
}

static void fill_parameters(ngtcp2_transport_params *to, const cburrow_quic_settings *from) {
  ngtcp2_transport_params_default(to);
  to->initial_max_data = from->connection_window;
  to->initial_max_stream_data_bidi_local = from->stream_window;
  to->initial_max_stream_data_bidi_remote = from->stream_window;
  to->initial_max_stream_data_uni = from->stream_window;
  to->initial_max_streams_bidi = from->bidirectional_streams;
  to->initial_max_streams_uni = from->unidirectional_streams;
  to->max_idle_timeout = from->idle_timeout;
  to->max_datagram_frame_size = from->datagram_frame_size;
  to->active_connection_id_limit = 4;
  to->grease_quic_bit = 1;
}

static cburrow_quic_conn *conn_new(cburrow_quic_tls *tls, const uint8_t *secret, const cburrow_quic_events *events,
                                   void *user) {
  cburrow_quic_conn *conn = calloc(1, sizeof(*conn));
  if (!conn) return NULL;
  conn->ref.get_conn = get_conn;
  conn->ref.user_data = conn;
  conn->tls = tls;
  conn->events = *events;
  conn->user = user;
  conn->reset_secret = secret;
  ngtcp2_path_storage_zero(&conn->written_path);
  return conn;
}

static const ngtcp2_mem *memory_of(cburrow_quic_conn *conn, const cburrow_quic_settings *settings) {
#if CBURROW_QUIC_CLOSES_LATE
  return cburrow_quic_memory_init(&conn->memory, settings->unrecognised);
#else
  (void)conn, (void)settings;
  return NULL;
#endif
}

static void finish_new(cburrow_quic_conn *conn, const cburrow_quic_settings *settings) {
#if CBURROW_QUIC_CLOSES_LATE
  cburrow_quic_memory_made(&conn->memory);
#endif
  ngtcp2_conn_set_tls_native_handle(conn->conn, conn->session);
  if (settings->keep_alive) ngtcp2_conn_set_keep_alive_timeout(conn->conn, settings->keep_alive);
}

static int set_early_parameters(ngtcp2_conn *conn, const uint8_t *bytes, size_t count) {
#if CBURROW_QUIC_V1
  return ngtcp2_conn_decode_and_set_0rtt_transport_params(conn, bytes, count);
#else
  ngtcp2_transport_params parameters;
  int rv = ngtcp2_decode_transport_params(&parameters, NGTCP2_TRANSPORT_PARAMS_TYPE_ENCRYPTED_EXTENSIONS, bytes, count);
  if (rv == 0) ngtcp2_conn_set_early_remote_transport_params(conn, &parameters);
  return rv;
#endif
}

cburrow_quic_conn *cburrow_quic_client_new(cburrow_quic_tls *tls, const cburrow_quic_client *client,
                                           cburrow_quic_alpn alpn, const cburrow_quic_path *path,
                                           const cburrow_quic_settings *settings, const uint8_t *secret,
                                           const cburrow_quic_events *events, void *user, int *early) {
  *early = 0;
  cburrow_quic_conn *conn = conn_new(tls, secret, events, user);
  if (!conn) return NULL;
  if (cburrow_quic_check_begin(&conn->check, tls, client->verify_name) != 0) goto failed;
  int wants_early = settings->early_data && client->ticket_count && client->early_parameters_count;
  if (cburrow_quic_session_client(conn, client, alpn, wants_early) != 0) goto failed;

  ngtcp2_callbacks callbacks;
  ngtcp2_settings made_settings;
  ngtcp2_transport_params parameters;
  ngtcp2_path_storage storage;
  cburrow_quic_set_callbacks(&callbacks);
  fill_settings(&made_settings, settings, conn);
  fill_parameters(&parameters, settings);
  if (client->address_token_count) {
#if CBURROW_QUIC_V1
    made_settings.token = client->address_token;
    made_settings.tokenlen = client->address_token_count;
#else
    made_settings.token.base = (uint8_t *)client->address_token;
    made_settings.token.len = client->address_token_count;
#endif
  }
  cburrow_quic_path_in(&storage, path, conn);
  ngtcp2_cid dcid = cburrow_quic_cid_in(&client->dcid);
  ngtcp2_cid scid = cburrow_quic_cid_in(&client->scid);
  if (ngtcp2_conn_client_new(&conn->conn, &dcid, &scid, &storage.path, NGTCP2_PROTO_VER_V1, &callbacks, &made_settings,
                             &parameters, memory_of(conn, settings), conn) != 0) {
    conn->conn = NULL;
    goto failed;
  }
  finish_new(conn, settings);
  if (wants_early && set_early_parameters(conn->conn, client->early_parameters, client->early_parameters_count) == 0) {
    *early = 1;
  }
  return conn;
failed:
  cburrow_quic_free(conn);
  return NULL;
}

cburrow_quic_conn *cburrow_quic_server_new(cburrow_quic_tls *tls, const cburrow_quic_server *server,
                                           cburrow_quic_alpn alpn, const cburrow_quic_path *path,
                                           const cburrow_quic_settings *settings, const uint8_t *secret,
                                           const cburrow_quic_events *events, void *user) {
  cburrow_quic_conn *conn = conn_new(tls, secret, events, user);
  if (!conn) return NULL;
  conn->is_server = 1;
  if (cburrow_quic_session_server(conn, alpn, settings->early_data) != 0) goto failed;

  ngtcp2_callbacks callbacks;
  ngtcp2_settings made_settings;
  ngtcp2_transport_params parameters;
  ngtcp2_path_storage storage;
  cburrow_quic_set_callbacks(&callbacks);
  fill_settings(&made_settings, settings, conn);
  fill_parameters(&parameters, settings);
  const cburrow_quic_initial *initial = &server->initial;
  ngtcp2_cid first_dcid = cburrow_quic_cid_in(&initial->dcid);
  if (server->original_dcid.count) {
    parameters.original_dcid = cburrow_quic_cid_in(&server->original_dcid);
    parameters.retry_scid = first_dcid;
    parameters.retry_scid_present = 1;
  } else {
    parameters.original_dcid = first_dcid;
  }
#if CBURROW_QUIC_V1
  parameters.original_dcid_present = 1;
#else
  made_settings.qlog.odcid = parameters.original_dcid;
#endif
  // Each path a client takes needs an id of its own, and those of the paths before come back one round trip later.
  parameters.active_connection_id_limit = 8;
  // A token lifts ngtcp2's limit on what is sent to an unproven address, so only a good one is passed on.
  if (server->validated && initial->token_count) {
#if CBURROW_QUIC_V1
    made_settings.token = initial->token;
    made_settings.tokenlen = initial->token_count;
    made_settings.token_type = server->original_dcid.count ? NGTCP2_TOKEN_TYPE_RETRY : NGTCP2_TOKEN_TYPE_NEW_TOKEN;
#else
    made_settings.token.base = (uint8_t *)initial->token;
    made_settings.token.len = initial->token_count;
#endif
  }
  ngtcp2_cid scid = cburrow_quic_cid_in(&server->scid);
  if (ngtcp2_crypto_generate_stateless_reset_token(parameters.stateless_reset_token, conn->reset_secret,
                                                   CBURROW_QUIC_SECRET_SIZE, &scid) != 0) {
    goto failed;
  }
  parameters.stateless_reset_token_present = 1;
  cburrow_quic_path_in(&storage, path, conn);
  ngtcp2_cid dcid = cburrow_quic_cid_in(&initial->scid);
  if (ngtcp2_conn_server_new(&conn->conn, &dcid, &scid, &storage.path, initial->version, &callbacks, &made_settings,
                             &parameters, memory_of(conn, settings), conn) != 0) {
    conn->conn = NULL;
    goto failed;
  }
  finish_new(conn, settings);
  return conn;
failed:
  cburrow_quic_free(conn);
  return NULL;
}

void cburrow_quic_free(cburrow_quic_conn *conn) {
  if (!conn) return;
  if (conn->conn) ngtcp2_conn_del(conn->conn);
  if (conn->session) gnutls_deinit(conn->session);
  cburrow_quic_check_end(&conn->check);
#if CBURROW_QUIC_CLOSES_LATE
  cburrow_quic_memory_free(&conn->memory);
#endif
  free(conn);
}

void cburrow_quic_silence(cburrow_quic_conn *conn) { conn->user = NULL; }

int cburrow_quic_read(cburrow_quic_conn *conn, const cburrow_quic_path *path, uint8_t ecn, const uint8_t *data,
                      size_t count, uint64_t now) {
  ngtcp2_path_storage storage;
  cburrow_quic_path_in(&storage, path, conn);
  ngtcp2_pkt_info info = {ecn};
  int rv = ngtcp2_conn_read_pkt(conn->conn, &storage.path, &info, data, count, now);
  if (conn->tickets_sent && conn->session) {
    // A server needs TLS no more: the keys are with ngtcp2, and a client has nothing to say in it after its Finished.
    ngtcp2_conn_set_tls_native_handle(conn->conn, NULL);
    gnutls_deinit(conn->session);
    conn->session = NULL;
  }
  return result(conn, rv);
}

int cburrow_quic_handle_expiry(cburrow_quic_conn *conn, uint64_t now) {
  return result(conn, ngtcp2_conn_handle_expiry(conn->conn, now));
}

uint64_t cburrow_quic_expiry(cburrow_quic_conn *conn) { return ngtcp2_conn_get_expiry(conn->conn); }

uint64_t cburrow_quic_pto(cburrow_quic_conn *conn) { return ngtcp2_conn_get_pto(conn->conn); }

// Where a write puts its path: buffers as ngtcp2 wants them.
static ngtcp2_ssize finish_write(cburrow_quic_conn *conn, ngtcp2_ssize size, const ngtcp2_path_storage *path,
                                 const ngtcp2_pkt_info *info, cburrow_quic_written *written) {
  if (size == NGTCP2_ERR_NO_VIABLE_PATH && conn->is_server) {
    // The client's new path was not heard of again while it was tried, and ngtcp2 would end the connection. But the path
    // may only be interrupted, so nothing is sent until something comes, which then begins another attempt.
    conn->path_attempt++;
    return 0;
  }
  if (size <= 0) return size == 0 ? 0 : result(conn, (int)size);
  written->ecn = (uint8_t)(info->ecn & NGTCP2_ECN_MASK);
  if (conn->has_written && ngtcp2_path_eq(&path->path, &conn->written_path.path) &&
      path->path.user_data == conn->written_path.path.user_data) {
    written->path_changed = 0;
  } else {
    ngtcp2_path_copy(&conn->written_path.path, &path->path);
    conn->has_written = 1;
    written->path_changed = 1;
    cburrow_quic_path_out(&written->path, &path->path, conn);
  }
  return size;
}

ptrdiff_t cburrow_quic_write_stream(cburrow_quic_conn *conn, uint8_t *to, size_t room, int64_t stream, int fin,
                                    int more, const cburrow_quic_vec *vec, size_t vec_count, ptrdiff_t *accepted,
                                    uint64_t now, cburrow_quic_written *written) {
  ngtcp2_path_storage path;
  ngtcp2_path_storage_zero(&path);
  ngtcp2_pkt_info info = {0};
  uint32_t flags = NGTCP2_WRITE_STREAM_FLAG_NONE;
  if (fin) flags |= NGTCP2_WRITE_STREAM_FLAG_FIN;
  if (more) flags |= NGTCP2_WRITE_STREAM_FLAG_MORE;
  ngtcp2_ssize taken = -1;
  ngtcp2_ssize size =
      ngtcp2_conn_writev_stream(conn->conn, &path.path, &info, to, room, &taken, flags, stream < 0 ? -1 : stream,
                                (const ngtcp2_vec *)(const void *)vec, vec_count, now);
  *accepted = taken;
  return finish_write(conn, size, &path, &info, written);
}

ptrdiff_t cburrow_quic_write_datagram(cburrow_quic_conn *conn, uint8_t *to, size_t room, const cburrow_quic_vec *vec,
                                      size_t vec_count, int *accepted, uint64_t now, cburrow_quic_written *written) {
  ngtcp2_path_storage path;
  ngtcp2_path_storage_zero(&path);
  ngtcp2_pkt_info info = {0};
  ngtcp2_ssize size =
      ngtcp2_conn_writev_datagram(conn->conn, &path.path, &info, to, room, accepted, NGTCP2_WRITE_DATAGRAM_FLAG_MORE, 0,
                                  (const ngtcp2_vec *)(const void *)vec, vec_count, now);
  return finish_write(conn, size, &path, &info, written);
}

#if CBURROW_QUIC_V1
#define close_type ngtcp2_ccerr
#define close_default ngtcp2_ccerr_default
#define close_set_application ngtcp2_ccerr_set_application_error
#define close_set_liberr ngtcp2_ccerr_set_liberr
#define close_set_alert ngtcp2_ccerr_set_tls_alert
#else
#define close_type ngtcp2_connection_close_error
#define close_default ngtcp2_connection_close_error_default
#define close_set_application ngtcp2_connection_close_error_set_application_error
#define close_set_liberr ngtcp2_connection_close_error_set_transport_error_liberr
#define close_set_alert ngtcp2_connection_close_error_set_transport_error_tls_alert
#endif

static ptrdiff_t write_close(cburrow_quic_conn *conn, uint8_t *to, size_t room, const close_type *error, uint64_t now,
                             cburrow_quic_written *written) {
  ngtcp2_path_storage path;
  ngtcp2_path_storage_zero(&path);
  ngtcp2_pkt_info info = {0};
  ngtcp2_ssize size = ngtcp2_conn_write_connection_close(conn->conn, &path.path, &info, to, room, error, now);
  return finish_write(conn, size, &path, &info, written);
}

void cburrow_quic_set_alert(cburrow_quic_conn *conn, uint8_t alert) { conn->alert = alert; }

uint8_t cburrow_quic_alert(cburrow_quic_conn *conn) {
  return conn->alert ? (uint8_t)conn->alert : ngtcp2_conn_get_tls_alert(conn->conn);
}

ptrdiff_t cburrow_quic_write_error(cburrow_quic_conn *conn, uint8_t *to, size_t room, uint64_t now,
                                   cburrow_quic_written *written) {
  close_type error;
  close_default(&error);
  uint8_t alert = cburrow_quic_alert(conn);
  if (alert && (conn->alert || conn->last_error == NGTCP2_ERR_CRYPTO)) {
    close_set_alert(&error, alert, NULL, 0);
  } else {
    close_set_liberr(&error, conn->last_error, NULL, 0);
  }
  return write_close(conn, to, room, &error, now, written);
}

ptrdiff_t cburrow_quic_write_close(cburrow_quic_conn *conn, uint8_t *to, size_t room, uint64_t code,
                                   const uint8_t *reason, size_t reason_count, uint64_t now,
                                   cburrow_quic_written *written) {
  close_type error;
  close_default(&error);
  close_set_application(&error, code, reason, reason_count);
  return write_close(conn, to, room, &error, now, written);
}

int cburrow_quic_peer_close(cburrow_quic_conn *conn, uint64_t *code, const uint8_t **reason, size_t *reason_count) {
#if CBURROW_QUIC_V1
  const ngtcp2_ccerr *error = ngtcp2_conn_get_ccerr(conn->conn);
  int transport = error->type == NGTCP2_CCERR_TYPE_TRANSPORT;
  int application = error->type == NGTCP2_CCERR_TYPE_APPLICATION;
#else
  ngtcp2_conn_get_connection_close_error(conn->conn, &conn->close_error);
  const ngtcp2_connection_close_error *error = &conn->close_error;
  int transport = error->type == NGTCP2_CONNECTION_CLOSE_ERROR_CODE_TYPE_TRANSPORT;
  int application = error->type == NGTCP2_CONNECTION_CLOSE_ERROR_CODE_TYPE_APPLICATION;
#endif
  *code = error->error_code;
  *reason = error->reason;
  *reason_count = error->reasonlen;
  if (application) return CBURROW_QUIC_CLOSE_APPLICATION;
  return transport ? CBURROW_QUIC_CLOSE_TRANSPORT : CBURROW_QUIC_CLOSE_NONE;
}

const char *cburrow_quic_error_text(cburrow_quic_conn *conn) { return ngtcp2_strerror(conn->last_error); }

uint64_t cburrow_quic_error_code(cburrow_quic_conn *conn) {
  return ngtcp2_err_infer_quic_transport_error_code(conn->last_error);
}

int cburrow_quic_verify_result(cburrow_quic_conn *conn) { return conn->check.result; }

const char *cburrow_quic_verify_text(cburrow_quic_conn *conn) { return conn->check.text; }

const char *cburrow_quic_alert_name(uint8_t alert) { return gnutls_alert_get_name((gnutls_alert_description_t)alert); }
