/* Settings: how they are written on the command line, and those in force. */
#include "udpimpair.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

settings conf[2] = {
    {.dist = UNIFORM, .reorder_by = 10000000, .queue = 100000},
    {.dist = UNIFORM, .reorder_by = 10000000, .queue = 100000},
};

void die(const char *fmt, ...) {
  va_list ap;
  va_start(ap, fmt);
  fputs("udpimpair: ", stderr);
  vfprintf(stderr, fmt, ap);
  fputc('\n', stderr);
  va_end(ap);
  exit(2);
}

static int64_t parse_time(const char *s) { /* "25ms", "2s", "500us"; a bare number is milliseconds */
  char *e;
  double v = strtod(s, &e);
  if (e == s || v < 0) die("bad time '%s'", s);
  if (!strcmp(e, "s"))
    v *= 1e9;
  else if (!strcmp(e, "us"))
    v *= 1e3;
  else if (!*e || !strcmp(e, "ms"))
    v *= 1e6;
  else
    die("bad time '%s'", s);
  return (int64_t)v;
}
static double parse_share(const char *s) { /* "5%" or "0.05" */
  char *e;
  double v = strtod(s, &e);
  if (e == s) die("bad share '%s'", s);
  if (*e == '%') {
    v /= 100;
    e++;
  }
  if (*e || v < 0 || v > 1) die("bad share '%s'", s);
  return v;
}
static double parse_size(const char *s) { /* "2M", "500k": powers of ten */
  char *e;
  double v = strtod(s, &e);
  if (e == s || v < 0) die("bad number '%s'", s);
  if (*e == 'k' || *e == 'K') {
    v *= 1e3;
    e++;
  } else if (*e == 'M') {
    v *= 1e6;
    e++;
  } else if (*e == 'G') {
    v *= 1e9;
    e++;
  }
  if (*e) die("bad number '%s'", s);
  return v;
}

static void set_one(settings *c, const char *key, const char *value) {
  if (!strcmp(key, "delay"))
    c->delay = parse_time(value);
  else if (!strcmp(key, "jitter"))
    c->jitter = parse_time(value);
  else if (!strcmp(key, "dist")) {
    if (!strcmp(value, "uniform"))
      c->dist = UNIFORM;
    else if (!strcmp(value, "pareto"))
      c->dist = PARETO;
    else
      die("dist is uniform or pareto");
  } else if (!strcmp(key, "order")) {
    if (!strcmp(value, "keep"))
      c->free_order = 0;
    else if (!strcmp(value, "free"))
      c->free_order = 1;
    else
      die("order is keep or free");
  } else if (!strcmp(key, "loss"))
    c->loss = parse_share(value);
  else if (!strcmp(key, "ge")) {
    char buf[128], *save = NULL;
    snprintf(buf, sizeof buf, "%s", value);
    double v[4] = {0, 1, 0, 1};
    int n = 0;
    for (char *t = strtok_r(buf, ",", &save); t && n < 4; t = strtok_r(NULL, ",", &save))
      v[n++] = parse_share(t);
    if (n && n < 2) die("ge needs P,R[,GOOD,BAD]");
    c->ge_p = v[0];
    c->ge_r = v[1];
    c->ge_good = v[2];
    c->ge_bad = v[3];
  } else if (!strcmp(key, "reorder"))
    c->reorder = parse_share(value);
  else if (!strcmp(key, "reorder-by"))
    c->reorder_by = parse_time(value);
  else if (!strcmp(key, "duplicate"))
    c->duplicate = parse_share(value);
  else if (!strcmp(key, "corrupt"))
    c->corrupt = parse_share(value);
  else if (!strcmp(key, "rate"))
    c->rate = parse_size(value) / 8;
  else if (!strcmp(key, "queue"))
    c->queue = (int64_t)parse_size(value);
  else
    die("unknown setting '%s'", key);
}

void apply(const char *text) { /* "up.loss=5%" */
  char buf[256];
  snprintf(buf, sizeof buf, "%s", text);
  char *dot = strchr(buf, '.'), *eq = strchr(buf, '=');
  if (!dot || !eq || eq < dot) die("'%s' is not DIRECTION.KEY=VALUE", text);
  *dot = *eq = 0;
  int up = !strcmp(buf, "up") || !strcmp(buf, "both"), down = !strcmp(buf, "down") || !strcmp(buf, "both");
  if (!up && !down) die("direction '%s' is not up, down or both", buf);
  if (up) set_one(&conf[UP], dot + 1, eq + 1);
  if (down) set_one(&conf[DOWN], dot + 1, eq + 1);
}
