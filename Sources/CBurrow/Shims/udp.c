#define _GNU_SOURCE
#include "sockets.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

/* ---- addresses ---- */

socklen_t cburrow_to_system(const cburrow_address *a, struct sockaddr_storage *out) {
  memset(out, 0, sizeof *out);
  if (!a->is_v6) {
    struct sockaddr_in *v4 = (struct sockaddr_in *)out;
    v4->sin_family = AF_INET;
    v4->sin_port = htons(a->port);
    v4->sin_addr.s_addr = htonl((uint32_t)a->low);
    return sizeof *v4;
  }
  struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
  v6->sin6_family = AF_INET6;
  v6->sin6_port = htons(a->port);
  v6->sin6_scope_id = a->scope;
  uint64_t high = __builtin_bswap64(a->high), low = __builtin_bswap64(a->low);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  high = a->high, low = a->low;
#endif
  memcpy(&v6->sin6_addr.s6_addr[0], &high, 8);
  memcpy(&v6->sin6_addr.s6_addr[8], &low, 8);
  return sizeof *v6;
}

static uint64_t big_endian(const uint8_t *p) {
  uint64_t value = 0;
  for (int i = 0; i < 8; i++)
    value = value << 8 | p[i];
  return value;
}

static void set_v4(cburrow_address *out, uint32_t network_order) {
  out->high = 0;
  out->low = ntohl(network_order);
  out->scope = 0;
  out->is_v6 = 0;
  out->is_set = 1;
}

static void set_v6(cburrow_address *out, const struct in6_addr *a, uint32_t scope) {
  out->high = big_endian(&a->s6_addr[0]);
  out->low = big_endian(&a->s6_addr[8]);
  /* A scope only matters for link-local addresses; elsewhere it would make equal addresses differ. */
  out->scope = IN6_IS_ADDR_LINKLOCAL(a) ? scope : 0;
  out->is_v6 = 1;
  out->is_set = 1;
}

static void from_system(const struct sockaddr *in, cburrow_address *out) {
  memset(out, 0, sizeof *out);
  if (in->sa_family == AF_INET) {
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)in;
    set_v4(out, v4->sin_addr.s_addr);
    out->port = ntohs(v4->sin_port);
  } else if (in->sa_family == AF_INET6) {
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)in;
    set_v6(out, &v6->sin6_addr, v6->sin6_scope_id);
    out->port = ntohs(v6->sin6_port);
  }
}

int cburrow_resolve(const char *host, cburrow_address *out, int limit) {
  struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM, .ai_flags = AI_ADDRCONFIG};
  struct addrinfo *list = NULL;
  int code = getaddrinfo(host, NULL, &hints, &list);
  if (code) return code < 0 ? code : -code;
  int count = 0;
  for (struct addrinfo *at = list; at && count < limit; at = at->ai_next) {
    if (at->ai_family != AF_INET && at->ai_family != AF_INET6) continue;
    from_system(at->ai_addr, &out[count++]);
  }
  freeaddrinfo(list);
  return count;
}

const char *cburrow_resolve_error(int code) { return gai_strerror(code); }

const char *cburrow_errno_text(int code) {
  /* strerrordesc_np knows no locale and needs no buffer. */
  const char *text = strerrordesc_np(code);
  return text ? text : "unknown error";
}

int cburrow_is_address_in_use(int code) { return code == EADDRINUSE; }

int cburrow_is_resource_shortage(int code) {
  return code == EMFILE || code == ENFILE || code == ENOMEM || code == ENOBUFS;
}

/* ---- sockets ---- */

static void enable(int fd, int level, int option, int value) { setsockopt(fd, level, option, &value, sizeof value); }

static int is_wildcard(const cburrow_address *a) { return a->high == 0 && a->low == 0; }

