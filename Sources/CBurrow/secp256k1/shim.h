#include <secp256k1.h>
#include <secp256k1_ecdh.h>
#include <secp256k1_extrakeys.h>
#include <secp256k1_schnorrsig.h>
#include <string.h>

/* The default ends the process; a library inside somebody's program lets the call fail instead. */
static inline void secp256k1_shim_ignore(const char *message, void *data) {
  (void)message;
  (void)data;
}

static inline secp256k1_context *secp256k1_shim_context(void) {
  secp256k1_context *context = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
  if (context != NULL) {
    secp256k1_context_set_illegal_callback(context, secp256k1_shim_ignore, NULL);
  }
  return context;
}

static inline int secp256k1_shim_copy_x(unsigned char *output, const unsigned char *x32, const unsigned char *y32,
                                        void *data) {
  (void)y32;
  (void)data;
  memcpy(output, x32, 32);
  return 1;
}

/* The x coordinate of the common point itself: the library's own function would hash it. */
static inline int secp256k1_shim_ecdh_x(const secp256k1_context *context, unsigned char *output32,
                                        const secp256k1_pubkey *point, const unsigned char *scalar32) {
  return secp256k1_ecdh(context, output32, point, scalar32, secp256k1_shim_copy_x, NULL);
}

/* For messages of any length. The parameters start from a macro that Swift does not see. */
static inline int secp256k1_shim_sign(const secp256k1_context *context, unsigned char *signature64,
                                      const unsigned char *message, size_t length, const secp256k1_keypair *pair,
                                      unsigned char *auxiliary32) {
  secp256k1_schnorrsig_extraparams parameters = SECP256K1_SCHNORRSIG_EXTRAPARAMS_INIT;
  parameters.ndata = auxiliary32;
  return secp256k1_schnorrsig_sign_custom(context, signature64, message, length, pair, &parameters);
}
