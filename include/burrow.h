/*
 * burrow.h: rooms, tracks and relays for real-time calls over Media over QUIC, and the Nostr that calls need.
 *
 * The whole library is behind this header. Read these paragraphs once; the functions only add what is special.
 *
 * Handles. A handle (engine, room, track, relay, buffer, sealer, opener, identity, group, call) is a token, not an
 * address: never dereference it, never invent one. A stale handle, one of another kind, or one that was never valid gives
 * BURROW_ERR_STALE_HANDLE. Handles are reference counted with burrow_retain() and burrow_release(), for all kinds
 * alike, from any thread. A handle from an out parameter is owned by the caller. No event of this version hands over
 * a handle: the `subject` of an event is borrowed, and stays valid as long as you hold a reference of your own.
 *
 * Errors. Every function that can fail returns a burrow_status: BURROW_OK (0), BURROW_AGAIN (1, "nothing now", not
 * an error) or a negative BURROW_ERR_ code. Every function can return these without listing them:
 * BURROW_ERR_INVALID_ARGUMENT (a required pointer is NULL, a text is not UTF-8, a number is out of its range, a
 * struct_size is too small to be one), BURROW_ERR_STALE_HANDLE, BURROW_ERR_UNSUPPORTED (an unknown flag, or a struct
 * with a nonzero field this library does not know), BURROW_ERR_FORKED (called in a forked child) and
 * BURROW_ERR_LIMIT (too many handles). burrow_last_error() has the sentence for people.
 *
 * Structs. The first field is always struct_size. Configuration is prepared by burrow_config_init(); for structs the
 * library fills, set struct_size to sizeof before the call. Zero and NULL always mean the default.
 *
 * Text is UTF-8 and NUL-terminated. Copy-out functions take (out, capacity, count): count always receives what is
 * needed, for text including the NUL; when the capacity is short nothing is written and the result is
 * BURROW_ERR_BUFFER_TOO_SMALL; out NULL with capacity 0 asks for the size and gives BURROW_OK.
 *
 * Time is in microseconds on the clock of burrow_now_us().
 *
 * Events. Nothing calls you back except the wakeup and the log handler. What happens is put into one queue per
 * engine, which you drain with burrow_engine_next_event() or burrow_engine_dispatch(). Every operation that takes a
 * `burrow_request *` returns at once and ends in exactly one BURROW_EVENT_DONE with that id, whatever happens.
 * When a call itself fails nothing was started, the id is set to 0, and no event follows.
 *
 * Threads. Any function may be called from any thread at any time unless its documentation says otherwise. None
 * waits for the network; only burrow_engine_destroy() and the draining functions with a timeout block, and pushing to a
 * codec without a room takes as long as the codec does.
 *
 * Fork. In a forked child only burrow_release() and exec may be used.
 */
#ifndef BURROW_H
#define BURROW_H

#include <stddef.h>
#include <stdint.h>

#if defined(__clang__)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wnullability-extension"
#if defined(BURROW_BUILDING)
#define BURROW_NONNULL _Nullable
#else
#define BURROW_NONNULL _Nonnull
#endif
#define BURROW_NULLABLE _Nullable
#else
#define BURROW_NONNULL
#define BURROW_NULLABLE
#endif

#if defined(__GNUC__) || defined(__clang__)
#define BURROW_API __attribute__((visibility("default")))
#define BURROW_WARN_UNUSED __attribute__((warn_unused_result))
#else
#define BURROW_API
#define BURROW_WARN_UNUSED
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- types ------------------------------------------------------------------------------------------------ */

/** 0 success, 1 nothing now, negative an error. See BURROW_OK and the list below it. */
typedef int32_t burrow_status;

/** The id of one asynchronous operation; never 0, never reused by an engine. */
typedef uint64_t burrow_request;

/** Owns the threads, sockets and the event queue. */
typedef struct burrow_engine burrow_engine;
/** A place on a relay where broadcasts are announced: one connection, kept up by the library. */
typedef struct burrow_room burrow_room;
/** One published or subscribed sequence of frames; also an encoder or a decoder, which belongs to no room. */
typedef struct burrow_track burrow_track;
/** An embedded relay. */
typedef struct burrow_relay burrow_relay;
/** Seals the frames of one broadcast, for hosts that carry frames themselves. */
typedef struct burrow_sealer burrow_sealer;
/** Opens the frames of one broadcast, for hosts that receive frames themselves. */
typedef struct burrow_opener burrow_opener;
/** Somebody on this device: a Nostr key, and the groups this person is in. */
typedef struct burrow_identity burrow_identity;
/** A group of an identity, or an invitation to one. */
typedef struct burrow_group burrow_group;
/** A call of an identity: what was agreed about a room. */
typedef struct burrow_call burrow_call;
/** Memory lent to the host until burrow_release(). */
typedef struct burrow_buffer burrow_buffer;

/* ---- status codes ------------------------------------------------------------------------------------------ */

enum {
  /** Success. */
  BURROW_OK = 0,
  /** Nothing now: no event, no frame, or a queue is full. Not an error. */
  BURROW_AGAIN = 1,

  /* general */
  /** An argument is NULL, out of range, malformed, or not UTF-8. */
  BURROW_ERR_INVALID_ARGUMENT = -1,
  /** The handle was released, belongs to a destroyed engine, is of another kind or never was one. */
  BURROW_ERR_STALE_HANDLE = -2,
  /** The process is a forked child. */
  BURROW_ERR_FORKED = -3,
  /** An unknown flag, or a nonzero field newer than this library. */
  BURROW_ERR_UNSUPPORTED = -4,
  /** The capacity is too small; the count says what is needed. */
  BURROW_ERR_BUFFER_TOO_SMALL = -5,
  /** Another thread is draining this engine, pulling this track, mixing this room or using this codec. */
  BURROW_ERR_BUSY = -6,
  /** Called from a wakeup or log handler, where this would wait for itself. */
  BURROW_ERR_WOULD_DEADLOCK = -7,
  /** The engine, room, track or relay is over. */
  BURROW_ERR_CLOSED = -8,
  /** Cancelled by the host, or overtaken by close, shutdown or destroy. */
  BURROW_ERR_CANCELLED = -9,
  /** It took longer than allowed. */
  BURROW_ERR_TIMEOUT = -10,
  /** A limit of this library was reached: handles, tracks, queued requests, frame size. */
  BURROW_ERR_LIMIT = -11,
  /** The operating system refused a thread, descriptor, socket or file. */
  BURROW_ERR_SYSTEM = -12,
  /** A fault of this library. Please report it. */
  BURROW_ERR_INTERNAL = -13,
  /** Something of that name is there already. */
  BURROW_ERR_EXISTS = -14,
  /** The operation does not fit the object: pushing to a subscribed track, publishing without a path. */
  BURROW_ERR_WRONG_KIND = -15,

  /* transport */
  /** The connection failed for a reason without a code of its own; the text says which. */
  BURROW_ERR_TRANSPORT = -100,
  /** The host name has no address. */
  BURROW_ERR_NAME_NOT_FOUND = -101,
  /** No address of the host answered or a route is missing. */
  BURROW_ERR_UNREACHABLE = -102,
  /** The certificate has expired or is not yet valid. */
  BURROW_ERR_TLS_EXPIRED = -103,
  /** The certificate is for another host name. */
  BURROW_ERR_TLS_WRONG_HOST = -104,
  /** No trusted authority vouches for the certificate. */
  BURROW_ERR_TLS_UNKNOWN_ISSUER = -105,
  /** The certificate matches none of the pins. */
  BURROW_ERR_TLS_WRONG_PIN = -106,
  /** Both sides speak no common application protocol (ALPN). */
  BURROW_ERR_TLS_NO_COMMON_PROTOCOL = -107,
  /** TLS failed in another way: a broken certificate, a bad key, an alert of the peer. */
  BURROW_ERR_TLS = -108,
  /** The connection was up and went silent. */
  BURROW_ERR_CONNECTION_LOST = -109,
  /** The peer broke the protocol, or says that we did. */
  BURROW_ERR_PROTOCOL = -110,
  /** No common version of the protocol. */
  BURROW_ERR_VERSION = -111,
  /** The relay refuses us: a token is missing, wrong, expired, or does not cover the path. */
  BURROW_ERR_UNAUTHORIZED = -112,
  /** No such broadcast, track or group. */
  BURROW_ERR_NOT_FOUND = -113,
  /** The data is gone because it became too old before it could be sent. */
  BURROW_ERR_TOO_FAR_BEHIND = -114,
  /** The relay is shutting down. */
  BURROW_ERR_GOING_AWAY = -115,
  /** The peer closed with a code of its own, found in the event's value. */
  BURROW_ERR_PEER = -116,
  /** The address to listen on is taken. */
  BURROW_ERR_ADDRESS_IN_USE = -117,
  /** The relay or publisher has no room for more. */
  BURROW_ERR_OVERLOADED = -118,

  /* groups */
  /** The group's protocol does not allow it, or an event of a group is not acceptable; the text says why. */
  BURROW_ERR_GROUP = -200,
  /** Only admins of the group may do that, and somebody who did it is none. */
  BURROW_ERR_NOT_ADMIN = -201,
  /** We are no member of the group, or not any more. */
  BURROW_ERR_NOT_MEMBER = -202,
  /** Another change of the group came first. Read the group again and decide again. */
  BURROW_ERR_LOST_RACE = -203,
  /** No relay took the event; nothing has changed. */
  BURROW_ERR_NOT_PUBLISHED = -204,
  /** Another change of ours is on its way: wait for its completion. */
  BURROW_ERR_CHANGE_PENDING = -205,
  /** Made by software that speaks another version of the Marmot protocol; the text begins with
      "unsupported_marmot_version" and names it. */
  BURROW_ERR_MARMOT_VERSION = -206,

  /* state files */
  /** The state file cannot be made, read or written. What was stored before is unharmed. */
  BURROW_ERR_STORAGE = -220,
  /** The state file is open already, here or in another process. */
  BURROW_ERR_STORAGE_IN_USE = -221,
  /** The storage key does not open the state file. */
  BURROW_ERR_STORAGE_KEY = -222,
  /** The file is no state file, or is damaged. */
  BURROW_ERR_STORAGE_DAMAGED = -223,
  /** The state file was written by a later version of this library. */
  BURROW_ERR_STORAGE_VERSION = -224,
  /** There is no room on the disk. What was stored before is unharmed. */
  BURROW_ERR_STORAGE_FULL = -225,

  /* Nostr */
  /** An event, a draft or a filter is malformed, or its id or signature is wrong; the text says which. */
  BURROW_ERR_NOSTR_EVENT = -300,
  /** The Nostr relay refused; the text is what it said. */
  BURROW_ERR_NOSTR_REFUSED = -301,
  /** A Nostr key is not one. */
  BURROW_ERR_NOSTR_KEY = -302,
  /** A wrap is for somebody else, damaged or forged. */
  BURROW_ERR_NOSTR_UNREADABLE = -303,
  /** Who holds the key of an attached identity said no. */
  BURROW_ERR_KEY_REFUSED = -304,
  /** What burrow_identity_respond() was given is no answer to the key request: a bad signature, another event, somebody
      else's, a payload that is none; the text says which. */
  BURROW_ERR_KEY_ANSWER = -305,

  /* media */
  /** A codec library failed for a reason of its own. */
  BURROW_ERR_CODEC = -400,
  /** Encoded audio or video is damaged, or cannot be decoded without what came before it. */
  BURROW_ERR_DAMAGED = -401,
  /** A format, codec, profile, rate or size that is not handled. */
  BURROW_ERR_FORMAT = -402,

  /* frame protection */
  /** There is no key to seal with yet. */
  BURROW_ERR_KEY_MISSING = -410,
  /** The key has protected as much as it may, or a broadcast has as many tracks as it may. */
  BURROW_ERR_KEY_EXHAUSTED = -411,
  /** The frame was opened before, or is too old to tell it from one that was. Normal after a reconnect. */
  BURROW_ERR_FRAME_REPEATED = -412,
  /** The frame is damaged, forged, or was sealed for another place. */
  BURROW_ERR_FRAME_REJECTED = -413,

  /* tokens */
  /** A key is not a usable JWK or JWKS. */
  BURROW_ERR_TOKEN_KEY = -500,
  /** A token, or what one is to be made of, is malformed. */
  BURROW_ERR_TOKEN = -501,
  /** The token was good, and its time is over. */
  BURROW_ERR_TOKEN_EXPIRED = -502
};

/* ---- library ----------------------------------------------------------------------------------------------- */

/**
 * Returns the version of the library that is loaded.
 *
 * @return major << 16 | minor << 8 | patch.
 * @threading any thread, real-time
 * @ownership nothing changes hands
 * @since 0.1
 */
BURROW_API uint32_t burrow_version(void);

/**
 * Returns the version as text, with the versions of the libraries below it.
 *
 * @return For example "0.1.0 (ngtcp2 0.12.1, GnuTLS 3.7.9, libopus 1.3.1, OpenH264 2.3.1)".
 * @threading any thread
 * @ownership the text is static
 * @since 0.1
 */
BURROW_API const char *BURROW_NONNULL burrow_version_string(void);

/**
 * Returns the name of a status code.
 *
 * @param status  Any number.
 * @return For example "BURROW_ERR_TIMEOUT"; "BURROW_UNKNOWN" for a number that is not a status.
 * @threading any thread, real-time
 * @ownership the text is static
 * @since 0.1
 */
BURROW_API const char *BURROW_NONNULL burrow_status_name(burrow_status status);

/**
 * Copies the sentence that explains the last failure on this thread.
 *
 * Call it straight after the failing call. Successful calls and BURROW_AGAIN leave it alone. What fails later, in
 * the background, is explained by the `text` of its event instead.
 *
 * @param buf  [out] Receives the text; NULL with cap 0 asks for the size.
 * @param cap  Bytes available at buf.
 * @param len  [out] Bytes needed including the NUL; 1 when nothing failed yet.
 * @return BURROW_OK; BURROW_ERR_BUFFER_TOO_SMALL.
 * @threading any thread; every thread has its own text
 * @ownership nothing changes hands
 * @since 0.1
 */
BURROW_API burrow_status burrow_last_error(char *BURROW_NULLABLE buf, size_t cap, size_t *BURROW_NONNULL len);

/**
 * Says whether this build has a feature.
 *
 * Names: "relay", "qlog", "udp-gso", "bbr", "jwt", "opus", "h264", "sframe", "nostr", "groups", "moq-lite-02",
 * "moq-lite-03", "moq-lite-04", "moq-lite-05".
 *
 * @param name  The feature.
 * @return 1 when it is there, 0 when not or when the name is unknown.
 * @threading any thread
 * @ownership nothing changes hands
 * @since 0.1
 */
BURROW_API int32_t burrow_has_feature(const char *BURROW_NONNULL name);

/**
 * Reads the clock all timestamps use: monotonic, starting anywhere.
 *
 * @return Microseconds.
 * @threading any thread, real-time; may be called from a wakeup or log handler
 * @ownership nothing changes hands
 * @since 0.1
 */
BURROW_API int64_t burrow_now_us(void);

/**
 * Fills a struct that the host hands in (configurations, requests, encodings) with its defaults, which are all zero.
 *
 * @param value        [out] The struct.
 * @param struct_size  Its sizeof as the host was compiled.
 * @return BURROW_OK; BURROW_ERR_INVALID_ARGUMENT when no struct is of that size.
 * @threading any thread
 * @ownership nothing changes hands
 * @since 0.1
 */
BURROW_API burrow_status burrow_config_init(void *BURROW_NONNULL value, uint32_t struct_size);

/**
 * Adds a reference to a handle of any kind.
 *
 * @param handle  A valid handle.
 * @return BURROW_OK.
 * @threading any thread
 * @ownership the caller owns one reference more: burrow_release()
 * @since 0.1
 */
BURROW_API burrow_status burrow_retain(void *BURROW_NONNULL handle);

/**
 * Gives up one reference to a handle of any kind.
 *
 * Releasing the last reference closes a room, unpublishes or unsubscribes a track, stops a relay, gives back a buffer.
 * Releasing the last reference to an engine shuts it down in the background; prefer burrow_engine_destroy(), which
 * waits. NULL and stale handles are ignored, so this can be given to any finalizer, also after the engine is gone.
 *
 * @param handle  A handle, or NULL.
 * @threading any thread; the one function that is fine in a forked child, where it does nothing
 * @ownership takes one reference
 * @since 0.1
 */
BURROW_API void burrow_release(void *BURROW_NULLABLE handle);

/**
 * Ends what a handle stands for, in good order. The handle stays readable until it is released.
 *
 * An engine shuts down: it leaves rooms, stops relays and completes all requests. Afterwards only draining, _get functions,
 * release and destroy work; the rest returns BURROW_ERR_CLOSED. The completion of this request is the last event; draining
 * an empty queue after it returns BURROW_ERR_CLOSED.
 *
 * A room ends its tracks and says farewell to the relay. A published track or an encoder takes nothing more; subscribers
 * still get what was pushed before. A subscribed track or a decoder drops the frames that wait; those on loan stay valid. A
 * relay takes no new sessions, says goodbye to those that exist and closes its sockets. An identity closes its state file;
 * its calls end and its groups answer BURROW_ERR_CLOSED. A call is hung up, as by burrow_call_end(). Releasing the last
 * reference does the same in the background.
 *
 * @param handle  An engine, a room, a track, an encoder or decoder, a relay, an identity or a call.
 * @param req     [out] The id of this request, which completes when it is over, or NULL. Tracks, encoders and decoders have
 *                ended when this returns; then it is 0.
 * @return BURROW_OK; BURROW_ERR_CLOSED when it is over already.
 * @threading any thread
 * @ownership nothing changes hands; the handle still has to be released
 * @since 0.1
 */
BURROW_API burrow_status burrow_close(void *BURROW_NONNULL handle, burrow_request *BURROW_NULLABLE req);

/* ---- logging ----------------------------------------------------------------------------------------------- */

enum {
  /** Nothing. */
  BURROW_LOG_OFF = 0,
  /** Something failed that should not have. */
  BURROW_LOG_ERROR = 1,
  /** Something is odd or unsafe, such as a connection without certificate checks. The default. */
  BURROW_LOG_WARNING = 2,
  /** Connections, rooms and relays coming and going. */
  BURROW_LOG_INFO = 3,
  /** Every session and subscription. */
  BURROW_LOG_DEBUG = 4,
  /** Everything short of packets; for those see qlog_dir. */
  BURROW_LOG_TRACE = 5
};

/**
 * Receives log lines on a thread of the library.
 *
 * It must return soon, may call nothing but burrow_now_us(), and gets texts that are dead after it returns.
 *
 * @param user_data  What was given to burrow_log_set_handler().
 * @param level      BURROW_LOG_*.
 * @param component  "engine", "quic", "moq", "relay", ...
 * @param text       One line, without keys, tokens or content.
 */
typedef void (*burrow_log_fn)(void *BURROW_NULLABLE user_data, int32_t level, const char *BURROW_NONNULL component,
                              const char *BURROW_NONNULL text);

/**
 * Chooses what is logged, for the whole process.
 *
 * @param level      BURROW_LOG_*; what is less important is not even composed.
 * @param component  Only this component, or NULL for all of them.
 * @return BURROW_OK.
 * @threading any thread
 * @ownership nothing changes hands
 * @since 0.1
 */
BURROW_API burrow_status burrow_log_set_level(int32_t level, const char *BURROW_NULLABLE component);

/**
 * Sets the process-wide function that receives log lines; NULL removes it.
 *
 * While there is a handler, burrow_log_read() gets nothing. Removing or replacing waits until a running handler has
 * returned, so its memory can be freed afterwards.
 *
 * @param fn         The handler or NULL.
 * @param user_data  Handed to fn.
 * @return BURROW_OK; BURROW_ERR_WOULD_DEADLOCK from within a log handler.
 * @threading any thread
 * @ownership user_data stays the host's and must live until the handler is replaced
 * @since 0.1
 */
BURROW_API burrow_status burrow_log_set_handler(burrow_log_fn BURROW_NULLABLE fn, void *BURROW_NULLABLE user_data);

/**
 * Takes the oldest log line from the ring that holds the last 512 when no handler is set.
 *
 * @param level  [out] BURROW_LOG_* of the line.
 * @param buf    [out] "component: text"; NULL with cap 0 asks for the size and leaves the line there.
 * @param cap    Bytes available at buf.
 * @param len    [out] Bytes needed including the NUL.
 * @return BURROW_OK; BURROW_AGAIN when there is no line; BURROW_ERR_BUFFER_TOO_SMALL, and the line stays.
 * @threading any thread
 * @ownership nothing changes hands
 * @since 0.1
 */
BURROW_API burrow_status burrow_log_read(int32_t *BURROW_NONNULL level, char *BURROW_NULLABLE buf, size_t cap,
                                         size_t *BURROW_NONNULL len);

/* ---- engine: lifecycle and events -------------------------------------------------------------------------- */

/* Flags of burrow_engine_config. */
enum {
  /** The host has Nostr relays of its own: nothing connects to any. Events to publish come out as
      BURROW_EVENT_NOSTR_OUT, those that arrive go in through burrow_nostr_ingest(). */
  BURROW_ENGINE_HOST_RELAYS = 1,
  /** The host decides about each call that comes before it rings: BURROW_CALL_ASKED. Else all calls of members of our groups
      ring. */
  BURROW_ENGINE_ASK_CALLS = 2,
  /** Calls that come may be on relays in private networks, as when everything runs on one machine. That is so anyway when
      the engine has a Nostr relay of that kind. */
  BURROW_ENGINE_PRIVATE_CALLS = 4
};

