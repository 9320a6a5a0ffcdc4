/* Identities and groups: a life of a group with the test in the place of a relay, wrong arguments, and secrets exported from
   several threads while keys change. */
#include "support.h"

#include <pthread.h>
#include <unistd.h>

static const char *const relays[] = {"wss://relay.example"};
static const uint8_t storage_key[32] = {1, 2, 3};

static burrow_engine *engine;
static burrow_group *exported;
static int stop;
/* Of somebody whose identity is open. */
static char secret[BURROW_KEY_TEXT_SIZE];

static burrow_identity *open_identity(const char *path, burrow_status wanted) {
  burrow_identity_config config;
  CHECK_STATUS(burrow_config_init(&config, sizeof config), BURROW_OK);
  config.storage_path = path;
  config.storage_key = path ? storage_key : NULL;
  burrow_identity *identity = NULL;
  burrow_request request = 0;
  CHECK_STATUS(burrow_identity_create(engine, NULL, &config, &identity, &request), BURROW_OK);
  CHECK_STATUS(wait_done(engine, request), wanted);
  return identity;
}

/** Gives everything that is to be published to everybody, until a request is over. */
static burrow_status carry(burrow_request request) {
  burrow_event event;
  int64_t deadline = burrow_now_us() + 20 * 1000 * 1000;
  while (burrow_now_us() < deadline) {
    event.struct_size = sizeof event;
    burrow_status status = burrow_engine_next_event(engine, 500, &event);
    if (status == BURROW_AGAIN) continue;
    if (status != BURROW_OK) return status;
    if (event.kind == BURROW_EVENT_NOSTR_OUT) {
      CHECK(event.data_len == strlen(relays[0]) && !memcmp(event.data, relays[0], event.data_len));
      CHECK_STATUS(burrow_nostr_ingest(engine, event.text), BURROW_OK);
    }
    if (event.kind == BURROW_EVENT_DONE && event.request == request) return event.status;
  }
  return BURROW_ERR_TIMEOUT;
}

/** Comes back when everything that went in has been worked on. */
static void settle(void) {
  /* An identity that is open already is refused, in its turn. */
  for (int round = 0; round < 3; round++) {
    burrow_identity_config config;
    CHECK_STATUS(burrow_config_init(&config, sizeof config), BURROW_OK);
    burrow_identity *identity = NULL;
    burrow_request request = 0;
    CHECK_STATUS(burrow_identity_create(engine, secret, &config, &identity, &request), BURROW_OK);
    CHECK_STATUS(carry(request), BURROW_ERR_EXISTS);
    burrow_release(identity);
  }
}

static void *export_secrets(void *argument) {
  int *wrong = argument;
  uint8_t last[32] = {0};
  uint64_t last_epoch = 0;
  while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
    uint8_t derived[32];
    uint64_t epoch = 0;
    if (burrow_group_export_secret(exported, "label", NULL, 0, derived, sizeof derived, &epoch) != BURROW_OK)
      (*wrong)++;
    if (epoch < last_epoch) (*wrong)++;
    if (epoch == last_epoch && memcmp(derived, last, sizeof derived)) (*wrong)++;
    memcpy(last, derived, sizeof derived);
    last_epoch = epoch;
    usleep(200);
  }
  return NULL;
}

static burrow_group_info info_of(burrow_group *group) {
  burrow_group_info info = {.struct_size = sizeof info};
  CHECK_STATUS(burrow_group_info_get(group, &info), BURROW_OK);
  return info;
}

static void check_texts(burrow_identity *alice, const uint8_t *pubkey) {
  char text[128];
  size_t length = 0;
  uint8_t parsed[32];
  CHECK_STATUS(burrow_identity_export(alice, NULL, 0, &length), BURROW_OK);
  CHECK(length == 64);
  CHECK_STATUS(burrow_identity_export(alice, text, 10, &length), BURROW_ERR_BUFFER_TOO_SMALL);
  CHECK_STATUS(burrow_identity_export(alice, text, sizeof text, &length), BURROW_OK);
  CHECK(!strncmp(text, "nsec1", 5));
  CHECK_STATUS(burrow_pubkey_parse(text, parsed), BURROW_ERR_NOSTR_KEY);
  CHECK_STATUS(burrow_pubkey_format(pubkey, text, sizeof text, &length), BURROW_OK);
  CHECK_STATUS(burrow_pubkey_parse(text, parsed), BURROW_OK);
  CHECK(!memcmp(parsed, pubkey, 32));
}

