/* Identities whose key is elsewhere: what is asked, what is answered well and badly, and how what waits ends.
 *
 * An identity of another engine plays the device that has the key: it signs what it is asked to. */
#include "support.h"
#include <pthread.h>
#include <unistd.h>

static burrow_engine *engine, *device;
static burrow_identity *holder;
static uint8_t key[32];
static char npub[BURROW_KEY_TEXT_SIZE];
static const uint8_t storage_key[32] = {7};

struct question {
  uint64_t number;
  uint32_t kind;
  burrow_request request;
  char *text;
  uint8_t data[32];
};

/** The next thing that is asked for the key; its text is to be freed. */
static struct question next_question(void *subject) {
  burrow_event event;
  struct question question = {0};
  CHECK(wait_kind(engine, &event, BURROW_EVENT_KEY_REQUEST, 0, subject));
  question.number = (uint64_t)event.value;
  question.kind = event.state;
  question.request = event.request;
  question.text = strdup(event.text);
  CHECK(event.data_len == 32 && event.data);
  if (event.data_len == 32 && event.data) memcpy(question.data, event.data, 32);
  return question;
}

/** What the device says to an event: the whole event, signed; to be freed. */
static char *signed_by(burrow_identity *who, const char *event) {
  burrow_event out;
  CHECK_STATUS(burrow_nostr_publish(who, event, NULL, 0, NULL), BURROW_OK);
  CHECK(wait_kind(device, &out, BURROW_EVENT_NOSTR_OUT, 0, NULL));
  return strdup(out.text);
}

static burrow_status answer(burrow_identity *id, uint64_t number, const char *text) {
  return burrow_identity_respond(id, number, BURROW_OK, (const uint8_t *)text, strlen(text));
}

static void sign(burrow_identity *id, struct question *question) {
  CHECK(question->kind == BURROW_KEY_SIGN);
  char *event = signed_by(holder, question->text);
  CHECK_STATUS(answer(id, question->number, event), BURROW_OK);
  free(event);
  free(question->text);
}

static burrow_identity *attach(const char *path, uint32_t timeout_ms) {
  burrow_identity_config config;
  burrow_identity *id = NULL;
  burrow_request request = 0;
  CHECK_STATUS(burrow_config_init(&config, sizeof config), BURROW_OK);
  config.storage_path = path;
  config.storage_key = path ? storage_key : NULL;
  config.key_timeout_ms = timeout_ms;
  CHECK_STATUS(burrow_identity_create(engine, npub, &config, &id, &request), BURROW_OK);
  CHECK_STATUS(wait_done(engine, request), BURROW_OK);
  return id;
}

static void test_arguments(burrow_identity *id) {
  burrow_identity *none = NULL;
  burrow_identity_config config;
  uint8_t read[32];
  char text[BURROW_KEY_TEXT_SIZE];
  size_t count = 0;
  CHECK_STATUS(burrow_identity_create(engine, "npub1nobody", NULL, &none, NULL), BURROW_ERR_NOSTR_KEY);
  CHECK_STATUS(burrow_identity_create(engine, npub, NULL, NULL, NULL), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_identity_create(NULL, npub, NULL, &none, NULL), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_config_init(&config, sizeof config), BURROW_OK);
  config.reserved = 1;
  CHECK_STATUS(burrow_identity_create(engine, npub, &config, &none, NULL), BURROW_ERR_UNSUPPORTED);
  CHECK(none == NULL);
  CHECK_STATUS(burrow_identity_pubkey(id, read), BURROW_OK);
  CHECK(memcmp(read, key, 32) == 0);
  CHECK_STATUS(burrow_identity_export(id, text, sizeof text, &count), BURROW_ERR_WRONG_KIND);
  CHECK_STATUS(burrow_identity_respond(NULL, 1, BURROW_OK, NULL, 0), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_identity_respond((burrow_identity *)engine, 1, BURROW_OK, NULL, 0), BURROW_ERR_STALE_HANDLE);
  CHECK_STATUS(burrow_identity_respond(id, 1, BURROW_AGAIN, NULL, 0), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_identity_respond(id, 1, BURROW_OK, NULL, 3), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_identity_respond(holder, 1, BURROW_OK, NULL, 0), BURROW_ERR_WRONG_KIND);
  for (uint64_t number = 0; number < 3; number++) {
    CHECK_STATUS(burrow_identity_respond(id, number, BURROW_OK, key, 32), BURROW_ERR_NOT_FOUND);
    CHECK_STATUS(burrow_identity_respond(id, UINT64_MAX - number, INT32_MIN, NULL, 0), BURROW_ERR_NOT_FOUND);
  }
}

