// What the Swift side sees of ngtcp2 and GnuTLS: plain C types, so that versions of those libraries differ only
// inside this module.
#ifndef CBURROW_QUIC_H
#define CBURROW_QUIC_H

#include <stddef.h>
#include <stdint.h>

#define CBURROW_QUIC_CID_SIZE 8
#define CBURROW_QUIC_CID_MAX 20
#define CBURROW_QUIC_RESET_TOKEN_SIZE 16
#define CBURROW_QUIC_SECRET_SIZE 32
#define CBURROW_QUIC_TOKEN_MAX 128

/// Results. Zero and above is success.
enum {
  CBURROW_QUIC_OK = 0,
  CBURROW_QUIC_WRITE_MORE = -1,
  CBURROW_QUIC_STREAM_BLOCKED = -2,
  CBURROW_QUIC_STREAM_SHUT = -3,
  CBURROW_QUIC_STREAM_GONE = -4,
  CBURROW_QUIC_NO_CREDIT = -5,
  CBURROW_QUIC_DRAINING = -6,
  CBURROW_QUIC_CLOSING = -7,
  CBURROW_QUIC_RETRY = -8,
  CBURROW_QUIC_DROP = -9,
  CBURROW_QUIC_IDLE = -10,
  CBURROW_QUIC_HANDSHAKE_TIMEOUT = -11,
  CBURROW_QUIC_CRYPTO = -12,
  CBURROW_QUIC_VERSION = -13,
  CBURROW_QUIC_NO_PATH = -14,
  CBURROW_QUIC_FAILED = -15,
};

/// What certificate verification found.
enum {
  CBURROW_QUIC_VERIFY_NONE = 0,
  CBURROW_QUIC_VERIFY_EXPIRED,
  CBURROW_QUIC_VERIFY_HOST,
  CBURROW_QUIC_VERIFY_ISSUER,
  CBURROW_QUIC_VERIFY_PIN,
  CBURROW_QUIC_VERIFY_INVALID,
};

enum {
  CBURROW_QUIC_CUBIC = 0,
  CBURROW_QUIC_BBR = 1,
  CBURROW_QUIC_BBR2 = 2
};

/// How the peer closed.
enum {
  CBURROW_QUIC_CLOSE_NONE = 0,
  CBURROW_QUIC_CLOSE_TRANSPORT,
  CBURROW_QUIC_CLOSE_APPLICATION,
};

/// An IP address and port; family is 4 or 6, numbers are in host order. IPv4 uses `low`.
typedef struct cburrow_quic_address {
  uint64_t high;
  uint64_t low;
  uint32_t scope;
  uint16_t port;
  uint8_t family;
} cburrow_quic_address;

typedef struct cburrow_quic_path {
  cburrow_quic_address local;
  cburrow_quic_address remote;
  uint32_t socket;
} cburrow_quic_path;

typedef struct cburrow_quic_cid {
  uint8_t count;
  uint8_t bytes[CBURROW_QUIC_CID_MAX];
} cburrow_quic_cid;

/// The same layout as ngtcp2_vec.
typedef struct cburrow_quic_vec {
  uint8_t *base;
  size_t count;
} cburrow_quic_vec;

typedef struct cburrow_quic_conn cburrow_quic_conn;
typedef struct cburrow_quic_tls cburrow_quic_tls;

/// Called while a connection reads, writes or handles a timer. `user` is the connection's owner, `stream` what
/// `stream_opened` returned or `open_stream` was given.
typedef struct cburrow_quic_events {
  void *(*stream_opened)(void *user, int64_t id);
  void (*stream_data)(void *user, void *stream, int fin, const uint8_t *data, size_t count);
  void (*stream_acked)(void *user, void *stream, uint64_t offset);
  void (*stream_credit)(void *user, void *stream);
  void (*stream_reset)(void *user, void *stream, uint64_t code);
  void (*stream_closed)(void *user, void *stream, int has_code, uint64_t code, size_t losses);
  void (*streams_available)(void *user);
  void (*datagram)(void *user, const uint8_t *data, size_t count);
  void (*handshake_completed)(void *user);
  /// Server: early data was accepted and answers may be sent.
  void (*early_established)(void *user);
  void (*early_rejected)(void *user);
  void (*cid_added)(void *user, const uint8_t *cid);
  void (*cid_retired)(void *user, const uint8_t *cid);
  void (*reset_token)(void *user, const uint8_t *token, int active);
  void (*stateless_reset)(void *user);
  void (*path_validated)(void *user, int success);
  void (*ticket)(void *user, const uint8_t *data, size_t count);
  void (*address_token)(void *user, const uint8_t *data, size_t count);
  void (*random)(void *user, uint8_t *data, size_t count);
  void (*qlog)(void *user, const uint8_t *data, size_t count, int last);
} cburrow_quic_events;

