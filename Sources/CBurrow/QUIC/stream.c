#include "internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

// What servers of today speak, with forward secrecy.
static const char priority_text[] =
    "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305:-KX-ALL:"
    "+ECDHE-ECDSA:+ECDHE-RSA:-MAC-ALL:+AEAD";

struct cburrow_quic_stream {
  gnutls_session_t session;
  cburrow_quic_check check;
  int is_open;
  int is_over;
  int error;
  int alert;
  const uint8_t *input;
  size_t left;
  uint8_t *output;
  size_t output_count;
  size_t output_room;
};

static int verify_peer(gnutls_session_t session) {
  cburrow_quic_stream *stream = gnutls_session_get_ptr(session);
  return cburrow_quic_check_peer(&stream->check, session);
}

static ssize_t pull(gnutls_transport_ptr_t pointer, void *to, size_t room) {
  cburrow_quic_stream *stream = pointer;
  if (stream->left == 0) {
    gnutls_transport_set_errno(stream->session, EAGAIN);
    return -1;
  }
  size_t count = stream->left < room ? stream->left : room;
  memcpy(to, stream->input, count);
  stream->input += count;
  stream->left -= count;
  return (ssize_t)count;
}

static ssize_t push(gnutls_transport_ptr_t pointer, const void *bytes, size_t count) {
  cburrow_quic_stream *stream = pointer;
  if (stream->output_room - stream->output_count < count) {
    size_t room = stream->output_room * 2 + count;
    uint8_t *grown = realloc(stream->output, room);
    if (!grown) {
      gnutls_transport_set_errno(stream->session, ENOMEM);
      return -1;
    }
    stream->output = grown;
    stream->output_room = room;
  }
  memcpy(stream->output + stream->output_count, bytes, count);
  stream->output_count += count;
  return (ssize_t)count;
}

cburrow_quic_stream *cburrow_quic_stream_new(cburrow_quic_tls *tls, const char *name, int *error) {
  static const uint8_t http[] = "http/1.1";
  gnutls_datum_t protocol = {(uint8_t *)http, sizeof(http) - 1};
  cburrow_quic_stream *stream = calloc(1, sizeof(*stream));
  *error = GNUTLS_E_MEMORY_ERROR;
  if (!stream) return NULL;
  *error = gnutls_init(&stream->session, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL | GNUTLS_NO_TICKETS);
  if (*error != 0) {
    free(stream);
    return NULL;
  }
  gnutls_session_set_ptr(stream->session, stream);
  gnutls_transport_set_ptr(stream->session, stream);
  gnutls_transport_set_pull_function(stream->session, pull);
  gnutls_transport_set_push_function(stream->session, push);
  // The owner has a clock.
  gnutls_handshake_set_timeout(stream->session, GNUTLS_INDEFINITE_TIMEOUT);
  gnutls_session_set_verify_function(stream->session, verify_peer);
  *error = cburrow_quic_check_begin(&stream->check, tls, name);
  if (*error == 0) *error = gnutls_priority_set_direct(stream->session, priority_text, NULL);
  if (*error == 0) *error = gnutls_credentials_set(stream->session, GNUTLS_CRD_CERTIFICATE, tls->credentials);
  if (*error == 0) *error = gnutls_alpn_set_protocols(stream->session, &protocol, 1, 0);
  if (*error == 0 && !stream->check.name_is_address) {
    *error = gnutls_server_name_set(stream->session, GNUTLS_NAME_DNS, name, strlen(name));
  }
  if (*error != 0) {
    cburrow_quic_stream_free(stream);
    return NULL;
  }
  return stream;
}

void cburrow_quic_stream_free(cburrow_quic_stream *stream) {
  if (!stream) return;
  gnutls_deinit(stream->session);
  cburrow_quic_check_end(&stream->check);
  free(stream->output);
  free(stream);
}

