/* The UniFFI interface of moq-ffi 0.4.18, as far as stack_moqrs.c uses it. */
#ifndef BENCH_MOQRS_INTERFACE_H
#define BENCH_MOQRS_INTERFACE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "peer.h"

struct rust_buffer {
  uint64_t capacity, len;
  uint8_t *data;
};
struct call_status {
  int8_t code;
  struct rust_buffer error;
};
typedef uint64_t handle;
typedef void (*continuation)(uint64_t data, int8_t code);

enum {
  POLL_READY = 0
};

/* -- the functions used: result, name, parameters ------------------------------------------------- */

#define ST struct call_status *
#define RB struct rust_buffer
#define FUNCTIONS(F)                                                                           \
  F(RB, ffi_moq_ffi_rustbuffer_alloc, (uint64_t, ST))                                          \
  F(void, ffi_moq_ffi_rustbuffer_free, (RB, ST))                                               \
  F(uint32_t, ffi_moq_ffi_uniffi_contract_version, (void))                                     \
  F(void, ffi_moq_ffi_rust_future_poll_u64, (handle, continuation, uint64_t))                  \
  F(uint64_t, ffi_moq_ffi_rust_future_complete_u64, (handle, ST))                              \
  F(void, ffi_moq_ffi_rust_future_free_u64, (handle))                                          \
  F(void, ffi_moq_ffi_rust_future_poll_rust_buffer, (handle, continuation, uint64_t))          \
  F(RB, ffi_moq_ffi_rust_future_complete_rust_buffer, (handle, ST))                            \
  F(void, ffi_moq_ffi_rust_future_free_rust_buffer, (handle))                                  \
  F(void, ffi_moq_ffi_rust_future_poll_void, (handle, continuation, uint64_t))                 \
  F(void, ffi_moq_ffi_rust_future_complete_void, (handle, ST))                                 \
  F(void, ffi_moq_ffi_rust_future_free_void, (handle))                                         \
  F(handle, uniffi_moq_ffi_fn_constructor_moqclient_new, (ST))                                 \
  F(handle, uniffi_moq_ffi_fn_clone_moqclient, (handle, ST))                                   \
  F(void, uniffi_moq_ffi_fn_free_moqclient, (handle, ST))                                      \
  F(void, uniffi_moq_ffi_fn_method_moqclient_set_tls_verify, (handle, int8_t, ST))             \
  F(void, uniffi_moq_ffi_fn_method_moqclient_set_websocket_enabled, (handle, int8_t, ST))      \
  F(void, uniffi_moq_ffi_fn_method_moqclient_set_reconnect, (handle, int8_t, ST))              \
  F(void, uniffi_moq_ffi_fn_method_moqclient_set_publish, (handle, RB, ST))                    \
  F(void, uniffi_moq_ffi_fn_method_moqclient_set_consume, (handle, RB, ST))                    \
  F(handle, uniffi_moq_ffi_fn_method_moqclient_connect, (handle, RB))                          \
  F(handle, uniffi_moq_ffi_fn_clone_moqsession, (handle, ST))                                  \
  F(void, uniffi_moq_ffi_fn_free_moqsession, (handle, ST))                                     \
  F(void, uniffi_moq_ffi_fn_method_moqsession_shutdown, (handle, ST))                          \
  F(handle, uniffi_moq_ffi_fn_method_moqsession_closed, (handle))                              \
  F(handle, uniffi_moq_ffi_fn_constructor_moqoriginproducer_new, (RB, ST))                     \
  F(handle, uniffi_moq_ffi_fn_clone_moqoriginproducer, (handle, ST))                           \
  F(void, uniffi_moq_ffi_fn_free_moqoriginproducer, (handle, ST))                              \
  F(handle, uniffi_moq_ffi_fn_method_moqoriginproducer_consume, (handle, ST))                  \
  F(handle, uniffi_moq_ffi_fn_method_moqoriginproducer_create_broadcast, (handle, RB, ST))     \
  F(handle, uniffi_moq_ffi_fn_clone_moqoriginconsumer, (handle, ST))                           \
  F(void, uniffi_moq_ffi_fn_free_moqoriginconsumer, (handle, ST))                              \
  F(handle, uniffi_moq_ffi_fn_method_moqoriginconsumer_announced_broadcast, (handle, RB, ST))  \
  F(handle, uniffi_moq_ffi_fn_clone_moqannouncedbroadcast, (handle, ST))                       \
  F(void, uniffi_moq_ffi_fn_free_moqannouncedbroadcast, (handle, ST))                          \
  F(handle, uniffi_moq_ffi_fn_method_moqannouncedbroadcast_available, (handle))                \
  F(handle, uniffi_moq_ffi_fn_clone_moqbroadcastproducer, (handle, ST))                        \
  F(void, uniffi_moq_ffi_fn_free_moqbroadcastproducer, (handle, ST))                           \
  F(void, uniffi_moq_ffi_fn_method_moqbroadcastproducer_announce, (handle, RB, ST))            \
  F(handle, uniffi_moq_ffi_fn_method_moqbroadcastproducer_publish_track, (handle, RB, RB, ST)) \
  F(handle, uniffi_moq_ffi_fn_clone_moqbroadcastconsumer, (handle, ST))                        \
  F(void, uniffi_moq_ffi_fn_free_moqbroadcastconsumer, (handle, ST))                           \
  F(handle, uniffi_moq_ffi_fn_method_moqbroadcastconsumer_subscribe_track, (handle, RB, RB))   \
  F(handle, uniffi_moq_ffi_fn_clone_moqtrackproducer, (handle, ST))                            \
  F(void, uniffi_moq_ffi_fn_free_moqtrackproducer, (handle, ST))                               \
  F(void, uniffi_moq_ffi_fn_method_moqtrackproducer_write_frame, (handle, RB, ST))             \
  F(handle, uniffi_moq_ffi_fn_method_moqtrackproducer_append_group, (handle, ST))              \
  F(handle, uniffi_moq_ffi_fn_clone_moqgroupproducer, (handle, ST))                            \
  F(void, uniffi_moq_ffi_fn_free_moqgroupproducer, (handle, ST))                               \
  F(void, uniffi_moq_ffi_fn_method_moqgroupproducer_write_frame, (handle, RB, ST))             \
  F(void, uniffi_moq_ffi_fn_method_moqgroupproducer_finish, (handle, ST))                      \
  F(handle, uniffi_moq_ffi_fn_clone_moqtrackconsumer, (handle, ST))                            \
  F(void, uniffi_moq_ffi_fn_free_moqtrackconsumer, (handle, ST))                               \
  F(handle, uniffi_moq_ffi_fn_method_moqtrackconsumer_recv_group, (handle))                    \
  F(handle, uniffi_moq_ffi_fn_clone_moqgroupconsumer, (handle, ST))                            \
  F(void, uniffi_moq_ffi_fn_free_moqgroupconsumer, (handle, ST))                               \
  F(handle, uniffi_moq_ffi_fn_method_moqgroupconsumer_read_frame, (handle))                    \
  F(handle, uniffi_moq_ffi_fn_constructor_moqserver_new, (ST))                                 \
  F(handle, uniffi_moq_ffi_fn_clone_moqserver, (handle, ST))                                   \
  F(void, uniffi_moq_ffi_fn_method_moqserver_set_bind, (handle, RB, ST))                       \
  F(void, uniffi_moq_ffi_fn_method_moqserver_set_tls_generate, (handle, RB, ST))               \
  F(void, uniffi_moq_ffi_fn_method_moqserver_set_publish, (handle, RB, ST))                    \
  F(void, uniffi_moq_ffi_fn_method_moqserver_set_consume, (handle, RB, ST))                    \
  F(handle, uniffi_moq_ffi_fn_method_moqserver_listen, (handle))                               \
  F(handle, uniffi_moq_ffi_fn_method_moqserver_accept, (handle))                               \
  F(handle, uniffi_moq_ffi_fn_clone_moqrequest, (handle, ST))                                  \
  F(void, uniffi_moq_ffi_fn_free_moqrequest, (handle, ST))                                     \
  F(handle, uniffi_moq_ffi_fn_method_moqrequest_accept, (handle))

