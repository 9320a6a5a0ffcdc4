#define _GNU_SOURCE
#include "sockets.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

int cburrow_tcp_connect(const cburrow_address *remote) {
  int fd = socket(remote->is_v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  int yes = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  struct sockaddr_storage address;
  socklen_t length = cburrow_to_system(remote, &address);
  if (connect(fd, (struct sockaddr *)&address, length) < 0 && errno != EINPROGRESS) {
    int code = errno;
    close(fd);
    return -code;
  }
  return fd;
}

int cburrow_tcp_result(int fd) {
  int code = 0;
  socklen_t length = sizeof code;
  return getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &length) < 0 ? errno : code;
}

static ptrdiff_t result(ssize_t n) {
  if (n >= 0) return n;
  return errno == EAGAIN || errno == EWOULDBLOCK ? CBURROW_TCP_BLOCKED : -errno;
}

ptrdiff_t cburrow_tcp_read(int fd, void *to, size_t room) {
  ssize_t n;
  do
    n = recv(fd, to, room, 0);
  while (n < 0 && errno == EINTR);
  return result(n);
}

ptrdiff_t cburrow_tcp_write(int fd, const void *bytes, size_t count) {
  ssize_t n;
  do
    n = send(fd, bytes, count, MSG_NOSIGNAL);
  while (n < 0 && errno == EINTR);
  return result(n);
}
