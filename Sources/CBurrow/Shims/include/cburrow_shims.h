#ifndef CBURROW_SHIMS_H
#define CBURROW_SHIMS_H
#endif