/** How an engine works. Prepared by burrow_config_init(). */
typedef struct burrow_engine_config {
  uint32_t struct_size;
  /** BURROW_ENGINE_* flags. */
  uint32_t flags;
  /** Bytes asked of the system for each UDP socket; 0 = 4 MiB. The system may give less. */
  uint32_t socket_receive_buffer;
  /** Bytes asked of the system for each UDP socket; 0 = 4 MiB. */
  uint32_t socket_send_buffer;
  /** Nostr relays and token services are reached through this proxy, which also looks up their names:
      "socks5://host:port" or "http://host:port", "user:password@" before the host (percent-encoded) where it wants
      to know. NULL = none. Media does not go through it. */
  const char *BURROW_NULLABLE proxy;
} burrow_engine_config;

/* Kinds of events. Unknown kinds must be ignored. */
enum {
  /** A request is complete. request: its id; status, text: how it ended; value: the peer's numeric code or 0;
      subject: the room, track, relay, identity or call it was about, borrowed, or NULL. */
  BURROW_EVENT_DONE = 1,
  /** More than 4096 events waited and some were dropped, though never a BURROW_EVENT_DONE. Read the state of what
      you have with the _get functions and burrow_room_participants(). value: how many were dropped. */
  BURROW_EVENT_OVERFLOW = 2,
  /** A room changed. subject: the room, borrowed; state: BURROW_ROOM_*; status, text: why, when it is bad news;
      value: the peer's code or 0. */
  BURROW_EVENT_ROOM_STATE = 10,
  /** Somebody's broadcast appeared below the room's prefix. subject: the room, borrowed; participant: its number;
      text: its path, relative like all paths to the path of the URL; data: in a room of a group, the public key of the
      member whose it is, if it is one's. */
  BURROW_EVENT_PARTICIPANT_JOINED = 11,
  /** Somebody's broadcast is gone. subject: the room, borrowed; participant: its number; text: its path. */
  BURROW_EVENT_PARTICIPANT_LEFT = 12,
  /** What somebody offers changed: read it with burrow_room_media(). Needs BURROW_ROOM_MEDIA. subject: the room,
      borrowed; participant: its number; text: its path. */
  BURROW_EVENT_PARTICIPANT_MEDIA = 13,
  /** Somebody else is the dominant speaker among the audio tracks we subscribe to. subject: the room, borrowed;
      participant: its number, 0 when nobody is; text: its path. */
  BURROW_EVENT_SPEAKER = 14,
  /** Something is the matter with the keys of a protected room. subject: the room, borrowed; participant, text: who sent
      it, its number and path; status: what it is:
      BURROW_ERR_KEY_MISSING: frames came whose key did not come within half a second, or that our key of that epoch does
      not open. state: the low four bits of their epoch, all that a frame tells; value: the newest epoch there is a key
      of, -1 when there is none.
      BURROW_ERR_NOT_MEMBER: in a room of a group, a broadcast is no member's, so nothing of it is let in. BURROW_OK: now
      it is one's.
      BURROW_ERR_FRAME_REJECTED: frames are forged or damaged on the way. value: how many in a second.
      BURROW_ERR_UNSUPPORTED: somebody's broadcast is not protected, or in a way this version does not know.
      BURROW_ERR_KEY_EXHAUSTED: our own key has protected a lot, and it is time for a new epoch. value: its epoch. */
  BURROW_EVENT_PROTECTION = 15,
  /** Frames wait: call burrow_track_pull_encoded() until BURROW_AGAIN; on a video track a picture is new: call
      burrow_track_pull_video(). At most one such event per track waits in the queue. subject: the track, borrowed. */
  BURROW_EVENT_TRACK_DATA = 20,
  /** A track changed. subject: the track, borrowed; state: BURROW_TRACK_*; status, text, value: why, when it failed. */
  BURROW_EVENT_TRACK_STATE = 21,
  /** Published with BURROW_TRACK_HOST_CODEC: the host is to encode in another way. burrow_track_stats_get() says how: at
      bitrate_bps and frame_rate, and not at all while renditions is 0. subject: the track, borrowed; value: 1 when the next
      picture has to be one that needs no other, else 0. */
  BURROW_EVENT_TRACK_ENCODING = 22,
  /** A relay changed. subject: the relay, borrowed; state: BURROW_RELAY_*; status, text: why, when it failed. */
  BURROW_EVENT_RELAY_STATE = 30,
  /** Something for who holds the key of an attached identity: answer with burrow_identity_respond(). subject: the identity,
      borrowed; value: the number to answer with; state: BURROW_KEY_*, which say what text and data are; request: the
      operation it is for, or 0. */
  BURROW_EVENT_KEY_REQUEST = 38,
  /** A Nostr relay of the list changed, or could not be reached once more. text: its URL; state: BURROW_NOSTR_*;
      status, data: why, when it is bad news; value: the status of its HTTP answer or of its WebSocket's end, or 0. */
  BURROW_EVENT_NOSTR_RELAY = 40,
  /** A verified event of a subscription, once, from whichever relay was first. request: the subscription; text: the
      event as JSON; value: its kind. Never dropped: when they are not drained, relays have to wait. */
  BURROW_EVENT_NOSTR_EVENT = 41,
  /** All relays that can be reached have brought what they had stored; what follows is new. request: the
      subscription. */
  BURROW_EVENT_NOSTR_STORED = 42,
  /** A relay will not serve a subscription. request: the subscription; text: its URL; status, data: why. */
  BURROW_EVENT_NOSTR_CLOSED = 43,
  /** What one relay made of an event. request: the publication; text: its URL; status: BURROW_OK when it has the
      event, else why not; data: what it said. */
  BURROW_EVENT_NOSTR_RESULT = 44,
  /** An event for the host's own relays, see BURROW_ENGINE_HOST_RELAYS. request: the publication, complete with this,
      or 0; subject: the identity whose groups it is for, borrowed, or NULL; text: the event as JSON; value: its kind;
      data: the URLs it was meant for, one a line, nothing for all. Say of those for groups what became of them with
      burrow_nostr_published(); until then they are in the state file, and come again with it. */
  BURROW_EVENT_NOSTR_OUT = 45,
  /** One server of a list, the best first. request: the burrow_discovery_fetch(); text: its URL; value: 0, 1, 2, … */
  BURROW_EVENT_DISCOVERED = 46,
  /** An event for a group or an invitation was refused, or relays refused one of ours. subject: the identity, borrowed, or
      NULL; status, text: why; data: the 32 bytes of its id. */
  BURROW_EVENT_NOSTR_REFUSED = 47,
  /** Somebody used our key package: publish another one. subject: the identity, borrowed. */
  BURROW_EVENT_KEY_PACKAGE_USED = 48,
  /** A service has made a token. request: the burrow_token_request(); text: the token; value: from when on it is worth
      nothing, in seconds since 1970, or 0 when it stays good. */
  BURROW_EVENT_TOKEN = 49,
  /** We were invited to a group, joined one, or are no member any more. subject: the identity, borrowed, as in all
      events about groups; state: BURROW_GROUP_*; data: the id of the group, for burrow_group_open(). */
  BURROW_EVENT_GROUP_STATE = 50,
  /** A group has new keys: export what you need. value: the epoch; data: the id of the group. */
  BURROW_EVENT_GROUP_EPOCH = 51,
  /** Members came or went. data: the id of the group. */
  BURROW_EVENT_GROUP_MEMBERS = 52,
  /** Name, admins or relays of a group changed. data: the id of the group. */
  BURROW_EVENT_GROUP_DATA = 53,
  /** Somebody said something in a group. Never dropped, and in the state file until the next draining call after this
      one: if the process ends before, it comes again, so compare ids. text: the unsigned event as JSON; its author
      is who sent it. participant: which leaf of the group that is; value: the epoch; data: the id of the group. */
  BURROW_EVENT_GROUP_MESSAGE = 54,
  /** A commit that came late won, and the group went back to the epoch it belongs to. Never dropped. value: that epoch;
      text: a JSON array of those messages of ours that were lost with it, to be sent again; data: the id of the
      group. */
  BURROW_EVENT_GROUP_ROLLED_BACK = 55,
  /** A MoQ relay was tried. request: the burrow_discovery_select(); text: its URL; status: BURROW_OK when it let us in, else
      why not; data: the sentence about that; value: how long it took, in microseconds. */
  BURROW_EVENT_RELAY_TRIED = 56,
  /** A call is something else than before; one that comes from others appears with this. Never dropped. subject: the call,
      borrowed: retain it to keep it; state: the BURROW_CALL_* state; value: its detail, plus 256 times the
      BURROW_CALL_REASON_*; text: the reason in a word; data: the public key of who called. */
  BURROW_EVENT_CALL_STATE = 60,
  /** Somebody came into a call, left it, or something about them changed. subject: the call, borrowed; state:
      BURROW_CALL_MEMBER_*; data: their public key; text: the path of their broadcast, if it is known; participant: its number
      in the room, 0 while it is not announced. */
  BURROW_EVENT_CALL_MEMBER = 61
};

/** One event, filled by the library. Its pointers live until the next draining call or destroy. */
typedef struct burrow_event {
  uint32_t struct_size;
  /** BURROW_EVENT_* */
  uint32_t kind;
  /** The result, for completions and failures; else BURROW_OK. */
  burrow_status status;
  /** The number of a participant, or 0 when the event is not about one. */
  uint32_t participant;
  /** The new state, for the _STATE kinds; else 0. */
  uint32_t state;
  /** 0 in this version. */
  uint32_t reserved;
  /** The operation this completes, or 0. */
  burrow_request request;
  /** When it happened. */
  int64_t time_us;
  /** A number whose meaning the kind defines. */
  int64_t value;
  /** The room, track, relay, identity or call it is about, borrowed; or NULL. */
  void *BURROW_NULLABLE subject;
  /** UTF-8, never NULL. */
  const char *BURROW_NONNULL text;
  /** Bytes that come with the event, for kinds that say so; NULL when there are none. Text in here has no NUL. */
  const uint8_t *BURROW_NULLABLE data;
  /** How many bytes. */
  size_t data_len;
} burrow_event;

/**
 * Called on a thread of the library when the event queue stops being empty.
 *
 * It may call nothing but burrow_now_us(), should only pass the news on to the host's own loop, and must not block.
 *
 * @param user_data  What was given to burrow_engine_set_wakeup().
 */
typedef void (*burrow_wakeup_fn)(void *BURROW_NULLABLE user_data);

/**
 * Called by burrow_engine_dispatch() for each event, on the thread that called it.
 *
 * It may call any function, also burrow_engine_destroy().
 *
 * @param user_data  What was given to burrow_engine_dispatch().
 * @param event      Valid until the function returns.
 */
typedef void (*burrow_event_fn)(void *BURROW_NULLABLE user_data, const burrow_event *BURROW_NONNULL event);

/**
 * Makes an engine and starts its thread.
 *
 * One engine is enough for a process: it carries any number of rooms and relays.
 *
 * @param cfg  The configuration, or NULL for the defaults.
 * @param out  [out] The engine.
 * @return BURROW_OK; BURROW_ERR_INVALID_ARGUMENT for a bad URL; BURROW_ERR_SYSTEM when no thread or descriptor is to
 *         be had.
 * @threading any thread
 * @ownership *out is owned by the caller: burrow_engine_destroy() or burrow_release()
 * @since 0.1
 */
BURROW_WARN_UNUSED BURROW_API burrow_status burrow_engine_create(const burrow_engine_config *BURROW_NULLABLE cfg,
                                                                 burrow_engine *BURROW_NULLABLE *BURROW_NONNULL out);

/**
 * Stops the threads, waits for them, and invalidates every handle of the engine.
 *
 * Peers get a farewell packet but nothing is waited for; call burrow_close() first and drain until BURROW_ERR_CLOSED for
 * an orderly end. Requests still open get no event, because nobody is left to drain it. After this returns no function of
 * the host will be called again. A thread waiting in burrow_engine_next_event() is woken with BURROW_ERR_CLOSED.
 *
 * @param e  The engine.
 * @return BURROW_OK; BURROW_ERR_WOULD_DEADLOCK from a wakeup or log handler.
 * @threading any thread except the library's own; also inside a handler of burrow_engine_dispatch()
 * @ownership takes all references to the engine, its rooms, tracks, relays and buffers
 * @since 0.1
 */
BURROW_API burrow_status burrow_engine_destroy(burrow_engine *BURROW_NONNULL e);

/**
 * Gives a descriptor that is readable while events wait, for poll, epoll or an event loop.
 *
 * Only wait on it; never read, write or close it. It is valid until destroy.
 *
 * @param e   The engine.
 * @param fd  [out] The descriptor.
 * @return BURROW_OK.
 * @threading any thread
 * @ownership the descriptor stays the engine's
 * @since 0.1
 */
BURROW_API burrow_status burrow_engine_event_fd(burrow_engine *BURROW_NONNULL e, int32_t *BURROW_NONNULL fd);

/**
 * Sets a function that is called when the event queue stops being empty; NULL removes it.
 *
 * It is called once at once if events already wait. Removing or replacing waits until a running call has returned.
 *
 * @param e          The engine.
 * @param fn         The function or NULL.
 * @param user_data  Handed to fn.
 * @return BURROW_OK; BURROW_ERR_WOULD_DEADLOCK from within the wakeup.
 * @threading any thread
 * @ownership user_data stays the host's and must live until the wakeup is replaced
 * @since 0.1
 */
BURROW_API burrow_status burrow_engine_set_wakeup(burrow_engine *BURROW_NONNULL e, burrow_wakeup_fn BURROW_NULLABLE fn,
                                                  void *BURROW_NULLABLE user_data);

/**
 * Takes the next event, waiting for one if asked to.
 *
 * @param e           The engine.
 * @param timeout_ms  How long to wait: 0 not at all, negative without end.
 * @param out         [out] The event; struct_size must be set. Its pointers live until the next draining call.
 * @return BURROW_OK; BURROW_AGAIN when none came in time; BURROW_ERR_BUSY when another thread is draining;
 *         BURROW_ERR_CLOSED when the engine is shut down and its last event was taken, or it is being destroyed.
 * @threading drain thread: any, but one at a time
 * @ownership everything in the event is borrowed
 * @since 0.1
 */
BURROW_API burrow_status burrow_engine_next_event(burrow_engine *BURROW_NONNULL e, int32_t timeout_ms,
                                                  burrow_event *BURROW_NONNULL out);

/**
 * Waits for events and calls a function on this thread for each that is there.
 *
 * Returns after one pass, so call it in a loop. The function may call anything, also burrow_engine_destroy(), after
 * which no further event is delivered.
 *
 * @param e           The engine.
 * @param timeout_ms  How long to wait for the first event: 0 not at all, negative without end.
 * @param fn          Called for each event.
 * @param user_data   Handed to fn.
 * @return BURROW_OK when at least one event was delivered; BURROW_AGAIN when none came in time; BURROW_ERR_BUSY when
 *         another thread is draining, or when called inside fn; BURROW_ERR_CLOSED as burrow_engine_next_event().
 * @threading drain thread: any, but one at a time
 * @ownership everything in the events is borrowed
 * @since 0.1
 */
BURROW_API burrow_status burrow_engine_dispatch(burrow_engine *BURROW_NONNULL e, int32_t timeout_ms,
                                                burrow_event_fn BURROW_NONNULL fn, void *BURROW_NULLABLE user_data);

enum {
  /** The device has other addresses or another default route now. */
  BURROW_NETWORK_SWITCHED = 1,
  /** The device slept and is awake again. */
  BURROW_NETWORK_RESUMED = 2
};

/**
 * Tells the engine what only the host knows: the network changed, or the device woke up.
 *
 * Connections move to a new socket and are probed at once instead of being found dead later.
 *
 * @param e      The engine.
 * @param flags  BURROW_NETWORK_* bits, or 0 when you do not know.
 * @return BURROW_OK; BURROW_ERR_CLOSED after shutdown.
 * @threading any thread
 * @ownership nothing changes hands
 * @since 0.1
 */
BURROW_API burrow_status burrow_engine_network_changed(burrow_engine *BURROW_NONNULL e, uint32_t flags);

/**
 * Asks for an operation to be given up.
 *
 * Its BURROW_EVENT_DONE still comes, once: with BURROW_ERR_CANCELLED, or with the result if that was faster.
 * Cancelling burrow_room_open() closes the room. An unknown or completed id is ignored. Closing, stopping and shutting
 * down cannot be cancelled.
 *
 * @param e    The engine.
 * @param req  The operation.
 * @return BURROW_OK.
 * @threading any thread
 * @ownership nothing changes hands
 * @since 0.1
 */
BURROW_API burrow_status burrow_request_cancel(burrow_engine *BURROW_NONNULL e, burrow_request req);

/* ---- rooms ------------------------------------------------------------------------------------------------- */

/* Versions of the protocol, as bits. */
enum {
  BURROW_MOQ_LITE_02 = 4,
  BURROW_MOQ_LITE_03 = 8,
  BURROW_MOQ_LITE_04 = 16,
  BURROW_MOQ_LITE_05 = 32
};

/* Congestion controllers. */
enum {
  /** What measurements favour for calls. */
  BURROW_CONGESTION_AUTO = 0,
  BURROW_CONGESTION_CUBIC = 1,
  BURROW_CONGESTION_BBR = 2,
  BURROW_CONGESTION_BBR2 = 3
};

/* Flags of burrow_room_config. */
enum {
  /** Accept any certificate. Everything can be read and changed on the way; a warning is logged. For tests only. */
  BURROW_ROOM_INSECURE = 1,
  /** Do not trust the system's authorities, only roots_pem and pins. */
  BURROW_ROOM_NO_SYSTEM_ROOTS = 2,
  /** Close the room when its connection is lost instead of connecting again. */
  BURROW_ROOM_NO_RECONNECT = 4,
  /** Do not ask who else is there: no participants are listed. */
  BURROW_ROOM_NO_DISCOVERY = 8,
  /** Follow everybody's catalogue, for burrow_room_media() and BURROW_EVENT_PARTICIPANT_MEDIA. */
  BURROW_ROOM_MEDIA = 16,
  /** Seal everything we publish, and let in only what was sealed: see burrow_protection_set_key(), or give a group. */
  BURROW_ROOM_PROTECTED = 32
};

/* States of a room. */
enum {
  /** The first connection is being made. */
  BURROW_ROOM_CONNECTING = 1,
  /** Up. */
  BURROW_ROOM_CONNECTED = 2,
  /** The connection was lost and is being made again. Participants and tracks are kept. */
  BURROW_ROOM_RECONNECTING = 3,
  /** Up again after a loss; tracks are announced and subscribed again. Seen in events only: burrow_room_info_get()
      says BURROW_ROOM_CONNECTED. */
  BURROW_ROOM_RESTORED = 4,
  /** Over, by the host's wish (status BURROW_OK) or because it failed. */
  BURROW_ROOM_CLOSED = 5
};

/** Sizes of texts inside structs, with their NUL. Longer paths and names are refused, wherever they come from. */
enum {
  BURROW_PATH_SIZE = 1024,
  BURROW_NAME_SIZE = 256,
  BURROW_ADDRESS_SIZE = 64,
  BURROW_TEXT_SIZE = 256
};

/** Where a room is and how it is reached. Prepared by burrow_config_init(). */
typedef struct burrow_room_config {
  uint32_t struct_size;
  /** BURROW_ROOM_* flags. */
  uint32_t flags;
  /** The relay: "moqt://host[:port][/path][?jwt=token]"; moql and moq mean the same; the port is 443 by default.
      Required. */
  const char *BURROW_NULLABLE url;
  /** The path under which our own tracks are announced, below the path of the URL. NULL or "" only listens. */
  const char *BURROW_NULLABLE path;
  /** Whose broadcasts to follow: all paths that begin with these segments. NULL or "" follows all. */
  const char *BURROW_NULLABLE prefix;
  /** Certificates of authorities to trust, as PEM text. */
  const char *BURROW_NULLABLE roots_pem;
  /** SHA-256 fingerprints of acceptable leaf certificates, 32 bytes each, one after the other. With pins, nothing else
      about the certificate is checked. */
  const uint8_t *BURROW_NULLABLE pins;
  /** How many pins; at most 16. */
  size_t pin_count;
  /** The name to check in the certificate and to send as SNI, if not the host of the URL. */
  const char *BURROW_NULLABLE server_name;
  /** A folder for qlog files, one per connection; NULL writes none. It must exist. */
  const char *BURROW_NULLABLE qlog_dir;
  /** BURROW_MOQ_LITE_* bits that may be used; 0 = all. */
  uint32_t versions;
  /** BURROW_CONGESTION_* */
  uint32_t congestion;
  /** How long making a connection may take; 0 = 10 s. */
  uint32_t connect_timeout_ms;
  /** After how long a silent connection is lost; 0 = 10 s. */
  uint32_t idle_timeout_ms;
  /** After how long without traffic a sign of life is sent; 0 = 4 s. */
  uint32_t keep_alive_ms;
  /** The first pause before connecting again; 0 = 100 ms. Doubles with each attempt and varies randomly. */
  uint32_t reconnect_min_ms;
  /** The longest such pause; 0 = 10 s. */
  uint32_t reconnect_max_ms;
  /** Of how many participants pictures are received at most: of those who were the dominant speaker last, then of those
      whose video was subscribed first. The others' video tracks wait. 0 = of all. */
  uint32_t last_n;
  /** 0 */
  uint32_t reserved;
  /** With BURROW_ROOM_PROTECTED: what tells the call from others with the same secrets; NULL for none. */
  const uint8_t *BURROW_NULLABLE call_id;
  /** Its length; at most 16384. */
  size_t call_id_len;
  /** The group whose keys protect the room; as if BURROW_ROOM_PROTECTED were set. The library follows its changes by
      itself, for as long as its identity is open: burrow_protection_set_key() is not for such a room. NULL for keys of the
      host. Without a path we announce below the prefix under our public key, and under the number of our device when we
      have several in the group; without a prefix that is where the calls of the group are: "burrow/" and its nostr_id. A
      path given here must have our public key in it, and "" only listens. */
  burrow_group *BURROW_NULLABLE group;
  /** A burrow_token_request() of this engine, or 0: its tokens take the place of the "jwt" of the URL. With each new one the
      room makes a second connection, and leaves the first when that stands: nothing is lost. The first token has to be
      in the URL, or to have come. What becomes of the others is told in the log; a token that the relay refuses
      changes nothing. */
  burrow_request token_request;
} burrow_room_config;

