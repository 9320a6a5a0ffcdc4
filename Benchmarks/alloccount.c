/* Counts heap allocations of a process by the module that asked for them. For LD_PRELOAD.
 *
 * SIGUSR2 writes the counts so far to the file named by ALLOCCOUNT_OUT: "MODULE COUNT" lines, "own COUNT" for
 * our library with the language runtime in it, and a last line "end". With ALLOCCOUNT_STACKS=1, the call stacks of
 * own allocations follow in ALLOCCOUNT_OUT.stacks, most frequent first.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <execinfo.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

#define MAX_RANGES 256
#define MAX_MODULES 64
#define DEPTH 14
#define MAX_STACKS 4096

struct range {
  uintptr_t low, high;
  int module;
};

static struct range ranges[MAX_RANGES];
static atomic_int range_count;
static char modules[MAX_MODULES][48];
static int is_own[MAX_MODULES], module_count;
static atomic_ullong counts[MAX_MODULES], unknown;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Thread_local int inside __attribute__((tls_model("initial-exec")));
static int want_stacks;

struct stack {
  void *frames[DEPTH];
  int depth;
  unsigned long long count;
};
static struct stack stacks[MAX_STACKS];

static int module_named(const char *name) {
  for (int i = 0; i < module_count; i++) {
    if (!strcmp(modules[i], name)) return i;
  }
  if (module_count == MAX_MODULES) return MAX_MODULES - 1;
  snprintf(modules[module_count], sizeof modules[0], "%s", name);
  is_own[module_count] = strstr(name, "burrow") || strstr(name, "swift");
  return module_count++;
}

/* Reads the executable mappings; without allocating. */
static void read_maps(void) {
  static char text[1 << 18];
  int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  size_t have = 0;
  for (ssize_t n; have < sizeof text - 1 && (n = read(fd, text + have, sizeof text - 1 - have)) > 0;)
    have += (size_t)n;
  close(fd);
  text[have] = 0;
  int n = 0;
  for (char *line = text, *end; (end = strchr(line, '\n')) && n < MAX_RANGES; line = end + 1) {
    unsigned long low, high;
    char mode[8], path[256] = "";
    *end = 0;
    if (sscanf(line, "%lx-%lx %7s %*s %*s %*s %255s", &low, &high, mode, path) < 3 || mode[2] != 'x') continue;
    char *base = strrchr(path, '/');
    char name[48];
    snprintf(name, sizeof name, "%s", base ? base + 1 : path[0] ? path : "anonymous");
    char *dot = strstr(name, ".so");
    if (dot) *dot = 0;
    ranges[n++] = (struct range){low, high, module_named(name)};
  }
  atomic_store(&range_count, n);
}

static int module_of(uintptr_t address) {
  for (int attempt = 0; attempt < 2; attempt++) {
    int n = atomic_load(&range_count);
    for (int i = 0; i < n; i++) {
      if (address >= ranges[i].low && address < ranges[i].high) return ranges[i].module;
    }
    pthread_mutex_lock(&lock);
    read_maps();
    pthread_mutex_unlock(&lock);
  }
  return -1;
}

static void note_stack(void) {
  void *frames[DEPTH + 2];
  int depth = backtrace(frames, DEPTH + 2) - 2;
  if (depth <= 0) return;
  uint64_t h = 1469598103934665603ull;
  for (int i = 0; i < depth; i++)
    h = (h ^ (uintptr_t)frames[i + 2]) * 1099511628211ull;
  pthread_mutex_lock(&lock);
  for (unsigned probe = 0; probe < MAX_STACKS; probe++) {
    struct stack *s = &stacks[(h + probe) % MAX_STACKS];
    if (s->depth == 0) {
      s->depth = depth;
      memcpy(s->frames, frames + 2, (size_t)depth * sizeof(void *));
    }
    if (s->depth == depth && !memcmp(s->frames, frames + 2, (size_t)depth * sizeof(void *))) {
      s->count++;
      break;
    }
  }
  pthread_mutex_unlock(&lock);
}

/* Our library hands ngtcp2 an allocator of its own; what ngtcp2 asks of that is ngtcp2's. */
static int module_behind(int own) {
  void *frames[5];
  int depth = backtrace(frames, 5), m = own;
  for (int i = 1; i < depth; i++) {
    int found = module_of((uintptr_t)frames[i]);
    if (found == own) m = i + 1 < depth ? module_of((uintptr_t)frames[i + 1]) : own;
    if (found == own) break;
  }
  return m >= 0 && !strcmp(modules[m], "libngtcp2") ? m : own;
}