#define DECLARE(result, name, parameters) static result(*p_##name) parameters;
FUNCTIONS(DECLARE)

#define FFI(name) p_ffi_moq_ffi_##name
#define FN(name) p_uniffi_moq_ffi_fn_##name
#define METHOD(name) p_uniffi_moq_ffi_fn_method_##name

/* -- calls and buffers ------------------------------------------------------------------------------ */

static void free_buffer(struct rust_buffer b) {
  struct call_status st = {0};
  FFI(rustbuffer_free)(b, &st);
}

/* Reports a failed call once per place; the library's error values are serialised enums, of which the readable
 * bytes say enough. */
static int failed(struct call_status *st, const char *what) {
  if (st->code == 0) return 0;
  char text[160];
  size_t n = 0;
  for (uint64_t i = 0; i < st->error.len && n + 1 < sizeof text; i++) {
    uint8_t c = st->error.data[i];
    if (c >= 32 && c < 127) text[n++] = (char)c;
  }
  text[n] = 0;
  if (getenv("BENCH_VERBOSE")) {
    fprintf(stderr, "moq-rs: %s: code %d variant %d %s\n", what, st->code, st->error.len >= 4 ? st->error.data[3] : -1,
            text);
  }
  if (st->error.data) free_buffer(st->error);
  memset(st, 0, sizeof *st);
  return 1;
}

struct writer {
  struct rust_buffer b;
};

static struct writer writer(uint64_t capacity) {
  struct call_status st = {0};
  struct writer w = {FFI(rustbuffer_alloc)(capacity, &st)};
  if (st.code) fail("moq-rs: no buffer");
  w.b.len = 0;
  return w;
}

static void put(struct writer *w, const void *p, size_t n) {
  if (w->b.len + n > w->b.capacity) fail("moq-rs: buffer too small");
  memcpy(w->b.data + w->b.len, p, n);
  w->b.len += n;
}

static void put_u8(struct writer *w, uint8_t v) { put(w, &v, 1); }
static void put_i32(struct writer *w, int32_t v) {
  uint32_t be = __builtin_bswap32((uint32_t)v);
  put(w, &be, 4);
}
static void put_u64(struct writer *w, uint64_t v) {
  uint64_t be = __builtin_bswap64(v);
  put(w, &be, 8);
}

static struct rust_buffer text(const char *s) {
  struct writer w = writer(strlen(s) + 1);
  put(&w, s, strlen(s));
  return w.b;
}

static struct rust_buffer some_handle(handle h) {
  struct writer w = writer(9);
  put_u8(&w, 1);
  put_u64(&w, h);
  return w.b;
}

static uint64_t get_u64(const uint8_t *p) {
  uint64_t v;
  memcpy(&v, p, 8);
  return __builtin_bswap64(v);
}

static handle cloned(handle (*fn)(handle, ST), handle h) {
  struct call_status st = {0};
  handle c = fn(h, &st);
  failed(&st, "clone");
  return c;
}

#endif
