#define _GNU_SOURCE
#include "cburrow_shims.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int forked;
static pthread_once_t fork_once = PTHREAD_ONCE_INIT;

static void mark_child(void) { __atomic_store_n(&forked, 1, __ATOMIC_RELAXED); }
static void install(void) { pthread_atfork(NULL, NULL, mark_child); }

void cburrow_install_fork_mark(void) { pthread_once(&fork_once, install); }

int cburrow_is_forked(void) { return __atomic_load_n(&forked, __ATOMIC_RELAXED); }

static int64_t read_clock(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t cburrow_now_us(void) { return read_clock(CLOCK_MONOTONIC); }

int64_t cburrow_unix_us(void) { return read_clock(CLOCK_REALTIME); }

static _Thread_local char last_error[512];
static _Thread_local int callback_depth;

void cburrow_set_last_error(const char *text, size_t length) {
  if (length >= sizeof last_error) {
    length = sizeof last_error - 1;
    /* Never cut inside a character. */
    while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80)
      length--;
  }
  memcpy(last_error, text, length);
  last_error[length] = 0;
}

const char *cburrow_last_error(void) { return last_error; }

void cburrow_callback_depth_add(int change) { callback_depth += change; }

int cburrow_callback_depth(void) { return callback_depth; }

int cburrow_private_file(const char *path) {
  /* Only if it is new: closing a file that SQLite has open in this process would end its locks. */
  int file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file < 0) return errno == EEXIST ? 0 : errno;
  close(file);
  return 0;
}

/* ---- threads ---- */

struct start {
  void (*body)(void *);
  void *argument;
  char name[16];
};

static void *run(void *raw) {
  struct start start = *(struct start *)raw;
  free(raw);
  pthread_setname_np(pthread_self(), start.name);
  start.body(start.argument);
  return NULL;
}

int cburrow_thread_start(uint64_t *handle, int detached, const char *name, void (*body)(void *), void *argument) {
  struct start *start = malloc(sizeof *start);
  if (!start) return ENOMEM;
  start->body = body;
  start->argument = argument;
  strncpy(start->name, name, sizeof start->name - 1);
  start->name[sizeof start->name - 1] = 0;

  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread;
  int result = pthread_create(&thread, NULL, run, start);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (result) {
    free(start);
    return result;
  }
  if (detached)
    pthread_detach(thread);
  else
    *handle = (uint64_t)thread;
  return 0;
}

void cburrow_thread_join(uint64_t handle) { pthread_join((pthread_t)handle, NULL); }

void cburrow_thread_leave(uint64_t handle) { pthread_detach((pthread_t)handle); }

uint64_t cburrow_thread_self(void) { return (uint64_t)pthread_self(); }

void cburrow_sleep_us(int64_t us) {
  struct timespec left = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
  while (nanosleep(&left, &left) < 0 && errno == EINTR) {
  }
}

/* ---- host callbacks ---- */

struct cburrow_callback {
  pthread_mutex_t mutex;
  pthread_cond_t idle;
  void *function;
  void *user_data;
  /* Calls running with the current function and with the one before it. */
  unsigned running;
};

cburrow_callback *cburrow_callback_make(void) {
  cburrow_callback *c = calloc(1, sizeof *c);
  if (!c) return NULL;
  pthread_mutex_init(&c->mutex, NULL);
  pthread_cond_init(&c->idle, NULL);
  return c;
}

void cburrow_callback_free(cburrow_callback *c) {
  pthread_cond_destroy(&c->idle);
  pthread_mutex_destroy(&c->mutex);
  free(c);
}

void cburrow_callback_set(cburrow_callback *c, void *function, void *user_data) {
  pthread_mutex_lock(&c->mutex);
  /* Without a function no new call starts, so the wait ends even under a stream of events. */
  c->function = NULL;
  while (c->running)
    pthread_cond_wait(&c->idle, &c->mutex);
  c->function = function;
  c->user_data = user_data;
  pthread_mutex_unlock(&c->mutex);
}

void *cburrow_callback_begin(cburrow_callback *c, void **user_data) {
  pthread_mutex_lock(&c->mutex);
  void *function = c->function;
  *user_data = c->user_data;
  if (function) c->running++;
  pthread_mutex_unlock(&c->mutex);
  if (function) callback_depth++;
  return function;
}

void cburrow_callback_end(cburrow_callback *c) {
  callback_depth--;
  pthread_mutex_lock(&c->mutex);
  if (--c->running == 0) pthread_cond_broadcast(&c->idle);
  pthread_mutex_unlock(&c->mutex);
}

void cburrow_call_wakeup(void *function, void *user_data) { ((void (*)(void *))function)(user_data); }

void cburrow_call_log(void *function, void *user_data, int32_t level, const char *component, const char *text) {
  ((void (*)(void *, int32_t, const char *, const char *))function)(user_data, level, component, text);
}

/* ---- files ---- */

int cburrow_create_file(const char *path) {
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  return fd < 0 ? -errno : fd;
}

int cburrow_write_all(int fd, const void *bytes, size_t length) {
  const char *at = bytes;
  while (length > 0) {
    ssize_t n = write(fd, at, length);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return n < 0 ? errno : EIO;
    at += n;
    length -= (size_t)n;
  }
  return 0;
}

int cburrow_is_writable_folder(const char *path) {
  struct stat status;
  return stat(path, &status) == 0 && S_ISDIR(status.st_mode) && access(path, W_OK | X_OK) == 0;
}