/* Two at once, answered the other way round and in both forms. */
static void test_signing(burrow_identity *id) {
  burrow_request first = 0, second = 0;
  CHECK_STATUS(burrow_nostr_publish(id, "{\"kind\":1,\"content\":\"one\"}", NULL, 0, &first), BURROW_OK);
  CHECK_STATUS(burrow_nostr_publish(id, "{\"kind\":1,\"content\":\"two\"}", NULL, 0, &second), BURROW_OK);
  CHECK_STATUS(burrow_nostr_publish(id, "{", NULL, 0, NULL), BURROW_ERR_NOSTR_EVENT);
  struct question one = next_question(id), two = next_question(id);
  CHECK(one.request == first && two.request == second && one.number != two.number);
  CHECK(strstr(one.text, "one") && strstr(two.text, "two") && !strstr(one.text, "\"sig\""));
  sign(id, &two);
  burrow_event out;
  CHECK(wait_kind(engine, &out, BURROW_EVENT_NOSTR_OUT, 0, NULL));
  CHECK(out.request == second && strstr(out.text, "two"));
  CHECK_STATUS(wait_done(engine, second), BURROW_OK);
  CHECK_STATUS(burrow_identity_respond(id, two.number, BURROW_OK, key, 32), BURROW_ERR_NOT_FOUND);

  char *event = signed_by(holder, one.text);
  const char *digits = strstr(event, "\"sig\":\"") + 7;
  uint8_t signature[64];
  for (int i = 0; i < 64; i++) {
    unsigned byte = 0;
    CHECK(sscanf(digits + 2 * i, "%2x", &byte) == 1);
    signature[i] = (uint8_t)byte;
  }
  CHECK_STATUS(burrow_identity_respond(id, one.number, BURROW_OK, signature, sizeof signature), BURROW_OK);
  CHECK(wait_kind(engine, &out, BURROW_EVENT_NOSTR_OUT, 0, NULL));
  CHECK(strcmp(out.text, event) == 0);
  CHECK_STATUS(wait_done(engine, first), BURROW_OK);
  free(event);
  free(one.text);
}

/* What is no answer is said to be none, here and where the answer was waited for. */
static void test_bad_answers(burrow_identity *id) {
  burrow_identity *other = NULL;
  CHECK_STATUS(burrow_identity_create(device, NULL, NULL, &other, NULL), BURROW_OK);
  for (int way = 0; way < 7; way++) {
    burrow_request request = 0;
    CHECK_STATUS(burrow_nostr_publish(id, "{\"kind\":1}", NULL, 0, &request), BURROW_OK);
    struct question question = next_question(id);
    burrow_status wanted = BURROW_ERR_KEY_ANSWER;
    char *event = signed_by(way == 1 ? other : holder, way == 1   ? "{\"kind\":1}"
                                                       : way == 2 ? "{\"kind\":2}"
                                                                  : question.text);
    if (way == 0) { /* a bad signature */
      char *digit = strstr(event, "\"sig\":\"") + 7;
      *digit = *digit == '0' ? '1' : '0';
    }
    if (way < 3) { /* 1: somebody else's; 2: another event */
      CHECK_STATUS(answer(id, question.number, event), BURROW_ERR_KEY_ANSWER);
    } else if (way == 3) { /* 64 bytes that are no signature */
      memset(event, 0xff, 64);
      CHECK_STATUS(burrow_identity_respond(id, question.number, BURROW_OK, (uint8_t *)event, 64),
                   BURROW_ERR_KEY_ANSWER);
    } else if (way == 4) {
      CHECK_STATUS(burrow_identity_respond(id, question.number, BURROW_OK, NULL, 0), BURROW_ERR_KEY_ANSWER);
    } else if (way == 5) {
      CHECK_STATUS(burrow_identity_respond(id, question.number, BURROW_ERR_CANCELLED, NULL, 0), BURROW_OK);
      wanted = BURROW_ERR_KEY_REFUSED;
    } else {
      CHECK_STATUS(burrow_request_cancel(engine, request), BURROW_OK);
      wanted = BURROW_ERR_CANCELLED;
    }
    CHECK_STATUS(wait_done(engine, request), wanted);
    CHECK_STATUS(answer(id, question.number, event), BURROW_ERR_NOT_FOUND);
    free(event);
    free(question.text);
  }
  burrow_release(other);
}