/** A snapshot of a room. Filled by burrow_room_info_get(). */
typedef struct burrow_room_info {
  uint32_t struct_size;
  /** BURROW_ROOM_* state */
  uint32_t state;
  /** Why it is closed or reconnecting. */
  burrow_status status;
  /** The one BURROW_MOQ_LITE_* bit in use, or 0. */
  uint32_t version;
  /** How many participants are there, ourselves not counted. */
  uint32_t participant_count;
  /** How many tracks are published or subscribed. */
  uint32_t track_count;
  /** How often the connection was restored. */
  uint32_t reconnects;
  /** 0 */
  uint32_t reserved;
  /** Since when it is connected; 0 when it is not. */
  int64_t connected_us;
  /** The code with which the peer closed last. */
  int64_t peer_code;
  /** The relay's address in use, like "192.0.2.1:443" or "[2001:db8::1]:443"; empty when not connected. */
  char remote_address[BURROW_ADDRESS_SIZE];
  /** The sentence that goes with status. */
  char text[BURROW_TEXT_SIZE];
  /** Our own path; empty when only listening. */
  char path[BURROW_PATH_SIZE];
} burrow_room_info;

/** Somebody who announces a broadcast in a room. */
typedef struct burrow_participant {
  uint32_t struct_size;
  /** The number events use for this path in this room; stays the same when it comes back. */
  uint32_t id;
  /** Since when it is there. */
  int64_t joined_us;
  /** The path, to be given to burrow_track_subscribe(). */
  char path[BURROW_PATH_SIZE];
  /** In a room of a group: the public key of the member whose broadcast it is. All 0 when it is nobody's: nothing of it
      is let in. */
  uint8_t member[32];
} burrow_participant;

/** Counters and measurements of a room. The counters go on over reconnects. */
typedef struct burrow_room_stats {
  uint32_t struct_size;
  /** Bytes a UDP payload may have on the path. */
  uint32_t mtu;
  /** When this was measured; 0 when the room was never connected. */
  int64_t measured_us;
  /** Smoothed round trip time. */
  int64_t rtt_us;
  /** Smallest round trip time seen. */
  int64_t min_rtt_us;
  /** Estimate of what the path carries away from us. */
  uint64_t send_rate_bps;
  /** Congestion window. */
  uint64_t congestion_window_bytes;
  /** Sent and not yet acknowledged. */
  uint64_t in_flight_bytes;
  uint64_t sent_bytes;
  uint64_t received_bytes;
  uint64_t sent_packets;
  uint64_t received_packets;
  uint64_t lost_packets;
  /** Frames pushed on all tracks. */
  uint64_t published_frames;
  uint64_t published_bytes;
  /** Frames received on all tracks. */
  uint64_t subscribed_frames;
  uint64_t subscribed_bytes;
  /** Groups that were given up because they became too old, in either direction. */
  uint64_t expired_groups;
  /** Protected rooms: frames of ours that were sealed, and that were not sent because there was no key. */
  uint64_t sealed_frames;
  uint64_t unsealed_frames;
  /** Frames of others that were opened, catalogues included. */
  uint64_t opened_frames;
  /** Frames dropped because the key of their epoch did not come in time, or whoever sent them is no member; because they
      were forged, damaged, or not where they were sealed for; because they were opened before, or are too old to tell. */
  uint64_t unknown_key_frames;
  uint64_t forged_frames;
  uint64_t replayed_frames;
  /** Catalogues dropped because they were not protected. */
  uint64_t unprotected_frames;
  /** The epoch in which our frames are sealed, and the newest there is a key of; -1 while there is none. */
  int64_t sealing_epoch;
  int64_t newest_epoch;
  /** Packets of sound that were sent again before they could be known to be lost, as is done on lines that lose some;
      sent_packets, sent_bytes and lost_packets do not count them. */
  uint64_t repeated_packets;
  uint64_t repeated_bytes;
} burrow_room_stats;

/**
 * Starts connecting to a room and hands out its handle at once.
 *
 * Tracks may be published and subscribed right away. The request completes when the first connection stands, or
 * cannot be made, which closes the room. A room that stood once connects again by itself: the host sees
 * BURROW_ROOM_RECONNECTING and BURROW_ROOM_RESTORED, and its tracks stay valid. Only a refusal
 * (BURROW_ERR_UNAUTHORIZED and the certificate errors) ends it.
 *
 * @param e    The engine.
 * @param cfg  Where to and how; copied.
 * @param out  [out] The room.
 * @param req  [out] The id of this request, or NULL.
 * @return BURROW_OK; BURROW_ERR_NOT_MEMBER when we are not in cfg->group; BURROW_ERR_CLOSED after shutdown.
 * @threading any thread
 * @ownership *out is owned by the caller: burrow_release()
 * @since 0.1
 */
BURROW_WARN_UNUSED BURROW_API burrow_status burrow_room_open(burrow_engine *BURROW_NONNULL e,
                                                             const burrow_room_config *BURROW_NONNULL cfg,
                                                             burrow_room *BURROW_NULLABLE *BURROW_NONNULL out,
                                                             burrow_request *BURROW_NULLABLE req);

/**
 * Copies the state of a room.
 *
 * @param room  The room, closed or not.
 * @param out   [out] struct_size must be set.
 * @return BURROW_OK.
 * @threading any thread
 * @ownership nothing changes hands
 * @since 0.1
 */
BURROW_API burrow_status burrow_room_info_get(burrow_room *BURROW_NONNULL room, burrow_room_info *BURROW_NONNULL out);

/**
 * Copies the list of everybody who is in the room now, ourselves not counted.
 *
 * @param room   The room.
 * @param out    [out] An array. struct_size of its first element must be set and is the size of every element.
 * @param cap    Elements available at out.
 * @param count  [out] How many participants there are.
 * @return BURROW_OK; BURROW_ERR_BUFFER_TOO_SMALL.
 * @threading any thread
 * @ownership nothing changes hands
 * @since 0.1
 */
BURROW_API burrow_status burrow_room_participants(burrow_room *BURROW_NONNULL room,
                                                  burrow_participant *BURROW_NULLABLE out, size_t cap,
                                                  size_t *BURROW_NONNULL count);

/**
 * Copies the counters of a room.
 *
 * They are at most a quarter of a second old while there is traffic and the host asks regularly.
 *
 * @param room  The room, closed or not.
 * @param out   [out] struct_size must be set.
 * @return BURROW_OK.
 * @threading any thread
 * @ownership nothing changes hands
 * @since 0.1
 */
BURROW_API burrow_status burrow_room_stats_get(burrow_room *BURROW_NONNULL room, burrow_room_stats *BURROW_NONNULL out);

/**
 * Writes everything that is counted about a room or a relay as one JSON object, for dashboards and bug reports.
 *
 * Keys may be added at any time.
 *
 * @param handle  A room or a relay, closed or not.
 * @param buf     [out] The text; NULL with cap 0 asks for the size.
 * @param cap     Bytes available at buf.
 * @param len     [out] Bytes needed including the NUL.
 * @return BURROW_OK; BURROW_ERR_BUFFER_TOO_SMALL.
 * @threading any thread
 * @ownership nothing changes hands
 * @since 0.1
 */
BURROW_API burrow_status burrow_stats_json(void *BURROW_NONNULL handle, char *BURROW_NULLABLE buf, size_t cap,
                                           size_t *BURROW_NONNULL len);

/* ---- tracks ------------------------------------------------------------------------------------------------ */

/* What a track carries. */
enum {
  /** Any bytes. */
  BURROW_TRACK_KIND_DATA = 0,
  /** Encoded audio or video, one frame of media in each frame, in a form that publisher and subscriber agree on. */
  BURROW_TRACK_KIND_ENCODED = 1,
  /** Samples: pushed with burrow_track_push_audio(), pulled with burrow_track_pull_audio() or burrow_room_mix_audio().
      In between Opus, listed in the broadcast's catalogue. */
  BURROW_TRACK_KIND_AUDIO = 2,
  /** Pictures: pushed with burrow_track_push_video(), pulled with burrow_track_pull_video(). In between H.264, listed
      in the broadcast's catalogue. */
  BURROW_TRACK_KIND_VIDEO = 3
};

/* Which way a track goes. */
enum {
  BURROW_TRACK_PUBLISHED = 1,
  BURROW_TRACK_SUBSCRIBED = 2
};

/* States of a track. */
enum {
  /** Asked for, not answered yet, or waiting for the broadcast to appear or the room to reconnect. */
  BURROW_TRACK_WAITING = 1,
  /** Published, or accepted by the other side. */
  BURROW_TRACK_LIVE = 2,
  /** The publisher finished it, or we closed it. What was received before can still be pulled. */
  BURROW_TRACK_ENDED = 3,
  /** Refused or broken; the status says why. */
  BURROW_TRACK_FAILED = 4
};

/* Flags of burrow_track_config and burrow_track_request. */
enum {
  /** When there is not room for all, old groups go first. Otherwise the newest group does. */
  BURROW_TRACK_ORDERED = 1,
  /** A group is worthless as soon as a newer one exists; max_age_ms is ignored. */
  BURROW_TRACK_LATEST_ONLY = 2,
  /** start_group is set (requests only). */
  BURROW_TRACK_START_GROUP = 4,
  /** end_group is set (requests only). */
  BURROW_TRACK_END_GROUP = 8,
  /** Nothing is to be sent for now: a hidden picture, a participant who is not to be heard (requests for audio and
      video only). */
  BURROW_TRACK_PAUSED = 16,
  /** In a protected room: the track is a recording, of which frames may have been seen before (requests for frames only).
      A repetition is told by group and sequence then. */
  BURROW_TRACK_RECORDED = 32,
  /** The host has a codec of its own, in hardware perhaps (audio and video only). Published: frames go in with
      burrow_track_push_encoded(), packets of Opus or access units of H.264 in Annex B, and stand in the catalogue as if they
      were the library's; parameter sets that come alone go in front of each key picture. Subscribed: frames come out of
      burrow_track_pull_encoded() in the same forms, whatever the publisher's, pictures in the order to decode them. What is
      older than what came before is only needed to decode. Nothing is decoded here, so delay, levels and speakers are
      the host's. */
  BURROW_TRACK_HOST_CODEC = 64
};

/* Flags of burrow_encoding. */
enum {
  /** Audio: music rather than speech. */
  BURROW_ENCODING_MUSIC = 1,
  /** Audio: send next to nothing during silence. */
  BURROW_ENCODING_DTX = 2,
  /** Audio: always carry redundancy for lost packets, not only when losses are seen. */
  BURROW_ENCODING_FEC = 4,
  /** Keep bit rate, size and frame rate as they are, whatever the line carries. */
  BURROW_ENCODING_FIXED = 8
};

/** How samples or pictures are encoded. Prepared by burrow_config_init(). */
typedef struct burrow_encoding {
  uint32_t struct_size;
  /** BURROW_ENCODING_* */
  uint32_t flags;
  /** Upper limit for the encoder: audio 6 000 to 510 000, video 10 000 to 50 000 000. 0 = 32 000 for speech, 64 000
      for music, for video what its size calls for. */
  uint32_t bitrate_bps;
  /** Audio: 1 or 2; 0 = 1. Fixed once published. */
  uint32_t channels;
  /** Audio: 10, 20, 40 or 60 ms in one packet; 0 = 20. Fixed once published. */
  uint32_t frame_ms;
  /** Audio: effort of the encoder, 1 to 10; 0 = 5. */
  uint32_t complexity;
  /** Video: the largest picture that is sent; larger ones are scaled down keeping their shape. 0 = as pushed. */
  uint32_t width;
  uint32_t height;
  /** Video: pictures per second at most, 1 to 120, of which no more than 60 are sent; 0 = 30. */
  uint32_t frame_rate;
  /** Video: how often a picture that needs no other is sent, and a group begins, 100 to 3 600 000; 0 = 2000. */
  uint32_t keyframe_interval_ms;
  /** Video: how many sizes are offered, each about half as large as the one before; 1 to 3, 0 = 1. Fixed once
      published. */
  uint32_t renditions;
  /** Audio: how many packets go into one group, 1 to 50; 0 = 1. More need fewer bytes on the way, but what is lost or late
      holds up the rest of its group, and is given up with it. Fixed once published. */
  uint32_t packets_per_group;
} burrow_encoding;

/** What is published. Prepared by burrow_config_init(). */
typedef struct burrow_track_config {
  uint32_t struct_size;
  /** BURROW_TRACK_ORDERED, BURROW_TRACK_LATEST_ONLY */
  uint32_t flags;
  /** The name, unique in our broadcast. Required, but for audio and video: NULL = "audio" and "video". */
  const char *BURROW_NULLABLE name;
  /** BURROW_TRACK_KIND_* */
  uint32_t kind;
  /** 1 to 255, higher is sent first; 0 = 127, for audio 80 and for video 60. */
  uint32_t priority;
  /** How long a group that is no longer the newest is kept and sent; 0 = 5 s, for audio 1 s and for video 2 s. */
  uint32_t max_age_ms;
  /** 0 */
  uint32_t reserved;
  /** Audio and video: how it is encoded; NULL = the defaults. */
  const burrow_encoding *BURROW_NULLABLE encoding;
} burrow_track_config;

/** How a track is wanted. Prepared by burrow_config_init(). */
typedef struct burrow_track_request {
  uint32_t struct_size;
  /** BURROW_TRACK_* flags */
  uint32_t flags;
  /** 1 to 255, higher is sent first; 0 = 127, for audio 80, for video 60, or 59 and 58 while it is shown no larger than
      640 and 320. */
  uint32_t priority;
  /** How old a group that is no longer the newest may get before it is given up; 0 = 1 s, for audio and video 0.5 s or
      a little more than max_delay_ms. */
  uint32_t max_age_ms;
  /** The first group wanted, with BURROW_TRACK_START_GROUP; otherwise the newest. */
  uint64_t start_group;
  /** The last group wanted, with BURROW_TRACK_END_GROUP. */
  uint64_t end_group;
  /** What is to be pulled: BURROW_TRACK_KIND_DATA or _ENCODED frames as they are, _AUDIO samples, _VIDEO pictures. Cannot
      be changed. */
  uint32_t kind;
  /** Audio: how loud it is in burrow_room_mix_audio(), in percent up to 400; 0 = 100. */
  uint32_t gain_percent;
  /** Video: the size it is shown at, by which the rendition is chosen; 0 = the largest. */
  uint32_t width;
  uint32_t height;
  /** Audio and video: the least and the greatest delay for evening out the network; 0 = 10 and 400. */
  uint32_t min_delay_ms;
  uint32_t max_delay_ms;
} burrow_track_request;

/* Flags of burrow_encoded_frame. */
enum {
  /** Starts a new group. The first frame of a track always does. */
  BURROW_FRAME_KEY = 1,
  /** Pulled: frames before this one are missing. */
  BURROW_FRAME_DISCONTINUITY = 2,
  /** A group of this one frame, sent as a datagram: at most about 1150 bytes, lost rather than late. Needs
      moq-lite-05; on other connections it is sent like a group of its own. */
  BURROW_FRAME_DATAGRAM = 4,
  /** The group is complete with this frame. On pulled frames set when it is known in time. */
  BURROW_FRAME_END_OF_GROUP = 8,
  /** Pulled: the answer to burrow_track_fetch(). */
  BURROW_FRAME_FETCHED = 16
};

/** One frame: any bytes with a timestamp. */
typedef struct burrow_encoded_frame {
  uint32_t struct_size;
  /** BURROW_FRAME_* */
  uint32_t flags;
  /** When it was captured. Pushing 0 means now. Over versions before moq-lite-05 it is not transmitted, and a pulled frame
      carries the time of its arrival. On a subscribed track it is the publisher's clock. */
  int64_t timestamp_us;
  /** How long it lasts, or 0; not transmitted. */
  int64_t duration_us;
  const uint8_t *BURROW_NULLABLE data;
  /** At most 16 MiB. */
  size_t len;
  /** Pulled: owns data; burrow_release() it. Ignored when pushing. */
  burrow_buffer *BURROW_NULLABLE buffer;
  /** Pulled: the number of its group. Ignored when pushing. */
  uint64_t group;
  /** Pulled: its position in the group, from 0. Ignored when pushing. */
  uint64_t sequence;
} burrow_encoded_frame;

/** A snapshot of a track. Filled by burrow_track_info_get(). */
typedef struct burrow_track_info {
  uint32_t struct_size;
  /** BURROW_TRACK_PUBLISHED or BURROW_TRACK_SUBSCRIBED */
  uint32_t direction;
  /** BURROW_TRACK_WAITING, _LIVE, _ENDED or _FAILED */
  uint32_t state;
  /** Why it failed. */
  burrow_status status;
  /** BURROW_TRACK_KIND_*; on subscribed tracks that are neither audio nor video always DATA. */
  uint32_t kind;
  /** BURROW_TRACK_* flags in force. */
  uint32_t flags;
  uint32_t priority;
  uint32_t max_age_ms;
  /** The broadcast's path; on published tracks our own. */
  char path[BURROW_PATH_SIZE];
  /** Of subscribed audio and video without a name: the rendition that is received, empty while there is none. */
  char name[BURROW_NAME_SIZE];
  /** The sentence that goes with status. */
  char text[BURROW_TEXT_SIZE];
} burrow_track_info;

/** Counters of a track. */
typedef struct burrow_track_stats {
  uint32_t struct_size;
  /** Frames waiting to be pulled, or to be taken over by the engine. */
  uint32_t queued_frames;
  /** When the engine last counted. */
  int64_t measured_us;
  /** Frames pushed, or received. */
  uint64_t frames;
  uint64_t bytes;
  uint64_t groups;
  /** Frames dropped here because nobody pulled them in time, or given up because they became too old. */
  uint64_t dropped_frames;
  /** The newest group's number. */
  uint64_t latest_group;
  /** Published: how many subscriptions are served now. */
  uint64_t subscribers;
  /** Subscribed in a protected room: as in burrow_room_stats. */
  uint64_t opened_frames;
  uint64_t unknown_key_frames;
  uint64_t forged_frames;
  uint64_t replayed_frames;
} burrow_track_stats;

/* Formats of samples. */
enum {
  /** 16 bits, signed. */
  BURROW_AUDIO_S16 = 1,
  /** 32-bit floating point, -1 to 1. */
  BURROW_AUDIO_F32 = 2
};

/* Flags of pulled audio. */
enum {
  /** At least a part was made up because packets are missing. */
  BURROW_AUDIO_CONCEALED = 1,
  /** Nothing is being said: silence, or the noise that stands for it. */
  BURROW_AUDIO_SILENT = 2
};

/** A piece of sound in memory of the host, interleaved when there are two channels. */
typedef struct burrow_audio_frame {
  uint32_t struct_size;
  /** BURROW_AUDIO_S16 or BURROW_AUDIO_F32 */
  int32_t format;
  /** 8000, 16000, 24000, 32000, 44100 or 48000 */
  uint32_t sample_rate;
  /** 1 or 2 */
  uint32_t channels;
  /** Samples per channel: pushing any number up to a second, pulling 1 ms to 60 ms. */
  uint32_t frames;
  /** Pulled: BURROW_AUDIO_CONCEALED, BURROW_AUDIO_SILENT. Ignored when pushing. */
  uint32_t flags;
  /** When the first sample was recorded: at most ten seconds ago. Pushing 0 means that the last one was recorded now.
      Pulled: on the sender's clock, 0 when nothing was received yet. */
  int64_t timestamp_us;
  /** frames * channels samples. */
  void *BURROW_NULLABLE samples;
} burrow_audio_frame;

/* Formats of pictures. */
enum {
  /** Three planes: Y, then U and V of half the width and height. */
  BURROW_VIDEO_I420 = 1,
  /** Two planes: Y, then U and V interleaved. */
  BURROW_VIDEO_NV12 = 2,
  /** Two planes: Y, then V and U interleaved. */
  BURROW_VIDEO_NV21 = 3,
  /** One plane: red, green, blue, alpha, a byte each. */
  BURROW_VIDEO_RGBA = 4,
  /** One plane: blue, green, red, alpha, a byte each. */
  BURROW_VIDEO_BGRA = 5
};

/* Bits of burrow_video_frame.color. Without any it is BT.601 in the limited range. */
enum {
  /** The matrix of BT.709 instead. */
  BURROW_COLOR_BT709 = 1,
  /** All of 0 to 255 instead of 16 to 235. */
  BURROW_COLOR_FULL_RANGE = 2
};

