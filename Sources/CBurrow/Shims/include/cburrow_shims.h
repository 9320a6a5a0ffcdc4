/* What Swift cannot say in its own words: control messages of sockets, thread-local storage, fork marks. */
#ifndef CBURROW_SHIMS_H
#define CBURROW_SHIMS_H

#include <stddef.h>
#include <stdint.h>

#if defined(__clang__)
#pragma clang assume_nonnull begin
#endif

/* ---- process ---- */

/** Marks forked children from now on. May be called any number of times. */
void cburrow_install_fork_mark(void);
/** 1 in a process that was forked after the mark was installed. */
int cburrow_is_forked(void);
/** Microseconds on CLOCK_MONOTONIC. */
int64_t cburrow_now_us(void);
/** Microseconds since 1970. */
int64_t cburrow_unix_us(void);

/** Makes a file that only its owner may read, unless there is one of that name. Returns an errno or 0. */
int cburrow_private_file(const char *path);

/** The versions of the libraries below us, for people. */
void cburrow_library_versions(char *out, size_t size);

/* ---- this thread ---- */

/** Remembers the sentence of this thread's last failure; what is too long is cut. */
void cburrow_set_last_error(const char *text, size_t length);
/** The sentence; "" when nothing failed yet. Valid until the next failure on this thread. */
const char *cburrow_last_error(void);
/** Notes that a function of the host is running on this thread (+1) or has returned (-1). */
void cburrow_callback_depth_add(int change);
/** How many wakeups and log handlers are running on this thread. */
int cburrow_callback_depth(void);

/* ---- threads ---- */

/** Starts a thread with all signals blocked. Returns 0 or an errno. When detached, *handle stays untouched. */
int cburrow_thread_start(uint64_t *handle, int detached, const char *name, void (*body)(void *), void *argument);
void cburrow_thread_join(uint64_t handle);
/** Lets a thread end by itself, without being joined. */
void cburrow_thread_leave(uint64_t handle);
/** The number of this thread. */
uint64_t cburrow_thread_self(void);
void cburrow_sleep_us(int64_t us);

/* ---- host callbacks ---- */

typedef struct cburrow_callback cburrow_callback;

/** A place for one function of the host that can be replaced while it is in use. */
cburrow_callback *_Nullable cburrow_callback_make(void);
void cburrow_callback_free(cburrow_callback *c);
/** Replaces the function, then waits until running calls have returned. */
void cburrow_callback_set(cburrow_callback *c, void *_Nullable function, void *_Nullable user_data);
/** Takes the function for one call; NULL when there is none. Must be followed by cburrow_callback_end(). */
void *_Nullable cburrow_callback_begin(cburrow_callback *c, void *_Nullable *_Nonnull user_data);
void cburrow_callback_end(cburrow_callback *c);
/** Calls a function that was taken from a callback. */
void cburrow_call_wakeup(void *function, void *_Nullable user_data);
void cburrow_call_log(void *function, void *_Nullable user_data, int32_t level, const char *component,
                      const char *text);

/* ---- thread sanitizer ---- */

#if defined(CBURROW_THREAD_SANITIZER)
void __tsan_acquire(void *address);
void __tsan_release(void *address);
static inline void cburrow_lock_taken(const void *lock) { __tsan_acquire((void *)lock); }
static inline void cburrow_lock_given(const void *lock) { __tsan_release((void *)lock); }
#else
/** Tells the sanitizer what it cannot see: that a lock was taken. Nothing in other builds. */
static inline void cburrow_lock_taken(const void *lock) { (void)lock; }
/** The same for giving it back. */
static inline void cburrow_lock_given(const void *lock) { (void)lock; }
#endif

/* ---- waiting ---- */

int cburrow_eventfd(void);
void cburrow_eventfd_signal(int fd);
void cburrow_eventfd_clear(int fd);
/** Waits until fd is readable. Returns 1, 0 after timeout_ms, or -errno; negative waits without end. */
int cburrow_wait_readable(int fd, int timeout_ms);

int cburrow_epoll(void);
/** Adds or changes a descriptor. Returns 0 or an errno. */
int cburrow_epoll_set(int epoll, int fd, uint64_t token, int add, int writable);
/** Changes what wakes for a descriptor that is there. Errors wake always. Returns 0 or an errno. */
int cburrow_epoll_watch(int epoll, int fd, uint64_t token, int readable, int writable);
void cburrow_epoll_remove(int epoll, int fd);
/** Waits at most timeout_us (negative: without end). tokens and flags (1 readable, 2 writable, 4 error) have room
    for limit entries. Returns how many there are; an interrupted wait is 0. */
int cburrow_epoll_wait(int epoll, int64_t timeout_us, uint64_t *tokens, uint8_t *flags, int limit);

/* ---- addresses ---- */