static void test_proofs(burrow_identity *id) {
  static const char url[] = "https://media.example/token";
  burrow_request request = 9;
  burrow_event done;
  uint8_t checked[32];
  char header[64];
  size_t count = 9;
  CHECK_STATUS(burrow_nip98_make(id, url, "GET", NULL, 0, NULL, 0, &count, NULL), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_nip98_make(id, url, "GET", NULL, 0, header, sizeof header, &count, &request), BURROW_AGAIN);
  CHECK(request != 0 && count == 0);
  struct question question = next_question(id);
  CHECK(question.request == request && strstr(question.text, url));
  sign(id, &question);
  CHECK(wait_for(engine, &done, is_done, &request));
  CHECK_STATUS(burrow_nip98_check(engine, done.text, url, "GET", NULL, 0, checked), BURROW_OK);
  CHECK(memcmp(checked, key, 32) == 0);
  /* A key that is here needs no request. */
  char room[1024];
  CHECK_STATUS(burrow_nip98_make(holder, url, "GET", NULL, 0, room, sizeof room, &count, &request), BURROW_OK);
  CHECK(request == 0 && count > 1);
}

static void test_wraps(burrow_identity *id) {
  /* A payload that is none for anybody but looks like one: version 2 and 98 bytes of nothing. */
  char payload[133] = "Ag";
  memset(payload + 2, 'A', 130);
  burrow_identity *bob = NULL;
  burrow_event event;
  burrow_request request = 0;
  uint8_t other[32];
  size_t count = 0;
  CHECK_STATUS(burrow_identity_create(engine, NULL, NULL, &bob, NULL), BURROW_OK);
  CHECK_STATUS(burrow_identity_pubkey(bob, other), BURROW_OK);
  for (int good = 0; good < 2; good++) {
    CHECK_STATUS(burrow_nostr_send(id, other, "{\"kind\":14,\"content\":\"hello\"}", NULL, 0, 0, &request), BURROW_OK);
    struct question question = next_question(id);
    CHECK(question.kind == BURROW_KEY_ENCRYPT && question.request == request && memcmp(question.data, other, 32) == 0);
    CHECK(strstr(question.text, "hello") != NULL);
    if (good) {
      CHECK_STATUS(answer(id, question.number, payload), BURROW_OK);
      struct question seal = next_question(id);
      CHECK(strstr(seal.text, payload) != NULL);
      sign(id, &seal);
      CHECK(wait_kind(engine, &event, BURROW_EVENT_NOSTR_OUT, 0, NULL));
      CHECK(event.value == 1059);
    } else {
      CHECK_STATUS(answer(id, question.number, "?"), BURROW_ERR_KEY_ANSWER);
    }
    CHECK_STATUS(wait_done(engine, request), good ? BURROW_OK : BURROW_ERR_KEY_ANSWER);
    free(question.text);
  }
  CHECK_STATUS(burrow_nostr_send(bob, key, "{\"kind\":14}", NULL, 0, 0, NULL), BURROW_OK);
  CHECK(wait_kind(engine, &event, BURROW_EVENT_NOSTR_OUT, 0, NULL));
  char *wrap = strdup(event.text);
  CHECK_STATUS(burrow_nostr_open(id, wrap, NULL, 0, &count, NULL), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_nostr_open(id, "{}", NULL, 0, &count, &request), BURROW_ERR_NOSTR_EVENT);
  static const burrow_status ends[] = {BURROW_ERR_NOSTR_UNREADABLE, BURROW_ERR_KEY_REFUSED, BURROW_ERR_NOSTR_EVENT};
  for (int way = 0; way < 3; way++) {
    CHECK_STATUS(burrow_nostr_open(id, wrap, NULL, 0, &count, &request), BURROW_AGAIN);
    struct question question = next_question(id);
    CHECK(question.kind == BURROW_KEY_DECRYPT && question.request == request);
    burrow_status result = way == 0 ? BURROW_ERR_NOSTR_UNREADABLE : way == 1 ? BURROW_ERR_KEY_REFUSED : BURROW_OK;
    const uint8_t text[] = "not what was in there";
    CHECK_STATUS(burrow_identity_respond(id, question.number, result, text, sizeof text - 1), BURROW_OK);
    CHECK_STATUS(wait_done(engine, request), ends[way]);
    free(question.text);
  }
  free(wrap);
  burrow_release(bob);
}