/** One picture. */
typedef struct burrow_video_frame {
  uint32_t struct_size;
  /** BURROW_VIDEO_* */
  int32_t format;
  /** 1 to 4096, to be encoded 16 to 4096; odd sizes are cut to even ones then. */
  uint32_t width;
  uint32_t height;
  /** How far it has to be turned clockwise to be upright: 0, 90, 180 or 270. */
  uint32_t rotation;
  /** BURROW_COLOR_* bits; 0 for RGBA and BGRA. */
  uint32_t color;
  /** When it was taken: at most ten seconds ago. Pushing 0 means now. Pulled: on the sender's clock. */
  int64_t timestamp_us;
  /** The first row of each plane; NULL where there is none. */
  uint8_t *BURROW_NULLABLE plane[4];
  /** Bytes from one row to the next, at most 131072; negative when the picture is stored bottom up. */
  int32_t stride[4];
  /** Pulled or allocated: owns the planes; burrow_release() it. Ignored when pushing. */
  burrow_buffer *BURROW_NULLABLE buffer;
} burrow_video_frame;

/** One rendition of audio or video that somebody offers. */
typedef struct burrow_media_info {
  uint32_t struct_size;
  /** BURROW_TRACK_KIND_AUDIO or BURROW_TRACK_KIND_VIDEO */
  uint32_t kind;
  /** Whether it can be decoded here. */
  uint32_t is_supported;
  /** Bits per second, 0 when it is not told. */
  uint32_t bitrate_bps;
  /** Video: its size and rate, 0 when it is not told. */
  uint32_t width;
  uint32_t height;
  uint32_t frame_rate;
  /** Audio. */
  uint32_t sample_rate;
  uint32_t channels;
  /** 0 */
  uint32_t reserved;
  /** The track's name; in a protected room it is a number. */
  char name[BURROW_NAME_SIZE];
  /** As registered for WebCodecs, such as "opus" or "avc3.42c01f". */
  char codec[BURROW_ADDRESS_SIZE];
} burrow_media_info;

/** How audio or video goes, either way. What does not apply is 0. */
typedef struct burrow_media_stats {
  uint32_t struct_size;
  /** Pictures: the size now sent or received. */
  uint32_t width;
  uint32_t height;
  /** What the encoder is told to make, or what arrives. */
  uint32_t bitrate_bps;
  /** Pictures per second, as wanted or as they arrive. */
  uint32_t frame_rate;
  /** Loudness now: 0 is silence, 127 as loud as can be. */
  uint32_t level;
  /** Whether it is a voice. */
  uint32_t is_voice;
  /** Received: the delay aimed at for evening out the network, and the one there is. */
  uint32_t target_delay_ms;
  uint32_t delay_ms;
  /** Received: how much later (positive) the picture is than the sound that belongs to it. */
  int32_t skew_ms;
  /** Packets or pictures that went into or came out of the codec. */
  uint64_t frames;
  uint64_t bytes;
  /** Pictures sent or received that need no other. */
  uint64_t key_frames;
  /** Thrown away before the codec or after it: it was behind, they came faster than wanted or not in order, nobody pulled,
      or the line was too narrow. */
  uint64_t dropped_frames;
  /** Received: too late to be played. */
  uint64_t late_frames;
  /** Received: could not be decoded. */
  uint64_t damaged_frames;
  /** Received sound: microseconds played, made up from redundancy, made up without, stretched or shortened. */
  uint64_t played_us;
  uint64_t recovered_us;
  uint64_t concealed_us;
  uint64_t stretched_us;
  /** Received pictures: how often and how long in all one stood still for three times as long as usual, and at least
      150 ms longer. Muted cameras, ended tracks and hidden pictures do not count. */
  uint64_t freezes;
  uint64_t frozen_us;
  /** Microseconds spent in the codec, in all and for the frame that took longest. */
  uint64_t codec_us;
  uint64_t longest_codec_us;
  /** Published: how many sizes are encoded now; 1 for audio. */
  uint32_t renditions;
  /** Published: bits per second that the room's line is taken to carry, of which all published tracks get their share. */
  uint32_t estimate_bps;
} burrow_media_stats;

/**
 * Publishes a track in our own broadcast of a room.
 *
 * The broadcast is announced with the first track. Frames may be pushed at once.
 *
 * @param room  A room that was opened with a path.
 * @param cfg   What to publish; copied.
 * @param out   [out] The track.
 * @return BURROW_OK; BURROW_ERR_CLOSED; BURROW_ERR_EXISTS when the name is taken; BURROW_ERR_WRONG_KIND when the room
 *         has no path.
 * @threading any thread
 * @ownership *out is owned by the caller: burrow_release()
 * @since 0.1
 */
BURROW_WARN_UNUSED BURROW_API burrow_status burrow_track_publish(burrow_room *BURROW_NONNULL room,
                                                                 const burrow_track_config *BURROW_NONNULL cfg,
                                                                 burrow_track *BURROW_NULLABLE *BURROW_NONNULL out);

/**
 * Subscribes to a track of somebody's broadcast.
 *
 * The path need not have been announced yet: the track waits for it, and goes on after a loss of the connection.
 * Frames are announced by BURROW_EVENT_TRACK_DATA.
 *
 * In a protected room names stand in the sealed catalogue: the track waits until that can be opened and has it.
 *
 * Audio and video are subscribed once each per broadcast. They wait while nothing that can be decoded is offered, also
 * after the participant has left, and go on when there is something again.
 *
 * @param room  The room.
 * @param path  The broadcast, as in events and burrow_room_participants().
 * @param name  The track's name. For audio and video NULL, so that the rendition follows what is offered and wanted, or
 *              the name of the one rendition that will do.
 * @param want  How it is wanted, or NULL for the defaults.
 * @param out   [out] The track.
 * @return BURROW_OK; BURROW_ERR_CLOSED; BURROW_ERR_EXISTS when audio, or video, of this broadcast is subscribed already.
 * @threading any thread
 * @ownership *out is owned by the caller: burrow_release()
 * @since 0.1
 */
BURROW_WARN_UNUSED BURROW_API burrow_status burrow_track_subscribe(burrow_room *BURROW_NONNULL room,
                                                                   const char *BURROW_NONNULL path,
                                                                   const char *BURROW_NULLABLE name,
                                                                   const burrow_track_request *BURROW_NULLABLE want,
                                                                   burrow_track *BURROW_NULLABLE *BURROW_NONNULL out);

/**
 * Changes how a subscribed track is wanted: priority, order, age and range, and all that is said of audio and video.
 *
 * moq-lite-02 cannot transmit this; there it only changes what is kept here.
 *
 * @param track  A subscribed track.
 * @param want   The new wishes, all of them.
 * @return BURROW_OK; BURROW_ERR_CLOSED; BURROW_ERR_WRONG_KIND on a published track.
 * @threading any thread
 * @ownership nothing changes hands
 * @since 0.1
 */
BURROW_API burrow_status burrow_track_update(burrow_track *BURROW_NONNULL track,
                                             const burrow_track_request *BURROW_NONNULL want);

/**
 * Publishes one frame. The bytes are copied before this returns.
 *
 * On audio and video tracks with BURROW_TRACK_HOST_CODEC it is one packet of Opus or one access unit of H.264, which is
 * refused with BURROW_ERR_DAMAGED when it is none and with BURROW_ERR_FORMAT when others could not decode it; flags are
 * ignored.
 *
 * @param track  A published track of frames, one with BURROW_TRACK_HOST_CODEC, or a decoder.
 * @param frame  struct_size, data and len are needed; the rest may be 0.
 * @return BURROW_OK; BURROW_AGAIN when more frames wait for the engine than it keeps, and this one was not taken;
 *         BURROW_ERR_CLOSED; BURROW_ERR_WRONG_KIND on other tracks; BURROW_ERR_LIMIT when it is too large.
 * @threading any thread; frames pushed by one thread keep their order
 * @ownership nothing changes hands
 * @since 0.1
 */
BURROW_API burrow_status burrow_track_push_encoded(burrow_track *BURROW_NONNULL track,
                                                   const burrow_encoded_frame *BURROW_NONNULL frame);

/**
 * Takes the next received frame of a subscribed track.
 *
 * Frames come in the order of their arrival: in order within a group, while groups may interleave. At most 64 frames
 * of a track are on loan at once; then BURROW_AGAIN, until one is released. Frames that became too old are skipped.
 *
 * @param track  A subscribed track of frames, one with BURROW_TRACK_HOST_CODEC, or an encoder.
 * @param out    [out] struct_size must be set; everything else is overwritten.
 * @return BURROW_OK; BURROW_AGAIN when none waits or 64 are on loan; BURROW_ERR_CLOSED when the track is over and
 *         nothing is left; BURROW_ERR_WRONG_KIND on other tracks.
 * @threading any thread
 * @ownership out->buffer is owned by the caller: burrow_release()
 * @since 0.1
 */
BURROW_API burrow_status burrow_track_pull_encoded(burrow_track *BURROW_NONNULL track,
                                                   burrow_encoded_frame *BURROW_NONNULL out);

/**
 * Asks for one group again, or for an old one.
 *
 * Its frames come out of burrow_track_pull_encoded() with BURROW_FRAME_FETCHED, then the request completes. Needs
 * moq-lite-05: otherwise it completes with BURROW_ERR_VERSION. BURROW_ERR_NOT_FOUND means that nobody has it any more.
 *
 * @param track  A subscribed track.
 * @param group  The group's number.
 * @param req    [out] The id of this request, or NULL.
 * @return BURROW_OK; BURROW_ERR_CLOSED; BURROW_ERR_WRONG_KIND on published tracks, and on audio and video.
 * @threading any thread
 * @ownership nothing changes hands
 * @since 0.1
 */
BURROW_API burrow_status burrow_track_fetch(burrow_track *BURROW_NONNULL track, uint64_t group,
                                            burrow_request *BURROW_NULLABLE req);

/**
 * Copies the state of a track.
 *
 * @param track  The track, over or not.
 * @param out    [out] struct_size must be set.
 * @return BURROW_OK.
 * @threading any thread
 * @ownership nothing changes hands
 * @since 0.1
 */
BURROW_API burrow_status burrow_track_info_get(burrow_track *BURROW_NONNULL track,
                                               burrow_track_info *BURROW_NONNULL out);

/**
 * Copies the counters of a track, or how its audio or video goes, or both.
 *
 * @param track  The track, over or not; or a codec, which has no counters.
 * @param out    [out] The counters; struct_size must be set. NULL if you do not need them.
 * @param media  [out] How audio or video goes, likewise.
 * @return BURROW_OK; BURROW_ERR_WRONG_KIND when the track does not have what is asked for.
 * @threading any thread
 * @ownership nothing changes hands
 * @since 0.1
 */
BURROW_API burrow_status burrow_track_stats_get(burrow_track *BURROW_NONNULL track,
                                                burrow_track_stats *BURROW_NULLABLE out,
                                                burrow_media_stats *BURROW_NULLABLE media);

/* ---- audio and video --------------------------------------------------------------------------------------- */

/**
 * Changes how a published audio or video track is encoded, from the next frame on.
 *
 * A change of size takes effect with a key frame. What is fixed once published has to be repeated as it was.
 *
 * @param track  A published audio or video track, or an encoder.
 * @param enc    The new encoding, all of it.
 * @return BURROW_OK; BURROW_ERR_CLOSED; BURROW_ERR_WRONG_KIND on other tracks; BURROW_ERR_INVALID_ARGUMENT for a
 *         value that is not possible, or a change of what is fixed. Nothing has changed then.
 * @threading any thread
 * @ownership nothing changes hands
 * @since 0.1
 */
BURROW_API burrow_status burrow_track_set_encoding(burrow_track *BURROW_NONNULL track,
                                                   const burrow_encoding *BURROW_NONNULL enc);

/* What burrow_track_control() can be told. */
enum {
  /** Published audio and video: send nothing of what is pushed from now on. Subscribers hear silence and keep the last
      picture, which is no freeze; who comes meanwhile gets none. */
  BURROW_CONTROL_MUTE = 1,
  /** Published audio and video: send what is pushed from now on. */
  BURROW_CONTROL_UNMUTE = 2,
  /** Published video and video encoders: make the next picture one that needs no other, in a new group. Requests within
      half a second of each other count as one. */
  BURROW_CONTROL_KEYFRAME = 3
};

/**
 * Tells a published track or an encoder what to do from now on.
 *
 * @param track    A track that the command is for.
 * @param command  BURROW_CONTROL_*
 * @return BURROW_OK; BURROW_ERR_CLOSED; BURROW_ERR_WRONG_KIND on other tracks.
 * @threading any thread
 * @ownership nothing changes hands
 * @since 0.1
 */
BURROW_API burrow_status burrow_track_control(burrow_track *BURROW_NONNULL track, uint32_t command);

/**
 * Hands in recorded samples. They are copied before this returns.
 *
 * What is not a number counts as silence, what is too loud is cut off. Sound that comes faster than time passes is
 * dropped and counted as soon as it is a second ahead.
 *
 * @param track  A published audio track, or an audio encoder.
 * @param frame  The samples, in any format and number up to a second.
 * @return BURROW_OK; BURROW_AGAIN when more than a second waits to be encoded, and these samples were not taken;
 *         BURROW_ERR_CLOSED; BURROW_ERR_WRONG_KIND on other tracks; BURROW_ERR_FORMAT.
 * @threading one thread at a time, real-time
 * @ownership nothing changes hands
 * @since 0.1
 */
BURROW_API burrow_status burrow_track_push_audio(burrow_track *BURROW_NONNULL track,
                                                 const burrow_audio_frame *BURROW_NONNULL frame);

/**
 * Takes the samples that are to be played now; this is the clock of the track's playout.
 *
 * Always fills the frame: what is missing is made up, and before the first packet and after the last it is silence.
 *
 * @param track  A subscribed audio track, or an audio decoder.
 * @param io     [in, out] format, sample_rate, channels, frames and samples say what is wanted and where it goes; flags
 *               and timestamp_us are set.
 * @return BURROW_OK; BURROW_ERR_BUSY while another thread pulls this track; BURROW_ERR_CLOSED after it was
 *         unsubscribed; BURROW_ERR_WRONG_KIND on other tracks; BURROW_ERR_FORMAT. From an audio decoder BURROW_AGAIN
 *         when nothing is decoded yet.
 * @threading any thread, real-time
 * @ownership nothing changes hands
 * @since 0.1
 */
BURROW_API burrow_status burrow_track_pull_audio(burrow_track *BURROW_NONNULL track,
                                                 burrow_audio_frame *BURROW_NONNULL io);

/**
 * Takes the sum of all subscribed audio tracks of a room, for the loudspeaker.
 *
 * It pulls each of them, so use either this or burrow_track_pull_audio() on a track. Loud moments are softened instead
 * of being cut off.
 *
 * @param room  The room.
 * @param io    [in, out] As with burrow_track_pull_audio(); timestamp_us is set to 0.
 * @return BURROW_OK; BURROW_ERR_BUSY while another thread mixes this room; BURROW_ERR_CLOSED; BURROW_ERR_FORMAT.
 * @threading any thread, real-time
 * @ownership nothing changes hands
 * @since 0.1
 */
BURROW_API burrow_status burrow_room_mix_audio(burrow_room *BURROW_NONNULL room, burrow_audio_frame *BURROW_NONNULL io);

/**
 * Hands in a picture. It is copied before this returns.
 *
 * When the encoder is behind, the oldest picture that waits is dropped and counted; so is one that was not taken after
 * the one before, or comes sooner than the frame rate wants.
 *
 * @param track  A published video track, or a video encoder.
 * @param frame  The picture.
 * @return BURROW_OK; BURROW_ERR_CLOSED; BURROW_ERR_WRONG_KIND on other tracks; BURROW_ERR_FORMAT when its size or
 *         format cannot be encoded.
 * @threading any thread
 * @ownership nothing changes hands
 * @since 0.1
 */
BURROW_API burrow_status burrow_track_push_video(burrow_track *BURROW_NONNULL track,
                                                 const burrow_video_frame *BURROW_NONNULL frame);

/**
 * Takes the newest picture that is due now, in step with the sound of the same participant.
 *
 * Earlier ones that were not pulled are skipped. The picture is I420 and stays valid until it is released; it must not
 * be written to.
 *
 * @param track  A subscribed video track, or a video decoder.
 * @param out    [out] struct_size must be set; everything else is overwritten.
 * @return BURROW_OK; BURROW_AGAIN when no new picture is due or three are on loan; BURROW_ERR_CLOSED when the track is
 *         over; BURROW_ERR_WRONG_KIND on other tracks.
 * @threading any thread, real-time
 * @ownership out->buffer is owned by the caller: burrow_release()
 * @since 0.1
 */
BURROW_API burrow_status burrow_track_pull_video(burrow_track *BURROW_NONNULL track,
                                                 burrow_video_frame *BURROW_NONNULL out);

/**
 * Copies what a participant offers, as far as its catalogue is known.
 *
 * Known is the catalogue of who has an audio or video track subscribed, and with BURROW_ROOM_MEDIA everybody's.
 *
 * @param room   The room.
 * @param path   The participant's path.
 * @param out    [out] Room for cap elements; struct_size of the first must be set. NULL asks for the count.
 * @param cap    How many elements out has room for.
 * @param count  [out] How many there are.
 * @return BURROW_OK; BURROW_ERR_BUFFER_TOO_SMALL; BURROW_ERR_NOT_FOUND when its catalogue is not known; BURROW_ERR_CLOSED.
 * @threading any thread
 * @ownership nothing changes hands
 * @since 0.1
 */
BURROW_API burrow_status burrow_room_media(burrow_room *BURROW_NONNULL room, const char *BURROW_NONNULL path,
                                           burrow_media_info *BURROW_NULLABLE out, size_t cap,
                                           size_t *BURROW_NONNULL count);

/**
 * Allocates a picture.
 *
 * @param e       The engine it belongs to.
 * @param format  BURROW_VIDEO_*
 * @param width   1 to 4096.
 * @param height  1 to 4096.
 * @param out     [out] struct_size must be set; planes and strides are filled in, the pixels are black.
 * @return BURROW_OK; BURROW_ERR_FORMAT.
 * @threading any thread
 * @ownership out->buffer is owned by the caller: burrow_release()
 * @since 0.1
 */
BURROW_WARN_UNUSED BURROW_API burrow_status burrow_video_frame_alloc(burrow_engine *BURROW_NONNULL e, int32_t format,
                                                                     uint32_t width, uint32_t height,
                                                                     burrow_video_frame *BURROW_NONNULL out);

/**
 * Converts, scales and turns a picture.
 *
 * The rotation of src is applied as far as that of dst differs from it.
 *
 * @param src  The picture.
 * @param dst  [in, out] Format, size, rotation, color, planes and strides say what is wanted and where it goes;
 *             timestamp_us is set.
 * @return BURROW_OK; BURROW_ERR_FORMAT.
 * @threading any thread
 * @ownership nothing changes hands
 * @since 0.1
 */
BURROW_API burrow_status burrow_video_frame_convert(const burrow_video_frame *BURROW_NONNULL src,
                                                    burrow_video_frame *BURROW_NONNULL dst);

/* ---- codecs without a room --------------------------------------------------------------------------------- */

/**
 * Makes an encoder that belongs to no room, for who carries or stores what is encoded by other means.
 *
 * It is a track without a network. burrow_track_push_audio() or burrow_track_push_video() encodes before it returns, on
 * the thread that calls, as fast as it is called; burrow_track_pull_encoded() gives packets of Opus or access units of
 * H.264 in Annex B, each sound and each key picture with BURROW_FRAME_KEY. Nothing is dropped because it comes fast:
 * pushing gives BURROW_AGAIN when 256 frames wait to be pulled. There are no events. Timestamps may be of any clock; 0
 * means that what is pushed follows what was pushed before. burrow_close() fills the last packet up with
 * silence; when all is pulled then, pulling gives BURROW_ERR_CLOSED. burrow_track_set_encoding(), BURROW_CONTROL_KEYFRAME
 * and the media of burrow_track_stats_get() work as on published tracks, all other functions of tracks give
 * BURROW_ERR_WRONG_KIND.
 *
 * @param e     The engine it belongs to.
 * @param kind  BURROW_TRACK_KIND_AUDIO or BURROW_TRACK_KIND_VIDEO.
 * @param enc   How it encodes, with one rendition; NULL = the defaults.
 * @param out   [out] The encoder.
 * @return BURROW_OK; BURROW_ERR_CLOSED after shutdown; BURROW_ERR_CODEC.
 * @threading any thread; a codec is used by one thread at a time, a second one gets BURROW_ERR_BUSY
 * @ownership *out is owned by the caller: burrow_release()
 * @since 0.1
 */
BURROW_WARN_UNUSED BURROW_API burrow_status burrow_encoder_create(burrow_engine *BURROW_NONNULL e, uint32_t kind,
                                                                  const burrow_encoding *BURROW_NULLABLE enc,
                                                                  burrow_track *BURROW_NULLABLE *BURROW_NONNULL out);