/// What of ngtcp2's memory is taken for unknown.
enum {
  CBURROW_QUIC_POOLS = 1,
  CBURROW_QUIC_STREAMS = 2
};

typedef struct cburrow_quic_settings {
  uint64_t now;
  uint64_t idle_timeout;
  uint64_t keep_alive;
  uint64_t handshake_timeout;
  uint64_t initial_rtt;
  uint64_t connection_window;
  uint64_t connection_window_limit;
  uint64_t stream_window;
  uint64_t stream_window_limit;
  uint64_t bidirectional_streams;
  uint64_t unidirectional_streams;
  uint64_t datagram_frame_size;
  int congestion_control;
  int path_mtu_discovery;
  int early_data;
  int qlog;
  /// CBURROW_QUIC_POOLS and CBURROW_QUIC_STREAMS, see memory.c.
  int unrecognised;
} cburrow_quic_settings;

/// A client's beginning.
typedef struct cburrow_quic_client {
  cburrow_quic_cid dcid;
  cburrow_quic_cid scid;
  /// Name to present; NULL for none.
  const char *server_name;
  /// Name or address text to verify and to put into messages.
  const char *verify_name;
  const uint8_t *ticket;
  size_t ticket_count;
  const uint8_t *early_parameters;
  size_t early_parameters_count;
  const uint8_t *address_token;
  size_t address_token_count;
} cburrow_quic_client;

/// What an unknown client's first packet says.
typedef struct cburrow_quic_initial {
  uint32_t version;
  cburrow_quic_cid dcid;
  cburrow_quic_cid scid;
  const uint8_t *token;
  size_t token_count;
} cburrow_quic_initial;

/// A server's beginning.
typedef struct cburrow_quic_server {
  cburrow_quic_initial initial;
  cburrow_quic_cid scid;
  /// The client's first choice when it comes from a retry; empty otherwise.
  cburrow_quic_cid original_dcid;
  /// Whether the token proves the client's address.
  int validated;
} cburrow_quic_server;

/// Protocol names, each behind one length byte.
typedef struct cburrow_quic_alpn {
  const uint8_t *bytes;
  size_t count;
} cburrow_quic_alpn;

/// About a packet that was written.
typedef struct cburrow_quic_written {
  uint8_t ecn;
  /// Zero when `path` is the same as for the packet before and was not filled in.
  int path_changed;
  cburrow_quic_path path;
} cburrow_quic_written;

typedef struct cburrow_quic_statistics {
  uint64_t latest_rtt;
  uint64_t smoothed_rtt;
  uint64_t min_rtt;
  uint64_t rtt_variation;
  uint64_t congestion_window;
  uint64_t bytes_in_flight;
  uint64_t delivery_rate;
  uint64_t pto_count;
  uint64_t mtu;
  /// Streams of the peer whose object in ngtcp2 was not found, see memory.c.
  uint64_t unrecognised_streams;
} cburrow_quic_statistics;

/// Overwrites a secret that nobody needs any more.
void cburrow_quic_wipe(void *bytes, size_t count);

// Credentials.

cburrow_quic_tls *cburrow_quic_tls_client(int system_roots, const uint8_t *roots, size_t roots_count,
                                          const uint8_t *pins, size_t pin_count, int insecure, int *error);