/* Nobody waits without end, and what is too much is refused. */
static void test_limits(void) {
  burrow_identity *id = attach(NULL, 30);
  burrow_request request = 0;
  static const char *const relays[] = {"wss://relay.example"};
  CHECK_STATUS(burrow_nostr_publish(id, "{\"kind\":1}", NULL, 0, &request), BURROW_OK);
  CHECK_STATUS(wait_done(engine, request), BURROW_ERR_TIMEOUT);
  CHECK_STATUS(burrow_key_package_publish(id, relays, 1, &request), BURROW_OK);
  CHECK_STATUS(wait_done(engine, request), BURROW_ERR_TIMEOUT);
  CHECK_STATUS(burrow_discovery_publish(id, BURROW_LIST_INBOX, relays, 1, &request), BURROW_OK);
  CHECK_STATUS(wait_done(engine, request), BURROW_ERR_TIMEOUT);
  CHECK_STATUS(burrow_nostr_send(id, key, "{\"kind\":14}", NULL, 0, 0, &request), BURROW_OK);
  CHECK_STATUS(wait_done(engine, request), BURROW_ERR_TIMEOUT);
  burrow_event event;
  size_t count = 0;
  CHECK_STATUS(burrow_nip98_make(id, "https://a.example", "GET", NULL, 0, NULL, 0, &count, &request), BURROW_AGAIN);
  CHECK_STATUS(wait_done(engine, request), BURROW_ERR_TIMEOUT);
  /* Nothing is asked of the service before it is known who asks. */
  CHECK_STATUS(burrow_token_request(id, "https://a.example", NULL, NULL, &request), BURROW_OK);
  CHECK_STATUS(wait_done(engine, request), BURROW_ERR_TIMEOUT);
  burrow_identity *bob = NULL;
  CHECK_STATUS(burrow_identity_create(device, NULL, NULL, &bob, NULL), BURROW_OK);
  CHECK_STATUS(burrow_nostr_send(bob, key, "{\"kind\":14}", NULL, 0, 0, NULL), BURROW_OK);
  CHECK(wait_kind(device, &event, BURROW_EVENT_NOSTR_OUT, 0, NULL));
  char *wrap = strdup(event.text);
  CHECK_STATUS(burrow_nostr_open(id, wrap, NULL, 0, &count, &request), BURROW_AGAIN);
  CHECK_STATUS(wait_done(engine, request), BURROW_ERR_TIMEOUT);
  free(wrap);
  burrow_release(bob);
  burrow_release(id);

  CHECK_STATUS(burrow_identity_create(engine, npub, NULL, &id, NULL), BURROW_OK);
  for (int i = 0; i < 256; i++)
    CHECK_STATUS(burrow_nostr_publish(id, "{\"kind\":1}", NULL, 0, &request), BURROW_OK);
  CHECK_STATUS(burrow_nostr_publish(id, "{\"kind\":1}", NULL, 0, NULL), BURROW_ERR_LIMIT);
  /* The last handle goes, and with it whoever could answer. */
  burrow_release(id);
  CHECK_STATUS(wait_done(engine, request), BURROW_ERR_CANCELLED);
}

