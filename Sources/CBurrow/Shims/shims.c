#include "cburrow_shims.h"