static int prepare(cburrow_udp *udp, int is_v6, int receive_buffer, int send_buffer) {
  memset(udp, 0, sizeof *udp);
  udp->fd = socket(is_v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (udp->fd < 0) return errno;
  /* Privileged processes may exceed the system's limits. */
  if (setsockopt(udp->fd, SOL_SOCKET, SO_RCVBUFFORCE, &receive_buffer, sizeof receive_buffer) < 0)
    enable(udp->fd, SOL_SOCKET, SO_RCVBUF, receive_buffer);
  if (setsockopt(udp->fd, SOL_SOCKET, SO_SNDBUFFORCE, &send_buffer, sizeof send_buffer) < 0)
    enable(udp->fd, SOL_SOCKET, SO_SNDBUF, send_buffer);
  if (is_v6) {
    enable(udp->fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    enable(udp->fd, IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
    enable(udp->fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE);
  } else {
    enable(udp->fd, IPPROTO_IP, IP_RECVTOS, 1);
    enable(udp->fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
  }
  int one = 1, zero = 0;
  udp->has_gro = setsockopt(udp->fd, IPPROTO_UDP, UDP_GRO, &one, sizeof one) == 0;
  udp->has_gso = setsockopt(udp->fd, IPPROTO_UDP, UDP_SEGMENT, &zero, sizeof zero) == 0;
  return 0;
}

static int finish(cburrow_udp *udp, int failed) {
  if (!failed) {
    struct sockaddr_storage own;
    socklen_t length = sizeof own;
    if (getsockname(udp->fd, (struct sockaddr *)&own, &length) == 0) {
      from_system((struct sockaddr *)&own, &udp->local);
      return 0;
    }
  }
  int code = errno;
  close(udp->fd);
  udp->fd = -1;
  return code;
}

int cburrow_udp_bind(cburrow_udp *udp, const cburrow_address *local, int receive_buffer, int send_buffer) {
  int code = prepare(udp, local->is_v6, receive_buffer, send_buffer);
  if (code) return code;
  if (is_wildcard(local)) {
    udp->needs_source = 1;
    if (local->is_v6)
      enable(udp->fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
    else
      enable(udp->fd, IPPROTO_IP, IP_PKTINFO, 1);
  }
  struct sockaddr_storage address;
  socklen_t length = cburrow_to_system(local, &address);
  return finish(udp, bind(udp->fd, (struct sockaddr *)&address, length) < 0);
}

int cburrow_udp_connect(cburrow_udp *udp, const cburrow_address *remote, int receive_buffer, int send_buffer) {
  int code = prepare(udp, remote->is_v6, receive_buffer, send_buffer);
  if (code) return code;
  struct sockaddr_storage address;
  socklen_t length = cburrow_to_system(remote, &address);
  return finish(udp, connect(udp->fd, (struct sockaddr *)&address, length) < 0);
}

void cburrow_close(int fd) { close(fd); }

/* ---- receiving ---- */

/* With GRO the system joins packets of one flow, up to 64 KiB a message. */
#define RECEIVE_SLOTS 32
#define RECEIVE_SIZE 65536

struct receive_slot {
  struct sockaddr_storage from;
  struct iovec bytes;
  /* Aligned for cmsghdr. */
  _Alignas(struct cmsghdr) char control[128];
};

struct cburrow_receiver {
  struct mmsghdr messages[RECEIVE_SLOTS];
  struct receive_slot slots[RECEIVE_SLOTS];
  cburrow_arrival arrivals[RECEIVE_SLOTS];
  char *memory;
};

cburrow_receiver *cburrow_receiver_make(void) {
  cburrow_receiver *r = calloc(1, sizeof *r);
  char *memory = malloc((size_t)RECEIVE_SLOTS * RECEIVE_SIZE);
  if (!r || !memory) {
    free(r);
    free(memory);
    return NULL;
  }
  r->memory = memory;
  for (int i = 0; i < RECEIVE_SLOTS; i++) {
    struct receive_slot *slot = &r->slots[i];
    slot->bytes = (struct iovec){.iov_base = memory + (size_t)i * RECEIVE_SIZE, .iov_len = RECEIVE_SIZE};
    struct msghdr *header = &r->messages[i].msg_hdr;
    header->msg_name = &slot->from;
    header->msg_iov = &slot->bytes;
    header->msg_iovlen = 1;
    header->msg_control = slot->control;
  }
  return r;
}

void cburrow_receiver_free(cburrow_receiver *r) {
  free(r->memory);
  free(r);
}

static void read_control(struct msghdr *header, cburrow_arrival *a) {
  for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
    if (c->cmsg_level == IPPROTO_IP && (c->cmsg_type == IP_TOS || c->cmsg_type == IP_RECVTOS)) {
      a->ecn = *(uint8_t *)CMSG_DATA(c) & 3;
    } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_TCLASS) {
      int value;
      memcpy(&value, CMSG_DATA(c), sizeof value);
      a->ecn = (uint8_t)(value & 3);
    } else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
      struct in_pktinfo info;
      memcpy(&info, CMSG_DATA(c), sizeof info);
      set_v4(&a->local, info.ipi_addr.s_addr);
    } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
      struct in6_pktinfo info;
      memcpy(&info, CMSG_DATA(c), sizeof info);
      set_v6(&a->local, &info.ipi6_addr, info.ipi6_ifindex);
    } else if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO) {
      int segment;
      memcpy(&segment, CMSG_DATA(c), sizeof segment);
      if (segment > 0) a->segment = (uint32_t)segment;
    }
  }
}

