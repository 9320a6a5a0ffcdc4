// ngtcp2 before 0.14 never closes a unidirectional stream of the peer: it waits for the acknowledgement of a FIN that
// such a stream cannot send. A call opens 50 of them in a second and for each track, so an hour of it would cost some
// hundred megabytes. Later versions mark the FIN as acknowledged when the stream opens; this file does the same from
// outside.
//
// ngtcp2 takes its memory from us, in blocks of 64 streams, so we know where stream objects can lie. The one that was
// just opened is the one whose allocator, id and user data, which follow each other in it, are those it was given.
// If the three are not found together, nothing is touched.
#include "internal.h"

#include <stdlib.h>
#include <string.h>

#if CBURROW_QUIC_CLOSES_LATE

#define STREAMS_IN_BLOCK 64
#define STREAM_SIZE 176
#define BLOCK_SIZE (sizeof(void *) + 16 + (size_t)STREAMS_IN_BLOCK * STREAM_SIZE)
#define FIN_ACKNOWLEDGED 0x40u

typedef struct signature {
  const ngtcp2_mem *mem;
  int64_t id;
  void *user_data;
  uint32_t flags;
} signature;

// Where in a stream object the signature lies.
#define SIGNATURE_OFFSET 136

static void *take(size_t size, void *user) {
  cburrow_quic_memory *memory = user;
  void *block = malloc(size);
  if (!block || size != BLOCK_SIZE) return block;
  if (memory->count == memory->capacity) {
    size_t capacity = memory->capacity ? memory->capacity * 2 : 4;
    void **larger = realloc(memory->blocks, capacity * sizeof(*larger));
    // Without the note the streams of this block stay as the library leaves them.
    if (!larger) return block;
    memory->blocks = larger;
    memory->capacity = capacity;
  }
  memory->blocks[memory->count++] = block;
  return block;
}

// Blocks of streams are only given back with the connection.
static void give_back(void *block, void *user) {
  (void)user;
  free(block);
}

static void *take_zeroed(size_t count, size_t size, void *user) {
  (void)user;
  return calloc(count, size);
}

static void *resize(void *block, size_t size, void *user) {
  (void)user;
  return realloc(block, size);
}

const ngtcp2_mem *cburrow_quic_memory_init(cburrow_quic_memory *memory) {
  memory->mem.user_data = memory;
  memory->mem.malloc = take;
  memory->mem.free = give_back;
  memory->mem.calloc = take_zeroed;
  memory->mem.realloc = resize;
  return &memory->mem;
}

void cburrow_quic_memory_free(cburrow_quic_memory *memory) { free(memory->blocks); }

static int mark(cburrow_quic_memory *memory, size_t place, int64_t id, void *stream) {
  size_t block = place / STREAMS_IN_BLOCK;
  if (block >= memory->count) return 0;
  uintptr_t first = ((uintptr_t)memory->blocks[block] + sizeof(void *) + 15) & ~(uintptr_t)15;
  uint8_t *at = (uint8_t *)first + (place % STREAMS_IN_BLOCK) * STREAM_SIZE + SIGNATURE_OFFSET;
  signature found;
  memcpy(&found, at, sizeof(found));
  if (found.mem != &memory->mem || found.id != id || found.user_data != stream) return 0;
  found.flags |= FIN_ACKNOWLEDGED;
  memcpy(at + offsetof(signature, flags), &found.flags, sizeof(found.flags));
  memory->next_place = place + 1;
  return 1;
}

void cburrow_quic_memory_mark_opened(cburrow_quic_memory *memory, int64_t id, void *stream) {
  size_t places = memory->count * STREAMS_IN_BLOCK;
  // Streams mostly come from the place after the last one, or from the one that was just left.
  if (mark(memory, memory->next_place, id, stream)) return;
  if (memory->next_place > 0 && mark(memory, memory->next_place - 1, id, stream)) return;
  for (size_t place = 0; place < places; place++) {
    if (mark(memory, place, id, stream)) return;
  }
}

#endif