cburrow_quic_tls *cburrow_quic_tls_server(const uint8_t *certificate, size_t certificate_count, const uint8_t *key,
                                          size_t key_count, int *error);
void cburrow_quic_tls_free(cburrow_quic_tls *tls);
const char *cburrow_quic_tls_error_text(int error);
/// SHA-256 of the first certificate of a PEM text. Zero on success.
int cburrow_quic_fingerprint(const uint8_t *certificate, size_t count, uint8_t out[32]);

typedef struct cburrow_quic_certificate_request {
  /// NUL-terminated names and addresses one after another, an empty one at the end.
  const char *names;
  int64_t not_before;
  int64_t not_after;
  int is_authority;
  /// An Ed25519 key instead of P-256.
  int ed25519;
  /// NULL for self-signed.
  const uint8_t *issuer_certificate;
  size_t issuer_certificate_count;
  const uint8_t *issuer_key;
  size_t issuer_key_count;
} cburrow_quic_certificate_request;

/// Makes a key and a certificate, both as PEM to be freed with `cburrow_quic_release`. Zero on success.
int cburrow_quic_make_certificate(const cburrow_quic_certificate_request *request, uint8_t **certificate,
                                  size_t *certificate_count, uint8_t **key, size_t *key_count);
void cburrow_quic_release(uint8_t *bytes);

// TLS over a byte stream, with the same credentials.

typedef struct cburrow_quic_stream cburrow_quic_stream;

/// What came of a step.
enum {
  CBURROW_QUIC_STREAM_HANDSHAKING = 0,
  CBURROW_QUIC_STREAM_OPEN = 1,
  /// The peer has said that nothing follows.
  CBURROW_QUIC_STREAM_ENDED = 2,
  CBURROW_QUIC_STREAM_FAILED = -1
};

/// Begins a client's session; `name` is checked, and sent when it is no address. NULL and the reason in `error`.
cburrow_quic_stream *cburrow_quic_stream_new(cburrow_quic_tls *tls, const char *name, int *error);
void cburrow_quic_stream_free(cburrow_quic_stream *stream);
/// Takes what the peer sent, all of it, and writes what it says to `out`. There is room enough with `count` and
/// CBURROW_QUIC_STREAM_ROOM more. Returns a state.
int cburrow_quic_stream_read(cburrow_quic_stream *stream, const uint8_t *bytes, size_t count, uint8_t *out,
                             size_t capacity, size_t *written);
/// Encrypts. Zero on success.
int cburrow_quic_stream_write(cburrow_quic_stream *stream, const uint8_t *bytes, size_t count);
/// Says that nothing follows.
void cburrow_quic_stream_end(cburrow_quic_stream *stream);
/// What is to be sent to the peer, valid until the next call.
const uint8_t *cburrow_quic_stream_output(cburrow_quic_stream *stream, size_t *count);
void cburrow_quic_stream_clear(cburrow_quic_stream *stream);
/// GnuTLS's code and, for an alert, the peer's.
int cburrow_quic_stream_error(cburrow_quic_stream *stream, int *alert);
int cburrow_quic_stream_verify_result(cburrow_quic_stream *stream);
const char *cburrow_quic_stream_verify_text(cburrow_quic_stream *stream);
const char *cburrow_quic_alert_text(int alert);

#define CBURROW_QUIC_STREAM_ROOM 32768

// Connections.

/// `secret` is CBURROW_QUIC_SECRET_SIZE bytes, which must outlive the connection.
cburrow_quic_conn *cburrow_quic_client_new(cburrow_quic_tls *tls, const cburrow_quic_client *client,
                                           cburrow_quic_alpn alpn, const cburrow_quic_path *path,
                                           const cburrow_quic_settings *settings, const uint8_t *secret,
                                           const cburrow_quic_events *events, void *user, int *early);
cburrow_quic_conn *cburrow_quic_server_new(cburrow_quic_tls *tls, const cburrow_quic_server *server,
                                           cburrow_quic_alpn alpn, const cburrow_quic_path *path,
                                           const cburrow_quic_settings *settings, const uint8_t *secret,
                                           const cburrow_quic_events *events, void *user);
