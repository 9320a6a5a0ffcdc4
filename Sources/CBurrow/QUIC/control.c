// What a connection is asked and told between packets.
#include "internal.h"

#include <string.h>

#define BURST_PACKETS_MIN 10
#define BURST_PACKETS_MAX 64

typedef struct pace {
  uint64_t smoothed_rtt;
  uint64_t congestion_window;
  double rate;
} pace;

static pace current_pace(cburrow_quic_conn *conn) {
  pace found = {0, 0, 0};
#if CBURROW_QUIC_V1
  ngtcp2_conn_info info;
  ngtcp2_conn_get_conn_info(conn->conn, &info);
  found.smoothed_rtt = info.smoothed_rtt;
  found.congestion_window = info.cwnd;
#else
  ngtcp2_conn_stat info;
  ngtcp2_conn_get_conn_stat(conn->conn, &info);
  found.smoothed_rtt = info.smoothed_rtt;
  found.congestion_window = info.cwnd;
  found.rate = info.pacing_rate;
#endif
  if (found.rate <= 0 && found.smoothed_rtt > 0) {
    found.rate = (double)found.congestion_window / (double)found.smoothed_rtt * 1.25;
  }
  return found;
}

// What the pacing rate lets through in a millisecond, in whole bursts that the kernel can send at once.
size_t cburrow_quic_send_budget(cburrow_quic_conn *conn) {
  size_t mtu = cburrow_quic_mtu(conn);
  double bytes = current_pace(conn).rate * 1e6;
  double least = (double)(mtu * BURST_PACKETS_MIN);
  double most = (double)(mtu * BURST_PACKETS_MAX);
  if (!(bytes > least)) return (size_t)least;
  return (size_t)(bytes < most ? bytes : most);
}

void cburrow_quic_pace(cburrow_quic_conn *conn, uint64_t now) { ngtcp2_conn_update_pkt_tx_time(conn->conn, now); }

// ngtcp2 can only start the timer, so it is started in the past and then handled.
int cburrow_quic_skip_pacing(cburrow_quic_conn *conn, uint64_t now) {
  ngtcp2_conn_update_pkt_tx_time(conn->conn, 0);
  return cburrow_quic_handle_expiry(conn, now);
}

int cburrow_quic_open_stream(cburrow_quic_conn *conn, int bidirectional, void *stream, int64_t *id) {
  int rv = bidirectional ? ngtcp2_conn_open_bidi_stream(conn->conn, id, stream)
                         : ngtcp2_conn_open_uni_stream(conn->conn, id, stream);
  if (rv == 0) return CBURROW_QUIC_OK;
  return rv == NGTCP2_ERR_STREAM_ID_BLOCKED ? CBURROW_QUIC_NO_CREDIT : CBURROW_QUIC_FAILED;
}

uint64_t cburrow_quic_bidirectional_credit(cburrow_quic_conn *conn) {
  return ngtcp2_conn_get_streams_bidi_left(conn->conn);
}

// Failing to queue a frame means memory is gone; the connection then fails at its next packet.
void cburrow_quic_reset_stream(cburrow_quic_conn *conn, int64_t id, uint64_t code) {
#if CBURROW_QUIC_V1
  (void)ngtcp2_conn_shutdown_stream_write(conn->conn, 0, id, code);
#else
  (void)ngtcp2_conn_shutdown_stream_write(conn->conn, id, code);
#endif
}

void cburrow_quic_stop_stream(cburrow_quic_conn *conn, int64_t id, uint64_t code) {
#if CBURROW_QUIC_V1
  (void)ngtcp2_conn_shutdown_stream_read(conn->conn, 0, id, code);
#else
  (void)ngtcp2_conn_shutdown_stream_read(conn->conn, id, code);
#endif
}

void cburrow_quic_extend_stream(cburrow_quic_conn *conn, int64_t id, uint64_t count) {
  (void)ngtcp2_conn_extend_max_stream_offset(conn->conn, id, count);
}

void cburrow_quic_extend_connection(cburrow_quic_conn *conn, uint64_t count) {
  ngtcp2_conn_extend_max_offset(conn->conn, count);
}

void cburrow_quic_extend_streams(cburrow_quic_conn *conn, int bidirectional, size_t count) {
  if (bidirectional) {
    ngtcp2_conn_extend_max_streams_bidi(conn->conn, count);
  } else {
    ngtcp2_conn_extend_max_streams_uni(conn->conn, count);
  }
}

uint64_t cburrow_quic_credit_left(cburrow_quic_conn *conn) { return ngtcp2_conn_get_max_data_left(conn->conn); }

void cburrow_quic_send_tickets(cburrow_quic_conn *conn, uint64_t now) {
  conn->tickets_sent = 1;
  // Both only shorten the next connection, so a failure is no reason to lose this one.
  (void)gnutls_session_ticket_send(conn->session, 1, 0);
  const ngtcp2_path *path = ngtcp2_conn_get_path(conn->conn);
  uint8_t token[NGTCP2_CRYPTO_MAX_REGULAR_TOKENLEN];
  ngtcp2_ssize count = ngtcp2_crypto_generate_regular_token(token, conn->reset_secret, CBURROW_QUIC_SECRET_SIZE,
                                                            path->remote.addr, path->remote.addrlen, now);
  if (count > 0) (void)ngtcp2_conn_submit_new_token(conn->conn, token, (size_t)count);
}

int cburrow_quic_migrate(cburrow_quic_conn *conn, const cburrow_quic_path *path, uint64_t now) {
  ngtcp2_path_storage storage;
  cburrow_quic_path_in(&storage, path, conn);
  return ngtcp2_conn_initiate_immediate_migration(conn->conn, &storage.path, now) == 0 ? CBURROW_QUIC_OK
                                                                                       : CBURROW_QUIC_FAILED;
}

