/* Tokens for MoQ relays: made, read, refused. */
#include "support.h"

static const char key[] = "{\"alg\":\"HS256\",\"key_ops\":[\"sign\",\"verify\"],\"kty\":\"oct\","
                          "\"k\":\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\",\"kid\":\"test-key\"}";
/* Made by another program with that key. */
static const char known[] =
    "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiIsImtpZCI6InRlc3Qta2V5In0."
    "eyJyb290Ijoicm9vbS8xMjMiLCJwdXQiOlsiYWxpY2UiXSwiZ2V0IjpbIiJdLCJleHAiOjQxMDI0NDQ4MDAsImlhdCI6MTc2NzIyNTYwMH0."
    "owBAFL7rSy93DnAkRV8VBIP9Q2mh4morYRt417tMbhA";

static void test_signing(void) {
  burrow_token_claims claims;
  const char *publish[] = {"alice"}, *subscribe[] = {""};
  char token[1024] = "";
  size_t count = 0;
  CHECK_STATUS(burrow_config_init(&claims, sizeof claims), BURROW_OK);
  CHECK_STATUS(burrow_token_sign(&claims, key, token, sizeof token, &count), BURROW_ERR_TOKEN);
  claims.root = "room/123";
  claims.publish = publish;
  claims.publish_count = 1;
  claims.subscribe = subscribe;
  claims.subscribe_count = 1;
  claims.expires_unix = 4102444800;
  claims.issued_unix = 1767225600;
  CHECK_STATUS(burrow_token_sign(&claims, key, NULL, 0, &count), BURROW_OK);
  CHECK(count == sizeof known);
  CHECK_STATUS(burrow_token_sign(&claims, key, token, count - 1, &count), BURROW_ERR_BUFFER_TOO_SMALL);
  CHECK_STATUS(burrow_token_sign(&claims, key, token, sizeof token, &count), BURROW_OK);
  CHECK(strcmp(token, known) == 0);
  CHECK_STATUS(burrow_token_sign(NULL, key, token, sizeof token, &count), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_token_sign(&claims, NULL, token, sizeof token, &count), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_token_sign(&claims, key, token, sizeof token, NULL), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_token_sign(&claims, "{\"alg\":\"none\"}", token, sizeof token, &count), BURROW_ERR_TOKEN_KEY);
  CHECK_STATUS(burrow_token_sign(&claims, "", token, sizeof token, &count), BURROW_ERR_TOKEN_KEY);
  claims.publish_count = 257;
  const char *many[257];
  for (int i = 0; i < 257; i++)
    many[i] = "a";
  claims.publish = many;
  CHECK_STATUS(burrow_token_sign(&claims, key, token, sizeof token, &count), BURROW_ERR_LIMIT);
  claims.publish = NULL;
  CHECK_STATUS(burrow_token_sign(&claims, key, token, sizeof token, &count), BURROW_ERR_INVALID_ARGUMENT);
  claims.publish_count = 0;
  claims.reserved = 1;
  CHECK_STATUS(burrow_token_sign(&claims, key, token, sizeof token, &count), BURROW_ERR_UNSUPPORTED);
  claims.reserved = 0;
  claims.expires_unix = -1;
  CHECK_STATUS(burrow_token_sign(&claims, key, token, sizeof token, &count), BURROW_ERR_INVALID_ARGUMENT);
}

