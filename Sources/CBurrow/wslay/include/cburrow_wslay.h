// The client's side of a WebSocket (RFC 6455) over wslay: bytes in, messages out; messages in, bytes out.
#ifndef CBURROW_WSLAY_H
#define CBURROW_WSLAY_H

#include <stddef.h>
#include <stdint.h>

#if defined(__clang__)
#pragma clang assume_nonnull begin
#endif

typedef struct cburrow_ws cburrow_ws;

enum {
  CBURROW_WS_TEXT = 1,
  CBURROW_WS_BINARY = 2,
  CBURROW_WS_CLOSE = 8,
  CBURROW_WS_PING = 9,
  CBURROW_WS_PONG = 10
};

/// What came of reading.
enum {
  CBURROW_WS_OK = 0,
  /// The peer broke the protocol, or a message is longer than allowed. A close frame with the reason is queued.
  CBURROW_WS_PROTOCOL = -1,
  /// More frames than allowed without a message.
  CBURROW_WS_TOO_MANY = -3,
  CBURROW_WS_MEMORY = -4
};

/// A message is complete; status is that of a close frame. The bytes live until it returns.
typedef void (*cburrow_ws_message)(void *_Nullable user, int opcode, uint16_t status, const uint8_t *_Nullable bytes,
                                   size_t count);

/// What a message may have: bytes, and frames up to its end. NULL without memory.
cburrow_ws *_Nullable cburrow_ws_make(uint64_t message_limit, uint32_t frame_limit);
void cburrow_ws_free(cburrow_ws *ws);
/// Reads all of these bytes; calls back for each message.
int cburrow_ws_read(cburrow_ws *ws, const uint8_t *bytes, size_t count, cburrow_ws_message message,
                    void *_Nullable user);
/// Queues a message or a ping. 0, or negative when nothing more can be sent.
int cburrow_ws_send(cburrow_ws *ws, int opcode, const uint8_t *_Nullable bytes, size_t count);
/// Queues a close frame.
void cburrow_ws_close(cburrow_ws *ws, uint16_t status);
/// Writes what is queued as far as it fits. Returns how much, or a negative number.
ptrdiff_t cburrow_ws_write(cburrow_ws *ws, uint8_t *out, size_t capacity);
/// Whether a close frame was written that says that a message is too long.
int cburrow_ws_sent_too_large(const cburrow_ws *ws);
/// Whether something is queued.
int cburrow_ws_wants_write(const cburrow_ws *ws);

#if defined(__clang__)
#pragma clang assume_nonnull end
#endif

#endif
