/* The public header as the library itself sees it: every pointer nullable, so Swift has to check each one. */
#define BURROW_BUILDING 1
#include "../../../include/burrow.h"