static void test_verifying(void) {
  burrow_token_claims claims = {.struct_size = sizeof claims};
  char memory[512], shifted[513], wrong[sizeof known];
  size_t count = 0, again = 0;
  CHECK_STATUS(burrow_token_verify(known, key, &claims, NULL, 0, &count), BURROW_OK);
  CHECK(count > 0 && count < sizeof memory && claims.root == NULL);
  CHECK_STATUS(burrow_token_verify(known, key, &claims, memory, count - 1, &again), BURROW_ERR_BUFFER_TOO_SMALL);
  CHECK(again == count && claims.root == NULL);
  /* From wherever the memory begins. */
  for (size_t shift = 0; shift < 8; shift++) {
    CHECK_STATUS(burrow_token_verify(known, key, &claims, shifted + shift, count, &again), BURROW_OK);
    CHECK(strcmp(claims.root, "room/123") == 0);
    CHECK(claims.publish_count == 1 && strcmp(claims.publish[0], "alice") == 0);
    CHECK(claims.subscribe_count == 1 && strcmp(claims.subscribe[0], "") == 0);
    CHECK(claims.expires_unix == 4102444800 && claims.issued_unix == 1767225600);
  }
  memcpy(wrong, known, sizeof known);
  wrong[sizeof known - 2] = 'E';
  CHECK_STATUS(burrow_token_verify(wrong, key, &claims, memory, sizeof memory, &count), BURROW_ERR_UNAUTHORIZED);
  wrong[sizeof known - 2] = '!';
  CHECK_STATUS(burrow_token_verify(wrong, key, &claims, memory, sizeof memory, &count), BURROW_ERR_TOKEN);
  CHECK_STATUS(burrow_token_verify("", key, &claims, memory, sizeof memory, &count), BURROW_ERR_TOKEN);
  CHECK_STATUS(burrow_token_verify(known, "[]", &claims, memory, sizeof memory, &count), BURROW_ERR_TOKEN_KEY);
  CHECK_STATUS(burrow_token_verify(NULL, key, &claims, memory, sizeof memory, &count), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_token_verify(known, NULL, &claims, memory, sizeof memory, &count), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_token_verify(known, key, NULL, memory, sizeof memory, &count), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_token_verify(known, key, &claims, NULL, 5, &count), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_token_verify(known, key, &claims, memory, sizeof memory, NULL), BURROW_ERR_INVALID_ARGUMENT);
  claims.struct_size = 0;
  CHECK_STATUS(burrow_token_verify(known, key, &claims, memory, sizeof memory, &count), BURROW_ERR_INVALID_ARGUMENT);
  /* A token whose time is over. */
  const char *publish[] = {"a"};
  char token[1024];
  burrow_token_claims old;
  CHECK_STATUS(burrow_config_init(&old, sizeof old), BURROW_OK);
  old.publish = publish;
  old.publish_count = 1;
  old.expires_unix = 1;
  CHECK_STATUS(burrow_token_sign(&old, key, token, sizeof token, &count), BURROW_OK);
  claims.struct_size = sizeof claims;
  CHECK_STATUS(burrow_token_verify(token, key, &claims, memory, sizeof memory, &count), BURROW_ERR_TOKEN_EXPIRED);
}

/* A service that is not there; what a good one does is tested elsewhere. */
static void test_requesting(void) {
  static const char url[] = "http://127.0.0.1:9/token";
  burrow_engine *e = NULL;
  burrow_identity *id = NULL;
  burrow_token_claims claims;
  burrow_nostr_relay_config config;
  burrow_request request = 0, other = 0;
  CHECK_STATUS(burrow_engine_create(NULL, &e), BURROW_OK);
  CHECK_STATUS(burrow_identity_create(e, NULL, NULL, &id, NULL), BURROW_OK);
  CHECK_STATUS(burrow_config_init(&claims, sizeof claims), BURROW_OK);
  CHECK_STATUS(burrow_config_init(&config, sizeof config), BURROW_OK);
  claims.root = "room";
  CHECK_STATUS(burrow_token_request(id, url, &claims, &config, &request), BURROW_OK);
  CHECK_STATUS(wait_done(e, request), BURROW_ERR_UNREACHABLE);
  CHECK_STATUS(burrow_token_request(id, url, NULL, NULL, &request), BURROW_OK);
  CHECK_STATUS(burrow_token_request(id, "https://relay.invalid", NULL, NULL, &other), BURROW_OK);
  CHECK_STATUS(burrow_request_cancel(e, other), BURROW_OK);
  burrow_status first = wait_done(e, request);
  CHECK(first == BURROW_ERR_UNREACHABLE);
  CHECK_STATUS(burrow_token_request(NULL, url, NULL, NULL, &request), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_token_request(id, NULL, NULL, NULL, &request), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_token_request(id, url, NULL, NULL, NULL), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_token_request(id, "moqt://a.example", NULL, NULL, &request), BURROW_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(burrow_token_request(id, "https://a.example/x y", NULL, NULL, &request), BURROW_ERR_INVALID_ARGUMENT);
  claims.expires_unix = -1;
  CHECK_STATUS(burrow_token_request(id, url, &claims, NULL, &request), BURROW_ERR_INVALID_ARGUMENT);
  config.flags = 64;
  CHECK_STATUS(burrow_token_request(id, url, NULL, &config, &request), BURROW_ERR_UNSUPPORTED);
  CHECK(request == 0);
  burrow_release(id);
  CHECK_STATUS(burrow_token_request(id, url, NULL, NULL, &request), BURROW_ERR_STALE_HANDLE);
  CHECK_STATUS(burrow_engine_destroy(e), BURROW_OK);
}

int main(void) {
  test_signing();
  test_verifying();
  test_requesting();
  return finish_tests();
}
