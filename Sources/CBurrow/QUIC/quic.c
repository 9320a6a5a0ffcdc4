#include "cburrow_quic.h"
