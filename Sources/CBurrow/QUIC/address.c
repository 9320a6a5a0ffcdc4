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

// Which socket a path belongs to and its attempt travel as the path's user data: ngtcp2 copies it with the path and looks
// only at the addresses.
#if UINTPTR_MAX == UINT64_MAX
#define USER_DATA(socket, attempt) ((uintptr_t)(attempt) << 33 | ((uintptr_t)(socket) + 1))
#define USER_DATA_ATTEMPT(value) ((uint16_t)((value) >> 33))
#define USER_DATA_SOCKET(value) ((uint32_t)(((value) & (((uintptr_t)1 << 33) - 1)) - 1))
#else
#define USER_DATA(socket, attempt) ((void)(attempt), (uintptr_t)(socket) + 1)
#define USER_DATA_ATTEMPT(value) ((void)(value), (uint16_t)0)
#define USER_DATA_SOCKET(value) ((uint32_t)((value)-1))
#endif

// A server shows every remote address together with a local address that no other has; applied twice it is undone.
//
// When only the remote address changes, as behind a NAT, ngtcp2 0.12 goes on with the same connection id, and then counts
// it as retired while it still uses it: it ends the connection with CONNECTION_ID_LIMIT_ERROR, sends with an id that the
// peer has forgotten, or aborts. It also keeps its packets in flight on the old path, which may leave no room for the
// PATH_CHALLENGE on the new one. To another local address it goes with an id of its own and a fresh congestion state.
static void blend(cburrow_quic_address *local, const cburrow_quic_address *remote, uint16_t attempt) {
  local->port ^= remote->port ^ attempt;
  if (local->family == 4) {
    local->low = (uint32_t)(local->low ^ remote->low);
  } else {
    local->low ^= remote->low;
    local->high ^= remote->high;
  }
}

void cburrow_quic_path_in(ngtcp2_path_storage *to, const cburrow_quic_path *from, const cburrow_quic_conn *conn) {
  cburrow_quic_address local = from->local;
  uint16_t attempt = USER_DATA_ATTEMPT(USER_DATA(0, conn->path_attempt));
  if (conn->is_server) blend(&local, &from->remote, attempt);
  to->path.local.addr = &to->local_addrbuf.sa;
  to->path.local.addrlen = cburrow_quic_address_in(&to->local_addrbuf, &local);
  to->path.remote.addr = &to->remote_addrbuf.sa;
  to->path.remote.addrlen = cburrow_quic_address_in(&to->remote_addrbuf, &from->remote);
  to->path.user_data = (void *)USER_DATA(from->socket, attempt);
}

void cburrow_quic_path_out(cburrow_quic_path *to, const ngtcp2_path *from, const cburrow_quic_conn *conn) {
  uintptr_t user_data = (uintptr_t)from->user_data;
  address_out(&to->local, &from->local);
  address_out(&to->remote, &from->remote);
  to->socket = user_data ? USER_DATA_SOCKET(user_data) : 0;
  if (conn->is_server) blend(&to->local, &to->remote, USER_DATA_ATTEMPT(user_data));
}
