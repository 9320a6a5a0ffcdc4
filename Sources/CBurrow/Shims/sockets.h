/* What the files about sockets share. */
#ifndef CBURROW_SOCKETS_H
#define CBURROW_SOCKETS_H

#include "cburrow_shims.h"

#include <sys/socket.h>

socklen_t cburrow_to_system(const cburrow_address *a, struct sockaddr_storage *out);

#endif
