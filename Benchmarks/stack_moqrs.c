/* moq-rs, through the C interface of its shared library.
 *
 * The library has a UniFFI interface: objects are 64-bit handles that every method call consumes (so they are
 * cloned first), compound values travel serialised big-endian in a "RustBuffer", and an asynchronous method
 * returns a future that is polled with a continuation. The continuation may be called from any thread of the
 * library, possibly under a lock, so it only puts the future on a queue; one thread of ours polls, completes
 * and reads. Nothing of Python takes part.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "moqrs_interface.h"
#include "peer.h"

const char *const stack_name = "moq-rs";

/* -- futures ------------------------------------------------------------------------------------------ */

enum kind {
  CONNECT,
  AVAILABLE,
  SUBSCRIBE,
  RECV_GROUP,
  READ_FRAME,
  LISTEN,
  ACCEPT,
  ANSWER,
  CLOSED
};
enum shape {
  SHAPE_U64,
  SHAPE_BUFFER,
  SHAPE_VOID
};

struct task {
  handle future, object;
  void *owner;
  struct task *next;
  enum kind kind;
  enum shape shape;
  atomic_int ready;
};

static pthread_mutex_t queue_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t queue_wake = PTHREAD_COND_INITIALIZER;
static struct task *queue_head, **queue_tail = &queue_head;
static _Thread_local struct task *polling;

static void enqueue(struct task *t) {
  t->next = NULL;
  pthread_mutex_lock(&queue_lock);
  int was_empty = queue_head == NULL;
  *queue_tail = t;
  queue_tail = &t->next;
  if (was_empty) pthread_cond_signal(&queue_wake);
  pthread_mutex_unlock(&queue_lock);
}

static void continued(uint64_t data, int8_t code) {
  struct task *t = (struct task *)(uintptr_t)data;
  if (code == POLL_READY) atomic_store_explicit(&t->ready, 1, memory_order_release);
  if (code == POLL_READY && polling == t) return; /* answered within the poll: the caller goes on */
  enqueue(t);
}

static void await_future(enum kind kind, enum shape shape, handle future, handle object, void *owner) {
  struct task *t = calloc(1, sizeof *t);
  if (!t) fail("out of memory");
  t->kind = kind;
  t->shape = shape;
  t->future = future;
  t->object = object;
  t->owner = owner;
  enqueue(t);
}

static void completed(struct task *t);

static void poll_task(struct task *t) {
  if (!atomic_load_explicit(&t->ready, memory_order_acquire)) {
    polling = t;
    switch (t->shape) {
    case SHAPE_U64:
      FFI(rust_future_poll_u64)(t->future, continued, (uint64_t)(uintptr_t)t);
      break;
    case SHAPE_BUFFER:
      FFI(rust_future_poll_rust_buffer)(t->future, continued, (uint64_t)(uintptr_t)t);
      break;
    case SHAPE_VOID:
      FFI(rust_future_poll_void)(t->future, continued, (uint64_t)(uintptr_t)t);
      break;
    }
    polling = NULL;
    /* Only this thread frees tasks, so `t` is still there even when a wake already queued it again. */
    if (!atomic_load_explicit(&t->ready, memory_order_acquire)) return;
  }
  completed(t);
  free(t);
}

static void *deliver(void *unused) {
  (void)unused;
  pthread_setname_np(pthread_self(), "bench-deliver");
  for (;;) {
    pthread_mutex_lock(&queue_lock);
    while (!queue_head)
      pthread_cond_wait(&queue_wake, &queue_lock);
    struct task *t = queue_head;
    queue_head = NULL;
    queue_tail = &queue_head;
    pthread_mutex_unlock(&queue_lock);
    while (t) {
      struct task *next = t->next;
      poll_task(t);
      t = next;
    }
  }
  return NULL;
}

/* -- connections ---------------------------------------------------------------------------------------- */

struct link {
  const char *url;
  handle client, session, publish_origin, consume_origin, consumer, broadcast;
  int closed;
};

struct outlet {
  handle track, group;
};

struct want { /* a subscription on its way */
  struct link *link;
  struct inlet *inlet;
  const struct track_spec *spec;
};

struct reader {
  struct want *want;
  handle track;
};