static void check_arguments(burrow_identity *alice, burrow_group *group) {
  burrow_identity *identity = NULL;
  burrow_group *other = NULL;
  burrow_request request = 7;
  burrow_identity_config config;
  CHECK_STATUS(burrow_config_init(&config, sizeof config), BURROW_OK);
  config.flags = 1;
  CHECK_STATUS(burrow_identity_create(engine, NULL, &config, &identity, &request), BURROW_ERR_UNSUPPORTED);
  CHECK(request == 0 && identity == NULL);
  burrow_group_config founding;
  CHECK_STATUS(burrow_config_init(&founding, sizeof founding), BURROW_OK);
  CHECK_STATUS(burrow_group_create(alice, &founding, &other, NULL), BURROW_ERR_INVALID_ARGUMENT);
  founding.relays = relays;
  founding.relay_count = 1;
  founding.member_count = 3;
  CHECK_STATUS(burrow_group_create(alice, &founding, &other, NULL), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_group_open(alice, NULL, 4, &other), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_group_open(alice, (const uint8_t *)"nobody", 6, &other), BURROW_ERR_NOT_FOUND);
  CHECK_STATUS(burrow_group_open((burrow_identity *)group, (const uint8_t *)"x", 1, &other), BURROW_ERR_STALE_HANDLE);
  CHECK_STATUS(burrow_group_update((burrow_group *)alice, NULL, &request), BURROW_ERR_STALE_HANDLE);
  CHECK_STATUS(burrow_group_invite(group, NULL, &request), BURROW_ERR_INVALID_ARGUMENT);
  burrow_group_change change;
  CHECK_STATUS(burrow_config_init(&change, sizeof change), BURROW_OK);
  change.admin_count = 1;
  CHECK_STATUS(burrow_group_update(group, &change, &request), BURROW_ERR_INVALID_ARGUMENT);
  change.admin_count = 0;
  change.flags = 1;
  CHECK_STATUS(burrow_group_update(group, &change, &request), BURROW_ERR_UNSUPPORTED);
  CHECK_STATUS(burrow_group_send(group, 70000, "x", NULL, &request), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_group_send(group, 9, "\xff", NULL, &request), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_group_send(group, 9, "x", "[[1]]", &request), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_group_send(group, 9, "x", "[\"a\"]", &request), BURROW_ERR_INVALID_ARGUMENT);
  uint8_t derived[32];
  CHECK_STATUS(burrow_group_export_secret(group, "x", NULL, 5, derived, 32, NULL), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_group_export_secret(group, "x", NULL, 0, derived, 0, NULL), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_group_export_secret(group, "x", NULL, 0, derived, SIZE_MAX, NULL), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_nostr_ingest(engine, "{"), BURROW_ERR_NOSTR_EVENT);
  CHECK_STATUS(burrow_nostr_ingest(engine, NULL), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_nostr_published(engine, "12", 1), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_key_package_publish(alice, NULL, 1, &request), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_key_package_publish(alice, NULL, 0, &request), BURROW_ERR_INVALID_ARGUMENT);
  /* Without a configuration there are no groups. */
  CHECK_STATUS(burrow_identity_create(engine, NULL, NULL, &identity, &request), BURROW_OK);
  CHECK(request == 0 && identity != NULL);
  CHECK_STATUS(burrow_key_package_publish(identity, relays, 1, &request), BURROW_ERR_WRONG_KIND);
  CHECK_STATUS(burrow_close(identity, &request), BURROW_OK);
  CHECK_STATUS(carry(request), BURROW_OK);
  CHECK_STATUS(burrow_nostr_publish(identity, "{\"kind\":1}", NULL, 0, NULL), BURROW_ERR_CLOSED);
  burrow_release(identity);
}