/// Last pieces of qlog may still come out.
void cburrow_quic_free(cburrow_quic_conn *conn);
/// No events are called from now on.
void cburrow_quic_silence(cburrow_quic_conn *conn);

int cburrow_quic_read(cburrow_quic_conn *conn, const cburrow_quic_path *path, uint8_t ecn, const uint8_t *data,
                      size_t count, uint64_t now);
int cburrow_quic_handle_expiry(cburrow_quic_conn *conn, uint64_t now);
uint64_t cburrow_quic_expiry(cburrow_quic_conn *conn);
uint64_t cburrow_quic_pto(cburrow_quic_conn *conn);

/// Writes (part of) a packet; with `stream` negative, without stream data. `accepted` is -1 when no stream frame
/// was written. Returns the packet's size, 0 when nothing can go now, or a result.
ptrdiff_t cburrow_quic_write_stream(cburrow_quic_conn *conn, uint8_t *to, size_t room, int64_t stream, int fin,
                                    int more, const cburrow_quic_vec *vec, size_t vec_count, ptrdiff_t *accepted,
                                    uint64_t now, cburrow_quic_written *written);
ptrdiff_t cburrow_quic_write_datagram(cburrow_quic_conn *conn, uint8_t *to, size_t room, const cburrow_quic_vec *vec,
                                      size_t vec_count, int *accepted, uint64_t now, cburrow_quic_written *written);
/// Writes CONNECTION_CLOSE for the last error, or for an application code.
ptrdiff_t cburrow_quic_write_error(cburrow_quic_conn *conn, uint8_t *to, size_t room, uint64_t now,
                                   cburrow_quic_written *written);
ptrdiff_t cburrow_quic_write_close(cburrow_quic_conn *conn, uint8_t *to, size_t room, uint64_t code,
                                   const uint8_t *reason, size_t reason_count, uint64_t now,
                                   cburrow_quic_written *written);
/// Makes `write_error` say this TLS alert.
void cburrow_quic_set_alert(cburrow_quic_conn *conn, uint8_t alert);
/// How many bytes may go in one burst.
size_t cburrow_quic_send_budget(cburrow_quic_conn *conn);
/// Starts the pacing timer for what was written since the last call.
void cburrow_quic_pace(cburrow_quic_conn *conn, uint64_t now);
/// Forgets pacing of a little that was written while nothing waits. Returns a result as `handle_expiry`.
int cburrow_quic_skip_pacing(cburrow_quic_conn *conn, uint64_t now);

int cburrow_quic_open_stream(cburrow_quic_conn *conn, int bidirectional, void *stream, int64_t *id);
/// How many more bidirectional streams the peer allows.
uint64_t cburrow_quic_bidirectional_credit(cburrow_quic_conn *conn);
void cburrow_quic_reset_stream(cburrow_quic_conn *conn, int64_t id, uint64_t code);
void cburrow_quic_stop_stream(cburrow_quic_conn *conn, int64_t id, uint64_t code);
void cburrow_quic_extend_stream(cburrow_quic_conn *conn, int64_t id, uint64_t count);
void cburrow_quic_extend_connection(cburrow_quic_conn *conn, uint64_t count);
void cburrow_quic_extend_streams(cburrow_quic_conn *conn, int bidirectional, size_t count);
uint64_t cburrow_quic_credit_left(cburrow_quic_conn *conn);

/// Server, once the handshake is complete: a session ticket and an address token for the next time.
void cburrow_quic_send_tickets(cburrow_quic_conn *conn, uint64_t now);
int cburrow_quic_migrate(cburrow_quic_conn *conn, const cburrow_quic_path *path, uint64_t now);