/**
 * Makes a decoder that belongs to no room.
 *
 * burrow_track_push_encoded() decodes one packet of Opus or one access unit of H.264 before it returns, on the thread
 * that calls: BURROW_AGAIN when a second of sound or four pictures wait to be pulled, BURROW_ERR_DAMAGED and
 * BURROW_ERR_FORMAT when it cannot be decoded. burrow_track_pull_audio() gives the samples one after the other, in any
 * format, and BURROW_AGAIN when fewer than asked for are decoded; burrow_track_pull_video() gives every picture.
 *
 * A lost packet of sound is made up when an empty frame is pushed in its place, or, if only one is lost, from what the
 * next one says about it: push that with BURROW_FRAME_DISCONTINUITY instead. Pictures before the first key picture
 * give nothing. Streams of main and high profile come out some pictures late; with BURROW_FRAME_END_OF_GROUP, all that
 * was pushed. burrow_close() ends it.
 *
 * @param e                The engine it belongs to.
 * @param kind             BURROW_TRACK_KIND_AUDIO or BURROW_TRACK_KIND_VIDEO.
 * @param description      What goes with the stream: for H.264 with lengths instead of Annex B ("avc1") its
 *                         AVCDecoderConfigurationRecord, for Opus an OpusHead; NULL = nothing.
 * @param description_len  How many bytes.
 * @param out              [out] The decoder.
 * @return BURROW_OK; BURROW_ERR_CLOSED after shutdown; BURROW_ERR_DAMAGED and BURROW_ERR_FORMAT when the description
 *         is broken or of something that cannot be decoded; BURROW_ERR_CODEC.
 * @threading any thread; a codec is used by one thread at a time, a second one gets BURROW_ERR_BUSY
 * @ownership *out is owned by the caller: burrow_release()
 * @since 0.1
 */
BURROW_WARN_UNUSED BURROW_API burrow_status burrow_decoder_create(burrow_engine *BURROW_NONNULL e, uint32_t kind,
                                                                  const uint8_t *BURROW_NULLABLE description,
                                                                  size_t description_len,
                                                                  burrow_track *BURROW_NULLABLE *BURROW_NONNULL out);

/* ---- embedded relay ---------------------------------------------------------------------------------------- */

/* Flags of burrow_relay_config. */
enum {
  /** Everybody may read and write everything, without a token. */
  BURROW_RELAY_OPEN = 1
};

/* States of a relay. */
enum {
  /** Its sockets are being opened. */
  BURROW_RELAY_STARTING = 1,
  /** It accepts sessions. */
  BURROW_RELAY_LISTENING = 2,
  /** It is taking leave of its sessions. */
  BURROW_RELAY_STOPPING = 3,
  /** Over, by the host's wish (status BURROW_OK) or because it failed. */
  BURROW_RELAY_STOPPED = 4
};

/** How a relay works. Prepared by burrow_config_init(). */
typedef struct burrow_relay_config {
  uint32_t struct_size;
  /** BURROW_RELAY_OPEN */
  uint32_t flags;
  /** Addresses to listen on, such as "127.0.0.1:4443", "[::]:443" or "0.0.0.0:0" for any free port. At least one. */
  const char *BURROW_NULLABLE const *BURROW_NULLABLE listen;
  /** How many addresses; at most 16. */
  size_t listen_count;
  /** The certificate chain as PEM text, leaf first; NULL makes a self-signed one. */
  const char *BURROW_NULLABLE certificate_pem;
  /** Its private key as PEM text. */
  const char *BURROW_NULLABLE key_pem;
  /** Names and addresses for the self-signed certificate; none means "localhost". */
  const char *BURROW_NULLABLE const *BURROW_NULLABLE host_names;
  /** How many names. */
  size_t host_name_count;
  /** The keys that may sign tokens, as the JSON text of a JWK or JWKS; NULL accepts no tokens. Without keys and without
      a public part nobody could enter, so that is an error. */
  const char *BURROW_NULLABLE jwt_keys;
  /** Where sessions without a token may read and write: paths that begin with these segments. NULL: nowhere, "":
      everywhere. */
  const char *BURROW_NULLABLE public_prefix;
  /** A folder for qlog files, one per connection; NULL writes none. It must exist. */
  const char *BURROW_NULLABLE qlog_dir;
  /** BURROW_MOQ_LITE_* bits that may be used; 0 = all. */
  uint32_t versions;
  /** BURROW_CONGESTION_* */
  uint32_t congestion;
  /** After how long a silent session is closed; 0 = 10 s. */
  uint32_t idle_timeout_ms;
  /** After how long without traffic a sign of life is sent; 0 leaves that to the clients. */
  uint32_t keep_alive_ms;
  /** How many sessions are accepted; 0 = 10000. */
  uint32_t max_sessions;
  /** How many broadcasts one session may announce; 0 = 1000. */
  uint32_t max_broadcasts_per_session;
  /** How many subscriptions one session may have; 0 = 10000. */
  uint32_t max_subscriptions_per_session;
  /** How much memory groups may take in all; 0 = 512. */
  uint32_t max_cache_mib;
  /** How many sessions one IPv4 address, or one /64 of IPv6, may have; 0 = a quarter of max_sessions, and at least 256.
      Many people can sit behind one address. */
  uint32_t max_sessions_per_address;
  /** 0 */
  uint32_t reserved;
  /** 32 random bytes that only the host knows, the same after a restart; NULL makes new ones each time. A relay that comes
      back with them tells its former clients at once that their sessions are gone, so that they need not wait. */
  const uint8_t *BURROW_NULLABLE reset_secret;
} burrow_relay_config;

/** A snapshot of a relay. Filled by burrow_relay_info_get(). */
typedef struct burrow_relay_info {
  uint32_t struct_size;
  /** BURROW_RELAY_* state */
  uint32_t state;
  /** Why it stopped. */
  burrow_status status;
  /** The port of the first address, also when port 0 was asked for; 0 before it listens. */
  uint32_t port;
  uint32_t sessions;
  uint32_t broadcasts;
  /** Tracks that are carried now. */
  uint32_t tracks;
  uint32_t subscriptions;
  /** SHA-256 of the leaf certificate, for burrow_room_config.pins. */
  uint8_t fingerprint[32];
  /** The first address with its port. */
  char address[BURROW_ADDRESS_SIZE];
  /** The sentence that goes with status. */
  char text[BURROW_TEXT_SIZE];
} burrow_relay_info;

/**
 * Starts a relay inside the engine.
 *
 * The request completes when it listens: from then on burrow_relay_info_get() knows the port and the fingerprint.
 *
 * @param e    The engine.
 * @param cfg  How; copied.
 * @param out  [out] The relay.
 * @param req  [out] The id of this request, or NULL.
 * @return BURROW_OK; BURROW_ERR_CLOSED after shutdown; BURROW_ERR_TOKEN_KEY. The completion can carry
 *         BURROW_ERR_ADDRESS_IN_USE, BURROW_ERR_SYSTEM and BURROW_ERR_TLS.
 * @threading any thread
 * @ownership *out is owned by the caller: burrow_release()
 * @since 0.1
 */
BURROW_WARN_UNUSED BURROW_API burrow_status burrow_relay_start(burrow_engine *BURROW_NONNULL e,
                                                               const burrow_relay_config *BURROW_NONNULL cfg,
                                                               burrow_relay *BURROW_NULLABLE *BURROW_NONNULL out,
                                                               burrow_request *BURROW_NULLABLE req);

/**
 * Copies the state of a relay.
 *
 * The counts are at most a quarter of a second old while there is traffic and the host asks regularly.
 *
 * @param relay  The relay, stopped or not.
 * @param out    [out] struct_size must be set.
 * @return BURROW_OK.
 * @threading any thread
 * @ownership nothing changes hands
 * @since 0.1
 */
BURROW_API burrow_status burrow_relay_info_get(burrow_relay *BURROW_NONNULL relay,
                                               burrow_relay_info *BURROW_NONNULL out);

/* ---- frame protection -------------------------------------------------------------------------------------- */

/*
 * SFrame (RFC 9605) by itself, for hosts that carry frames in their own way but want them protected like those of a
 * room: keys that belong to one start of one publisher, counters, replay windows, epochs. No engine is needed.
 *
 * Keys come from the group: export with the label "SFrame 1.0 Base Key", the context of burrow_protection_context(), and
 * 16 bytes (32 for suite 5), and hand them in with BURROW_KEY_EXPORTED. Or they are a secret that all members have; then the
 * rest is derived here.
 */

/* Suites. */
enum {
  /** AES-128-GCM with tags of 16 bytes. */
  BURROW_SFRAME_AES_128_GCM = 4,
  /** AES-256-GCM with tags of 16 bytes. */
  BURROW_SFRAME_AES_256_GCM = 5
};

/* What a protected track carries. The catalogue is track 0 and always there. */
enum {
  BURROW_PROTECTED_CATALOGUE = 0,
  BURROW_PROTECTED_AUDIO = 1,
  /** Goes over to a new epoch at a key frame. */
  BURROW_PROTECTED_VIDEO = 2,
  BURROW_PROTECTED_DATA = 3
};

/* Flags of burrow_protection_set_key(). */
enum {
  /** The key comes from the exporter of a group, and is used as it is (sealers and openers only). */
  BURROW_KEY_EXPORTED = 1,
  /** Somebody was removed: the new key is used at once, not after half a second (sealers and rooms only). */
  BURROW_KEY_REMOVAL = 2,
  /** Forget the epoch at once, its secret and all keys made of it (rooms only). */
  BURROW_KEY_FORGET = 4
};

enum {
  /** How many bytes sealing adds at most. */
  BURROW_SEAL_OVERHEAD = 33,
  /** The length of an instance. */
  BURROW_INSTANCE_SIZE = 16
};

/** Which broadcast frames belong to. Prepared by burrow_config_init(). */
typedef struct burrow_protection_config {
  uint32_t struct_size;
  /** BURROW_SFRAME_*; 0 = BURROW_SFRAME_AES_128_GCM */
  uint32_t suite;
  /** What tells the call from others of the group; NULL for none. */
  const uint8_t *BURROW_NULLABLE call_id;
  /** Its length; at most 16384. */
  size_t call_id_len;
  /** The path of the broadcast. */
  const char *BURROW_NULLABLE path;
  /** Openers: the BURROW_INSTANCE_SIZE bytes that tell this start of the publisher from others, the last ones of its
      burrow_protection_context(). NULL for sealers, which have a new one each. */
  const uint8_t *BURROW_NULLABLE instance;
} burrow_protection_config;

/** Where a frame stands. Both sides have to say the same, or it does not open. */
typedef struct burrow_frame_position {
  uint32_t struct_size;
  /** BURROW_PROTECTED_*; sealers know it. */
  uint32_t kind;
  /** The track, from burrow_sealer_add_track(); 0 is the catalogue. */
  uint64_t track;
  /** The group the frame is in. */
  uint64_t group;
  /** Its place in the group. */
  uint64_t frame;
  /** BURROW_FRAME_KEY or 0 */
  uint32_t flags;
  /** 0 */
  uint32_t reserved;
} burrow_frame_position;

/**
 * Makes a sealer for a broadcast that starts now.
 *
 * Its instance is random, so a publisher that was restarted has other keys than before, and need not remember anything.
 *
 * @param cfg  Which broadcast; copied.
 * @param out  [out] The sealer.
 * @return BURROW_OK; BURROW_ERR_UNSUPPORTED for an unknown suite.
 * @threading any thread
 * @ownership *out is owned by the caller: burrow_release()
 * @since 0.1
 */
BURROW_WARN_UNUSED BURROW_API burrow_status burrow_sealer_create(const burrow_protection_config *BURROW_NONNULL cfg,
                                                                 burrow_sealer *BURROW_NULLABLE *BURROW_NONNULL out);

/**
 * Copies what the exporter of a group takes as its context. The last BURROW_INSTANCE_SIZE bytes are the instance.
 *
 * @param handle  A sealer or an opener.
 * @param out     [out] The bytes; NULL with cap 0 asks for the size.
 * @param cap     Bytes available at out.
 * @param len     [out] Bytes needed.
 * @return BURROW_OK; BURROW_ERR_BUFFER_TOO_SMALL.
 * @threading any thread
 * @ownership nothing changes hands
 * @since 0.1
 */
BURROW_API burrow_status burrow_protection_context(void *BURROW_NONNULL handle, uint8_t *BURROW_NULLABLE out,
                                                   size_t cap, size_t *BURROW_NONNULL len);

/**
 * Gives a protected room, a sealer or an opener the key of a new epoch.
 *
 * In a room everybody who has the secrets of the same epochs hears and sees each other; for everybody else, the relay
 * included, there are only sizes and times. What is published waits for the first secret: before it nothing is sent.
 *
 * Keys are made of the secret, the call_id, the path and a number that is random for every start of a publisher: so the
 * same secret may be given again after a restart, and nothing has to be stored. Members have to see the same paths, so
 * they use the same path in the URL.
 *
 * The first key is used at once. Later ones are used half a second after they were given, so that others have them too,
 * and on video tracks from the next key frame on, five seconds later at the latest; with BURROW_KEY_REMOVAL at once. What
 * others seal is opened with the key it was sealed with: those of the last four epochs are kept, for 10 s after something
 * came in a newer one, and in a room for 10 s at most after a removal, so give BURROW_KEY_REMOVAL on all sides.
 *
 * With BURROW_KEY_FORGET and no secret a room forgets an epoch at once; one that is not there is ignored. If it is the
 * epoch in use, nothing is sent until there is another. Usually it is not necessary: epochs are forgotten in time by
 * themselves. An epoch that was forgotten does not come back.
 *
 * @param handle  A room opened with BURROW_ROOM_PROTECTED, a sealer or an opener.
 * @param epoch   Its number; higher than all before.
 * @param key     The secret, at least 16 bytes that all members have, best from the exporter of a group; or the exported
 *                key. Copied: wipe your own. NULL with BURROW_KEY_FORGET.
 * @param len     Its length; at most 1024.
 * @param flags   BURROW_KEY_* or 0
 * @return BURROW_OK; BURROW_ERR_INVALID_ARGUMENT when the epoch is not newer; BURROW_ERR_WRONG_KIND when the room is not
 *         protected, or its keys come from a group; BURROW_ERR_CLOSED.
 * @threading any thread
 * @ownership nothing changes hands
 * @since 0.1
 */
BURROW_API burrow_status burrow_protection_set_key(void *BURROW_NONNULL handle, uint64_t epoch,
                                                   const uint8_t *BURROW_NULLABLE key, size_t len, uint32_t flags);

/**
 * Adds a track to the broadcast.
 *
 * @param sealer  The sealer.
 * @param kind    BURROW_PROTECTED_AUDIO, _VIDEO or _DATA
 * @param track   [out] Its number, which openers have to be told.
 * @return BURROW_OK; BURROW_ERR_KEY_EXHAUSTED after 4096 tracks.
 * @threading any thread
 * @ownership nothing changes hands
 * @since 0.1
 */
BURROW_API burrow_status burrow_sealer_add_track(burrow_sealer *BURROW_NONNULL sealer, uint32_t kind,
                                                 uint64_t *BURROW_NONNULL track);

/**
 * Seals a frame.
 *
 * @param sealer  The sealer.
 * @param where   Where the frame stands.
 * @param data    The frame.
 * @param len     Its length; at most 16 MiB.
 * @param out     [out] The sealed frame; must not overlap data.
 * @param cap     Bytes available at out; at least len + BURROW_SEAL_OVERHEAD.
 * @param out_len [out] Its length; what is needed if cap is too small.
 * @return BURROW_OK; BURROW_ERR_BUFFER_TOO_SMALL; BURROW_ERR_KEY_MISSING before burrow_protection_set_key();
 *         BURROW_ERR_KEY_EXHAUSTED when it is time for a new epoch.
 * @threading any thread; one frame at a time
 * @ownership nothing changes hands
 * @since 0.1
 */
BURROW_API burrow_status burrow_sealer_seal(burrow_sealer *BURROW_NONNULL sealer,
                                            const burrow_frame_position *BURROW_NONNULL where,
                                            const uint8_t *BURROW_NULLABLE data, size_t len,
                                            uint8_t *BURROW_NONNULL out, size_t cap, size_t *BURROW_NONNULL out_len);

/**
 * Makes an opener for the broadcast of somebody else.
 *
 * @param cfg  Which broadcast, with its instance; copied.
 * @param out  [out] The opener.
 * @return BURROW_OK; BURROW_ERR_UNSUPPORTED for an unknown suite.
 * @threading any thread
 * @ownership *out is owned by the caller: burrow_release()
 * @since 0.1
 */
BURROW_WARN_UNUSED BURROW_API burrow_status burrow_opener_create(const burrow_protection_config *BURROW_NONNULL cfg,
                                                                 burrow_opener *BURROW_NULLABLE *BURROW_NONNULL out);

/**
 * Opens a frame.
 *
 * Whatever somebody on the way did to it, the worst that comes of it is an error.
 *
 * @param opener  The opener.
 * @param where   Where the frame stands, with its kind.
 * @param data    The sealed frame.
 * @param len     Its length.
 * @param out     [out] The frame; must not overlap data.
 * @param cap     Bytes available at out; at least len.
 * @param out_len [out] Its length; what is needed if cap is too small.
 * @return BURROW_OK; BURROW_AGAIN while there is no key of its epoch: it may come a little later than the frame;
 *         BURROW_ERR_BUFFER_TOO_SMALL; BURROW_ERR_FRAME_REPEATED; BURROW_ERR_FRAME_REJECTED.
 * @threading any thread; one frame at a time
 * @ownership nothing changes hands
 * @since 0.1
 */
BURROW_API burrow_status burrow_opener_open(burrow_opener *BURROW_NONNULL opener,
                                            const burrow_frame_position *BURROW_NONNULL where,
                                            const uint8_t *BURROW_NULLABLE data, size_t len,
                                            uint8_t *BURROW_NONNULL out, size_t cap, size_t *BURROW_NONNULL out_len);

/* ---- identities -------------------------------------------------------------------------------------------- */

/*
 * An identity is a Nostr key. Made with a configuration it also has groups: MLS groups (RFC 9420) that follow the Marmot
 * protocol, in version C, as other messengers speak it.
 *
 * With a state file everything survives the end of the process, however sudden: what is acknowledged is on the disk, and
 * nothing gets out before what must never be used twice is marked as used there.
 *
 * The events of groups go their way by themselves: group events to and from the relays of their group, invitations to where
 * their recipient receives wraps, key packages to and from the relays their owner names. The engine listens for all of that
 * as long as the identity is open, and tries until relays have what is ours. With BURROW_ENGINE_HOST_RELAYS the host does it:
 * what is to be published comes as BURROW_EVENT_NOSTR_OUT, and what comes from relays goes in with burrow_nostr_ingest().
 * Then subscribe to wraps (kind 1059) for the identity's key and to group events (kind 445) whose h tag is the nostr_id of a
 * group, and fetch key packages (kinds 30443 and 443) of those to be invited.
 */

/** Sizes of texts about keys, with their NUL. */
enum {
  /** "npub1…" and "nsec1…". */
  BURROW_KEY_TEXT_SIZE = 64
};

/* What the holder of a key is asked to do, in the state of a BURROW_EVENT_KEY_REQUEST. */
enum {
  /** Sign an event. text: the event as JSON, with its id and without a signature; data: the 32 bytes of its id. The answer
      is the signed event as JSON, or the 64 bytes of the signature (BIP-340, of the id). */
  BURROW_KEY_SIGN = 1,
  /** Encrypt a text (NIP-44, version 2). text: the text; data: the 32 bytes of the public key it is for. The answer is the
      payload, in base64. */
  BURROW_KEY_ENCRYPT = 2,
  /** Decrypt a payload (NIP-44). text: the payload; data: the 32 bytes of the public key it is from. The answer is the
      text. */
  BURROW_KEY_DECRYPT = 3
};

/** Where the groups of an identity are kept. Prepared by burrow_config_init(). */
typedef struct burrow_identity_config {
  uint32_t struct_size;
  /** 0 */
  uint32_t flags;
  /** The state file, which is made if there is none. NULL keeps everything in memory only. */
  const char *BURROW_NULLABLE storage_path;
  /** The 32 bytes that the file is sealed with. Required with storage_path; without them the file is lost. */
  const uint8_t *BURROW_NULLABLE storage_key;
  /** How long the host may take to answer one BURROW_EVENT_KEY_REQUEST of an attached identity; 0 = 60 s. */
  uint32_t key_timeout_ms;
  /** 0 */
  uint32_t reserved;
} burrow_identity_config;

/**
 * Makes an identity: with a new secret key or the one that is in its state file, from a secret key, or from a public key
 * when the secret one stays elsewhere.
 *
 * Without a configuration it is open when this returns, has no groups, and *req is 0. With one, the completion says how it
 * went: BURROW_ERR_STORAGE and its relatives, BURROW_ERR_EXISTS when this identity is open already or the state file belongs
 * to somebody else. What was on its way to relays when the file was last used goes on its way again.
 *
 * With "npub1…" the secret key stays with the host: in a signing device, another app, another machine. Such an attached
 * identity does all that others do. Whenever the key is needed a BURROW_EVENT_KEY_REQUEST asks the host, and what was
 * begun goes on with its answer, while everything else goes on anyway. What is not answered in time fails with
 * BURROW_ERR_TIMEOUT, what the holder of the key does not want with BURROW_ERR_KEY_REFUSED, and what waits when the
 * identity is closed or its last handle released with BURROW_ERR_CANCELLED. Only invitations to groups we are in are asked
 * for again until they are answered, wraps that came in up to three times, and who we are when a relay wants to know five
 * times. The state file holds no secret key then; one of the same person that does loses it.
 *
 * @param e    The engine.
 * @param key  The secret key, as "nsec1…" or 64 hexadecimal digits; the public key, as "npub1…" only; or NULL for the key in
 *             the state file, or a new one when there is none.
 * @param cfg  Where its groups are kept, or NULL for an identity without groups.
 * @param out  [out] The identity.
 * @param req  [out] The id of this request, or NULL if you do not need it.
 * @return BURROW_OK; BURROW_ERR_NOSTR_KEY; BURROW_ERR_CLOSED after shutdown; BURROW_ERR_SYSTEM when there is no thread.
 * @threading any thread
 * @ownership *out is owned by the caller: burrow_release(); the text stays the host's, who should overwrite a secret one
 * @since 0.1
 */