static void check_changes(burrow_group *at_alice, burrow_group *at_bob, const uint8_t *alice_key) {
  burrow_request request = 0;
  CHECK_STATUS(burrow_group_update(at_alice, NULL, &request), BURROW_OK);
  CHECK_STATUS(carry(request), BURROW_OK);
  static const char *const moq[] = {"https://moq.example"};
  burrow_group_change change;
  CHECK_STATUS(burrow_config_init(&change, sizeof change), BURROW_OK);
  change.moq_relays = moq;
  change.moq_relay_count = 1;
  CHECK_STATUS(burrow_group_update(at_bob, &change, &request), BURROW_OK);
  CHECK_STATUS(carry(request), BURROW_OK);
  change.name = "renamed";
  change.admins = alice_key;
  change.admin_count = 1;
  CHECK_STATUS(burrow_group_update(at_bob, &change, &request), BURROW_OK);
  CHECK_STATUS(carry(request), BURROW_OK);
  settle();
  CHECK(info_of(at_alice).flags & BURROW_GROUP_ADMIN);
  CHECK(!strcmp(info_of(at_alice).name, "renamed"));
  char text[64];
  size_t length = 0;
  CHECK_STATUS(burrow_group_relays(at_alice, 1, text, sizeof text, &length), BURROW_OK);
  CHECK(!strcmp(text, moq[0]));
  CHECK_STATUS(burrow_group_relays(at_alice, 0, text, sizeof text, &length), BURROW_OK);
  CHECK(!strcmp(text, relays[0]));
  CHECK_STATUS(burrow_config_init(&change, sizeof change), BURROW_OK);
  change.former_admins = alice_key;
  change.former_admin_count = 1;
  CHECK_STATUS(burrow_group_update(at_alice, &change, &request), BURROW_OK);
  CHECK_STATUS(carry(request), BURROW_OK);
  CHECK_STATUS(burrow_group_send(at_alice, 9, "hello", "[[\"t\",\"x\"]]", &request), BURROW_OK);
  CHECK_STATUS(carry(request), BURROW_OK);
  CHECK_STATUS(burrow_group_remove(at_alice, alice_key, &request), BURROW_OK);
  CHECK_STATUS(carry(request), BURROW_ERR_INVALID_ARGUMENT);
}