/// The negotiated protocol, NULL when there is none.
const uint8_t *cburrow_quic_alpn_selected(cburrow_quic_conn *conn, size_t *count);
int cburrow_quic_handshake_is_complete(cburrow_quic_conn *conn);
/// Client, when the handshake is complete after early data was sent: whether the server threw it away, in which case
/// `early_rejected` was called.
int cburrow_quic_early_was_rejected(cburrow_quic_conn *conn);
/// The peer's transport parameters in a form for `early_parameters`. Returns their size or a result.
ptrdiff_t cburrow_quic_encode_early(cburrow_quic_conn *conn, uint8_t *to, size_t room);
/// The largest datagram payload that fits now; 0 when the peer takes none.
size_t cburrow_quic_datagram_limit(cburrow_quic_conn *conn);
/// How often packets with data of a stream were found to be lost; zero when it is over.
size_t cburrow_quic_stream_losses(cburrow_quic_conn *conn, int64_t id);
void cburrow_quic_current_path(cburrow_quic_conn *conn, cburrow_quic_path *path);
/// Whether a datagram leaves room in the congestion window for a packet that ngtcp2 would repeat. It does not arm its
/// probe timer for datagrams, so with a window full of lost ones nothing would ever be sent again.
int cburrow_quic_may_write_datagram(cburrow_quic_conn *conn, size_t count);
/// Sends a PING when nothing was sent or received for this long; zero for never.
void cburrow_quic_set_keep_alive(cburrow_quic_conn *conn, uint64_t timeout);
uint64_t cburrow_quic_bytes_in_flight(cburrow_quic_conn *conn);
size_t cburrow_quic_mtu(cburrow_quic_conn *conn);
void cburrow_quic_get_statistics(cburrow_quic_conn *conn, cburrow_quic_statistics *out);

int cburrow_quic_verify_result(cburrow_quic_conn *conn);
const char *cburrow_quic_verify_text(cburrow_quic_conn *conn);
const char *cburrow_quic_error_text(cburrow_quic_conn *conn);
/// The transport error code (RFC 9000 §20.1) of the last error.
uint64_t cburrow_quic_error_code(cburrow_quic_conn *conn);
/// Name of a TLS alert, or NULL.
const char *cburrow_quic_alert_name(uint8_t alert);
uint8_t cburrow_quic_alert(cburrow_quic_conn *conn);
/// How the peer closed; the reason is valid until the connection is freed.
int cburrow_quic_peer_close(cburrow_quic_conn *conn, uint64_t *code, const uint8_t **reason, size_t *reason_count);

// Packets without a connection.

typedef struct cburrow_quic_header {
  uint32_t version;
  int is_long;
  const uint8_t *dcid;
  size_t dcid_count;
  const uint8_t *scid;
  size_t scid_count;
} cburrow_quic_header;

/// OK, CBURROW_QUIC_VERSION when the version is unknown to us, or FAILED.
int cburrow_quic_decode_header(const uint8_t *data, size_t count, cburrow_quic_header *header);
/// Whether a server may begin a connection with this packet.
int cburrow_quic_accept(const uint8_t *data, size_t count, cburrow_quic_initial *initial);
/// 1 when the token proves the address, 0 when it says nothing, -1 when it is a broken retry token.
int cburrow_quic_check_token(const cburrow_quic_initial *initial, const cburrow_quic_address *remote,
                             const uint8_t secret[CBURROW_QUIC_SECRET_SIZE], uint64_t now,
                             cburrow_quic_cid *original_dcid);
ptrdiff_t cburrow_quic_write_retry(uint8_t *to, size_t room, const cburrow_quic_initial *initial,
                                   const cburrow_quic_cid *scid, const cburrow_quic_address *remote,
                                   const uint8_t secret[CBURROW_QUIC_SECRET_SIZE], uint64_t now);
ptrdiff_t cburrow_quic_write_version_negotiation(uint8_t *to, size_t room, uint8_t random,
                                                 const cburrow_quic_header *header);
ptrdiff_t cburrow_quic_write_stateless_reset(uint8_t *to, size_t room, const uint8_t secret[CBURROW_QUIC_SECRET_SIZE],
                                             const cburrow_quic_header *header, const uint8_t *random,
                                             size_t random_count);
/// CONNECTION_REFUSED, or INVALID_TOKEN.
ptrdiff_t cburrow_quic_write_refusal(uint8_t *to, size_t room, const cburrow_quic_initial *initial, int invalid_token);

#endif
