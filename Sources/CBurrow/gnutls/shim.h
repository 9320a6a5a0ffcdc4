#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

/* gnutls_free is a variable that holds a function, which Swift would call a global of unknown safety. */
static inline void gnutls_memory_free(void *memory) { gnutls_free(memory); }
