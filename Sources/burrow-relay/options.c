/* The command line of burrow-relay. */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* More than any certificate chain or key set needs. */
enum {
  MAX_FILE = 1 << 20
};

static const char help[] =
    "usage: burrow-relay --listen ADDRESS (--open | --public PREFIX | --keys FILE) [option]...\n"
    "\n"
    "A relay for moq-lite 02 to 05 over QUIC. It ends in good order on SIGINT and SIGTERM.\n"
    "\n"
    "where\n"
    "  -l, --listen HOST:PORT     an address to listen on, such as 0.0.0.0:443 or [::]:443; port 0 picks one.\n"
    "                             May be given up to 16 times\n"
    "who may enter\n"
    "  -o, --open                 everybody, without a token\n"
    "  -p, --public PREFIX        everybody, but only below this path; \"\" is everywhere\n"
    "  -k, --keys FILE            whoever has a token (?jwt=) signed by a key of this JWK or JWKS\n"
    "certificate\n"
    "  -c, --certificate FILE     chain as PEM, leaf first. Without one a self-signed certificate is made, and its\n"
    "                             fingerprint is printed for clients to pin\n"
    "  -K, --private-key FILE     its private key as PEM\n"
    "  -n, --name NAME            host name or address in the self-signed certificate; may be given several times\n"
    "restarts\n"
    "      --reset-secret FILE    64 hexadecimal digits, as \"openssl rand -hex 32\" makes them. With the same ones\n"
    "                             after a restart, clients learn at once that their sessions are gone\n"
    "limits\n"
    "      --max-sessions N       sessions at once (10000)\n"
    "      --max-sessions-per-address N\n"
    "                             of one IPv4 address or IPv6 /64 (a quarter of all, at least 256)\n"
    "      --max-broadcasts N     broadcasts a session may announce (1000)\n"
    "      --max-subscriptions N  subscriptions a session may have (10000)\n"
    "      --cache-mib N          memory for groups in MiB (512)\n"
    "      --idle-timeout SECONDS silent sessions are closed after this (10)\n"
    "telling\n"
    "  -v, --verbose              say more; up to three times\n"
    "  -q, --quiet                say only what fails\n"
    "      --stats SECONDS        print the counters as a line of JSON this often\n"
    "      --qlog FOLDER          write a qlog file for every connection there\n"
    "      --version              print the version\n"
    "  -h, --help                 print this\n"
    "\n"
    "example: burrow-relay --open --listen 127.0.0.1:4443\n";

static int wrong(const char *what, const char *value) {
  fprintf(stderr, "burrow-relay: %s%s%s; see --help\n", what, value ? ": " : "", value ? value : "");
  return 2;
}

static char *read_file(const char *path) {
  FILE *file = fopen(path, "rb");
  if (file) setvbuf(file, NULL, _IONBF, 0); /* no second copy of a secret */
  char *text = file ? malloc(MAX_FILE + 1) : NULL;
  size_t length = text ? fread(text, 1, MAX_FILE + 1, file) : 0;
  int failed = !text || ferror(file);
  if (file) fclose(file);
  if (failed || length > MAX_FILE || memchr(text, 0, length)) {
    fprintf(stderr, "burrow-relay: %s: %s\n", path,
            failed              ? strerror(errno)
            : length > MAX_FILE ? "is larger than 1 MiB"
                                : "is not a text file");
    free(text);
    return NULL;
  }
  text[length] = 0;
  return text;
}

static int hexadecimal(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}

/* -1, or the status to exit with. */
static int read_secret(const char *path, uint8_t out[RESET_SECRET_SIZE]) {
  char *text = read_file(path);
  if (!text) return 1;
  int fits = strspn(text, "0123456789abcdefABCDEF") == 2 * RESET_SECRET_SIZE &&
             text[2 * RESET_SECRET_SIZE + strspn(text + 2 * RESET_SECRET_SIZE, "\r\n")] == 0;
  for (size_t i = 0; fits && i < RESET_SECRET_SIZE; i++)
    out[i] = (uint8_t)(hexadecimal(text[2 * i]) << 4 | hexadecimal(text[2 * i + 1]));
  explicit_bzero(text, strlen(text));
  free(text);
  return fits ? -1 : wrong("not a file of 64 hexadecimal digits", path);
}

static int read_number(const char *text, uint32_t most, uint32_t *out) {
  char *end;
  errno = 0;
  unsigned long long value = strtoull(text, &end, 10);
  if (errno || end == text || *end || *text == '-' || value < 1 || value > most) return 0;
  *out = (uint32_t)value;
  return 1;
}

enum {
  MAX_SESSIONS = 256,
  MAX_SESSIONS_PER_ADDRESS,
  MAX_BROADCASTS,
  MAX_SUBSCRIPTIONS,
  CACHE,
  RESET_SECRET,
  IDLE,
  STATS,
  QLOG,
  VERSION
};

