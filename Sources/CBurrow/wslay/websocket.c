#include "cburrow_wslay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <wslay/wslay.h>

// Control frames that wait to be answered. A peer that sends pings and reads no pongs is not waited for.
#define QUEUED_MAX 4096

struct cburrow_ws {
  wslay_event_context_ptr context;
  uint32_t frame_limit;
  uint32_t frames;
  int is_flooded;
  // Only while reading.
  const uint8_t *input;
  size_t left;
  cburrow_ws_message message;
  void *user;
  // Only while writing.
  uint8_t *output;
  size_t room;
  // Random bytes for masks, fetched many at a time.
  uint8_t masks[256];
  size_t masks_left;
};

static ssize_t pull(wslay_event_context_ptr context, uint8_t *to, size_t room, int flags, void *user) {
  cburrow_ws *ws = user;
  (void)flags;
  if (ws->left == 0 || ws->is_flooded) {
    wslay_event_set_error(context, WSLAY_ERR_WOULDBLOCK);
    return -1;
  }
  size_t count = ws->left < room ? ws->left : room;
  memcpy(to, ws->input, count);
  ws->input += count;
  ws->left -= count;
  return (ssize_t)count;
}

static ssize_t push(wslay_event_context_ptr context, const uint8_t *bytes, size_t count, int flags, void *user) {
  cburrow_ws *ws = user;
  (void)flags;
  if (ws->room == 0) {
    wslay_event_set_error(context, WSLAY_ERR_WOULDBLOCK);
    return -1;
  }
  if (count > ws->room) count = ws->room;
  memcpy(ws->output, bytes, count);
  ws->output += count;
  ws->room -= count;
  return (ssize_t)count;
}

static int make_mask(wslay_event_context_ptr context, uint8_t *out, size_t count, void *user) {
  cburrow_ws *ws = user;
  if (count > sizeof(ws->masks)) goto failed;
  if (ws->masks_left < count) {
    size_t have = 0;
    while (have < sizeof(ws->masks)) {
      ssize_t n = getrandom(ws->masks + have, sizeof(ws->masks) - have, 0);
      if (n < 0 && errno != EINTR) goto failed;
      if (n > 0) have += (size_t)n;
    }
    ws->masks_left = sizeof(ws->masks);
  }
  ws->masks_left -= count;
  memcpy(out, ws->masks + ws->masks_left, count);
  return 0;
failed:
  wslay_event_set_error(context, WSLAY_ERR_CALLBACK_FAILURE);
  return -1;
}

static void frame_began(wslay_event_context_ptr context, const struct wslay_event_on_frame_recv_start_arg *frame,
                        void *user) {
  cburrow_ws *ws = user;
  (void)context, (void)frame;
  if (++ws->frames > ws->frame_limit) ws->is_flooded = 1;
}

static void message_came(wslay_event_context_ptr context, const struct wslay_event_on_msg_recv_arg *message,
                         void *user) {
  cburrow_ws *ws = user;
  if (wslay_event_get_queued_msg_count(context) > QUEUED_MAX) ws->is_flooded = 1;
  if (ws->is_flooded) return;
  if (!wslay_is_ctrl_frame(message->opcode)) ws->frames = 0;
  if (ws->message) ws->message(ws->user, message->opcode, message->status_code, message->msg, message->msg_length);
}

cburrow_ws *cburrow_ws_make(uint64_t message_limit, uint32_t frame_limit) {
  cburrow_ws *ws = calloc(1, sizeof(*ws));
  if (!ws) return NULL;
  ws->frame_limit = frame_limit;
  struct wslay_event_callbacks callbacks = {
      .recv_callback = pull,
      .send_callback = push,
      .genmask_callback = make_mask,
      .on_frame_recv_start_callback = frame_began,
      .on_msg_recv_callback = message_came,
  };
  if (wslay_event_context_client_init(&ws->context, &callbacks, ws) != 0) {
    free(ws);
    return NULL;
  }
  wslay_event_config_set_max_recv_msg_length(ws->context, message_limit);
  return ws;
}

void cburrow_ws_free(cburrow_ws *ws) {
  if (!ws) return;
  wslay_event_context_free(ws->context);
  free(ws);
}

int cburrow_ws_read(cburrow_ws *ws, const uint8_t *bytes, size_t count, cburrow_ws_message message, void *user) {
  ws->input = bytes;
  ws->left = count;
  ws->message = message;
  ws->user = user;
  int result = wslay_event_recv(ws->context);
  ws->input = NULL;
  ws->left = 0;
  ws->message = NULL;
  ws->user = NULL;
  if (ws->is_flooded) return CBURROW_WS_TOO_MANY;
  if (result == WSLAY_ERR_NOMEM) return CBURROW_WS_MEMORY;
  if (result != 0) return CBURROW_WS_PROTOCOL;
  // wslay answers broken input by queueing a close frame, and reads no further.
  if (!wslay_event_get_read_enabled(ws->context) && !wslay_event_get_close_received(ws->context)) {
    return CBURROW_WS_PROTOCOL;
  }
  return CBURROW_WS_OK;
}

int cburrow_ws_send(cburrow_ws *ws, int opcode, const uint8_t *bytes, size_t count) {
  struct wslay_event_msg message = {.opcode = (uint8_t)opcode, .msg = bytes, .msg_length = count};
  return wslay_event_queue_msg(ws->context, &message) == 0 ? 0 : -1;
}

void cburrow_ws_close(cburrow_ws *ws, uint16_t status) {
  // Fails when one is queued already, which is as good.
  (void)wslay_event_queue_close(ws->context, status, NULL, 0);
}

ptrdiff_t cburrow_ws_write(cburrow_ws *ws, uint8_t *out, size_t capacity) {
  ws->output = out;
  ws->room = capacity;
  int result = wslay_event_send(ws->context);
  size_t written = capacity - ws->room;
  ws->output = NULL;
  ws->room = 0;
  return result == 0 || written ? (ptrdiff_t)written : -1;
}

int cburrow_ws_wants_write(const cburrow_ws *ws) { return wslay_event_want_write(ws->context); }

int cburrow_ws_sent_too_large(const cburrow_ws *ws) {
  return wslay_event_get_status_code_sent(ws->context) == WSLAY_CODE_MESSAGE_TOO_BIG;
}