static void test_closing(void) {
  burrow_identity *id = NULL;
  burrow_request published = 0, closed = 0, opened = 0;
  size_t count;
  CHECK_STATUS(burrow_identity_create(engine, npub, NULL, &id, NULL), BURROW_OK);
  CHECK_STATUS(burrow_nostr_publish(id, "{\"kind\":1}", NULL, 0, &published), BURROW_OK);
  CHECK_STATUS(burrow_nip98_make(id, "https://a.example", "GET", NULL, 0, NULL, 0, &count, &opened), BURROW_AGAIN);
  struct question question = next_question(id);
  CHECK_STATUS(burrow_close(id, &closed), BURROW_OK);
  CHECK_STATUS(wait_done(engine, published), BURROW_ERR_CANCELLED);
  CHECK_STATUS(wait_done(engine, opened), BURROW_ERR_CANCELLED);
  CHECK_STATUS(wait_done(engine, closed), BURROW_OK);
  CHECK_STATUS(answer(id, question.number, "{}"), BURROW_ERR_CLOSED);
  CHECK_STATUS(burrow_nostr_publish(id, "{\"kind\":1}", NULL, 0, NULL), BURROW_ERR_CLOSED);
  free(question.text);
  burrow_release(id);
}

/* Key packages wait in the file until somebody signs them. */
static void test_groups(void) {
  static const char *const relays[] = {"wss://relay.example"};
  char path[] = "/tmp/burrow-remote-XXXXXX";
  int file = mkstemp(path);
  CHECK(file >= 0);
  close(file);
  unlink(path);
  burrow_identity_config config;
  burrow_request request = 0;
  burrow_event event;
  burrow_identity *id = attach(path, 0), *wrong = NULL;
  CHECK_STATUS(burrow_key_package_publish(id, relays, 1, &request), BURROW_OK);
  struct question one = next_question(id), two = next_question(id);
  CHECK(one.kind == BURROW_KEY_SIGN && one.request == 0 && two.kind == BURROW_KEY_SIGN);
  sign(id, &two);
  CHECK(wait_kind(engine, &event, BURROW_EVENT_NOSTR_OUT, 0, id));
  CHECK_STATUS(burrow_close(id, NULL), BURROW_OK);
  CHECK_STATUS(wait_done(engine, request), BURROW_ERR_CANCELLED);
  burrow_release(id);
  free(one.text);

  CHECK_STATUS(burrow_config_init(&config, sizeof config), BURROW_OK);
  config.storage_path = path;
  config.storage_key = storage_key;
  CHECK_STATUS(burrow_identity_create(engine, NULL, &config, &wrong, &request), BURROW_OK);
  CHECK_STATUS(wait_done(engine, request), BURROW_ERR_EXISTS);
  burrow_release(wrong);

  id = attach(path, 0);
  /* What was signed waits for a relay and comes again as it is, the other one is asked for again. */
  CHECK(wait_kind(engine, &event, BURROW_EVENT_NOSTR_OUT, 0, id));
  int64_t kind = event.value;
  CHECK(kind == 30443 || kind == 443);
  one = next_question(id);
  sign(id, &one);
  CHECK(wait_kind(engine, &event, BURROW_EVENT_NOSTR_OUT, 0, id));
  CHECK(event.value + kind == 30443 + 443);
  CHECK_STATUS(burrow_key_package_publish(id, relays, 1, &request), BURROW_OK);
  one = next_question(id);
  CHECK_STATUS(burrow_identity_respond(id, one.number, BURROW_ERR_KEY_REFUSED, NULL, 0), BURROW_OK);
  CHECK(wait_kind(engine, &event, BURROW_EVENT_NOSTR_REFUSED, 0, id));
  CHECK(event.status == BURROW_ERR_KEY_REFUSED && event.data_len == 32 && memcmp(event.data, one.data, 32) == 0);
  CHECK_STATUS(wait_done(engine, request), BURROW_ERR_KEY_REFUSED);
  free(one.text);
  CHECK_STATUS(burrow_close(id, &request), BURROW_OK);
  CHECK_STATUS(wait_done(engine, request), BURROW_OK);
  burrow_release(id);

  /* The key comes home: what still waits is signed here. */
  char nsec[BURROW_KEY_TEXT_SIZE];
  size_t count = 0;
  CHECK_STATUS(burrow_identity_export(holder, nsec, sizeof nsec, &count), BURROW_OK);
  CHECK_STATUS(burrow_identity_create(engine, nsec, &config, &id, &request), BURROW_OK);
  CHECK_STATUS(wait_done(engine, request), BURROW_OK);
  CHECK(wait_kind(engine, &event, BURROW_EVENT_NOSTR_OUT, 0, id));
  CHECK_STATUS(burrow_key_package_publish(id, relays, 1, &request), BURROW_OK);
  CHECK_STATUS(wait_done(engine, request), BURROW_OK);
  CHECK_STATUS(burrow_close(id, &request), BURROW_OK);
  CHECK_STATUS(wait_done(engine, request), BURROW_OK);
  burrow_release(id);
  unlink(path);
}