static const struct option known[] = {
    {"listen", required_argument, NULL, 'l'},
    {"open", no_argument, NULL, 'o'},
    {"public", required_argument, NULL, 'p'},
    {"keys", required_argument, NULL, 'k'},
    {"certificate", required_argument, NULL, 'c'},
    {"private-key", required_argument, NULL, 'K'},
    {"name", required_argument, NULL, 'n'},
    {"max-sessions", required_argument, NULL, MAX_SESSIONS},
    {"max-sessions-per-address", required_argument, NULL, MAX_SESSIONS_PER_ADDRESS},
    {"max-broadcasts", required_argument, NULL, MAX_BROADCASTS},
    {"max-subscriptions", required_argument, NULL, MAX_SUBSCRIPTIONS},
    {"cache-mib", required_argument, NULL, CACHE},
    {"reset-secret", required_argument, NULL, RESET_SECRET},
    {"idle-timeout", required_argument, NULL, IDLE},
    {"verbose", no_argument, NULL, 'v'},
    {"quiet", no_argument, NULL, 'q'},
    {"stats", required_argument, NULL, STATS},
    {"qlog", required_argument, NULL, QLOG},
    {"version", no_argument, NULL, VERSION},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static int read_one(int option, const char *value, options *out) {
  burrow_relay_config *relay = &out->relay;
  uint32_t number;
  switch (option) {
  case 'l':
    if (relay->listen_count == MAX_LISTEN) return wrong("too many addresses", value);
    out->listen[relay->listen_count++] = value;
    return -1;
  case 'o':
    relay->flags |= BURROW_RELAY_OPEN;
    return -1;
  case 'p':
    relay->public_prefix = value;
    return -1;
  case 'k':
    return (relay->jwt_keys = read_file(value)) ? -1 : 1;
  case 'c':
    return (relay->certificate_pem = read_file(value)) ? -1 : 1;
  case 'K':
    return (relay->key_pem = read_file(value)) ? -1 : 1;
  case 'n':
    if (relay->host_name_count == MAX_HOST_NAMES) return wrong("too many names", value);
    out->host_names[relay->host_name_count++] = value;
    return -1;
  case MAX_SESSIONS:
    return read_number(value, 1000000, &relay->max_sessions) ? -1 : wrong("not a number", value);
  case MAX_SESSIONS_PER_ADDRESS:
    return read_number(value, 1000000, &relay->max_sessions_per_address) ? -1 : wrong("not a number", value);
  case MAX_BROADCASTS:
    return read_number(value, 1000000, &relay->max_broadcasts_per_session) ? -1 : wrong("not a number", value);
  case MAX_SUBSCRIPTIONS:
    return read_number(value, 1000000, &relay->max_subscriptions_per_session) ? -1 : wrong("not a number", value);
  case CACHE:
    return read_number(value, 1 << 20, &relay->max_cache_mib) ? -1 : wrong("not a number", value);
  case RESET_SECRET:
    relay->reset_secret = out->reset_secret;
    return read_secret(value, out->reset_secret);
  case IDLE:
    if (!read_number(value, 3600, &number)) return wrong("not a number of seconds", value);
    relay->idle_timeout_ms = number * 1000;
    return -1;
  case 'v':
    if (out->log_level < BURROW_LOG_TRACE) out->log_level++;
    return -1;
  case 'q':
    out->log_level = BURROW_LOG_ERROR;
    return -1;
  case STATS:
    return read_number(value, 86400, &out->stats_seconds) ? -1 : wrong("not a number of seconds", value);
  case QLOG:
    relay->qlog_dir = value;
    return -1;
  case VERSION:
    printf("burrow-relay %s\n", burrow_version_string());
    return 0;
  case 'h':
    fputs(help, stdout);
    return 0;
  default:
    fputs("see --help\n", stderr);
    return 2;
  }
}

int options_read(int argc, char **argv, options *out) {
  memset(out, 0, sizeof *out);
  if (burrow_config_init(&out->relay, sizeof out->relay)) return wrong("the library does not fit", NULL);
  out->log_level = BURROW_LOG_WARNING;
  int option;
  while ((option = getopt_long(argc, argv, "l:op:k:c:K:n:vqh", known, NULL)) != -1) {
    int status = read_one(option, optarg, out);
    if (status >= 0) return status;
  }
  burrow_relay_config *relay = &out->relay;
  if (optind < argc) return wrong("unknown argument", argv[optind]);
  if (argc == 1) {
    fputs(help, stderr);
    return 2;
  }
  if (!relay->listen_count) return wrong("--listen is missing", NULL);
  if (!(relay->flags & BURROW_RELAY_OPEN) && !relay->public_prefix && !relay->jwt_keys)
    return wrong("nobody could enter: give --open, --public or --keys", NULL);
  if (!relay->certificate_pem != !relay->key_pem) return wrong("--certificate and --private-key go together", NULL);
  relay->listen = out->listen;
  relay->host_names = relay->host_name_count ? out->host_names : NULL;
  return -1;
}