int main(void) {
  char path[] = "/tmp/burrow-groups-XXXXXX";
  CHECK(mkdtemp(path) != NULL);
  char file[64];
  snprintf(file, sizeof file, "%s/state", path);
  burrow_engine_config host;
  CHECK_STATUS(burrow_config_init(&host, sizeof host), BURROW_OK);
  host.flags = BURROW_ENGINE_HOST_RELAYS;
  CHECK_STATUS(burrow_engine_create(&host, &engine), BURROW_OK);
  CHECK_STATUS(burrow_nostr_ingest(engine, "{}"), BURROW_ERR_NOSTR_EVENT);
  burrow_identity *alice = open_identity(NULL, BURROW_OK);
  burrow_identity *bob = open_identity(file, BURROW_OK);
  burrow_release(open_identity(file, BURROW_ERR_STORAGE_IN_USE));
  uint8_t alice_key[32], bob_key[32];
  CHECK_STATUS(burrow_identity_pubkey(alice, alice_key), BURROW_OK);
  CHECK_STATUS(burrow_identity_pubkey(bob, bob_key), BURROW_OK);
  check_texts(alice, alice_key);
  size_t size = 0;
  CHECK_STATUS(burrow_identity_export(alice, secret, sizeof secret, &size), BURROW_OK);

  burrow_request request = 0;
  CHECK_STATUS(burrow_key_package_publish(alice, relays, 1, &request), BURROW_OK);
  CHECK_STATUS(carry(request), BURROW_OK);
  settle();
  burrow_group_config config;
  CHECK_STATUS(burrow_config_init(&config, sizeof config), BURROW_OK);
  config.name = "friends";
  config.relays = relays;
  config.relay_count = 1;
  burrow_group *at_bob = NULL;
  CHECK_STATUS(burrow_group_create(bob, &config, &at_bob, &request), BURROW_OK);
  CHECK_STATUS(carry(request), BURROW_OK);
  CHECK_STATUS(burrow_group_invite(at_bob, alice_key, &request), BURROW_OK);
  CHECK_STATUS(carry(request), BURROW_OK);
  settle();
  CHECK_STATUS(burrow_group_invite(at_bob, alice_key, &request), BURROW_OK);
  CHECK_STATUS(carry(request), BURROW_ERR_EXISTS);

  burrow_group *list[4] = {NULL};
  size_t count = 0;
  CHECK_STATUS(burrow_group_list(alice, NULL, 0, &count), BURROW_OK);
  CHECK(count == 1);
  CHECK_STATUS(burrow_group_list(alice, list, 0, &count), BURROW_ERR_BUFFER_TOO_SMALL);
  CHECK_STATUS(burrow_group_list(alice, list, 4, &count), BURROW_OK);
  burrow_group *at_alice = list[0];
  const burrow_group_info known = info_of(at_alice);
  CHECK(known.id_len > 0 && known.id_len < sizeof known.id);
  burrow_group *again = NULL;
  CHECK_STATUS(burrow_group_open(alice, known.id, known.id_len, &again), BURROW_OK);
  CHECK(info_of(again).state == BURROW_GROUP_INVITED);
  CHECK(!memcmp(info_of(again).inviter, bob_key, 32));
  CHECK_STATUS(burrow_group_join(again, &request), BURROW_OK);
  CHECK_STATUS(carry(request), BURROW_OK);
  CHECK(info_of(at_alice).state == BURROW_GROUP_ACTIVE);
  burrow_member members[2] = {{.struct_size = sizeof members[0]}};
  CHECK_STATUS(burrow_group_members(at_alice, members, 2, &count), BURROW_OK);
  CHECK(count == 2 && !memcmp(members[0].pubkey, bob_key, 32) && members[0].flags == BURROW_GROUP_ADMIN);
  CHECK(!memcmp(members[1].pubkey, alice_key, 32) && members[1].flags == BURROW_GROUP_SELF);

  exported = at_alice;
  pthread_t threads[2];
  int wrong[2] = {0, 0};
  for (int i = 0; i < 2; i++)
    pthread_create(&threads[i], NULL, export_secrets, &wrong[i]);
  check_changes(at_alice, at_bob, alice_key);
  check_arguments(alice, at_alice);
  settle();
  __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
  for (int i = 0; i < 2; i++) {
    pthread_join(threads[i], NULL);
    CHECK(wrong[i] == 0);
  }
  uint8_t one[32], two[32];
  CHECK_STATUS(burrow_group_export_secret(at_alice, "label", known.id, known.id_len, one, 32, NULL), BURROW_OK);
  CHECK_STATUS(burrow_group_export_secret(at_bob, "label", known.id, known.id_len, two, 32, NULL), BURROW_OK);
  CHECK(!memcmp(one, two, 32));

  CHECK_STATUS(burrow_group_leave(at_alice, &request), BURROW_OK);
  CHECK_STATUS(carry(request), BURROW_OK);
  CHECK_STATUS(burrow_close(bob, &request), BURROW_OK);
  CHECK_STATUS(carry(request), BURROW_OK);
  CHECK(info_of(at_bob).state == BURROW_GROUP_GONE);
  CHECK_STATUS(burrow_group_update(at_bob, NULL, &request), BURROW_OK);
  CHECK_STATUS(carry(request), BURROW_ERR_CLOSED);
  burrow_release(bob);
  bob = open_identity(file, BURROW_OK);
  uint8_t restored[32];
  CHECK_STATUS(burrow_identity_pubkey(bob, restored), BURROW_OK);
  CHECK(!memcmp(restored, bob_key, 32));
  /* Released while it is opened and used. */
  burrow_release(bob);
  burrow_release(alice);
  CHECK_STATUS(burrow_engine_destroy(engine), BURROW_OK);
  CHECK_STATUS(burrow_group_update(at_alice, NULL, &request), BURROW_ERR_STALE_HANDLE);
  unlink(file);
  rmdir(path);
  return finish_tests();
}