int stack_start(const char *library) {
  void *lib = dlopen(library, RTLD_NOW | RTLD_LOCAL);
  if (!lib) fail("%s", dlerror());
#define LOAD(result, name, parameters)     \
  *(void **)&p_##name = dlsym(lib, #name); \
  if (!p_##name) fail("moq-rs library has no " #name);
  FUNCTIONS(LOAD)
  if (FFI(uniffi_contract_version)() != 30) fail("moq-rs library speaks another interface version");
  pthread_t thread;
  if (pthread_create(&thread, NULL, deliver, NULL)) fail("no thread");
  return 0;
}

static handle new_origin(void) {
  struct call_status st = {0};
  struct writer w = writer(1);
  put_u8(&w, 0);
  handle h = FN(constructor_moqoriginproducer_new)(w.b, &st);
  if (failed(&st, "origin")) fail("moq-rs: no origin");
  return h;
}

struct link *stack_open(const char *url, const char *prefix, const char *path, int consumes) {
  (void)prefix; /* this interface asks a relay for everything it announces */
  struct call_status st = {0};
  struct link *l = calloc(1, sizeof *l);
  if (!l) fail("out of memory");
  l->url = url;
  l->client = FN(constructor_moqclient_new)(&st);
  if (failed(&st, "client")) fail("moq-rs: no client");
  METHOD(moqclient_set_tls_verify)(cloned(FN(clone_moqclient), l->client), 0, &st);
  METHOD(moqclient_set_websocket_enabled)(cloned(FN(clone_moqclient), l->client), 0, &st);
  METHOD(moqclient_set_reconnect)(cloned(FN(clone_moqclient), l->client), 0, &st);
  failed(&st, "client settings");
  if (path) {
    l->publish_origin = new_origin();
    handle o = cloned(FN(clone_moqoriginproducer), l->publish_origin);
    l->broadcast = METHOD(moqoriginproducer_create_broadcast)(o, text(path), &st);
    if (failed(&st, "broadcast")) fail("moq-rs: no broadcast %s", path);
    METHOD(moqclient_set_publish)
    (cloned(FN(clone_moqclient), l->client), some_handle(cloned(FN(clone_moqoriginproducer), l->publish_origin)), &st);
  }
  if (consumes || !path) {
    l->consume_origin = new_origin();
    l->consumer = METHOD(moqoriginproducer_consume)(cloned(FN(clone_moqoriginproducer), l->consume_origin), &st);
    METHOD(moqclient_set_consume)
    (cloned(FN(clone_moqclient), l->client), some_handle(cloned(FN(clone_moqoriginproducer), l->consume_origin)), &st);
  }
  failed(&st, "origins");
  return l;
}

struct outlet *stack_publish(struct link *l, const struct track_spec *spec) {
  struct call_status st = {0};
  struct outlet *o = calloc(1, sizeof *o);
  if (!o) fail("out of memory");
  struct writer w = writer(32); /* optional track information: priority, max age, time scale */
  put_u8(&w, 1);
  put_u8(&w, (uint8_t)spec->priority);
  put_u8(&w, 1);
  put_u64(&w, (uint64_t)spec->max_age_ms * 1000);
  put_u8(&w, 0);
  handle b = cloned(FN(clone_moqbroadcastproducer), l->broadcast);
  o->track = METHOD(moqbroadcastproducer_publish_track)(b, text(spec->name), w.b, &st);
  if (failed(&st, "track")) fail("moq-rs: no track %s", spec->name);
  return o;
}

void stack_connect(struct link *l) {
  struct call_status st = {0};
  if (l->broadcast) {
    struct writer w = writer(32); /* route: no hops, cost 0, not cold, not anonymous */
    put_i32(&w, 0);
    put_u64(&w, 0);
    put_u8(&w, 0);
    put_u8(&w, 0);
    METHOD(moqbroadcastproducer_announce)(cloned(FN(clone_moqbroadcastproducer), l->broadcast), w.b, &st);
    failed(&st, "announce");
  }
  handle f = METHOD(moqclient_connect)(cloned(FN(clone_moqclient), l->client), text(l->url));
  await_future(CONNECT, SHAPE_U64, f, 0, l);
}

void stack_subscribe(struct link *l, const char *path, const struct track_spec *spec, struct inlet *inlet) {
  struct call_status st = {0};
  struct want *w = calloc(1, sizeof *w);
  if (!w) fail("out of memory");
  w->link = l;
  w->inlet = inlet;
  w->spec = spec;
  handle a =
      METHOD(moqoriginconsumer_announced_broadcast)(cloned(FN(clone_moqoriginconsumer), l->consumer), text(path), &st);
  if (failed(&st, "announced")) fail("moq-rs: cannot wait for %s", path);
  handle f = METHOD(moqannouncedbroadcast_available)(cloned(FN(clone_moqannouncedbroadcast), a));
  await_future(AVAILABLE, SHAPE_U64, f, a, w);
}

static struct rust_buffer frame_buffer(const uint8_t *data, size_t size, uint64_t us) {
  struct writer w = writer(size + 12);
  put_i32(&w, (int32_t)size);
  put(&w, data, size);
  put_u64(&w, us);
  return w.b;
}

int stack_push(struct outlet *o, const uint8_t *data, size_t size, int first, int last, uint64_t us) {
  struct call_status st = {0};
  if (first && last) {
    handle t = cloned(FN(clone_moqtrackproducer), o->track);
    METHOD(moqtrackproducer_write_frame)(t, frame_buffer(data, size, us), &st);
    return failed(&st, "write") ? -1 : 0;
  }
  if (first) {
    o->group = METHOD(moqtrackproducer_append_group)(cloned(FN(clone_moqtrackproducer), o->track), &st);
    if (failed(&st, "group")) return -1;
  }
  handle g = cloned(FN(clone_moqgroupproducer), o->group);
  METHOD(moqgroupproducer_write_frame)(g, frame_buffer(data, size, us), &st);
  int bad = failed(&st, "write in group");
  if (last) {
    METHOD(moqgroupproducer_finish)(cloned(FN(clone_moqgroupproducer), o->group), &st);
    failed(&st, "finish");
    FN(free_moqgroupproducer)(o->group, &st);
    o->group = 0;
  }
  return bad ? -1 : 0;
}

void stack_close(struct link *l) {
  struct call_status st = {0};
  l->closed = 1;
  if (l->session) {
    METHOD(moqsession_shutdown)(cloned(FN(clone_moqsession), l->session), &st);
    FN(free_moqsession)(l->session, &st);
  }
  if (l->consumer) FN(free_moqoriginconsumer)(l->consumer, &st);
  if (l->consume_origin) FN(free_moqoriginproducer)(l->consume_origin, &st);
  if (l->broadcast) FN(free_moqbroadcastproducer)(l->broadcast, &st);
  if (l->publish_origin) FN(free_moqoriginproducer)(l->publish_origin, &st);
  FN(free_moqclient)(l->client, &st);
  /* `l` itself stays: futures on their way still look at `closed`. */
}

static void next_group(struct reader *r) {
  handle f = METHOD(moqtrackconsumer_recv_group)(cloned(FN(clone_moqtrackconsumer), r->track));
  await_future(RECV_GROUP, SHAPE_BUFFER, f, 0, r);
}

static void next_frame(struct reader *r, handle group) {
  handle f = METHOD(moqgroupconsumer_read_frame)(cloned(FN(clone_moqgroupconsumer), group));
  await_future(READ_FRAME, SHAPE_BUFFER, f, group, r);
}

/* -- the relay ---------------------------------------------------------------------------------------------- */

static handle relay_server;

static void accept_next(void) {
  handle f = METHOD(moqserver_accept)(cloned(FN(clone_moqserver), relay_server));
  await_future(ACCEPT, SHAPE_BUFFER, f, 0, NULL);
}

int stack_relay(const char *bind) {
  struct call_status st = {0};
  handle origin = new_origin(); /* the same origin in and out makes a server a relay */
  relay_server = FN(constructor_moqserver_new)(&st);
  METHOD(moqserver_set_bind)(cloned(FN(clone_moqserver), relay_server), text(bind), &st);
  struct writer w = writer(32);
  put_i32(&w, 1);
  put_i32(&w, 9);
  put(&w, "localhost", 9);
  METHOD(moqserver_set_tls_generate)(cloned(FN(clone_moqserver), relay_server), w.b, &st);
  METHOD(moqserver_set_publish)
  (cloned(FN(clone_moqserver), relay_server), some_handle(cloned(FN(clone_moqoriginproducer), origin)), &st);
  METHOD(moqserver_set_consume)
  (cloned(FN(clone_moqserver), relay_server), some_handle(cloned(FN(clone_moqoriginproducer), origin)), &st);
  if (failed(&st, "server")) return -1;
  handle f = METHOD(moqserver_listen)(cloned(FN(clone_moqserver), relay_server));
  await_future(LISTEN, SHAPE_BUFFER, f, 0, NULL);
  for (;;)
    pause();
}

/* -- results of futures, on the delivery thread --------------------------------------------------------------- */

static void completed_u64(struct task *t) {
  struct call_status st = {0};
  uint64_t v = FFI(rust_future_complete_u64)(t->future, &st);
  FFI(rust_future_free_u64)(t->future);
  static const char *const names[] = {"connect", "available", "subscribe", "", "", "", "", "answer", ""};
  int bad = failed(&st, names[t->kind]);
  switch (t->kind) {
  case CONNECT: {
    struct link *l = t->owner;
    if (!bad) l->session = v;
    peer_linked(l, !bad);
    break;
  }
  case AVAILABLE: {
    struct want *w = t->owner;
    FN(free_moqannouncedbroadcast)(t->object, &st);
    if (bad || w->link->closed) break;
    struct writer name = writer(strlen(w->spec->name) + 1), want = writer(32);
    put(&name, w->spec->name, strlen(w->spec->name));
    put_u8(&want, 1); /* optional subscription: priority, max age, first and last group */
    put_u8(&want, (uint8_t)w->spec->priority);
    put_u64(&want, (uint64_t)w->spec->max_age_ms * 1000);
    put_u8(&want, 0);
    put_u8(&want, 0);
    handle f = METHOD(moqbroadcastconsumer_subscribe_track)(cloned(FN(clone_moqbroadcastconsumer), v), name.b, want.b);
    await_future(SUBSCRIBE, SHAPE_U64, f, v, w);
    break;
  }
  case SUBSCRIBE: {
    struct want *w = t->owner;
    FN(free_moqbroadcastconsumer)(t->object, &st);
    if (bad || w->link->closed) break;
    struct reader *r = calloc(1, sizeof *r);
    if (!r) fail("out of memory");
    r->want = w;
    r->track = v;
    next_group(r);
    break;
  }
  case ANSWER:
    FN(free_moqrequest)(t->object, &st);
    if (bad) break;
    await_future(CLOSED, SHAPE_VOID, METHOD(moqsession_closed)(cloned(FN(clone_moqsession), v)), v, NULL);
    break;
  default:
    break;
  }
}

static void completed_buffer(struct task *t) {
  struct call_status st = {0};
  struct rust_buffer b = FFI(rust_future_complete_rust_buffer)(t->future, &st);
  FFI(rust_future_free_rust_buffer)(t->future);
  int bad = failed(&st, t->kind == LISTEN ? "listen" : t->kind == ACCEPT ? "accept" : "read");
  int some = !bad && b.len >= 1 && b.data[0] == 1;
  struct reader *r = t->owner;
  switch (t->kind) {
  case RECV_GROUP:
    if (some && !r->want->link->closed) {
      next_frame(r, get_u64(b.data + 1));
      next_group(r);
    } else {
      FN(free_moqtrackconsumer)(r->track, &st);
    }
    break;
  case READ_FRAME:
    if (some && !r->want->link->closed) {
      /* flag, length of the payload (4 bytes), payload, time stamp (8 bytes) */
      if (b.len >= 13) peer_frame(r->want->inlet, b.data + 5, b.len - 13);
      next_frame(r, t->object);
    } else {
      FN(free_moqgroupconsumer)(t->object, &st);
    }
    break;
  case LISTEN:
    if (bad) fail("moq-rs: cannot listen");
    printf("listening %.*s\n", (int)b.len, (const char *)b.data);
    fflush(stdout);
    accept_next();
    break;
  case ACCEPT:
    if (some) {
      handle q = get_u64(b.data + 1);
      await_future(ANSWER, SHAPE_U64, METHOD(moqrequest_accept)(cloned(FN(clone_moqrequest), q)), q, NULL);
    }
    if (!bad) accept_next();
    break;
  default:
    break;
  }
  if (!bad && b.data) free_buffer(b);
}

static void completed(struct task *t) {
  struct call_status st = {0};
  switch (t->shape) {
  case SHAPE_U64:
    completed_u64(t);
    break;
  case SHAPE_BUFFER:
    completed_buffer(t);
    break;
  case SHAPE_VOID:
    FFI(rust_future_complete_void)(t->future, &st);
    FFI(rust_future_free_void)(t->future);
    failed(&st, "closed");
    FN(free_moqsession)(t->object, &st);
    break;
  }
}