static void note(void *caller) {
  if (inside) return;
  inside = 1;
  int m = module_of((uintptr_t)caller);
  if (m >= 0 && is_own[m]) m = module_behind(m);
  if (m < 0) {
    atomic_fetch_add(&unknown, 1);
  } else {
    atomic_fetch_add(&counts[m], 1);
    if (want_stacks && is_own[m]) note_stack();
  }
  inside = 0;
}

#define EXPORT __attribute__((visibility("default")))

EXPORT void *malloc(size_t n) {
  note(__builtin_return_address(0));
  return __libc_malloc(n);
}
EXPORT void *calloc(size_t n, size_t size) {
  note(__builtin_return_address(0));
  return __libc_calloc(n, size);
}
EXPORT void *realloc(void *p, size_t n) {
  note(__builtin_return_address(0));
  return __libc_realloc(p, n);
}
EXPORT void *memalign(size_t a, size_t n) {
  note(__builtin_return_address(0));
  return __libc_memalign(a, n);
}
EXPORT void *aligned_alloc(size_t a, size_t n) {
  note(__builtin_return_address(0));
  return __libc_memalign(a, n);
}
EXPORT int posix_memalign(void **out, size_t a, size_t n) {
  note(__builtin_return_address(0));
  *out = __libc_memalign(a, n);
  return *out ? 0 : 12;
}

static int by_count(const void *a, const void *b) {
  unsigned long long x = (*(struct stack *const *)a)->count, y = (*(struct stack *const *)b)->count;
  return x < y ? 1 : x > y ? -1 : 0;
}

static void write_stacks(const char *path) {
  char name[512];
  snprintf(name, sizeof name, "%s.stacks", path);
  FILE *f = fopen(name, "w");
  struct stack **order = calloc(MAX_STACKS, sizeof *order);
  int n = 0;
  for (int i = 0; i < MAX_STACKS; i++) {
    if (stacks[i].count) order[n++] = &stacks[i];
  }
  qsort(order, (size_t)n, sizeof *order, by_count);
  for (int i = 0; f && i < n && i < 60; i++) {
    fprintf(f, "%llu times\n", order[i]->count);
    for (int d = 0; d < order[i]->depth; d++) {
      Dl_info info = {0};
      dladdr(order[i]->frames[d], &info);
      fprintf(f, "    %s + %#lx (%s)\n", info.dli_sname ? info.dli_sname : "?",
              (unsigned long)((uintptr_t)order[i]->frames[d] - (uintptr_t)info.dli_fbase),
              info.dli_fname ? info.dli_fname : "?");
    }
  }
  for (int i = 0; i < n; i++)
    order[i]->count = 0;
  free(order);
  if (f) fclose(f);
}

static void *answer(void *unused) {
  (void)unused;
  inside = 1; /* what happens here is not counted */
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR2);
  const char *path = getenv("ALLOCCOUNT_OUT");
  for (int got; sigwait(&set, &got) == 0;) {
    FILE *f = path ? fopen(path, "w") : NULL;
    if (!f) continue;
    unsigned long long own = 0;
    for (int i = 0; i < module_count; i++) {
      unsigned long long c = atomic_load(&counts[i]);
      if (is_own[i])
        own += c;
      else if (c)
        fprintf(f, "%s %llu\n", modules[i], c);
    }
    if (unknown) fprintf(f, "unknown %llu\n", (unsigned long long)unknown);
    if (own || want_stacks) fprintf(f, "own %llu\n", own);
    if (want_stacks) write_stacks(path);
    fprintf(f, "end\n");
    fclose(f);
  }
  return NULL;
}

__attribute__((constructor)) static void begin(void) {
  void *warm[4];
  inside = 1;
  backtrace(warm, 4); /* loads the unwinder, which allocates */
  read_maps();
  want_stacks = getenv("ALLOCCOUNT_STACKS") != NULL;
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR2);
  pthread_sigmask(SIG_BLOCK, &set, NULL); /* inherited by every thread to come */
  pthread_t thread;
  pthread_create(&thread, NULL, answer, NULL);
  pthread_detach(thread);
  unsetenv("LD_PRELOAD");
  inside = 0;
}