const uint8_t *cburrow_quic_alpn_selected(cburrow_quic_conn *conn, size_t *count) {
  gnutls_datum_t name = {NULL, 0};
  *count = 0;
  if (!conn->session) return NULL;
  if (gnutls_alpn_get_selected_protocol(conn->session, &name) != 0) return NULL;
  *count = name.size;
  return name.data;
}

int cburrow_quic_handshake_is_complete(cburrow_quic_conn *conn) {
  return ngtcp2_conn_get_handshake_completed(conn->conn) != 0;
}

int cburrow_quic_early_was_rejected(cburrow_quic_conn *conn) {
  if (gnutls_session_get_flags(conn->session) & GNUTLS_SFLAGS_EARLY_DATA) return 0;
#if CBURROW_QUIC_V1
  (void)ngtcp2_conn_tls_early_data_rejected(conn->conn);
#else
  (void)ngtcp2_conn_early_data_rejected(conn->conn);
#endif
  return 1;
}

ptrdiff_t cburrow_quic_encode_early(cburrow_quic_conn *conn, uint8_t *to, size_t room) {
#if CBURROW_QUIC_V1
  ngtcp2_ssize size = ngtcp2_conn_encode_0rtt_transport_params(conn->conn, to, room);
#else
  const ngtcp2_transport_params *remote = ngtcp2_conn_get_remote_transport_params(conn->conn);
  if (!remote) return CBURROW_QUIC_FAILED;
  ngtcp2_transport_params parameters = *remote;
  // What belongs to one connection only is not remembered (RFC 9000 §7.4.1).
  parameters.preferred_address_present = 0;
  parameters.stateless_reset_token_present = 0;
  parameters.retry_scid_present = 0;
  parameters.version_info_present = 0;
  ngtcp2_ssize size =
      ngtcp2_encode_transport_params(to, room, NGTCP2_TRANSPORT_PARAMS_TYPE_ENCRYPTED_EXTENSIONS, &parameters);
#endif
  return size < 0 ? CBURROW_QUIC_FAILED : size;
}

// First byte, connection id, packet number and tag of a short packet; type and length of the frame.
#define DATAGRAM_OVERHEAD (1 + 4 + 16 + 1 + 2)

size_t cburrow_quic_datagram_limit(cburrow_quic_conn *conn) {
  const ngtcp2_transport_params *remote = ngtcp2_conn_get_remote_transport_params(conn->conn);
  if (!remote || remote->max_datagram_frame_size <= 3) return 0;
  size_t overhead = DATAGRAM_OVERHEAD + ngtcp2_conn_get_dcid(conn->conn)->datalen;
  size_t mtu = cburrow_quic_mtu(conn);
  size_t fits = mtu > overhead ? mtu - overhead : 0;
  uint64_t allowed = remote->max_datagram_frame_size - 3;
  return allowed < fits ? (size_t)allowed : fits;
}

size_t cburrow_quic_stream_losses(cburrow_quic_conn *conn, int64_t id) {
  return ngtcp2_conn_get_stream_loss_count(conn->conn, id);
}

void cburrow_quic_current_path(cburrow_quic_conn *conn, cburrow_quic_path *path) {
  cburrow_quic_path_out(path, ngtcp2_conn_get_path(conn->conn), conn);
}

uint64_t cburrow_quic_bytes_in_flight(cburrow_quic_conn *conn) {
#if CBURROW_QUIC_V1
  ngtcp2_conn_info info;
  ngtcp2_conn_get_conn_info(conn->conn, &info);
#else
  ngtcp2_conn_stat info;
  ngtcp2_conn_get_conn_stat(conn->conn, &info);
#endif
  return info.bytes_in_flight;
}

int cburrow_quic_may_write_datagram(cburrow_quic_conn *conn, size_t count) {
#if CBURROW_QUIC_V1
  ngtcp2_conn_info info;
  ngtcp2_conn_get_conn_info(conn->conn, &info);
#else
  ngtcp2_conn_stat info;
  ngtcp2_conn_get_conn_stat(conn->conn, &info);
#endif
  return info.bytes_in_flight == 0 ||
         info.bytes_in_flight + count + DATAGRAM_OVERHEAD + cburrow_quic_mtu(conn) <= info.cwnd;
}

void cburrow_quic_set_keep_alive(cburrow_quic_conn *conn, uint64_t timeout) {
  ngtcp2_conn_set_keep_alive_timeout(conn->conn, timeout);
}

size_t cburrow_quic_mtu(cburrow_quic_conn *conn) { return ngtcp2_conn_get_path_max_tx_udp_payload_size(conn->conn); }

void cburrow_quic_get_statistics(cburrow_quic_conn *conn, cburrow_quic_statistics *out) {
  memset(out, 0, sizeof(*out));
#if CBURROW_QUIC_V1
  ngtcp2_conn_info info;
  ngtcp2_conn_get_conn_info(conn->conn, &info);
#else
  ngtcp2_conn_stat info;
  ngtcp2_conn_get_conn_stat(conn->conn, &info);
  out->delivery_rate = info.delivery_rate_sec;
  out->pto_count = info.pto_count;
#endif
  out->latest_rtt = info.latest_rtt;
  out->smoothed_rtt = info.smoothed_rtt;
  out->min_rtt = info.min_rtt;
  out->rtt_variation = info.rttvar;
  out->congestion_window = info.cwnd;
  out->bytes_in_flight = info.bytes_in_flight;
  out->mtu = cburrow_quic_mtu(conn);
#if CBURROW_QUIC_CLOSES_LATE
  out->unrecognised_streams = conn->memory.misses;
#endif
}