static int fail(cburrow_quic_stream *stream, int error) {
  stream->error = error;
  if (error == GNUTLS_E_FATAL_ALERT_RECEIVED) {
    stream->alert = (int)gnutls_alert_get(stream->session);
  } else {
    // The peer may as well know.
    (void)gnutls_alert_send_appropriate(stream->session, error);
  }
  stream->is_over = 1;
  return CBURROW_QUIC_STREAM_FAILED;
}

static int handshake(cburrow_quic_stream *stream) {
  for (;;) {
    size_t before = stream->left;
    int rv = gnutls_handshake(stream->session);
    if (rv == GNUTLS_E_SUCCESS) {
      stream->is_open = 1;
      return CBURROW_QUIC_STREAM_OPEN;
    }
    if (rv == GNUTLS_E_AGAIN && (stream->left == 0 || stream->left == before)) return CBURROW_QUIC_STREAM_HANDSHAKING;
    if (gnutls_error_is_fatal(rv)) return fail(stream, rv);
  }
}

int cburrow_quic_stream_read(cburrow_quic_stream *stream, const uint8_t *bytes, size_t count, uint8_t *out,
                             size_t capacity, size_t *written) {
  *written = 0;
  if (stream->is_over) return CBURROW_QUIC_STREAM_FAILED;
  stream->input = bytes;
  stream->left = count;
  int state = CBURROW_QUIC_STREAM_OPEN;
  if (!stream->is_open) state = handshake(stream);
  while (state == CBURROW_QUIC_STREAM_OPEN) {
    if (*written == capacity) {
      state = fail(stream, GNUTLS_E_RECORD_OVERFLOW);
      break;
    }
    size_t before = stream->left;
    ssize_t rv = gnutls_record_recv(stream->session, out + *written, capacity - *written);
    if (rv > 0) {
      *written += (size_t)rv;
    } else if (rv == 0) {
      stream->is_over = 1;
      state = CBURROW_QUIC_STREAM_ENDED;
    } else if (rv == GNUTLS_E_AGAIN && (stream->left == 0 || stream->left == before)) {
      // It says so behind each session ticket too, with more to read.
      break;
    } else if (rv == GNUTLS_E_REHANDSHAKE || gnutls_error_is_fatal((int)rv)) {
      // Nobody renegotiates with us.
      state = fail(stream, (int)rv);
    }
  }
  stream->input = NULL;
  stream->left = 0;
  return state;
}

int cburrow_quic_stream_write(cburrow_quic_stream *stream, const uint8_t *bytes, size_t count) {
  if (!stream->is_open || stream->is_over) return -1;
  size_t done = 0;
  while (done < count) {
    ssize_t rv = gnutls_record_send(stream->session, bytes + done, count - done);
    if (rv > 0) {
      done += (size_t)rv;
    } else if (rv != GNUTLS_E_AGAIN && rv != GNUTLS_E_INTERRUPTED) {
      return fail(stream, (int)rv);
    }
  }
  return 0;
}

void cburrow_quic_stream_end(cburrow_quic_stream *stream) {
  if (stream->is_open && !stream->is_over) (void)gnutls_bye(stream->session, GNUTLS_SHUT_WR);
  stream->is_over = 1;
}

const uint8_t *cburrow_quic_stream_output(cburrow_quic_stream *stream, size_t *count) {
  *count = stream->output_count;
  return stream->output;
}

void cburrow_quic_stream_clear(cburrow_quic_stream *stream) { stream->output_count = 0; }

int cburrow_quic_stream_error(cburrow_quic_stream *stream, int *alert) {
  *alert = stream->alert;
  return stream->error;
}

int cburrow_quic_stream_verify_result(cburrow_quic_stream *stream) { return stream->check.result; }

const char *cburrow_quic_stream_verify_text(cburrow_quic_stream *stream) { return stream->check.text; }

const char *cburrow_quic_alert_text(int alert) {
  const char *text = gnutls_alert_get_name((gnutls_alert_description_t)alert);
  return text ? text : "unknown alert";
}