static burrow_identity *shared;

static void *answer_anything(void *ended) {
  unsigned seed = 1;
  uint8_t bytes[200];
  while (!__atomic_load_n((int *)ended, __ATOMIC_ACQUIRE)) {
    for (size_t i = 0; i < sizeof bytes; i++)
      bytes[i] = (uint8_t)rand_r(&seed);
    burrow_status result = rand_r(&seed) % 3 ? BURROW_OK : -(int)(rand_r(&seed) % 600);
    (void)burrow_identity_respond(shared, rand_r(&seed) % 500, result, bytes, rand_r(&seed) % sizeof bytes);
  }
  return NULL;
}

static void *ask_much(void *request) {
  burrow_request last = 0, proof = 0;
  size_t count = 0;
  for (int i = 0; i < 100; i++) {
    (void)burrow_nostr_publish(shared, "{\"kind\":1}", NULL, 0, &last);
    (void)burrow_nip98_make(shared, "https://a.example", "GET", NULL, 0, NULL, 0, &count, &proof);
    if (i % 3 == 0) (void)burrow_request_cancel(engine, proof);
  }
  *(burrow_request *)request = last;
  return NULL;
}

/* Threads that ask, answer nonsense, drain and close, at the same time. */
static void test_threads(void) {
  int ended = 0;
  burrow_request last = 0, closed = 0, shut = 0;
  pthread_t threads[2];
  CHECK_STATUS(burrow_identity_create(engine, npub, NULL, &shared, NULL), BURROW_OK);
  CHECK(pthread_create(&threads[0], NULL, answer_anything, &ended) == 0);
  CHECK(pthread_create(&threads[1], NULL, ask_much, &last) == 0);
  struct question question = next_question(shared);
  free(question.text);
  CHECK(pthread_join(threads[1], NULL) == 0);
  CHECK_STATUS(burrow_close(shared, &closed), BURROW_OK);
  CHECK_STATUS(wait_done(engine, closed), BURROW_OK);
  __atomic_store_n(&ended, 1, __ATOMIC_RELEASE);
  CHECK(pthread_join(threads[0], NULL) == 0);
  burrow_release(shared);

  /* Shutting down ends what waits, and that is told before the end. */
  CHECK_STATUS(burrow_identity_create(engine, npub, NULL, &shared, NULL), BURROW_OK);
  CHECK_STATUS(burrow_nostr_publish(shared, "{\"kind\":1}", NULL, 0, &last), BURROW_OK);
  CHECK_STATUS(burrow_close(engine, &shut), BURROW_OK);
  CHECK_STATUS(wait_done(engine, last), BURROW_ERR_CANCELLED);
  CHECK_STATUS(wait_done(engine, shut), BURROW_OK);
  burrow_release(shared);
}

int main(void) {
  burrow_engine_config config;
  burrow_identity *id = NULL;
  size_t count = 0;
  CHECK_STATUS(burrow_config_init(&config, sizeof config), BURROW_OK);
  config.flags = BURROW_ENGINE_HOST_RELAYS;
  CHECK_STATUS(burrow_engine_create(&config, &engine), BURROW_OK);
  CHECK_STATUS(burrow_engine_create(&config, &device), BURROW_OK);
  CHECK_STATUS(burrow_identity_create(device, NULL, NULL, &holder, NULL), BURROW_OK);
  CHECK_STATUS(burrow_identity_pubkey(holder, key), BURROW_OK);
  CHECK_STATUS(burrow_pubkey_format(key, npub, sizeof npub, &count), BURROW_OK);
  CHECK_STATUS(burrow_identity_create(engine, npub, NULL, &id, NULL), BURROW_OK);
  test_arguments(id);
  test_signing(id);
  test_bad_answers(id);
  test_proofs(id);
  test_wraps(id);
  burrow_release(id);
  test_limits();
  test_closing();
  test_groups();
  test_threads();
  CHECK_STATUS(burrow_engine_destroy(engine), BURROW_OK);
  CHECK_STATUS(burrow_engine_destroy(device), BURROW_OK);
  return finish_tests();
}