BURROW_API burrow_status burrow_identity_create(burrow_engine *BURROW_NONNULL e, const char *BURROW_NULLABLE key,
                                                const burrow_identity_config *BURROW_NULLABLE cfg,
                                                burrow_identity *BURROW_NULLABLE *BURROW_NONNULL out,
                                                burrow_request *BURROW_NULLABLE req);

/**
 * Answers a BURROW_EVENT_KEY_REQUEST, in any order.
 *
 * The answer is checked before anything believes it. One that does not fit ends what it was for, with the same error.
 *
 * @param id           The identity.
 * @param key_request  The value of the event.
 * @param result       BURROW_OK with an answer; BURROW_ERR_NOSTR_UNREADABLE when a payload cannot be decrypted; any other
 *                     error when the holder of the key refuses.
 * @param data         The answer, see BURROW_KEY_*; NULL without one.
 * @param len          How long it is.
 * @return BURROW_OK; BURROW_ERR_KEY_ANSWER when it does not fit; BURROW_ERR_NOT_FOUND when no such request is open (any
 *         more); BURROW_ERR_WRONG_KIND when the identity has its key; BURROW_ERR_CLOSED.
 * @threading any thread
 * @ownership nothing changes hands
 * @since 0.1
 */
BURROW_API burrow_status burrow_identity_respond(burrow_identity *BURROW_NONNULL id, uint64_t key_request,
                                                 burrow_status result, const uint8_t *BURROW_NULLABLE data, size_t len);

/**
 * Copies the public key of an identity.
 *
 * @param id   The identity.
 * @param out  [out] 32 bytes.
 * @return BURROW_OK; BURROW_AGAIN while it is still to be read from the state file.
 * @threading any thread
 * @ownership nothing changes hands
 * @since 0.1
 */
BURROW_API burrow_status burrow_identity_pubkey(burrow_identity *BURROW_NONNULL id, uint8_t *BURROW_NONNULL out);

/**
 * Copies the secret key of an identity, for the host's safe.
 *
 * @param id   The identity.
 * @param buf  [out] "nsec1…"; NULL with cap 0 asks for the size.
 * @param cap  Bytes available at buf; BURROW_KEY_TEXT_SIZE is enough.
 * @param len  [out] Bytes needed including the NUL.
 * @return BURROW_OK; BURROW_ERR_BUFFER_TOO_SMALL; BURROW_ERR_CLOSED when it is not open; BURROW_ERR_WRONG_KIND when the key
 *         is elsewhere.
 * @threading any thread
 * @ownership nothing changes hands
 * @since 0.1
 */
BURROW_API burrow_status burrow_identity_export(burrow_identity *BURROW_NONNULL id, char *BURROW_NULLABLE buf,
                                                size_t cap, size_t *BURROW_NONNULL len);

/**
 * Reads a public key.
 *
 * @param npub_or_hex  "npub1…", "nprofile1…" or 64 hexadecimal digits.
 * @param out          [out] 32 bytes.
 * @return BURROW_OK; BURROW_ERR_NOSTR_KEY.
 * @threading any thread
 * @ownership nothing changes hands
 * @since 0.1
 */
BURROW_API burrow_status burrow_pubkey_parse(const char *BURROW_NONNULL npub_or_hex, uint8_t *BURROW_NONNULL out);

/**
 * Writes a public key for people.
 *
 * @param pubkey  32 bytes.
 * @param buf     [out] "npub1…"; NULL with cap 0 asks for the size.
 * @param cap     Bytes available at buf; BURROW_KEY_TEXT_SIZE is enough.
 * @param len     [out] Bytes needed including the NUL.
 * @return BURROW_OK; BURROW_ERR_BUFFER_TOO_SMALL; BURROW_ERR_NOSTR_KEY when it is no point of the curve.
 * @threading any thread
 * @ownership nothing changes hands
 * @since 0.1
 */
BURROW_API burrow_status burrow_pubkey_format(const uint8_t *BURROW_NONNULL pubkey, char *BURROW_NULLABLE buf,
                                              size_t cap, size_t *BURROW_NONNULL len);

/* ---- Nostr relays and events ------------------------------------------------------------------------------- */

/* Flags of burrow_nostr_relay_config. */
enum {
  /** Accept any certificate. Everything can be read and changed on the way; a warning is logged. For tests only. */
  BURROW_NOSTR_INSECURE = 1,
  /** Do not trust the system's authorities, only roots_pem and pins. */
  BURROW_NOSTR_NO_SYSTEM_ROOTS = 2,
  /** Never tell this relay who we are, see burrow_nostr_authenticate(). */
  BURROW_NOSTR_ANONYMOUS = 4
};

/* States of a Nostr relay. */
enum {
  BURROW_NOSTR_CONNECTING = 1,
  BURROW_NOSTR_CONNECTED = 2,
  /** Not connected; tried again after a pause that grows to five minutes. */
  BURROW_NOSTR_WAITING = 3
};

/** How a Nostr relay is reached. Prepared by burrow_config_init(). */
typedef struct burrow_nostr_relay_config {
  uint32_t struct_size;
  /** BURROW_NOSTR_* flags. */
  uint32_t flags;
  /** Certificates of authorities to trust, as PEM text. */
  const char *BURROW_NULLABLE roots_pem;
  /** SHA-256 fingerprints of acceptable leaf certificates, 32 bytes each, one after the other. With pins, nothing else
      about the certificate is checked. */
  const uint8_t *BURROW_NULLABLE pins;
  /** How many pins; at most 16. */
  size_t pin_count;
} burrow_nostr_relay_config;

/** A Nostr relay of the list. Filled by burrow_nostr_list_relays(). */
typedef struct burrow_nostr_relay_info {
  uint32_t struct_size;
  /** BURROW_NOSTR_* state */
  uint32_t state;
  /** Why it is not connected. */
  burrow_status status;
  /** How often it was connected. */
  uint32_t connections;
  /** Since when it is in this state; 0 before it was in another. */
  int64_t since_us;
  /** Events it has brought for subscriptions. */
  uint64_t events;
  /** Of these, those another relay or itself had brought before. */
  uint64_t repeated_events;
  /** Events that were malformed, forged, or not asked for. They are dropped. */
  uint64_t invalid_events;
  /** Messages that were no messages. A relay with many of them is left for a while. */
  uint64_t bad_messages;
  /** How often it said that we are too fast. */
  uint64_t rate_limits;
  /** Events it has taken. */
  uint64_t published;
  /** The sentence that goes with status. */
  char text[BURROW_TEXT_SIZE];
  /** Its URL in its normal spelling. */
  char url[BURROW_PATH_SIZE];
} burrow_nostr_relay_info;

/**
 * Adds a relay to the engine's list, and connects to it from now on, again and again.
 *
 * Subscriptions are served by all relays of the list, those to come included; events are published to all of them. There
 * are at most 64. An HTTP redirect is refused, and no compression is offered.
 *
 * @param e    The engine.
 * @param url  "wss://host[:port][/path]"; "ws://…" without encryption; without a scheme it is wss.
 * @param cfg  How it is reached, or NULL.
 * @return BURROW_OK; BURROW_ERR_EXISTS; BURROW_ERR_LIMIT; BURROW_ERR_CLOSED; BURROW_ERR_WRONG_KIND with
 *         BURROW_ENGINE_HOST_RELAYS.
 * @threading any thread
 * @ownership nothing changes hands; everything is copied
 * @since 0.1
 */
BURROW_API burrow_status burrow_nostr_add_relay(burrow_engine *BURROW_NONNULL e, const char *BURROW_NONNULL url,
                                                const burrow_nostr_relay_config *BURROW_NULLABLE cfg);

/**
 * Takes a relay off the list and closes its connection.
 *
 * @param e    The engine.
 * @param url  The URL, in any spelling.
 * @return BURROW_OK; BURROW_ERR_NOT_FOUND; BURROW_ERR_CLOSED; BURROW_ERR_WRONG_KIND with BURROW_ENGINE_HOST_RELAYS.
 * @threading any thread
 * @ownership nothing changes hands
 * @since 0.1
 */
BURROW_API burrow_status burrow_nostr_remove_relay(burrow_engine *BURROW_NONNULL e, const char *BURROW_NONNULL url);

/**
 * Lists the relays in the order in which they were added.
 *
 * @param e      The engine.
 * @param out    [out] An array; struct_size of the first element is the size of all. NULL with cap 0 asks for the count.
 * @param cap    Elements available at out.
 * @param count  [out] How many relays there are.
 * @return BURROW_OK; BURROW_ERR_BUFFER_TOO_SMALL.
 * @threading any thread
 * @ownership nothing changes hands
 * @since 0.1
 */
BURROW_API burrow_status burrow_nostr_list_relays(burrow_engine *BURROW_NONNULL e,
                                                  burrow_nostr_relay_info *BURROW_NULLABLE out, size_t cap,
                                                  size_t *BURROW_NONNULL count);

/**
 * Chooses in whose name relays are told who we are when they ask (NIP-42): one person for all connections of an engine.
 *
 * Relays of the list are told, unless they are BURROW_NOSTR_ANONYMOUS; others never. A relay that was told something else
 * is left and joined again. People whom relays must not connect with each other each need an engine of their own.
 *
 * @param e   The engine.
 * @param id  Who we are, of the same engine; NULL tells nobody, as at the beginning.
 * @return BURROW_OK; BURROW_ERR_CLOSED.
 * @threading any thread
 * @ownership the engine keeps the key until another is chosen
 * @since 0.1
 */
BURROW_API burrow_status burrow_nostr_authenticate(burrow_engine *BURROW_NONNULL e,
                                                   burrow_identity *BURROW_NULLABLE id);

/**
 * Signs an event and publishes it.
 *
 * Each relay's answer is a BURROW_EVENT_NOSTR_RESULT. The completion is BURROW_OK when at least one relay has the event;
 * its value is how many have it, its text the event's id. A relay that is away is waited for, up to 30 s altogether.
 *
 * @param id          Who publishes.
 * @param event_json  An object with "kind" and, as wanted, "content", "tags" and "created_at"; or an event that somebody
 *                    has signed, which is verified and left as it is. At most 128 KiB.
 * @param urls        The relays to publish to; NULL with 0 takes all of the list.
 * @param url_count   How many; at most 64.
 * @param req         [out] The id of the operation, or NULL.
 * @return BURROW_OK; BURROW_ERR_NOSTR_EVENT; BURROW_ERR_LIMIT; BURROW_ERR_CLOSED. The completion can carry
 *         BURROW_ERR_UNREACHABLE without any relay, and BURROW_ERR_NOSTR_REFUSED when none has the event.
 * @threading any thread
 * @ownership nothing changes hands
 * @since 0.1
 */
BURROW_API burrow_status burrow_nostr_publish(burrow_identity *BURROW_NONNULL id, const char *BURROW_NONNULL event_json,
                                              const char *BURROW_NULLABLE const *BURROW_NULLABLE urls, size_t url_count,
                                              burrow_request *BURROW_NULLABLE req);

/* Flags of burrow_nostr_send(). */
enum {
  /** Relays do not store it: it reaches who is connected now, or nobody. */
  BURROW_NOSTR_EPHEMERAL = 1
};

/**
 * Seals a message for one person, wraps it so that relays learn neither its content nor its sender (NIP-59), and publishes
 * it where this person receives such messages.
 *
 * Where that is, their list of inbox relays says (kind 10050), or else their list of relays (kind 10002), which are looked
 * for on the engine's relays; without either it goes to the engine's relays. Results as for burrow_nostr_publish().
 *
 * @param id          Who sends.
 * @param recipient   32 bytes: the public key of the person.
 * @param rumor_json  An object with "kind" and, as wanted, "content", "tags" and "created_at". At most 40960 bytes.
 * @param urls        The relays to publish to instead; NULL with 0 looks for them.
 * @param url_count   How many; at most 64.
 * @param flags       BURROW_NOSTR_EPHEMERAL or 0.
 * @param req         [out] The id of the operation, or NULL.
 * @return BURROW_OK; BURROW_ERR_NOSTR_EVENT; BURROW_ERR_NOSTR_KEY; BURROW_ERR_LIMIT; BURROW_ERR_CLOSED. The completion
 *         can carry BURROW_ERR_UNREACHABLE and BURROW_ERR_NOSTR_REFUSED.
 * @threading any thread
 * @ownership nothing changes hands
 * @since 0.1
 */
BURROW_API burrow_status burrow_nostr_send(burrow_identity *BURROW_NONNULL id, const uint8_t *BURROW_NONNULL recipient,
                                           const char *BURROW_NONNULL rumor_json,
                                           const char *BURROW_NULLABLE const *BURROW_NULLABLE urls, size_t url_count,
                                           uint32_t flags, burrow_request *BURROW_NULLABLE req);

/**
 * Opens a wrapped message.
 *
 * @param id          Whom it is for.
 * @param event_json  The wrap, as BURROW_EVENT_NOSTR_EVENT brings it: an event of kind 1059 or 21059.
 * @param buf         [out] The message as JSON: "pubkey" is who sealed it, "created_at" when it was really made, "id" what
 *                    repetitions are known by; NULL with cap 0 asks for the size.
 * @param cap         Bytes available at buf; as many as the wrap has are enough.
 * @param len         [out] Bytes needed including the NUL.
 * @param req         [out] For an attached identity the id of a request whose completion has the message as its text; buf is
 *                    left alone. Otherwise 0. NULL if the identity has its key.
 * @return BURROW_OK; BURROW_AGAIN when there is a request; BURROW_ERR_BUFFER_TOO_SMALL; BURROW_ERR_NOSTR_EVENT;
 *         BURROW_ERR_NOSTR_UNREADABLE.
 * @threading any thread
 * @ownership nothing changes hands
 * @since 0.1
 */
BURROW_API burrow_status burrow_nostr_open(burrow_identity *BURROW_NONNULL id, const char *BURROW_NONNULL event_json,
                                           char *BURROW_NULLABLE buf, size_t cap, size_t *BURROW_NONNULL len,
                                           burrow_request *BURROW_NULLABLE req);

/**
 * Subscribes to events: those relays have stored and, until burrow_request_cancel(), those to come.
 *
 * Events come as BURROW_EVENT_NOSTR_EVENT with the id of this request, each once, however many relays bring it and however
 * often connections are lost; with BURROW_EVENT_NOSTR_STORED the stored ones are through. There are at most 48
 * subscriptions. The completion comes when it is cancelled.
 *
 * @param e            The engine.
 * @param filter_json  A filter as in NIP-01, or an array of at most 10.
 * @param urls         The relays to ask; NULL with 0 asks all of the list.
 * @param url_count    How many; at most 64.
 * @param req          [out] The id of the subscription.
 * @return BURROW_OK; BURROW_ERR_NOSTR_EVENT; BURROW_ERR_LIMIT; BURROW_ERR_CLOSED. The completion can carry
 *         BURROW_ERR_LIMIT.
 * @threading any thread
 * @ownership nothing changes hands
 * @since 0.1
 */
BURROW_API burrow_status burrow_nostr_subscribe(burrow_engine *BURROW_NONNULL e, const char *BURROW_NONNULL filter_json,
                                                const char *BURROW_NULLABLE const *BURROW_NULLABLE urls,
                                                size_t url_count, burrow_request *BURROW_NONNULL req);

/**
 * Takes an event that came another way than through the engine's relays.
 *
 * It is verified, then comes as BURROW_EVENT_NOSTR_EVENT for each subscription it matches, unless it came before, and
 * identities with groups see it: key packages are remembered for burrow_group_create() and burrow_group_invite(), wraps with
 * invitations and group events end in events about groups, or in BURROW_EVENT_NOSTR_REFUSED. An event of ours that comes
 * back counts as published.
 *
 * @param e           The engine.
 * @param event_json  A signed event.
 * @return BURROW_OK; BURROW_ERR_NOSTR_EVENT; BURROW_ERR_CLOSED.
 * @threading any thread
 * @ownership nothing changes hands
 * @since 0.1
 */
BURROW_API burrow_status burrow_nostr_ingest(burrow_engine *BURROW_NONNULL e, const char *BURROW_NONNULL event_json);

/**
 * Says what became of an event of BURROW_EVENT_NOSTR_OUT, in an engine with BURROW_ENGINE_HOST_RELAYS.
 *
 * A change of a group counts once a relay has it. Until this says so, or the event comes back from a relay, the request for
 * the change is open, and no other change can be made.
 *
 * @param e         The engine.
 * @param event_id  The event's id, 64 hexadecimal digits.
 * @param accepted  1 when at least one relay took it, 0 when none did.
 * @return BURROW_OK; BURROW_ERR_CLOSED after shutdown.
 * @threading any thread
 * @ownership nothing changes hands
 * @since 0.1
 */
BURROW_API burrow_status burrow_nostr_published(burrow_engine *BURROW_NONNULL e, const char *BURROW_NONNULL event_id,
                                                int32_t accepted);

/* ---- finding servers, proving who we are ------------------------------------------------------------------- */

/* Lists of servers that people publish; the numbers are the kinds of their events. */
enum {
  /** Relays somebody reads from and writes to (NIP-65). */
  BURROW_LIST_RELAYS = 10002,
  /** Relays where somebody receives wraps (NIP-17). */
  BURROW_LIST_INBOX = 10050,
  /** Relays where somebody's MLS key packages are. */
  BURROW_LIST_KEY_PACKAGES = 10051,
  /** MoQ relays somebody calls through. */
  BURROW_LIST_MOQ = 10053
};

/**
 * Publishes a list of servers in place of the one before.
 *
 * Results as for burrow_nostr_publish().
 *
 * @param id         Whose list it is.
 * @param list       BURROW_LIST_*.
 * @param urls       The servers, the best first. Schemes are wss and ws; for MoQ moqt, moq, moql, https, wss, http and ws.
 *                   NULL with 0 publishes an empty list.
 * @param url_count  How many; at most 8 for MoQ, else 10.
 * @param req        [out] The id of the operation, or NULL.
 * @return BURROW_OK; BURROW_ERR_LIMIT; BURROW_ERR_CLOSED. The completion can carry BURROW_ERR_UNREACHABLE and
 *         BURROW_ERR_NOSTR_REFUSED.
 * @threading any thread
 * @ownership nothing changes hands
 * @since 0.1
 */
BURROW_API burrow_status burrow_discovery_publish(burrow_identity *BURROW_NONNULL id, uint32_t list,
                                                  const char *BURROW_NULLABLE const *BURROW_NULLABLE urls,
                                                  size_t url_count, burrow_request *BURROW_NULLABLE req);

/**
 * Looks for a list of servers somebody has published, on the engine's relays.
 *
 * Each server is a BURROW_EVENT_DISCOVERED, in the order of preference; the value of the completion is how many there are.
 * Servers in private networks and servers without encryption are left out, unless a relay of the engine's own list is of
 * that kind, as when everything runs on one machine.
 *
 * @param e       The engine.
 * @param pubkey  32 bytes: the public key of the person.
 * @param list    BURROW_LIST_*.
 * @param req     [out] The id of the operation.
 * @return BURROW_OK; BURROW_ERR_CLOSED. The completion carries BURROW_ERR_NOT_FOUND when there is no such list.
 * @threading any thread
 * @ownership nothing changes hands
 * @since 0.1
 */
BURROW_API burrow_status burrow_discovery_fetch(burrow_engine *BURROW_NONNULL e, const uint8_t *BURROW_NONNULL pubkey,
                                                uint32_t list, burrow_request *BURROW_NONNULL req);

/* Flags of burrow_relay_choice. */
enum {
  /** We are called: `group` are the relays of the offer, the first is where the call is, and no others count. */
  BURROW_CHOICE_OFFER = 1,
  /** When the group has relays of its own, no others. */
  BURROW_CHOICE_GROUP_ONLY = 2,
  /** Relays of the group or of an offer may be in private networks, as when everything runs on one machine. */
  BURROW_CHOICE_PRIVATE = 4,
  /** Accept any certificate. For tests only. */
  BURROW_CHOICE_INSECURE = 8,
  /** Do not trust the system's authorities, only roots_pem and pins. */
  BURROW_CHOICE_NO_SYSTEM_ROOTS = 16
};

/* What the value of the completion of burrow_discovery_select() says. */
enum {
  /** The group has relays of its own, and none of them could be used. */
  BURROW_CHOSEN_FALLBACK = 1,
  /** What the group says of its relays is no good. */
  BURROW_CHOSEN_GROUP_INVALID = 2
};

/** Among which MoQ relays that of a call is chosen. Prepared by burrow_config_init(). */
typedef struct burrow_relay_choice {
  uint32_t struct_size;
  /** BURROW_CHOICE_* flags. */
  uint32_t flags;
  /** The relays of the group, the best first; of an offer, with BURROW_CHOICE_OFFER. Tokens in their URLs are left out. */
  const char *BURROW_NULLABLE const *BURROW_NULLABLE group;
  /** How many. */
  size_t group_count;
  /** 32 bytes: the public key of the one who calls, whose list (kind 10053) comes next; or NULL. */
  const uint8_t *BURROW_NULLABLE own;
  /** The relays that come last. */
  const char *BURROW_NULLABLE const *BURROW_NULLABLE standard;
  /** How many. */
  size_t standard_count;
  /** Hosts that are not used whoever names them. */
  const char *BURROW_NULLABLE const *BURROW_NULLABLE denied;
  /** How many. */
  size_t denied_count;
  /** The only hosts that are used when a group or an offer names them; none: all. */
  const char *BURROW_NULLABLE const *BURROW_NULLABLE trusted;
  /** How many. */
  size_t trusted_count;
  /** Certificates of authorities to trust, as PEM text. */
  const char *BURROW_NULLABLE roots_pem;
  /** SHA-256 fingerprints of acceptable leaf certificates, as in burrow_room_config. */
  const uint8_t *BURROW_NULLABLE pins;
  /** How many. */
  size_t pin_count;
  /** How long one relay may take; 0 means 5000. */
  uint32_t timeout_ms;
  /** 0 in this version. */
  uint32_t reserved;
} burrow_relay_choice;