int cburrow_receiver_read(cburrow_receiver *r, const cburrow_udp *udp) {
  for (int i = 0; i < RECEIVE_SLOTS; i++) {
    r->messages[i].msg_hdr.msg_namelen = sizeof r->slots[i].from;
    r->messages[i].msg_hdr.msg_controllen = sizeof r->slots[i].control;
    r->messages[i].msg_hdr.msg_flags = 0;
  }
  int n;
  do
    n = recvmmsg(udp->fd, r->messages, RECEIVE_SLOTS, MSG_DONTWAIT, NULL);
  while (n < 0 && errno == EINTR);
  if (n < 0) return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -errno;
  for (int i = 0; i < n; i++) {
    struct msghdr *header = &r->messages[i].msg_hdr;
    cburrow_arrival *a = &r->arrivals[i];
    a->bytes = r->slots[i].bytes.iov_base;
    a->length = header->msg_flags & MSG_TRUNC ? 0 : r->messages[i].msg_len;
    a->segment = a->length;
    a->ecn = 0;
    a->local.is_set = 0;
    from_system((struct sockaddr *)&r->slots[i].from, &a->remote);
    read_control(header, a);
    a->local.port = udp->local.port;
  }
  return n;
}

const cburrow_arrival *cburrow_receiver_arrival(const cburrow_receiver *r, int index) { return &r->arrivals[index]; }

int cburrow_receiver_limit(void) { return RECEIVE_SLOTS; }

/* ---- sending ---- */

#define SEND_SLOTS 64

struct send_slot {
  struct sockaddr_storage to;
  struct iovec bytes;
  _Alignas(struct cmsghdr) char control[128];
};

struct cburrow_sender {
  struct mmsghdr messages[SEND_SLOTS];
  struct send_slot slots[SEND_SLOTS];
  int count;
};

cburrow_sender *cburrow_sender_make(void) { return calloc(1, sizeof(struct cburrow_sender)); }

void cburrow_sender_free(cburrow_sender *s) { free(s); }

static void add_control(struct msghdr *header, size_t *used, int level, int type, const void *value, size_t length) {
  struct cmsghdr *c = (struct cmsghdr *)((char *)header->msg_control + *used);
  c->cmsg_level = level;
  c->cmsg_type = type;
  c->cmsg_len = CMSG_LEN(length);
  memcpy(CMSG_DATA(c), value, length);
  *used += CMSG_SPACE(length);
}

int cburrow_sender_add(cburrow_sender *s, const cburrow_udp *udp, const void *bytes, size_t length, size_t segment,
                       uint8_t ecn, const cburrow_address *remote, const cburrow_address *local) {
  if (s->count == SEND_SLOTS) return 0;
  struct send_slot *slot = &s->slots[s->count];
  struct msghdr *header = &s->messages[s->count].msg_hdr;
  s->count++;
  memset(header, 0, sizeof *header);
  slot->bytes = (struct iovec){.iov_base = (void *)bytes, .iov_len = length};
  header->msg_iov = &slot->bytes;
  header->msg_iovlen = 1;
  header->msg_control = slot->control;
  size_t used = 0;
  if (remote) {
    header->msg_name = &slot->to;
    header->msg_namelen = cburrow_to_system(remote, &slot->to);
  }
  if (ecn) {
    int value = ecn;
    if (udp->local.is_v6)
      add_control(header, &used, IPPROTO_IPV6, IPV6_TCLASS, &value, sizeof value);
    else
      add_control(header, &used, IPPROTO_IP, IP_TOS, &value, sizeof value);
  }
  if (segment) {
    uint16_t value = (uint16_t)segment;
    add_control(header, &used, IPPROTO_UDP, UDP_SEGMENT, &value, sizeof value);
  }
  if (local && !is_wildcard(local)) {
    if (local->is_v6) {
      struct sockaddr_storage address;
      cburrow_to_system(local, &address);
      struct in6_pktinfo info = {.ipi6_addr = ((struct sockaddr_in6 *)&address)->sin6_addr,
                                 .ipi6_ifindex = local->scope};
      add_control(header, &used, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
    } else {
      struct in_pktinfo info = {.ipi_spec_dst.s_addr = htonl((uint32_t)local->low)};
      add_control(header, &used, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
    }
  }
  header->msg_controllen = used;
  if (!used) header->msg_control = NULL;
  return 1;
}

int cburrow_sender_send(cburrow_sender *s, const cburrow_udp *udp, int from) {
  int n;
  do
    n = sendmmsg(udp->fd, s->messages + from, (unsigned)(s->count - from), MSG_DONTWAIT | MSG_NOSIGNAL);
  while (n < 0 && errno == EINTR);
  return n < 0 ? -errno : n;
}

int cburrow_sender_count(const cburrow_sender *s) { return s->count; }

void cburrow_sender_clear(cburrow_sender *s) { s->count = 0; }

int cburrow_send_failure(int code) {
  switch (code) {
  case EAGAIN:
    return CBURROW_SEND_BLOCKED;
  case ENOBUFS:
  case ENOMEM:
    return CBURROW_SEND_NO_MEMORY;
  case EIO:
  case EINVAL:
    return CBURROW_SEND_NO_GSO;
  case EMSGSIZE:
    return CBURROW_SEND_TOO_LARGE;
  default:
    return CBURROW_SEND_LOST;
  }
}

int cburrow_is_refused(int code) { return code == ECONNREFUSED; }
