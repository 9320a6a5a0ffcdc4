// ngtcp2 takes its memory from us, which is used for two things.
//
// Streams that never close: ngtcp2 before 0.14 never closes a unidirectional stream of the peer: it waits for the
// acknowledgement of a FIN that such a stream cannot send. A call opens 50 of them in a second and for each track, so
// an hour of it would cost some hundred megabytes. Later versions mark the FIN as acknowledged when the stream opens;
// this file does the same from outside. We know the blocks in which stream objects lie. The one that was just opened
// is the one whose allocator, id and user data, which follow each other in it, are those it was given. If the three
// are not found together, nothing is touched, and streams are given up here when they have ended (callbacks.c): ngtcp2
// keeps its own object of each then, but the peer may open others.
//
// Pools: ngtcp2 keeps objects of one kind in blocks of 64 (8 for the nodes of its tables) and has a dozen kinds, which
// makes 85 kB for a connection that has two streams and nothing under way. What stands for a pool says how large its
// blocks are to be and is read when the first is needed, so it is changed before that: an eighth is asked for at a time.
// A pool that is not used yet is known by all its eight words; anything else is left alone. Blocks of streams are known in
// either size, so that streams close where pools are not recognised.
#include "internal.h"

#include <stdlib.h>
#include <string.h>

#if CBURROW_QUIC_CLOSES_LATE

#define SHARE 8
#define STREAMS_IN_BLOCK 64
#define STREAM_SIZE 176
#define BLOCK_SIZE(streams) (sizeof(void *) + 16 + (size_t)(streams)*STREAM_SIZE)
#define FIN_ACKNOWLEDGED 0x40u

typedef struct signature {
  const ngtcp2_mem *mem;
  int64_t id;
  void *user_data;
  uint32_t flags;
} signature;

// Where in a stream object the signature lies.
#define SIGNATURE_OFFSET 136

// A pool: the current block, of which `last` to `end` was not given out yet, and objects that were given back.
typedef struct pool {
  const ngtcp2_mem *mem;
  size_t block_size;
  void *blocks;
  uint8_t *begin, *end, *pos, *last;
  void *released;
} pool;

// All pools that are worth it, the largest being that of 8 nodes of connection ids; an eighth of any of them is below.
#define POOL_MIN ((size_t)2048)
#define POOL_END (POOL_MIN * SHARE)

static int is_unused_pool(const pool *found, const ngtcp2_mem *mem) {
  return found->mem == mem && found->block_size >= POOL_MIN && found->block_size < POOL_END &&
         found->block_size % (16 * (size_t)SHARE) == 0 && !found->blocks && found->begin &&
         found->end == found->begin && found->pos == found->begin && found->last == found->begin && !found->released;
}

static void shrink_pools(cburrow_quic_memory *memory, uint8_t *bytes, size_t count) {
  for (size_t at = 0; at + sizeof(pool) <= count; at += sizeof(void *)) {
    pool found;
    memcpy(&found, bytes + at, sizeof(found));
    if (!is_unused_pool(&found, &memory->mem)) continue;
    found.block_size /= SHARE;
    memcpy(bytes + at + offsetof(pool, block_size), &found.block_size, sizeof(found.block_size));
  }
}

// Looks through what was asked for since the connection began to be made: its object and those of the two packet number
// spaces of the handshake hold the pools. The last demand before a pool is used comes when all of them are set up.
static void shrink_new_pools(cburrow_quic_memory *memory) {
  for (size_t i = 0; i < memory->made; i++)
    shrink_pools(memory, memory->objects[i].at, memory->objects[i].size);
}

static void note_object(cburrow_quic_memory *memory, void *object, size_t size) {
  if (!object || size < sizeof(pool) || memory->made == CBURROW_QUIC_OBJECTS) return;
  memory->objects[memory->made].at = object;
  memory->objects[memory->made].size = size;
  memory->made++;
}

// How many streams a block of this size is for, zero when it is for something else.
static size_t streams_in(size_t size) {
  if (size == BLOCK_SIZE(STREAMS_IN_BLOCK / SHARE)) return STREAMS_IN_BLOCK / SHARE;
  return size == BLOCK_SIZE(STREAMS_IN_BLOCK) ? STREAMS_IN_BLOCK : 0;
}

