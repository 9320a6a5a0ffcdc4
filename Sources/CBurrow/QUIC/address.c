#include "internal.h"

#include <string.h>

static void put64(uint8_t *to, uint64_t value) {
  for (int i = 0; i < 8; i++)
    to[i] = (uint8_t)(value >> (56 - 8 * i));
}

static uint64_t get64(const uint8_t *from) {
  uint64_t value = 0;
  for (int i = 0; i < 8; i++)
    value = value << 8 | from[i];
  return value;
}

ngtcp2_socklen cburrow_quic_address_in(ngtcp2_sockaddr_union *to, const cburrow_quic_address *from) {
  memset(to, 0, sizeof(*to));
  if (from->family == 4) {
    to->in.sin_family = AF_INET;
    to->in.sin_port = htons(from->port);
    to->in.sin_addr.s_addr = htonl((uint32_t)from->low);
    return sizeof(to->in);
  }
  to->in6.sin6_family = AF_INET6;
  to->in6.sin6_port = htons(from->port);
  to->in6.sin6_scope_id = from->scope;
  put64(to->in6.sin6_addr.s6_addr, from->high);
  put64(to->in6.sin6_addr.s6_addr + 8, from->low);
  return sizeof(to->in6);
}

static void address_out(cburrow_quic_address *to, const ngtcp2_addr *from) {
  memset(to, 0, sizeof(*to));
  if (from->addrlen == 0) return;
  if (from->addr->sa_family == AF_INET) {
    const ngtcp2_sockaddr_in *in = (const ngtcp2_sockaddr_in *)(const void *)from->addr;
    to->family = 4;
    to->port = ntohs(in->sin_port);
    to->low = ntohl(in->sin_addr.s_addr);
  } else {
    const ngtcp2_sockaddr_in6 *in6 = (const ngtcp2_sockaddr_in6 *)(const void *)from->addr;
    to->family = 6;
    to->port = ntohs(in6->sin6_port);
    to->scope = in6->sin6_scope_id;
    to->high = get64(in6->sin6_addr.s6_addr);
    to->low = get64(in6->sin6_addr.s6_addr + 8);
  }
}

// The socket travels as the path's user data: ngtcp2 copies it with the path and looks only at the addresses.
void cburrow_quic_path_in(ngtcp2_path_storage *to, const cburrow_quic_path *from) {
  to->path.local.addr = &to->local_addrbuf.sa;
  to->path.local.addrlen = cburrow_quic_address_in(&to->local_addrbuf, &from->local);
  to->path.remote.addr = &to->remote_addrbuf.sa;
  to->path.remote.addrlen = cburrow_quic_address_in(&to->remote_addrbuf, &from->remote);
  to->path.user_data = (void *)((uintptr_t)from->socket + 1);
}

void cburrow_quic_path_out(cburrow_quic_path *to, const ngtcp2_path *from) {
  address_out(&to->local, &from->local);
  address_out(&to->remote, &from->remote);
  to->socket = from->user_data ? (uint32_t)((uintptr_t)from->user_data - 1) : 0;
}
