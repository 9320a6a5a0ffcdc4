/* Clock, failure, memory, lists. */
#define _GNU_SOURCE
#include "media.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

int64_t now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

void sleep_until(int64_t us) {
  struct timespec t = {us / 1000000, us % 1000000 * 1000};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR) {
  }
}

void fail(const char *format, ...) {
  va_list args;
  va_start(args, format);
  vfprintf(stderr, format, args);
  va_end(args);
  fputc('\n', stderr);
  _exit(1);
}

void *allocate(size_t count, size_t size) {
  void *p = calloc(count, size);
  if (!p) fail("out of memory");
  return p;
}

uint8_t *map_file(const char *name, size_t *size) {
  struct stat about;
  int fd = open(name, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || fstat(fd, &about)) fail("%s: %s", name, strerror(errno));
  *size = (size_t)about.st_size;
  void *memory = mmap(NULL, *size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
  if (memory == MAP_FAILED) fail("%s: %s", name, strerror(errno));
  close(fd);
  return memory;
}

void append(struct list *list, int64_t value) {
  if (list->count == list->capacity) {
    list->capacity = list->capacity ? list->capacity * 2 : 1024;
    list->values = realloc(list->values, list->capacity * sizeof *list->values);
    if (!list->values) fail("out of memory");
  }
  list->values[list->count++] = value;
}

void print_list(FILE *file, const char *key, const struct list *list, unsigned width) {
  fprintf(file, "\"%s\":[", key);
  for (size_t i = 0; i < list->count; i++) {
    if (width > 1 && i % width == 0) fputs(i ? "],[" : "[", file);
    fprintf(file, width > 1 && i % width == 0 ? "%lld" : i ? ",%lld" : "%lld", (long long)list->values[i]);
  }
  fputs(width > 1 && list->count ? "]]" : "]", file);
}

static int compare(const void *a, const void *b) {
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return (x > y) - (x < y);
}

int64_t quantile(struct list *list, double share) {
  if (!list->count) return 0;
  qsort(list->values, list->count, sizeof *list->values, compare);
  size_t at = (size_t)(share * (double)list->count);
  return list->values[at < list->count ? at : list->count - 1];
}
