/* A system that does not send what it is told to: no memory, no segmentation offload, packets too large, a few at a time,
   full buffers, and plain refusals. Calls go on through all of it. */
#define _GNU_SOURCE
#include "support.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum system_kind {
  SYSTEM_WELL,
  SYSTEM_WITHOUT_MEMORY,
  SYSTEM_WITHOUT_OFFLOAD,
  SYSTEM_WITH_ODD_OFFLOAD,
  SYSTEM_WITH_SMALL_PACKETS,
  SYSTEM_SENDING_SINGLY,
  SYSTEM_OFTEN_FULL,
  SYSTEM_SOMETIMES_REFUSING,
  SYSTEM_KINDS
};

static int kind;
static unsigned calls, failures;

static int has_segments(struct msghdr *header) {
  for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c))
    if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_SEGMENT) return 1;
  return 0;
}

static size_t packet_size(struct msghdr *header) {
  for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c))
    if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_SEGMENT) return *(uint16_t *)CMSG_DATA(c);
  return header->msg_iov->iov_len;
}

static int fail(int code) {
  __atomic_add_fetch(&failures, 1, __ATOMIC_RELAXED);
  errno = code;
  return -1;
}

/** In the place of the C library's, for the library under test as well. */
int sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags) {
  unsigned call = __atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED);
  struct msghdr *first = &messages->msg_hdr;
  switch (__atomic_load_n(&kind, __ATOMIC_RELAXED)) {
  case SYSTEM_WITHOUT_MEMORY:
    if (call % 3 == 0) return fail(call % 2 ? ENOBUFS : ENOMEM);
    break;
  case SYSTEM_WITHOUT_OFFLOAD:
    if (has_segments(first)) return fail(EIO);
    for (unsigned i = 1; i < count; i++)
      if (has_segments(&messages[i].msg_hdr)) count = i;
    break;
  case SYSTEM_WITH_ODD_OFFLOAD:
    if (has_segments(first)) return fail(EINVAL);
    for (unsigned i = 1; i < count; i++)
      if (has_segments(&messages[i].msg_hdr)) count = i;
    break;
  case SYSTEM_WITH_SMALL_PACKETS:
    if (packet_size(first) > 1252) return fail(EMSGSIZE);
    for (unsigned i = 1; i < count; i++)
      if (packet_size(&messages[i].msg_hdr) > 1252) count = i;
    break;
  case SYSTEM_SENDING_SINGLY:
    count = 1;
    break;
  case SYSTEM_OFTEN_FULL:
    if (call % 2 == 0) return fail(EAGAIN);
    break;
  case SYSTEM_SOMETIMES_REFUSING:
    if (call % 10 == 0) return fail(EPERM);
    break;
  default:
    break;
  }
  return (int)syscall(SYS_sendmmsg, fd, messages, count, flags);
}

enum {
  FRAMES = 40,
  FRAME_SIZE = 30000
};

static void run(int next) {
  __atomic_store_n(&kind, next, __ATOMIC_RELAXED);
  unsigned failed_before = __atomic_load_n(&failures, __ATOMIC_RELAXED);
  burrow_engine *e = NULL;
  CHECK_STATUS(burrow_engine_create(NULL, &e), BURROW_OK);
  burrow_relay_info relay_info;
  start_relay(e, &relay_info);
  burrow_room *alice = open_room(e, &relay_info, "alice", 0);
  burrow_room *bob = open_room(e, &relay_info, NULL, 0);
  burrow_track_config config;
  CHECK_STATUS(burrow_config_init(&config, sizeof config), BURROW_OK);
  config.name = "t";
  config.max_age_ms = 30000;
  burrow_track_request want;
  CHECK_STATUS(burrow_config_init(&want, sizeof want), BURROW_OK);
  want.max_age_ms = 30000;
  burrow_track *out = NULL, *in = NULL;
  CHECK_STATUS(burrow_track_publish(alice, &config, &out), BURROW_OK);
  CHECK_STATUS(burrow_track_subscribe(bob, "alice", "t", &want, &in), BURROW_OK);
  burrow_event event;
  CHECK(wait_kind(e, &event, BURROW_EVENT_TRACK_STATE, BURROW_TRACK_LIVE, in));
  uint8_t *bytes = malloc(FRAME_SIZE);
  int wrong = 0;
  for (int i = 0; i < FRAMES; i++) {
    memset(bytes, i + 1, FRAME_SIZE);
    burrow_encoded_frame frame = {.struct_size = sizeof frame, .data = bytes, .len = FRAME_SIZE, .timestamp_us = i};
    CHECK_STATUS(burrow_track_push_encoded(out, &frame), BURROW_OK);
    burrow_encoded_frame got = {.struct_size = sizeof got};
    burrow_status status;
    while ((status = burrow_track_pull_encoded(in, &got)) == BURROW_AGAIN)
      if (!wait_kind(e, &event, BURROW_EVENT_TRACK_DATA, 0, in)) break;
    CHECK_STATUS(status, BURROW_OK);
    if (status != BURROW_OK) break;
    wrong += got.len != FRAME_SIZE || memcmp(got.data, bytes, FRAME_SIZE) != 0;
    burrow_release(got.buffer);
  }
  free(bytes);
  CHECK(!wrong);
  unsigned failed = __atomic_load_n(&failures, __ATOMIC_RELAXED) - failed_before;
  int expects = next != SYSTEM_WELL && next != SYSTEM_SENDING_SINGLY;
  CHECK(expects ? failed > 0 : failed == 0);
  /* A socket that cannot do it is asked once, not every time; there are three. */
  if (next == SYSTEM_WITHOUT_OFFLOAD || next == SYSTEM_WITH_ODD_OFFLOAD) CHECK(failed <= 3);
  CHECK_STATUS(burrow_engine_destroy(e), BURROW_OK);
}

int main(void) {
  for (int next = SYSTEM_WELL; next < SYSTEM_KINDS; next++)
    run(next);
  return finish_tests();
}
