// Packets that belong to no connection.
#include "internal.h"

#include <string.h>

#define RETRY_TOKEN_LIFE (10 * NGTCP2_SECONDS)
#define ADDRESS_TOKEN_LIFE (24 * 3600 * NGTCP2_SECONDS)

int cburrow_quic_decode_header(const uint8_t *data, size_t count, cburrow_quic_header *header) {
  if (count == 0) return CBURROW_QUIC_FAILED;
  ngtcp2_version_cid decoded;
  int rv = ngtcp2_pkt_decode_version_cid(&decoded, data, count, CBURROW_QUIC_CID_SIZE);
  if (rv != 0 && rv != NGTCP2_ERR_VERSION_NEGOTIATION) return CBURROW_QUIC_FAILED;
  header->version = decoded.version;
  header->is_long = (data[0] & 0x80) != 0;
  header->dcid = decoded.dcid;
  header->dcid_count = decoded.dcidlen;
  header->scid = decoded.scid;
  header->scid_count = decoded.scidlen;
  return rv == 0 ? CBURROW_QUIC_OK : CBURROW_QUIC_VERSION;
}

static void cid_out(cburrow_quic_cid *to, const ngtcp2_cid *from) {
  to->count = (uint8_t)from->datalen;
  memcpy(to->bytes, from->data, from->datalen);
}

int cburrow_quic_accept(const uint8_t *data, size_t count, cburrow_quic_initial *initial) {
  ngtcp2_pkt_hd header;
  if (ngtcp2_accept(&header, data, count) != 0) return CBURROW_QUIC_FAILED;
  initial->version = header.version;
  cid_out(&initial->dcid, &header.dcid);
  cid_out(&initial->scid, &header.scid);
#if CBURROW_QUIC_V1
  initial->token = header.token;
  initial->token_count = header.tokenlen;
#else
  initial->token = header.token.base;
  initial->token_count = header.token.len;
#endif
  return CBURROW_QUIC_OK;
}

int cburrow_quic_check_token(const cburrow_quic_initial *initial, const cburrow_quic_address *remote,
                             const uint8_t secret[CBURROW_QUIC_SECRET_SIZE], uint64_t now,
                             cburrow_quic_cid *original_dcid) {
  original_dcid->count = 0;
  if (initial->token_count == 0) return 0;
  ngtcp2_sockaddr_union address;
  ngtcp2_socklen address_count = cburrow_quic_address_in(&address, remote);
  if (initial->token[0] == NGTCP2_CRYPTO_TOKEN_MAGIC_RETRY) {
    ngtcp2_cid dcid = cburrow_quic_cid_in(&initial->dcid);
    ngtcp2_cid original;
    if (ngtcp2_crypto_verify_retry_token(&original, initial->token, initial->token_count, secret,
                                         CBURROW_QUIC_SECRET_SIZE, initial->version, &address.sa, address_count, &dcid,
                                         RETRY_TOKEN_LIFE, now) != 0) {
      return -1;
    }
    cid_out(original_dcid, &original);
    return 1;
  }
  if (initial->token[0] == NGTCP2_CRYPTO_TOKEN_MAGIC_REGULAR) {
    return ngtcp2_crypto_verify_regular_token(initial->token, initial->token_count, secret, CBURROW_QUIC_SECRET_SIZE,
                                              &address.sa, address_count, ADDRESS_TOKEN_LIFE, now) == 0;
  }
  return 0;
}

ptrdiff_t cburrow_quic_write_retry(uint8_t *to, size_t room, const cburrow_quic_initial *initial,
                                   const cburrow_quic_cid *scid, const cburrow_quic_address *remote,
                                   const uint8_t secret[CBURROW_QUIC_SECRET_SIZE], uint64_t now) {
  ngtcp2_sockaddr_union address;
  ngtcp2_socklen address_count = cburrow_quic_address_in(&address, remote);
  ngtcp2_cid dcid = cburrow_quic_cid_in(&initial->scid);
  ngtcp2_cid new_scid = cburrow_quic_cid_in(scid);
  ngtcp2_cid original = cburrow_quic_cid_in(&initial->dcid);
  uint8_t token[NGTCP2_CRYPTO_MAX_RETRY_TOKENLEN];
  ngtcp2_ssize count = ngtcp2_crypto_generate_retry_token(token, secret, CBURROW_QUIC_SECRET_SIZE, initial->version,
                                                          &address.sa, address_count, &new_scid, &original, now);
  if (count < 0) return CBURROW_QUIC_FAILED;
  ngtcp2_ssize size =
      ngtcp2_crypto_write_retry(to, room, initial->version, &dcid, &new_scid, &original, token, (size_t)count);
  return size < 0 ? CBURROW_QUIC_FAILED : size;
}

ptrdiff_t cburrow_quic_write_version_negotiation(uint8_t *to, size_t room, uint8_t random,
                                                 const cburrow_quic_header *header) {
  // A version nobody has, to keep peers honest (RFC 9000 §6.3), and ours.
  const uint32_t versions[] = {0x1a2a3a4au, NGTCP2_PROTO_VER_V1};
  if (room < 1 + 4 + 1 + header->dcid_count + 1 + header->scid_count + sizeof(versions)) {
    return CBURROW_QUIC_FAILED;
  }
  ngtcp2_ssize size =
      ngtcp2_pkt_write_version_negotiation(to, room, random, header->scid, header->scid_count, header->dcid,
                                           header->dcid_count, versions, sizeof(versions) / sizeof(versions[0]));
  return size < 0 ? CBURROW_QUIC_FAILED : size;
}

ptrdiff_t cburrow_quic_write_stateless_reset(uint8_t *to, size_t room, const uint8_t secret[CBURROW_QUIC_SECRET_SIZE],
                                             const cburrow_quic_header *header, const uint8_t *random,
                                             size_t random_count) {
  ngtcp2_cid cid;
  if (header->dcid_count > NGTCP2_MAX_CIDLEN) return CBURROW_QUIC_FAILED;
  ngtcp2_cid_init(&cid, header->dcid, header->dcid_count);
  uint8_t token[NGTCP2_STATELESS_RESET_TOKENLEN];
  if (ngtcp2_crypto_generate_stateless_reset_token(token, secret, CBURROW_QUIC_SECRET_SIZE, &cid) != 0) {
    return CBURROW_QUIC_FAILED;
  }
  ngtcp2_ssize size = ngtcp2_pkt_write_stateless_reset(to, room, token, random, random_count);
  return size < 0 ? CBURROW_QUIC_FAILED : size;
}

ptrdiff_t cburrow_quic_write_refusal(uint8_t *to, size_t room, const cburrow_quic_initial *initial, int invalid_token) {
  ngtcp2_cid dcid = cburrow_quic_cid_in(&initial->scid);
  ngtcp2_cid scid = cburrow_quic_cid_in(&initial->dcid);
  ngtcp2_ssize size =
      ngtcp2_crypto_write_connection_close(to, room, initial->version, &dcid, &scid,
                                           invalid_token ? NGTCP2_INVALID_TOKEN : NGTCP2_CONNECTION_REFUSED, NULL, 0);
  return size < 0 ? CBURROW_QUIC_FAILED : size;
}