static void note_block(cburrow_quic_memory *memory, void *block, size_t streams) {
  if (memory->count == memory->capacity) {
    size_t capacity = memory->capacity ? memory->capacity * 2 : 4;
    cburrow_quic_block *larger = realloc(memory->blocks, capacity * sizeof(*larger));
    // Without the note the streams of this block stay as the library leaves them.
    if (!larger) return;
    memory->blocks = larger;
    memory->capacity = capacity;
  }
  memory->blocks[memory->count].at = block;
  memory->blocks[memory->count++].streams = streams;
}

static void *take(size_t size, void *user) {
  cburrow_quic_memory *memory = user;
  if (!(memory->unrecognised & CBURROW_QUIC_POOLS)) shrink_new_pools(memory);
  void *block = malloc(size);
  if (memory->is_making) note_object(memory, block, size);
  size_t streams = streams_in(size);
  if (block && streams) note_block(memory, block, streams);
  return block;
}

// What was noted about a block that is no longer what it was.
static void forget(cburrow_quic_memory *memory, const void *block) {
  for (size_t i = 0; i < memory->made; i++) {
    if (memory->objects[i].at == block) memory->objects[i].size = 0;
  }
  // Blocks of streams are only given back with the connection; what is only as large as one may go at any time.
  for (size_t i = memory->count; i > 0; i--) {
    if (memory->blocks[i - 1].at != block) continue;
    memory->blocks[i - 1] = memory->blocks[--memory->count];
    break;
  }
}

static void give_back(void *block, void *user) {
  if (block) forget(user, block);
  free(block);
}

static void *take_zeroed(size_t count, size_t size, void *user) {
  cburrow_quic_memory *memory = user;
  void *object = calloc(count, size);
  if (memory->is_making) note_object(memory, object, count * size);
  return object;
}

static void *resize(void *block, size_t size, void *user) {
  if (block) forget(user, block);
  return realloc(block, size);
}

const ngtcp2_mem *cburrow_quic_memory_init(cburrow_quic_memory *memory, int unrecognised) {
  memory->unrecognised = unrecognised;
  memory->mem.user_data = memory;
  memory->mem.malloc = take;
  memory->mem.free = give_back;
  memory->mem.calloc = take_zeroed;
  memory->mem.realloc = resize;
  memory->is_making = 1;
  return &memory->mem;
}

void cburrow_quic_memory_made(cburrow_quic_memory *memory) {
  memory->is_making = 0;
  memory->made = 0;
}

void cburrow_quic_memory_free(cburrow_quic_memory *memory) { free(memory->blocks); }

static int mark(cburrow_quic_memory *memory, size_t block, size_t place, int64_t id, void *stream) {
  if (block >= memory->count || place >= memory->blocks[block].streams) return 0;
  uintptr_t first = ((uintptr_t)memory->blocks[block].at + sizeof(void *) + 15) & ~(uintptr_t)15;
  uint8_t *at = (uint8_t *)first + place * STREAM_SIZE + SIGNATURE_OFFSET;
  signature found;
  memcpy(&found, at, sizeof(found));
  if (found.mem != &memory->mem || found.id != id || found.user_data != stream) return 0;
  found.flags |= FIN_ACKNOWLEDGED;
  memcpy(at + offsetof(signature, flags), &found.flags, sizeof(found.flags));
  memory->last_block = block;
  memory->last_place = place;
  return 1;
}

static int find(cburrow_quic_memory *memory, int64_t id, void *stream) {
  // Streams mostly come from the place after the last one, or from the one that was just left.
  if (mark(memory, memory->last_block, memory->last_place + 1, id, stream)) return 1;
  if (mark(memory, memory->last_block, memory->last_place, id, stream)) return 1;
  for (size_t block = memory->count; block > 0; block--) {
    for (size_t place = 0; place < memory->blocks[block - 1].streams; place++) {
      if (mark(memory, block - 1, place, id, stream)) return 1;
    }
  }
  return 0;
}

void cburrow_quic_memory_mark_opened(cburrow_quic_memory *memory, int64_t id, void *stream) {
  if (memory->unrecognised & CBURROW_QUIC_STREAMS || !find(memory, id, stream)) memory->misses++;
}

#endif