typedef struct cburrow_address {
  uint64_t high, low; /* IPv4: low 32 bits of low */
  uint32_t scope;
  uint16_t port;
  uint8_t is_v6;
  uint8_t is_set;
} cburrow_address;

/** Looks a name up, both families. Returns the number of addresses, or a negative EAI_ code. */
int cburrow_resolve(const char *host, cburrow_address *out, int limit);
const char *cburrow_resolve_error(int code);
const char *cburrow_errno_text(int code);
/** The errno that says that an address is taken. */
int cburrow_is_address_in_use(int code);
/** Whether the system has no descriptor or memory left. */
int cburrow_is_resource_shortage(int code);

/* ---- UDP ---- */

typedef struct cburrow_udp {
  int fd;
  int has_gso;
  int has_gro;
  int needs_source; /* bound to the wildcard address, so packets carry their local address */
  cburrow_address local;
} cburrow_udp;

/** Opens a socket bound to an address. Returns 0 or an errno. */
int cburrow_udp_bind(cburrow_udp *udp, const cburrow_address *local, int receive_buffer, int send_buffer);
/** Opens a socket that only talks to one peer. Returns 0 or an errno. */
int cburrow_udp_connect(cburrow_udp *udp, const cburrow_address *remote, int receive_buffer, int send_buffer);
void cburrow_close(int fd);

/** One received run of datagrams, all segment bytes long except perhaps the last. */
typedef struct cburrow_arrival {
  void *bytes;
  uint32_t length;
  uint32_t segment;
  uint8_t ecn;
  cburrow_address remote;
  cburrow_address local; /* is_set 0 when the socket's own address holds */
} cburrow_arrival;

typedef struct cburrow_receiver cburrow_receiver;
cburrow_receiver *_Nullable cburrow_receiver_make(void);
void cburrow_receiver_free(cburrow_receiver *r);
/** Receives what is there, as far as there is room. Returns the number of arrivals, 0 for none, or -errno. */
int cburrow_receiver_read(cburrow_receiver *r, const cburrow_udp *udp);
/** An arrival of the last read, valid until the next. */
const cburrow_arrival *cburrow_receiver_arrival(const cburrow_receiver *r, int index);
/** How many arrivals fit into one read. */
int cburrow_receiver_limit(void);

typedef struct cburrow_sender cburrow_sender;
cburrow_sender *_Nullable cburrow_sender_make(void);
void cburrow_sender_free(cburrow_sender *s);
/** Queues one message for the next send; 0 when there is no room. segment is 0 for a single packet, remote NULL on a
    connected socket, local NULL when the system shall choose. The bytes must
    stay where they are until then. */
int cburrow_sender_add(cburrow_sender *s, const cburrow_udp *udp, const void *bytes, size_t length, size_t segment,
                       uint8_t ecn, const cburrow_address *_Nullable remote, const cburrow_address *_Nullable local);
/** Sends the queued messages from index on. Returns how many went out, or -errno when not even one did. */
int cburrow_sender_send(cburrow_sender *s, const cburrow_udp *udp, int from);
int cburrow_sender_count(const cburrow_sender *s);
void cburrow_sender_clear(cburrow_sender *s);

/** What a failed send means. */
enum {
  CBURROW_SEND_BLOCKED = 1,   /* the socket's buffer is full */
  CBURROW_SEND_NO_MEMORY = 2, /* the system is short of buffers, try again soon */
  CBURROW_SEND_NO_GSO = 3,    /* perhaps segmentation is not possible after all */
  CBURROW_SEND_TOO_LARGE = 4,
  CBURROW_SEND_LOST = 5 /* this packet cannot be sent; like a loss on the way */
};
int cburrow_send_failure(int code);
/** Whether a read or send failed because nobody listens at the other end. */
int cburrow_is_refused(int code);

/* ---- TCP ---- */

/** Begins a connection. Returns a descriptor or -errno; it is decided when the descriptor can be written to. */
int cburrow_tcp_connect(const cburrow_address *remote);
/** How connecting ended: 0 or an errno. */
int cburrow_tcp_result(int fd);
enum {
  CBURROW_TCP_BLOCKED = -1000000
};
/** Returns how much was read, 0 at the end, CBURROW_TCP_BLOCKED when nothing is there, or -errno. */
ptrdiff_t cburrow_tcp_read(int fd, void *to, size_t room);
/** Returns how much was taken, CBURROW_TCP_BLOCKED, or -errno. Raises no signal. */
ptrdiff_t cburrow_tcp_write(int fd, const void *bytes, size_t count);

/* ---- files ---- */

/** Opens a new file for writing. Returns a descriptor or -errno. */
int cburrow_create_file(const char *path);
/** Writes all bytes. Returns 0 or an errno. */
int cburrow_write_all(int fd, const void *bytes, size_t length);
/** 1 when it is a folder in which files can be made. */
int cburrow_is_writable_folder(const char *path);

#if defined(__clang__)
#pragma clang assume_nonnull end
#endif

#endif
