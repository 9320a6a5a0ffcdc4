#define _GNU_SOURCE
#include "cburrow_shims.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

int cburrow_eventfd(void) {
  int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  return fd < 0 ? -errno : fd;
}

void cburrow_eventfd_signal(int fd) {
  uint64_t one = 1;
  ssize_t n;
  do
    n = write(fd, &one, sizeof one);
  while (n < 0 && errno == EINTR);
}

void cburrow_eventfd_clear(int fd) {
  uint64_t value;
  ssize_t n;
  do
    n = read(fd, &value, sizeof value);
  while (n < 0 && errno == EINTR);
}

int cburrow_wait_readable(int fd, int timeout_ms) {
  struct pollfd entry = {.fd = fd, .events = POLLIN};
  int n = poll(&entry, 1, timeout_ms < 0 ? -1 : timeout_ms);
  if (n < 0) return errno == EINTR ? 0 : -errno;
  return n;
}

int cburrow_epoll(void) {
  int fd = epoll_create1(EPOLL_CLOEXEC);
  return fd < 0 ? -errno : fd;
}

int cburrow_epoll_set(int epoll, int fd, uint64_t token, int add, int writable) {
  struct epoll_event event = {.events = EPOLLIN | (writable ? EPOLLOUT : 0u), .data.u64 = token};
  return epoll_ctl(epoll, add ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event) < 0 ? errno : 0;
}

int cburrow_epoll_watch(int epoll, int fd, uint64_t token, int readable, int writable) {
  struct epoll_event event = {.events = (readable ? EPOLLIN : 0u) | (writable ? EPOLLOUT : 0u), .data.u64 = token};
  return epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event) < 0 ? errno : 0;
}

void cburrow_epoll_remove(int epoll, int fd) { epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL); }

#define WAIT_LIMIT 64

static int wait_fine(int epoll, struct epoll_event *events, int limit, int64_t timeout_us) {
  /* Pacing needs better than milliseconds; systems without epoll_pwait2 get milliseconds, rounded up. */
  static int lacks_fine;
  if (!__atomic_load_n(&lacks_fine, __ATOMIC_RELAXED)) {
    struct timespec timeout = {.tv_sec = timeout_us / 1000000, .tv_nsec = (timeout_us % 1000000) * 1000};
    int n = epoll_pwait2(epoll, events, limit, timeout_us < 0 ? NULL : &timeout, NULL);
    if (n >= 0 || (errno != ENOSYS && errno != EPERM)) return n;
    __atomic_store_n(&lacks_fine, 1, __ATOMIC_RELAXED);
  }
  int64_t ms = timeout_us < 0 ? -1 : (timeout_us + 999) / 1000;
  return epoll_wait(epoll, events, limit, ms > 3600000 ? 3600000 : (int)ms);
}

int cburrow_epoll_wait(int epoll, int64_t timeout_us, uint64_t *tokens, uint8_t *flags, int limit) {
  struct epoll_event events[WAIT_LIMIT];
  int n = wait_fine(epoll, events, limit < WAIT_LIMIT ? limit : WAIT_LIMIT, timeout_us);
  if (n < 0) return errno == EINTR ? 0 : -errno;
  for (int i = 0; i < n; i++) {
    tokens[i] = events[i].data.u64;
    flags[i] = (events[i].events & EPOLLIN ? 1 : 0) | (events[i].events & EPOLLOUT ? 2 : 0) |
               (events[i].events & (EPOLLERR | EPOLLHUP) ? 4 : 0);
  }
  return n;
}