/**
 * Finds the MoQ relay for a call, by trying: the group's relays, then those of one's own list, then the usual ones.
 *
 * At most 8 are tried, in this order, with a real session each: the next begins when those before have failed or after
 * 1.5 s; the first that lets us in wins, when no earlier one does within 250 ms. Who is called waits for each to fail. The
 * list is waited for 3 s when nothing of it is known and the group has no relay. Each relay that was tried is a
 * BURROW_EVENT_RELAY_TRIED.
 *
 * The completion has the URL of the relay as its text, BURROW_CHOSEN_FALLBACK and BURROW_CHOSEN_GROUP_INVALID as its value,
 * and as its data up to three others for an offer, one a line. Sessions are closed again: join with
 * burrow_room_open(). Only URLs for QUIC can win (moq, moqt, moql).
 *
 * @param e     The engine.
 * @param want  Among which.
 * @param req   [out] The id of the operation.
 * @return BURROW_OK; BURROW_ERR_CLOSED. The completion can carry BURROW_ERR_UNREACHABLE; BURROW_ERR_UNAUTHORIZED when all
 *         relays refuse us; with BURROW_CHOICE_OFFER BURROW_ERR_UNSUPPORTED when the relay of the offer is not wanted, and
 *         BURROW_ERR_INVALID_ARGUMENT when there is none.
 * @threading any thread
 * @ownership nothing changes hands; everything is copied
 * @since 0.1
 */
BURROW_API burrow_status burrow_discovery_select(burrow_engine *BURROW_NONNULL e,
                                                 const burrow_relay_choice *BURROW_NONNULL want,
                                                 burrow_request *BURROW_NONNULL req);

/**
 * Makes the proof of who makes an HTTP request (NIP-98).
 *
 * @param id        Who makes it.
 * @param url       The absolute URL, with its query.
 * @param method    "GET", "POST", …
 * @param body      The body of the request, or NULL when it has none.
 * @param body_len  How long it is.
 * @param buf       [out] The value for the Authorization header; NULL with cap 0 asks for the size.
 * @param cap       Bytes available at buf.
 * @param len       [out] Bytes needed including the NUL.
 * @param req       [out] For an attached identity the id of a request whose completion has the value as its text; buf is
 *                  left alone. Otherwise 0. NULL if the identity has its key.
 * @return BURROW_OK; BURROW_AGAIN when there is a request; BURROW_ERR_BUFFER_TOO_SMALL.
 * @threading any thread
 * @ownership nothing changes hands
 * @since 0.1
 */
BURROW_API burrow_status burrow_nip98_make(burrow_identity *BURROW_NONNULL id, const char *BURROW_NONNULL url,
                                           const char *BURROW_NONNULL method, const uint8_t *BURROW_NULLABLE body,
                                           size_t body_len, char *BURROW_NULLABLE buf, size_t cap,
                                           size_t *BURROW_NONNULL len, burrow_request *BURROW_NULLABLE req);

/**
 * Checks such a proof, as a server does: signature, time (60 s each way), URL, method, body, and that it was not used
 * with this engine before.
 *
 * @param e         The engine, which remembers the proofs it has seen.
 * @param header    The value of the Authorization header.
 * @param url       The absolute URL the server knows itself by, with the query of the request.
 * @param method    The method of the request.
 * @param body      The body of the request, or NULL when it has none.
 * @param body_len  How long it is.
 * @param pubkey    [out] 32 bytes: who made the request.
 * @return BURROW_OK; BURROW_ERR_NOSTR_EVENT when the event is malformed or forged; BURROW_ERR_UNAUTHORIZED when it proves
 *         something else.
 * @threading any thread
 * @ownership nothing changes hands
 * @since 0.1
 */
BURROW_API burrow_status burrow_nip98_check(burrow_engine *BURROW_NONNULL e, const char *BURROW_NONNULL header,
                                            const char *BURROW_NONNULL url, const char *BURROW_NONNULL method,
                                            const uint8_t *BURROW_NULLABLE body, size_t body_len,
                                            uint8_t *BURROW_NONNULL pubkey);

/* ---- tokens ------------------------------------------------------------------------------------------------ */

/** What a token of a MoQ relay lets its holder do. Prepared by burrow_config_init(). */
typedef struct burrow_token_claims {
  uint32_t struct_size;
  /** 0 in this version. */
  uint32_t reserved;
  /** From when on it is worth nothing, in seconds since 1970; 0: it stays good. */
  int64_t expires_unix;
  /** When it was made, in seconds since 1970; 0: it does not say. */
  int64_t issued_unix;
  /** The path below which the others begin, or NULL; the path of the URL that the token is used with. */
  const char *BURROW_NULLABLE root;
  /** Below which paths its holder may publish; an empty one means everything below root. */
  const char *BURROW_NULLABLE const *BURROW_NULLABLE publish;
  /** How many; at most 256. */
  size_t publish_count;
  /** Below which paths its holder may subscribe, likewise. */
  const char *BURROW_NULLABLE const *BURROW_NULLABLE subscribe;
  /** How many; at most 256. */
  size_t subscribe_count;
} burrow_token_claims;

/**
 * Makes a token that lets its holder into a MoQ relay: a JWT (RFC 7519) with the claims of moq-token.
 *
 * It goes into the URL of a room, as "?jwt=…".
 *
 * @param claims  What it grants, at least something.
 * @param key     The private key, as the JSON text of a JWK with "alg" EdDSA, ES256 or HS256; of a set, the first that may
 *                sign. Its "kid" is named in the token.
 * @param buf     [out] The token; NULL with cap 0 asks for the size.
 * @param cap     Bytes available at buf.
 * @param len     [out] Bytes needed including the NUL.
 * @return BURROW_OK; BURROW_ERR_BUFFER_TOO_SMALL; BURROW_ERR_TOKEN_KEY; BURROW_ERR_TOKEN when it would grant nothing;
 *         BURROW_ERR_UNAUTHORIZED when it would grant more than the "scope" of the key.
 * @threading any thread
 * @ownership nothing changes hands
 * @since 0.1
 */
BURROW_API burrow_status burrow_token_sign(const burrow_token_claims *BURROW_NONNULL claims,
                                           const char *BURROW_NONNULL key, char *BURROW_NULLABLE buf, size_t cap,
                                           size_t *BURROW_NONNULL len);

/**
 * Reads a token and says whether it is to be believed, as relays do: form, signature, time, and that it grants something.
 *
 * @param token  The token.
 * @param keys   The public keys, or shared secrets, as the JSON text of a JWK or JWKS. Of a set, the token names the key.
 * @param out    [out] What it grants; struct_size must be set. Its pointers lead into buf. Not written when the size is
 *               asked for.
 * @param buf    [out] Memory for texts; NULL with cap 0 asks for the size.
 * @param cap    Bytes available at buf.
 * @param len    [out] Bytes needed.
 * @return BURROW_OK; BURROW_ERR_BUFFER_TOO_SMALL; BURROW_ERR_TOKEN_KEY; BURROW_ERR_TOKEN when it is none;
 *         BURROW_ERR_UNAUTHORIZED when none of the keys has signed it, when it grants nothing, or more than the "scope" of
 *         its key; BURROW_ERR_TOKEN_EXPIRED.
 * @threading any thread
 * @ownership nothing changes hands; what out points to is in buf
 * @since 0.1
 */
BURROW_API burrow_status burrow_token_verify(const char *BURROW_NONNULL token, const char *BURROW_NONNULL keys,
                                             burrow_token_claims *BURROW_NONNULL out, char *BURROW_NULLABLE buf,
                                             size_t cap, size_t *BURROW_NONNULL len);

/**
 * Asks a service for a token: proves who asks (NIP-98), and asks again when 80 % of the token's life are over.
 *
 * It is a POST of a JSON object with what is wanted ("root", "put", "get", "exp", as wanted); the answer is a token, or a
 * JSON object with one under "token". Each token is a BURROW_EVENT_TOKEN: use the newest for what connects from then on;
 * rooms with this token_request take it by themselves. A failure to get the next one is followed by other attempts as long
 * as the last one is good. Redirects are refused, and a service has 10 s to answer.
 *
 * The completion comes with the first token when that stays good for ever; else when the request is cancelled, when there
 * was no first token, when a next one is refused, and when the last one is over.
 *
 * @param id           Who asks.
 * @param service_url  "https://host[:port][/path][?query]"; "http://…" without encryption, for tests.
 * @param claims       What is wanted, or NULL to leave that to the service.
 * @param cfg          How the service is reached, or NULL. BURROW_NOSTR_ANONYMOUS means nothing here.
 * @param req          [out] The id of the operation, which burrow_request_cancel() ends.
 * @return BURROW_OK; BURROW_ERR_CLOSED. The completion can carry BURROW_ERR_UNAUTHORIZED, BURROW_ERR_TIMEOUT,
 *         BURROW_ERR_UNREACHABLE, BURROW_ERR_TLS and those below it, BURROW_ERR_PROTOCOL when the answer is no HTTP, and
 *         BURROW_ERR_PEER with the status of another answer in its value, or without when there is no token in it.
 * @threading any thread
 * @ownership nothing changes hands; the engine keeps the identity until the completion
 * @since 0.1
 */
BURROW_API burrow_status burrow_token_request(burrow_identity *BURROW_NONNULL id,
                                              const char *BURROW_NONNULL service_url,
                                              const burrow_token_claims *BURROW_NULLABLE claims,
                                              const burrow_nostr_relay_config *BURROW_NULLABLE cfg,
                                              burrow_request *BURROW_NONNULL req);

/* ---- groups ------------------------------------------------------------------------------------------------ */

/**
 * Makes a key package, with which others can add this identity to groups, and has it published in both forms that are in
 * use, kinds 30443 and 443.
 *
 * It takes the place of the one before, which stays usable for some days. Make another one after
 * BURROW_EVENT_KEY_PACKAGE_USED. The completion comes when it is stored and its events are in the queue.
 *
 * @param id      The identity.
 * @param relays  URLs of the relays where it is to be found; the engine tells others so (kind 10051). Without any: those of
 *                the engine's list.
 * @param count   How many.
 * @param req     [out] The id of this request, or NULL if you do not need it.
 * @return BURROW_OK; BURROW_ERR_CLOSED when the identity is closed; BURROW_ERR_WRONG_KIND when it was made without a
 *         configuration; BURROW_ERR_INVALID_ARGUMENT without any relay.
 * @threading any thread
 * @ownership nothing changes hands
 * @since 0.1
 */
BURROW_API burrow_status burrow_key_package_publish(burrow_identity *BURROW_NONNULL id,
                                                    const char *BURROW_NULLABLE const *BURROW_NULLABLE relays,
                                                    size_t count, burrow_request *BURROW_NULLABLE req);

/* States of a group. */
enum {
  /** It is being founded. */
  BURROW_GROUP_FOUNDING = 1,
  /** Somebody added us: burrow_group_join() accepts, burrow_group_leave() declines. */
  BURROW_GROUP_INVITED = 2,
  /** We are a member. */
  BURROW_GROUP_ACTIVE = 3,
  /** We are no member any more. */
  BURROW_GROUP_REMOVED = 4,
  /** The invitation was declined, founding failed, or the identity was closed. */
  BURROW_GROUP_GONE = 5
};

/* Flags of burrow_group_info and burrow_member. */
enum {
  /** We are, or the member is, an admin. */
  BURROW_GROUP_ADMIN = 1,
  /** We asked to be removed and wait for somebody to do it. */
  BURROW_GROUP_LEAVING = 2,
  /** A change of ours waits to be published. */
  BURROW_GROUP_CHANGE_PENDING = 4,
  /** The member is this identity. */
  BURROW_GROUP_SELF = 8
};

/** What a new group is to be. Prepared by burrow_config_init(). */
typedef struct burrow_group_config {
  uint32_t struct_size;
  /** 0 */
  uint32_t flags;
  /** What people call it; NULL for nothing. */
  const char *BURROW_NULLABLE name;
  /** A sentence about it; NULL for none. */
  const char *BURROW_NULLABLE description;
  /** URLs of the relays where its events go. */
  const char *BURROW_NULLABLE const *BURROW_NULLABLE relays;
  /** How many; at least one. */
  size_t relay_count;
  /** Public keys of the first members, 32 bytes each, one after the other. Their key packages are looked for, or have to
      be handed in before. */
  const uint8_t *BURROW_NULLABLE members;
  /** How many. */
  size_t member_count;
} burrow_group_config;

/** What is to be different in a group. Prepared by burrow_config_init(). */
typedef struct burrow_group_change {
  uint32_t struct_size;
  /** 0 */
  uint32_t flags;
  /** Its new name; NULL keeps it. */
  const char *BURROW_NULLABLE name;
  /** Its new description; NULL keeps it. */
  const char *BURROW_NULLABLE description;
  /** Public keys of members who become admins, 32 bytes each, one after the other. */
  const uint8_t *BURROW_NULLABLE admins;
  /** How many. */
  size_t admin_count;
  /** Public keys of admins who are none any more, perhaps ourselves; one has to be left. */
  const uint8_t *BURROW_NULLABLE former_admins;
  /** How many. */
  size_t former_admin_count;
  /** The MoQ relays of the group's calls, best first; NULL keeps them. */
  const char *BURROW_NULLABLE const *BURROW_NULLABLE moq_relays;
  /** How many. */
  size_t moq_relay_count;
} burrow_group_change;

/** How a group is doing. */
typedef struct burrow_group_info {
  uint32_t struct_size;
  /** BURROW_GROUP_FOUNDING and following */
  uint32_t state;
  /** BURROW_GROUP_ADMIN, BURROW_GROUP_LEAVING, BURROW_GROUP_CHANGE_PENDING */
  uint32_t flags;
  /** How many people are in it. */
  uint32_t members;
  /** Which leaf of the group we are. */
  uint32_t own_leaf;
  /** The length of its id: at most 255, 0 until the group is founded. */
  uint32_t id_len;
  /** Counts the changes of keys. */
  uint64_t epoch;
  /** Names the group in the h tags of its events. */
  uint8_t nostr_id[32];
  /** Who invited us, while the state is BURROW_GROUP_INVITED. */
  uint8_t inviter[32];
  /** Its name, cut to the size of this field. */
  char name[256];
  /** Its id, a secret of its members: no relay is told. */
  uint8_t id[256];
} burrow_group_info;

/** Somebody in a group. */
typedef struct burrow_member {
  uint32_t struct_size;
  /** BURROW_GROUP_ADMIN, BURROW_GROUP_SELF */
  uint32_t flags;
  /** How many devices they have in it. */
  uint32_t devices;
  /** The leaf of the first of them. */
  uint32_t leaf;
  /** Their public key. */
  uint8_t pubkey[32];
} burrow_member;

/**
 * Founds a group, of which we are the admin, and invites its first members.
 *
 * The completion says how that went: BURROW_ERR_NOT_FOUND when a key package is missing.
 *
 * @param id   Whose group it is.
 * @param cfg  The configuration.
 * @param out  [out] The group.
 * @param req  [out] The id of this request, or NULL if you do not need it.
 * @return BURROW_OK; BURROW_ERR_CLOSED when the identity is closed.
 * @threading any thread
 * @ownership *out is owned by the caller: burrow_release()
 * @since 0.1
 */
BURROW_WARN_UNUSED BURROW_API burrow_status burrow_group_create(burrow_identity *BURROW_NONNULL id,
                                                                const burrow_group_config *BURROW_NONNULL cfg,
                                                                burrow_group *BURROW_NULLABLE *BURROW_NONNULL out,
                                                                burrow_request *BURROW_NULLABLE req);

/**
 * Gives a handle to a group that is known, or to which we are invited.
 *
 * @param id        Whose group it is.
 * @param group_id  The id of the group, from an event or burrow_group_info.
 * @param len       Its length.
 * @param out       [out] The group.
 * @return BURROW_OK; BURROW_ERR_NOT_FOUND.
 * @threading any thread
 * @ownership *out is owned by the caller: burrow_release()
 * @since 0.1
 */
BURROW_WARN_UNUSED BURROW_API burrow_status burrow_group_open(burrow_identity *BURROW_NONNULL id,
                                                              const uint8_t *BURROW_NONNULL group_id, size_t len,
                                                              burrow_group *BURROW_NULLABLE *BURROW_NONNULL out);

/**
 * Gives handles to all groups of an identity and to those it is invited to, in the order of their ids.
 *
 * @param id     The identity.
 * @param out    [out] The groups; NULL with cap 0 asks for their number.
 * @param cap    Elements available at out.
 * @param count  [out] How many there are.
 * @return BURROW_OK; BURROW_ERR_BUFFER_TOO_SMALL.
 * @threading any thread
 * @ownership every group is owned by the caller: burrow_release()
 * @since 0.1
 */
BURROW_API burrow_status burrow_group_list(burrow_identity *BURROW_NONNULL id,
                                           burrow_group *BURROW_NULLABLE *BURROW_NULLABLE out, size_t cap,
                                           size_t *BURROW_NONNULL count);

/**
 * Accepts an invitation.
 *
 * @param g    A group in the state BURROW_GROUP_INVITED.
 * @param req  [out] The id of this request, or NULL if you do not need it.
 * @return BURROW_OK; BURROW_ERR_CLOSED after shutdown.
 * @threading any thread
 * @ownership nothing changes hands
 * @since 0.1
 */
BURROW_API burrow_status burrow_group_join(burrow_group *BURROW_NONNULL g, burrow_request *BURROW_NULLABLE req);

/**
 * Adds somebody, or another device of somebody, whose key package is looked for or was handed in. Admins only.
 *
 * One device at a time: the newest that is not in the group. With our own key it is another device of ours.
 *
 * The completion of this and the other changes comes when a relay has the change or it failed:
 * BURROW_ERR_NOT_FOUND without a key package, BURROW_ERR_EXISTS when all known devices are members,
 * BURROW_ERR_NOT_ADMIN, BURROW_ERR_LOST_RACE, BURROW_ERR_NOT_PUBLISHED, BURROW_ERR_CHANGE_PENDING. It cannot be
 * cancelled.
 *
 * @param g       The group.
 * @param pubkey  32 bytes.
 * @param req     [out] The id of this request, or NULL if you do not need it.
 * @return BURROW_OK; BURROW_ERR_CLOSED after shutdown.
 * @threading any thread
 * @ownership nothing changes hands
 * @since 0.1
 */
BURROW_API burrow_status burrow_group_invite(burrow_group *BURROW_NONNULL g, const uint8_t *BURROW_NONNULL pubkey,
                                             burrow_request *BURROW_NULLABLE req);

/**
 * Removes somebody with all devices; with our own key all devices of ours but this one. Admins only.
 *
 * @param g       The group.
 * @param pubkey  32 bytes.
 * @param req     [out] The id of this request, or NULL if you do not need it. Completes as burrow_group_invite().
 * @return BURROW_OK; BURROW_ERR_CLOSED after shutdown.
 * @threading any thread
 * @ownership nothing changes hands
 * @since 0.1
 */
BURROW_API burrow_status burrow_group_remove(burrow_group *BURROW_NONNULL g, const uint8_t *BURROW_NONNULL pubkey,
                                             burrow_request *BURROW_NULLABLE req);

/**
 * Changes a group. Everything but new keys for this device, which is what a change without fields amounts to, is for
 * admins only.
 *
 * New keys lock out whoever had stolen the old ones. They come by themselves soon after joining and once a week.
 *
 * @param g       The group.
 * @param change  What is to be different, or NULL.
 * @param req     [out] The id of this request, or NULL if you do not need it. Completes as burrow_group_invite(); when
 *                only MoQ relays are told, as burrow_group_send().
 * @return BURROW_OK; BURROW_ERR_CLOSED after shutdown.
 * @threading any thread
 * @ownership nothing changes hands; everything is copied
 * @since 0.1
 */
BURROW_API burrow_status burrow_group_update(burrow_group *BURROW_NONNULL g,
                                             const burrow_group_change *BURROW_NULLABLE change,
                                             burrow_request *BURROW_NULLABLE req);

/**
 * Copies the URLs of a group's relays, one a line.
 *
 * @param g    The group.
 * @param moq  0 for the Nostr relays of its events, 1 for the MoQ relays of its calls.
 * @param buf  [out] Receives the text; NULL with cap 0 asks for the size.
 * @param cap  Bytes available at buf.
 * @param len  [out] Bytes needed including the NUL.
 * @return BURROW_OK; BURROW_ERR_BUFFER_TOO_SMALL.
 * @threading any thread
 * @ownership nothing changes hands
 * @since 0.1
 */
BURROW_API burrow_status burrow_group_relays(burrow_group *BURROW_NONNULL g, int32_t moq, char *BURROW_NULLABLE buf,
                                             size_t cap, size_t *BURROW_NONNULL len);

/**
 * Leaves a group: asks the others to remove us, which one of them does. Declines an invitation.
 *
 * An admin gives the role up first. The completion comes when the wish is in the queue; BURROW_EVENT_GROUP_STATE follows.
 *
 * @param g    The group.
 * @param req  [out] The id of this request, or NULL if you do not need it.
 * @return BURROW_OK; BURROW_ERR_CLOSED after shutdown.
 * @threading any thread
 * @ownership nothing changes hands
 * @since 0.1
 */
