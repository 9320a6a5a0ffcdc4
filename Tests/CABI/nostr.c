/* Nostr without relays: identities, wraps, proofs, and a host that carries events itself. */
#include "support.h"

/* The next event of a kind; other kinds are skipped. Its texts live until the next call. */
static burrow_event next_of(burrow_engine *e, uint32_t kind) {
  burrow_event event = {.struct_size = sizeof event};
  for (int i = 0; i < 100; i++) {
    if (burrow_engine_next_event(e, 5000, &event) != BURROW_OK) break;
    if (event.kind == kind) return event;
  }
  CHECK(0 && "the event did not come");
  event.text = "";
  return event;
}

static void to_hex(const uint8_t *bytes, char *out) {
  for (int i = 0; i < 32; i++)
    snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

static void test_identities(burrow_engine *e) {
  static const char nsec[] = "nsec1vl029mgpspedva04g90vltkh6fvh240zqtv9k0t9af8935ke9laqsnlfe5";
  static const char npub[] = "npub180cvv07tjdrrgpa0j7j7tmnyl2yr6yr7l8j4s3evf6u64th6gkwsyjh6w6";
  char text[BURROW_KEY_TEXT_SIZE] = "";
  uint8_t key[32], parsed[32];
  size_t count = 0;
  burrow_identity *id = NULL;
  CHECK_STATUS(burrow_identity_create(e, "nsec1vl029", NULL, &id, NULL), BURROW_ERR_NOSTR_KEY);
  CHECK_STATUS(burrow_identity_create(e, "npub180cvv0", NULL, &id, NULL), BURROW_ERR_NOSTR_KEY);
  /* The key is elsewhere then. */
  CHECK_STATUS(burrow_identity_create(e, npub, NULL, &id, NULL), BURROW_OK);
  CHECK_STATUS(burrow_identity_export(id, text, sizeof text, &count), BURROW_ERR_WRONG_KIND);
  burrow_release(id);
  CHECK_STATUS(burrow_identity_create(e, "", NULL, &id, NULL), BURROW_ERR_NOSTR_KEY);
  CHECK_STATUS(burrow_identity_create(e, nsec, NULL, NULL, NULL), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_identity_create(NULL, nsec, NULL, &id, NULL), BURROW_ERR_INVALID_ARGUMENT);
  CHECK(id == NULL);
  CHECK_STATUS(burrow_identity_create(e, nsec, NULL, &id, NULL), BURROW_OK);
  CHECK_STATUS(burrow_identity_export(id, text, sizeof text, &count), BURROW_OK);
  CHECK(strcmp(text, nsec) == 0 && count == sizeof nsec);
  CHECK_STATUS(burrow_identity_export(id, text, 8, &count), BURROW_ERR_BUFFER_TOO_SMALL);
  CHECK_STATUS(burrow_identity_pubkey(id, NULL), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_identity_pubkey((burrow_identity *)e, key), BURROW_ERR_STALE_HANDLE);
  CHECK_STATUS(burrow_identity_pubkey(id, key), BURROW_OK);
  CHECK_STATUS(burrow_pubkey_format(key, text, sizeof text, &count), BURROW_OK);
  CHECK_STATUS(burrow_pubkey_parse(text, parsed), BURROW_OK);
  CHECK(memcmp(key, parsed, 32) == 0);
  CHECK_STATUS(burrow_pubkey_parse(nsec, parsed), BURROW_ERR_NOSTR_KEY);
  CHECK_STATUS(burrow_pubkey_parse("npub1", parsed), BURROW_ERR_NOSTR_KEY);
  CHECK_STATUS(burrow_pubkey_format(NULL, text, sizeof text, &count), BURROW_ERR_INVALID_ARGUMENT);
  burrow_release(id);
  CHECK_STATUS(burrow_identity_pubkey(id, key), BURROW_ERR_STALE_HANDLE);
}

/* What one host publishes another takes in, without any relay. */
static void test_host_relays(burrow_engine *e, burrow_identity *alice, burrow_identity *bob) {
  burrow_request sent = 0, wanted = 0;
  uint8_t key[32];
  char hex[65], filter[160], opened[512];
  size_t count = 0;
  CHECK_STATUS(burrow_nostr_add_relay(e, "wss://relay.example", NULL), BURROW_ERR_WRONG_KIND);
  CHECK_STATUS(burrow_identity_pubkey(bob, key), BURROW_OK);
  to_hex(key, hex);
  snprintf(filter, sizeof filter, "[{\"kinds\":[1059],\"#p\":[\"%s\"]},{\"kinds\":[1]}]", hex);
  CHECK_STATUS(burrow_nostr_subscribe(e, filter, NULL, 0, &wanted), BURROW_OK);
  CHECK_STATUS(burrow_nostr_subscribe(e, "{", NULL, 0, &sent), BURROW_ERR_NOSTR_EVENT);
  CHECK_STATUS(burrow_nostr_subscribe(e, "[]", NULL, 0, &sent), BURROW_ERR_LIMIT);
  CHECK_STATUS(burrow_nostr_subscribe(e, filter, NULL, 0, NULL), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_nostr_subscribe(e, filter, NULL, 3, &sent), BURROW_ERR_INVALID_ARGUMENT);

  const char *message = "{\"kind\":14,\"content\":\"f\\u00fcr dich\"}";
  CHECK_STATUS(burrow_nostr_send(alice, key, message, NULL, 0, 2, &sent), BURROW_ERR_UNSUPPORTED);
  CHECK_STATUS(burrow_nostr_send(alice, NULL, message, NULL, 0, 0, &sent), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_nostr_send(alice, key, "{}", NULL, 0, 0, &sent), BURROW_ERR_NOSTR_EVENT);
  CHECK(sent == 0);
  CHECK_STATUS(burrow_nostr_send(alice, key, message, NULL, 0, 0, &sent), BURROW_OK);
  burrow_event out = next_of(e, BURROW_EVENT_NOSTR_OUT);
  CHECK(out.request == sent && out.value == 1059);
  char *wrap = strdup(out.text);
  burrow_event done = next_of(e, BURROW_EVENT_DONE);
  CHECK(done.request == sent && done.status == BURROW_OK && strlen(done.text) == 64);

  CHECK_STATUS(burrow_nostr_ingest(e, wrap), BURROW_OK);
  CHECK_STATUS(burrow_nostr_ingest(e, wrap), BURROW_OK);
  burrow_event came = next_of(e, BURROW_EVENT_NOSTR_EVENT);
  CHECK(came.request == wanted && strcmp(came.text, wrap) == 0);
  CHECK_STATUS(burrow_nostr_open(bob, wrap, NULL, 0, &count, NULL), BURROW_OK);
  CHECK(count > 1 && count < sizeof opened);
  CHECK_STATUS(burrow_nostr_open(bob, wrap, opened, sizeof opened, &count, NULL), BURROW_OK);
  CHECK(strstr(opened, "f\xc3\xbcr dich") != NULL);
  CHECK_STATUS(burrow_nostr_open(alice, wrap, opened, sizeof opened, &count, NULL), BURROW_ERR_NOSTR_UNREADABLE);
  char *digit = strstr(wrap, "\"sig\":\"") + 7;
  *digit = *digit == '0' ? '1' : '0';
  CHECK_STATUS(burrow_nostr_ingest(e, wrap), BURROW_ERR_NOSTR_EVENT);
  CHECK_STATUS(burrow_nostr_open(bob, wrap, opened, sizeof opened, &count, NULL), BURROW_ERR_NOSTR_EVENT);
  CHECK_STATUS(burrow_nostr_ingest(e, "[]"), BURROW_ERR_NOSTR_EVENT);
  CHECK_STATUS(burrow_nostr_ingest(e, NULL), BURROW_ERR_INVALID_ARGUMENT);
  free(wrap);

  /* Only new events come: the repeated one did not. */
  CHECK_STATUS(burrow_nostr_publish(alice, "{\"kind\":1}", NULL, 0, NULL), BURROW_OK);
  out = next_of(e, BURROW_EVENT_NOSTR_OUT);
  char *plain = strdup(out.text);
  CHECK_STATUS(burrow_nostr_ingest(e, plain), BURROW_OK);
  came = next_of(e, BURROW_EVENT_NOSTR_EVENT);
  CHECK(strcmp(came.text, plain) == 0 && came.value == 1);
  /* Signed already: passed on as it is, by whomever. */
  CHECK_STATUS(burrow_nostr_publish(bob, plain, NULL, 0, NULL), BURROW_OK);
  out = next_of(e, BURROW_EVENT_NOSTR_OUT);
  CHECK(strcmp(out.text, plain) == 0);
  free(plain);

  const char *urls[] = {"wss://a.example", "wss://b.example/x"};
  CHECK_STATUS(burrow_nostr_publish(alice, "{\"kind\":1}", urls, 2, &sent), BURROW_OK);
  out = next_of(e, BURROW_EVENT_NOSTR_OUT);
  static const char both[] = "wss://a.example\nwss://b.example/x";
  CHECK(out.data_len == sizeof both - 1 && out.data && memcmp(out.data, both, out.data_len) == 0);
  urls[1] = "http://b.example";
  CHECK_STATUS(burrow_nostr_publish(alice, "{\"kind\":1}", urls, 2, &sent), BURROW_ERR_INVALID_ARGUMENT);

  CHECK_STATUS(burrow_request_cancel(e, wanted), BURROW_OK);
  for (done = next_of(e, BURROW_EVENT_DONE); done.request != wanted;)
    done = next_of(e, BURROW_EVENT_DONE);
  CHECK(done.status == BURROW_ERR_CANCELLED);
}

static void test_proofs(burrow_engine *e, burrow_identity *id) {
  static const char url[] = "https://media.example/token?room=1";
  const uint8_t body[] = "{}";
  char header[2048];
  uint8_t made[32], checked[32];
  size_t count = 0;
  CHECK_STATUS(burrow_identity_pubkey(id, made), BURROW_OK);
  CHECK_STATUS(burrow_nip98_make(id, url, "POST", body, 2, header, sizeof header, &count, NULL), BURROW_OK);
  CHECK(strncmp(header, "Nostr ", 6) == 0 && strlen(header) + 1 == count);
  CHECK_STATUS(burrow_nip98_make(id, url, "POST", NULL, 2, header, sizeof header, &count, NULL),
               BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_nip98_check(e, header, url, "GET", body, 2, checked), BURROW_ERR_UNAUTHORIZED);
  CHECK_STATUS(burrow_nip98_check(e, header, url, "POST", body, 1, checked), BURROW_ERR_UNAUTHORIZED);
  CHECK_STATUS(burrow_nip98_check(e, header, "https://media.example/token", "POST", body, 2, checked),
               BURROW_ERR_UNAUTHORIZED);
  CHECK_STATUS(burrow_nip98_check(e, "Bearer x", url, "POST", body, 2, checked), BURROW_ERR_UNAUTHORIZED);
  CHECK_STATUS(burrow_nip98_check(e, header, url, "POST", body, 2, NULL), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_nip98_check(e, header, url, "POST", body, 2, checked), BURROW_OK);
  CHECK(memcmp(made, checked, 32) == 0);
  CHECK_STATUS(burrow_nip98_check(e, header, url, "POST", body, 2, checked), BURROW_ERR_UNAUTHORIZED);
}

/* Which relay a call goes through, without any that could be reached. */
static void test_choice(burrow_engine *e) {
  const char *group[] = {"moqt://127.0.0.1:9"}, *odd[] = {"nonsense"};
  uint8_t key[32] = {1};
  burrow_relay_choice choice;
  burrow_request request = 0;
  CHECK_STATUS(burrow_config_init(&choice, sizeof choice), BURROW_OK);
  CHECK_STATUS(burrow_discovery_select(e, &choice, &request), BURROW_OK);
  burrow_event done = next_of(e, BURROW_EVENT_DONE);
  CHECK(done.request == request && done.status == BURROW_ERR_UNREACHABLE);
  choice.group = group;
  choice.group_count = 1;
  choice.flags = BURROW_CHOICE_PRIVATE | BURROW_CHOICE_INSECURE;
  choice.timeout_ms = 2000;
  CHECK_STATUS(burrow_discovery_select(e, &choice, &request), BURROW_OK);
  burrow_event tried = next_of(e, BURROW_EVENT_RELAY_TRIED);
  CHECK(tried.request == request && tried.status < 0 && strcmp(tried.text, group[0]) == 0 && tried.data_len > 0);
  done = next_of(e, BURROW_EVENT_DONE);
  CHECK(done.request == request && done.status == BURROW_ERR_UNREACHABLE);
  choice.group = odd;
  choice.own = key;
  choice.flags = BURROW_CHOICE_GROUP_ONLY | BURROW_CHOICE_NO_SYSTEM_ROOTS;
  CHECK_STATUS(burrow_discovery_select(e, &choice, &request), BURROW_OK);
  done = next_of(e, BURROW_EVENT_DONE);
  CHECK(done.request == request && done.status == BURROW_ERR_UNREACHABLE);
  choice.flags = BURROW_CHOICE_OFFER;
  CHECK_STATUS(burrow_discovery_select(e, &choice, &request), BURROW_OK);
  done = next_of(e, BURROW_EVENT_DONE);
  CHECK(done.request == request && done.status == BURROW_ERR_INVALID_ARGUMENT);
  choice.flags = 32;
  CHECK_STATUS(burrow_discovery_select(e, &choice, &request), BURROW_ERR_UNSUPPORTED);
  choice.flags = 0;
  choice.denied_count = 1;
  CHECK_STATUS(burrow_discovery_select(e, &choice, &request), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_discovery_select(e, NULL, &request), BURROW_ERR_INVALID_ARGUMENT);
  choice.denied_count = 0;
  CHECK_STATUS(burrow_discovery_select(e, &choice, NULL), BURROW_ERR_INVALID_ARGUMENT);
}

static void test_relays(void) {
  burrow_engine *e = NULL;
  burrow_identity *id = NULL;
  burrow_nostr_relay_config config;
  burrow_nostr_relay_info list[2];
  burrow_request request = 0;
  size_t count = 99;
  uint8_t key[32] = {1};
  CHECK_STATUS(burrow_engine_create(NULL, &e), BURROW_OK);
  CHECK_STATUS(burrow_identity_create(e, NULL, NULL, &id, NULL), BURROW_OK);
  CHECK_STATUS(burrow_config_init(&config, sizeof config), BURROW_OK);
  CHECK_STATUS(burrow_nostr_add_relay(e, "wss://", &config), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_nostr_add_relay(e, "https://a.example", &config), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_nostr_add_relay(e, NULL, &config), BURROW_ERR_INVALID_ARGUMENT);
  config.flags = 8;
  CHECK_STATUS(burrow_nostr_add_relay(e, "ws://127.0.0.1:9", &config), BURROW_ERR_UNSUPPORTED);
  config.flags = 0;
  config.pin_count = 1;
  CHECK_STATUS(burrow_nostr_add_relay(e, "ws://127.0.0.1:9", &config), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_nostr_list_relays(e, NULL, 0, &count), BURROW_OK);
  CHECK(count == 0);
  CHECK_STATUS(burrow_nostr_publish(id, "{\"kind\":1}", NULL, 0, &request), BURROW_OK);
  burrow_event done = next_of(e, BURROW_EVENT_DONE);
  CHECK(done.request == request && done.status == BURROW_ERR_UNREACHABLE);
  CHECK_STATUS(burrow_discovery_fetch(e, key, BURROW_LIST_MOQ, &request), BURROW_OK);
  done = next_of(e, BURROW_EVENT_DONE);
  CHECK(done.request == request && done.status == BURROW_ERR_NOT_FOUND);
  CHECK_STATUS(burrow_discovery_fetch(e, key, 1, &request), BURROW_ERR_INVALID_ARGUMENT);
  const char *servers[] = {"moqt://relay.example", NULL};
  CHECK_STATUS(burrow_discovery_publish(id, BURROW_LIST_MOQ, servers, 1, &request), BURROW_OK);
  done = next_of(e, BURROW_EVENT_DONE);
  CHECK(done.request == request && done.status == BURROW_ERR_UNREACHABLE);
  CHECK_STATUS(burrow_discovery_publish(id, BURROW_LIST_MOQ, servers, 2, &request), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_discovery_publish(id, BURROW_LIST_RELAYS, servers, 1, &request), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_discovery_publish(id, 1, servers, 1, &request), BURROW_ERR_INVALID_ARGUMENT);

  /* Nobody listens there. */
  CHECK_STATUS(burrow_nostr_add_relay(e, "ws://127.0.0.1:9", NULL), BURROW_OK);
  CHECK_STATUS(burrow_nostr_add_relay(e, "WS://127.0.0.1:9/", NULL), BURROW_ERR_EXISTS);
  burrow_event state = next_of(e, BURROW_EVENT_NOSTR_RELAY);
  CHECK(state.state == BURROW_NOSTR_WAITING && state.status == BURROW_ERR_UNREACHABLE && state.data_len > 0);
  CHECK(strcmp(state.text, "ws://127.0.0.1:9") == 0);
  list[0].struct_size = sizeof list[0];
  CHECK_STATUS(burrow_nostr_list_relays(e, list, 2, &count), BURROW_OK);
  CHECK(count == 1 && strcmp(list[0].url, "ws://127.0.0.1:9") == 0 && list[0].status == BURROW_ERR_UNREACHABLE);
  CHECK_STATUS(burrow_nostr_remove_relay(e, "ws://127.0.0.1:10"), BURROW_ERR_NOT_FOUND);
  CHECK_STATUS(burrow_nostr_remove_relay(e, "ws://127.0.0.1:9"), BURROW_OK);
  for (int i = 0; i < 64; i++) {
    char url[64];
    snprintf(url, sizeof url, "ws://127.0.0.1:9/%d", i);
    CHECK_STATUS(burrow_nostr_add_relay(e, url, NULL), BURROW_OK);
  }
  CHECK_STATUS(burrow_nostr_add_relay(e, "ws://127.0.0.1:9/64", NULL), BURROW_ERR_LIMIT);
  CHECK_STATUS(burrow_nostr_authenticate(e, id), BURROW_OK);
  CHECK_STATUS(burrow_nostr_authenticate(e, (burrow_identity *)e), BURROW_ERR_STALE_HANDLE);
  CHECK_STATUS(burrow_nostr_authenticate(e, NULL), BURROW_OK);
  CHECK_STATUS(burrow_close(e, &request), BURROW_OK);
  for (done = next_of(e, BURROW_EVENT_DONE); done.request != request;)
    done = next_of(e, BURROW_EVENT_DONE);
  CHECK_STATUS(burrow_nostr_publish(id, "{\"kind\":1}", NULL, 0, &request), BURROW_ERR_CLOSED);
  CHECK_STATUS(burrow_nostr_add_relay(e, "ws://127.0.0.1:9/65", NULL), BURROW_ERR_CLOSED);
  CHECK_STATUS(burrow_engine_destroy(e), BURROW_OK);
  CHECK_STATUS(burrow_nostr_publish(id, "{\"kind\":1}", NULL, 0, &request), BURROW_ERR_STALE_HANDLE);
}

int main(void) {
  burrow_engine_config config;
  burrow_engine *e = NULL;
  burrow_identity *alice = NULL, *bob = NULL;
  CHECK_STATUS(burrow_config_init(&config, sizeof config), BURROW_OK);
  config.flags = BURROW_ENGINE_HOST_RELAYS;
  CHECK_STATUS(burrow_engine_create(&config, &e), BURROW_OK);
  CHECK_STATUS(burrow_identity_create(e, NULL, NULL, &alice, NULL), BURROW_OK);
  CHECK_STATUS(burrow_identity_create(e, NULL, NULL, &bob, NULL), BURROW_OK);
  test_identities(e);
  test_host_relays(e, alice, bob);
  test_proofs(e, alice);
  test_choice(e);
  burrow_release(alice);
  burrow_release(bob);
  CHECK_STATUS(burrow_engine_destroy(e), BURROW_OK);
  test_relays();
  return finish_tests();
}