BURROW_API burrow_status burrow_group_leave(burrow_group *BURROW_NONNULL g, burrow_request *BURROW_NULLABLE req);

/**
 * Says something in a group.
 *
 * The completion comes when the message is on its way, to relays or as BURROW_EVENT_NOSTR_OUT. Before that its key is
 * marked as used in the state file.
 *
 * @param g        The group.
 * @param kind     The kind of the inner event, at most 65535: 9 for chat.
 * @param content  Its content.
 * @param tags     Its tags as a JSON array of arrays of strings; NULL for none.
 * @param req      [out] The id of this request, or NULL if you do not need it.
 * @return BURROW_OK; BURROW_ERR_CLOSED after shutdown.
 * @threading any thread
 * @ownership nothing changes hands
 * @since 0.1
 */
BURROW_API burrow_status burrow_group_send(burrow_group *BURROW_NONNULL g, uint32_t kind,
                                           const char *BURROW_NONNULL content, const char *BURROW_NULLABLE tags,
                                           burrow_request *BURROW_NULLABLE req);

/**
 * Copies how a group is doing.
 *
 * @param g    The group.
 * @param out  [out] struct_size must be set; everything else is overwritten.
 * @return BURROW_OK.
 * @threading any thread
 * @ownership nothing changes hands
 * @since 0.1
 */
BURROW_API burrow_status burrow_group_info_get(burrow_group *BURROW_NONNULL g, burrow_group_info *BURROW_NONNULL out);

/**
 * Lists who is in a group, by their leaves.
 *
 * @param g      The group.
 * @param out    [out] The members; struct_size of the first must be set; NULL with cap 0 asks for their number.
 * @param cap    Elements available at out.
 * @param count  [out] How many there are.
 * @return BURROW_OK; BURROW_ERR_BUFFER_TOO_SMALL.
 * @threading any thread
 * @ownership nothing changes hands
 * @since 0.1
 */
BURROW_API burrow_status burrow_group_members(burrow_group *BURROW_NONNULL g, burrow_member *BURROW_NULLABLE out,
                                              size_t cap, size_t *BURROW_NONNULL count);

/**
 * Derives a secret that all members of the current epoch can derive, and nobody else (MLS-Exporter, RFC 9420).
 *
 * @param g            The group.
 * @param label        What it is for. Labels that begin with "marmot" are the protocol's own and refused.
 * @param context      What it belongs to; NULL for nothing.
 * @param context_len  Its length; at most 65536.
 * @param out          [out] The secret.
 * @param out_len      How many bytes; 1 to 8160.
 * @param epoch        [out] The epoch it belongs to; NULL if you do not need it.
 * @return BURROW_OK; BURROW_ERR_NOT_MEMBER.
 * @threading any thread
 * @ownership nothing changes hands
 * @since 0.1
 */
BURROW_API burrow_status burrow_group_export_secret(burrow_group *BURROW_NONNULL g, const char *BURROW_NONNULL label,
                                                    const uint8_t *BURROW_NULLABLE context, size_t context_len,
                                                    uint8_t *BURROW_NONNULL out, size_t out_len,
                                                    uint64_t *BURROW_NULLABLE epoch);

/* ---- calls ------------------------------------------------------------------------------------------------- */

/*
 * A call is an agreement about a room: who is in it, since when, and when it is over. Its signals travel by themselves, in
 * messages of the group, between two people in gift wraps; frames are protected with the group's keys.
 *
 * A call that somebody else begins first appears in a BURROW_EVENT_CALL_STATE with BURROW_CALL_INCOMING: retain its subject to
 * keep it, answer with burrow_call_accept() or burrow_call_end(). Nothing connects to its relay before it is accepted.
 *
 * As soon as burrow_call_info has a room, publish tracks in it and subscribe to those of others, as in any room that was opened
 * with BURROW_ROOM_MEDIA. The room may be another one after a change of relays: read it at each BURROW_EVENT_CALL_STATE.
 *
 * There is one BURROW_EVENT_CALL_STATE for each transition, and none follows the one that says that a call is over.
 * A reference to a call that was started or accepted keeps it up: releasing the last one hangs up.
 */

/* Flags of burrow_call_config and burrow_call_info. */
enum {
  /** With pictures, else sound alone. In burrow_call_info: the call was begun so. */
  BURROW_CALL_VIDEO = 1,
  /** Others are told that our sound is muted. */
  BURROW_CALL_MUTED = 2,
  /** Nobody's phone rings: the call can be joined by who looks. */
  BURROW_CALL_SILENT = 4,
  /** In burrow_call_info: we began it. */
  BURROW_CALL_OUTWARD = 8,
  /** In burrow_call_info: others are told that we send pictures. */
  BURROW_CALL_CAMERA = 16,
  /** In burrow_call_info: it is a call of two, which ends for both. */
  BURROW_CALL_PAIR = 32,
  /** Signals of a call of two are messages of the group, which all devices of both hear, and not gift wraps. Who is called
      answers the way they were called. */
  BURROW_CALL_BY_GROUP = 64
};

/* States of a call. */
enum {
  /** Ours, and nobody has answered. Details: BURROW_CALL_PUBLISHING, _SENT, _REMOTE_RINGING. */
  BURROW_CALL_OUTGOING = 1,
  /** Somebody else's, and not answered. Details: BURROW_CALL_RINGING, or _SILENTLY when nobody is to be disturbed. */
  BURROW_CALL_INCOMING = 2,
  /** Accepted, and on its way. Details: BURROW_CALL_RELAY, _WAITING_MEDIA. */
  BURROW_CALL_CONNECTING = 3,
  /** Details: BURROW_CALL_OK, _ALONE, _RECONNECTING. */
  BURROW_CALL_ACTIVE = 4,
  /** We have left, and others are being told. */
  BURROW_CALL_ENDING = 5,
  /** Over, as somebody wished. Says why: BURROW_CALL_REASON_* */
  BURROW_CALL_ENDED = 6,
  /** Over, although nobody wished it. Says why: BURROW_CALL_REASON_* */
  BURROW_CALL_FAILED = 7,
  /** A group's call goes on without us: burrow_call_accept() joins it, BURROW_CALL_CHANGE_LOOK says who is there. */
  BURROW_CALL_AVAILABLE = 8,
  /** Somebody calls, and with BURROW_ENGINE_ASK_CALLS the host says what becomes of it: answer within 5 s with
      BURROW_CALL_CHANGE_ADMISSION; after that it is as if the answer were BURROW_CALL_ADMIT_SILENCE. */
  BURROW_CALL_ASKED = 9
};

/* Details of the states of a call; 0 for those that have none. */
enum {
  /** The room is being made; nobody knows of the call yet. */
  BURROW_CALL_PUBLISHING = 1,
  /** The offer is on its way. */
  BURROW_CALL_SENT = 2,
  /** The other's phone rings. */
  BURROW_CALL_REMOTE_RINGING = 3,
  BURROW_CALL_RINGING = 4,
  /** It may be accepted, and nobody is to be disturbed. */
  BURROW_CALL_SILENTLY = 5,
  /** The relay is being reached. */
  BURROW_CALL_RELAY = 6,
  /** In the room, and nothing of the other has come. */
  BURROW_CALL_WAITING_MEDIA = 7,
  /** In a group's call with nobody else. */
  BURROW_CALL_ALONE = 8,
  BURROW_CALL_OK = 9,
  /** Our connection is lost, or in a call of two the other's. */
  BURROW_CALL_RECONNECTING = 10
};

/* Why a call is over. The last four are never said by others. */
enum {
  BURROW_CALL_REASON_NONE = 0,
  /** We left. */
  BURROW_CALL_REASON_HANGUP = 1,
  BURROW_CALL_REASON_DECLINED = 2,
  BURROW_CALL_REASON_BUSY = 3,
  BURROW_CALL_REASON_TIMEOUT = 4,
  /** Taken back before anybody answered. */
  BURROW_CALL_REASON_CANCELLED = 5,
  BURROW_CALL_REASON_ANSWERED_ELSEWHERE = 6,
  BURROW_CALL_REASON_DECLINED_ELSEWHERE = 7,
  /** Two called each other: the other call goes on, see other_id of burrow_call_info. */
  BURROW_CALL_REASON_GLARE = 8,
  BURROW_CALL_REASON_FAILED = 9,
  BURROW_CALL_REASON_RELAY_UNREACHABLE = 10,
  /** Who called speaks another language, or names a relay that is refused here. */
  BURROW_CALL_REASON_UNSUPPORTED = 11,
  /** No relay lets us in. */
  BURROW_CALL_REASON_AUTH_FAILED = 12,
  /** Somebody is no member of the group any more: in a call of two either, else we. */
  BURROW_CALL_REASON_REMOVED = 13,
  /** No Nostr relay took the offer. */
  BURROW_CALL_REASON_PUBLISH_FAILED = 14,
  /** Others ended it for a reason of theirs. */
  BURROW_CALL_REASON_UNKNOWN = 15,
  /** The other side left. */
  BURROW_CALL_REASON_REMOTE_HANGUP = 16,
  /** Nobody answered here. The text of the event says how it came about. */
  BURROW_CALL_REASON_MISSED = 17,
  BURROW_CALL_REASON_MEDIA_FAILED = 18,
  BURROW_CALL_REASON_KEYS_UNAVAILABLE = 19
};

/* What became of somebody in a call, in the state of a BURROW_EVENT_CALL_MEMBER. */
enum {
  BURROW_CALL_MEMBER_JOINED = 1,
  BURROW_CALL_MEMBER_LEFT = 2,
  /** Muted, camera, path or progress: read them with burrow_call_participants(). */
  BURROW_CALL_MEMBER_CHANGED = 3,
  /** A broadcast in the room is no member's. Nothing of it is let in. */
  BURROW_CALL_MEMBER_UNKNOWN = 4
};

/* How far somebody says they are. */
enum {
  BURROW_CALL_PROGRESS_NONE = 0,
  BURROW_CALL_PROGRESS_RINGING = 1,
  BURROW_CALL_PROGRESS_ACCEPTED = 2,
  BURROW_CALL_PROGRESS_JOINED = 3,
  BURROW_CALL_PROGRESS_RECONNECTING = 4,
  BURROW_CALL_PROGRESS_HELD = 5
};

/* Flags of burrow_call_end(). */
enum {
  /** Ends a group's call for all, which admins may. */
  BURROW_CALL_END_ALL = 1,
  /** Declines as busy. */
  BURROW_CALL_END_BUSY = 2
};

/* What of a burrow_call_change counts. */
enum {
  BURROW_CALL_CHANGE_MUTED = 1,
  BURROW_CALL_CHANGE_VIDEO = 2,
  /** Answers BURROW_CALL_ASKED. */
  BURROW_CALL_CHANGE_ADMISSION = 8,
  /** Asks the relay who is in a call that is BURROW_CALL_AVAILABLE. The relay learns our address. */
  BURROW_CALL_CHANGE_LOOK = 16
};

/* Answers to BURROW_CALL_ASKED. */
enum {
  BURROW_CALL_ADMIT_RING = 1,
  BURROW_CALL_ADMIT_SILENCE = 2,
  /** As if nobody had called. */
  BURROW_CALL_ADMIT_DROP = 3
};

/** Sizes of texts about calls, with their NUL. */
enum {
  BURROW_CALL_ID_SIZE = 136,
  BURROW_DEVICE_ID_SIZE = 72
};

/** How to be in a call. Prepared by burrow_config_init(). */
typedef struct burrow_call_config {
  uint32_t struct_size;
  /** BURROW_CALL_VIDEO, BURROW_CALL_MUTED, BURROW_CALL_SILENT, BURROW_CALL_BY_GROUP. */
  uint32_t flags;
  /** burrow_call_start(): whom to call, required. burrow_call_accept(): NULL. */
  burrow_group *BURROW_NULLABLE group;
  /** MoQ relays that come before all others, one URL a line. After them, or with NULL, it is as with
      burrow_discovery_select(): the group's relays, then those of our own list, then last_relays. Only for
      burrow_call_start(). */
  const char *BURROW_NULLABLE relays;
  /** How the room is reached: certificates, flags, times, last_n. Its url, path, prefix, group and call_id must be NULL, its
      flags BURROW_ROOM_NO_DISCOVERY and BURROW_ROOM_NO_RECONNECT not set. NULL: the defaults. */
  const burrow_room_config *BURROW_NULLABLE room;
  /** A service that makes tokens for the relay, as for burrow_token_request(); NULL when relays want none. */
  const char *BURROW_NULLABLE token_url;
  /** How long our call rings at others; 0 = 45 s. */
  uint32_t ring_ms;
  /** How long it may take to reach the relay; 0 = 20 s. */
  uint32_t connect_ms;
  /** How long a lost connection may take to come back; 0 = 30 s. */
  uint32_t grace_ms;
  /** How long we stay in a group's call with nobody else; 0 = 300 s. */
  uint32_t alone_ms;
  /** MoQ relays that come after all others, one URL a line; NULL for none. Only for burrow_call_start(). */
  const char *BURROW_NULLABLE last_relays;
} burrow_call_config;

/** What is to be different in a call. Prepared by burrow_config_init(). */
typedef struct burrow_call_change {
  uint32_t struct_size;
  /** BURROW_CALL_CHANGE_* flags: which of the fields count. */
  uint32_t flags;
  /** Whether others are told that our sound is muted. The track is muted with burrow_track_control(). */
  int32_t muted;
  /** Whether others are told that we send pictures. */
  int32_t video;
  /** BURROW_CALL_ADMIT_* */
  uint32_t admission;
  /** 0 */
  uint32_t reserved;
  /** How the relay is reached that is asked who is there, as in burrow_call_config; NULL: the defaults. */
  const burrow_room_config *BURROW_NULLABLE room;
} burrow_call_change;

/** A snapshot of a call. Filled by burrow_call_info_get(). */
typedef struct burrow_call_info {
  uint32_t struct_size;
  /** The BURROW_CALL_* state. */
  uint32_t state;
  /** The detail of the state, or 0. */
  uint32_t detail;
  /** BURROW_CALL_REASON_*, once it ends. */
  uint32_t reason;
  /** BURROW_CALL_* flags. */
  uint32_t flags;
  /** How many others are in it. */
  uint32_t participant_count;
  /** When it became active; 0 before. */
  int64_t started_us;
  /** Since when it is in this state. */
  int64_t since_us;
  /** Goes up with every event about a call of this identity. */
  uint64_t sequence;
  /** The room, borrowed; NULL before there is one and after the call. Retain it to keep it. */
  burrow_room *BURROW_NULLABLE room;
  /** The public key of the one who called. */
  uint8_t caller[32];
  /** In a call of two the public key of the other, else all 0. */
  uint8_t peer[32];
  /** The id of the group, for burrow_group_open(). */
  uint8_t group_id[64];
  /** Its length; 0 when it is of no group. */
  uint32_t group_id_len;
  /** 0 */
  uint32_t reserved;
  char call_id[BURROW_CALL_ID_SIZE];
  /** The id of the call that took its place, or in whose place it came; empty when there is none. */
  char other_id[BURROW_CALL_ID_SIZE];
  /** The relay it is on; empty before there is one. */
  char relay[BURROW_PATH_SIZE];
  /** Why it is over, for people. */
  char text[BURROW_TEXT_SIZE];
} burrow_call_info;

/** Somebody in a call with one of their devices. */
typedef struct burrow_call_member {
  uint32_t struct_size;
  /** The number of their broadcast in the room; 0 when it is not announced. */
  uint32_t participant;
  uint8_t pubkey[32];
  /** Which device it is; empty when that is not known. */
  char device[BURROW_DEVICE_ID_SIZE];
  /** What they say of their sound and of their pictures: 1, 0, or -1 while nothing is known. */
  int32_t muted;
  int32_t video;
  /** 1 when they are in the call for all we know. */
  int32_t present;
  /** 1 when the relay announces their broadcast. */
  int32_t announced;
  /** BURROW_CALL_PROGRESS_* */
  uint32_t progress;
  /** 0 */
  uint32_t reserved;
  /** The path of their broadcast, for burrow_track_subscribe(); empty when it is not known. */
  char path[BURROW_PATH_SIZE];
} burrow_call_member;

/**
 * Calls a group.
 *
 * The relay is chosen and the room made first, then the others hear of it: in a gift wrap in a group of two, else in a message
 * of the group. The request completes when the offer is on its way. When nobody answers while it rings, the call is over.
 *
 * @param id   Who calls; an identity that was made with a configuration.
 * @param cfg  Whom, and how; copied.
 * @param out  [out] The call.
 * @param req  [out] The id of this request, or NULL if you do not need it.
 * @return BURROW_OK; BURROW_ERR_NOT_MEMBER; BURROW_ERR_WRONG_KIND when the identity has no groups; BURROW_ERR_CLOSED. The
 *         completion can carry BURROW_ERR_BUSY when there is another call, BURROW_ERR_NOT_MEMBER when there is nobody else in
 *         the group, BURROW_ERR_UNREACHABLE, BURROW_ERR_UNAUTHORIZED, BURROW_ERR_CANCELLED.
 * @threading any thread
 * @ownership *out is owned by the caller: burrow_release(), which hangs up
 * @since 0.1
 */
BURROW_WARN_UNUSED BURROW_API burrow_status burrow_call_start(burrow_identity *BURROW_NONNULL id,
                                                              const burrow_call_config *BURROW_NONNULL cfg,
                                                              burrow_call *BURROW_NULLABLE *BURROW_NONNULL out,
                                                              burrow_request *BURROW_NULLABLE req);

/**
 * Takes a call that rings, or joins one that is BURROW_CALL_AVAILABLE.
 *
 * The others are told at once, and only from here on the relay sees us. The request completes when the call is active or over.
 *
 * @param c    The call.
 * @param cfg  How, or NULL: with sound alone. Copied.
 * @param req  [out] The id of this request, or NULL if you do not need it.
 * @return BURROW_OK; BURROW_ERR_CLOSED. The completion can carry BURROW_ERR_CLOSED when the call is over,
 *         BURROW_ERR_WRONG_KIND when it does not ring, BURROW_ERR_BUSY when there is another one, BURROW_ERR_UNREACHABLE,
 *         BURROW_ERR_UNAUTHORIZED, BURROW_ERR_TIMEOUT, BURROW_ERR_CONNECTION_LOST.
 * @threading any thread
 * @ownership keep a reference of your own before this: the library gives up its own, and releasing the last one hangs up
 * @since 0.1
 */
BURROW_API burrow_status burrow_call_accept(burrow_call *BURROW_NONNULL c,
                                            const burrow_call_config *BURROW_NULLABLE cfg,
                                            burrow_request *BURROW_NULLABLE req);

/**
 * Hangs up, takes back or declines, by the state of the call. burrow_close() does the same without flags.
 *
 * A group is not told that somebody declines: others may take the call, and it can be joined later.
 *
 * @param c      The call.
 * @param flags  BURROW_CALL_END_* flags.
 * @param req    [out] The id of this request, which completes when the others are told or 5 s are over; or NULL.
 * @return BURROW_OK; BURROW_ERR_CLOSED. The completion can carry BURROW_ERR_CLOSED when it is over already.
 * @threading any thread
 * @ownership nothing changes hands; the handle still has to be released
 * @since 0.1
 */
BURROW_API burrow_status burrow_call_end(burrow_call *BURROW_NONNULL c, uint32_t flags,
                                         burrow_request *BURROW_NULLABLE req);

/**
 * Tells the others what we send, answers a question about a call, or asks who is there.
 *
 * @param c       The call.
 * @param change  What; copied.
 * @param req     [out] The id of this request, which completes when that is on its way, or the relay has answered; or NULL.
 * @return BURROW_OK; BURROW_ERR_CLOSED. The completion can carry BURROW_ERR_CLOSED when the call is over or there is nothing
 *         to answer, BURROW_ERR_WRONG_KIND when we are not in the call, BURROW_ERR_UNREACHABLE, BURROW_ERR_TIMEOUT.
 * @threading any thread
 * @ownership nothing changes hands
 * @since 0.1
 */
BURROW_API burrow_status burrow_call_update(burrow_call *BURROW_NONNULL c,
                                            const burrow_call_change *BURROW_NONNULL change,
                                            burrow_request *BURROW_NULLABLE req);

/**
 * Copies how a call is doing.
 *
 * @param c    The call.
 * @param out  [out] struct_size must be set; everything else is overwritten.
 * @return BURROW_OK.
 * @threading any thread
 * @ownership out->room is borrowed
 * @since 0.1
 */
BURROW_API burrow_status burrow_call_info_get(burrow_call *BURROW_NONNULL c, burrow_call_info *BURROW_NONNULL out);

/**
 * Lists who else is in a call, by the order in which they became known.
 *
 * @param c      The call.
 * @param out    [out] The members; struct_size of the first must be set; NULL with cap 0 asks for their number.
 * @param cap    Elements available at out.
 * @param count  [out] How many there are.
 * @return BURROW_OK; BURROW_ERR_BUFFER_TOO_SMALL.
 * @threading any thread
 * @ownership nothing changes hands
 * @since 0.1
 */
BURROW_API burrow_status burrow_call_participants(burrow_call *BURROW_NONNULL c,
                                                  burrow_call_member *BURROW_NULLABLE out, size_t cap,
                                                  size_t *BURROW_NONNULL count);

#ifdef __cplusplus
}
#endif

#if defined(__clang__)
#pragma clang diagnostic pop
#endif

#endif /* BURROW_H */
