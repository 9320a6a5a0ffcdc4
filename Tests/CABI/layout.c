/* The layout of every published struct, for 64-bit and 32-bit systems. A change here is a change of the binary
   interface: structs only grow at the end, so numbers may be added, never altered. */
#include "support.h"

#if UINTPTR_MAX > 0xffffffffu
#define BITS(sixty_four, thirty_two) sixty_four
#else
#define BITS(sixty_four, thirty_two) thirty_two
#endif

/* static_assert of C11 without its header, so that the test also compiles as C99. */
#define ASSERT_AT(line, condition) typedef char layout_assertion_##line[(condition) ? 1 : -1]
#define ASSERT_LINE(line, condition) ASSERT_AT(line, condition)
#define SIZE(name, sixty_four, thirty_two) ASSERT_LINE(__LINE__, sizeof(burrow_##name) == BITS(sixty_four, thirty_two))
#define FIELD(name, field, sixty_four, thirty_two) \
  ASSERT_LINE(__LINE__, offsetof(burrow_##name, field) == BITS(sixty_four, thirty_two))

#if defined(__GNUC__)
#pragma GCC diagnostic ignored "-Wunused-local-typedefs"
#endif

SIZE(engine_config, 24, 20);
FIELD(engine_config, struct_size, 0, 0);
FIELD(engine_config, flags, 4, 4);
FIELD(engine_config, socket_receive_buffer, 8, 8);
FIELD(engine_config, socket_send_buffer, 12, 12);
FIELD(engine_config, proxy, 16, 16);

SIZE(event, 80, 64);
FIELD(event, struct_size, 0, 0);
FIELD(event, kind, 4, 4);
FIELD(event, status, 8, 8);
FIELD(event, participant, 12, 12);
FIELD(event, state, 16, 16);
FIELD(event, reserved, 20, 20);
FIELD(event, request, 24, 24);
FIELD(event, time_us, 32, 32);
FIELD(event, value, 40, 40);
FIELD(event, subject, 48, 48);
FIELD(event, text, 56, 52);
FIELD(event, data, 64, 56);
FIELD(event, data_len, 72, 60);

SIZE(room_config, 144, 96);
FIELD(room_config, struct_size, 0, 0);
FIELD(room_config, flags, 4, 4);
FIELD(room_config, url, 8, 8);
FIELD(room_config, path, 16, 12);
FIELD(room_config, prefix, 24, 16);
FIELD(room_config, roots_pem, 32, 20);
FIELD(room_config, pins, 40, 24);
FIELD(room_config, pin_count, 48, 28);
FIELD(room_config, server_name, 56, 32);
FIELD(room_config, qlog_dir, 64, 36);
FIELD(room_config, versions, 72, 40);
FIELD(room_config, congestion, 76, 44);
FIELD(room_config, connect_timeout_ms, 80, 48);
FIELD(room_config, idle_timeout_ms, 84, 52);
FIELD(room_config, keep_alive_ms, 88, 56);
FIELD(room_config, reconnect_min_ms, 92, 60);
FIELD(room_config, reconnect_max_ms, 96, 64);
FIELD(room_config, last_n, 100, 68);
FIELD(room_config, reserved, 104, 72);
FIELD(room_config, call_id, 112, 76);
FIELD(room_config, call_id_len, 120, 80);
FIELD(room_config, group, 128, 84);
FIELD(room_config, token_request, 136, 88);

SIZE(room_info, 1392, 1392);
FIELD(room_info, struct_size, 0, 0);
FIELD(room_info, state, 4, 4);
FIELD(room_info, status, 8, 8);
FIELD(room_info, version, 12, 12);
FIELD(room_info, participant_count, 16, 16);
FIELD(room_info, track_count, 20, 20);
FIELD(room_info, reconnects, 24, 24);
FIELD(room_info, reserved, 28, 28);
FIELD(room_info, connected_us, 32, 32);
FIELD(room_info, peer_code, 40, 40);
FIELD(room_info, remote_address, 48, 48);
FIELD(room_info, text, 112, 112);
FIELD(room_info, path, 368, 368);

SIZE(participant, 1072, 1072);
FIELD(participant, struct_size, 0, 0);
FIELD(participant, id, 4, 4);
FIELD(participant, joined_us, 8, 8);
FIELD(participant, path, 16, 16);
FIELD(participant, member, 1040, 1040);

SIZE(room_stats, 224, 224);
FIELD(room_stats, struct_size, 0, 0);
FIELD(room_stats, mtu, 4, 4);
FIELD(room_stats, measured_us, 8, 8);
FIELD(room_stats, rtt_us, 16, 16);
FIELD(room_stats, min_rtt_us, 24, 24);
FIELD(room_stats, send_rate_bps, 32, 32);
FIELD(room_stats, congestion_window_bytes, 40, 40);
FIELD(room_stats, in_flight_bytes, 48, 48);
FIELD(room_stats, sent_bytes, 56, 56);
FIELD(room_stats, received_bytes, 64, 64);
FIELD(room_stats, sent_packets, 72, 72);
FIELD(room_stats, received_packets, 80, 80);
FIELD(room_stats, lost_packets, 88, 88);
FIELD(room_stats, published_frames, 96, 96);
FIELD(room_stats, published_bytes, 104, 104);
FIELD(room_stats, subscribed_frames, 112, 112);
FIELD(room_stats, subscribed_bytes, 120, 120);
FIELD(room_stats, expired_groups, 128, 128);
FIELD(room_stats, sealed_frames, 136, 136);
FIELD(room_stats, unsealed_frames, 144, 144);
FIELD(room_stats, opened_frames, 152, 152);
FIELD(room_stats, unknown_key_frames, 160, 160);
FIELD(room_stats, forged_frames, 168, 168);
FIELD(room_stats, replayed_frames, 176, 176);
FIELD(room_stats, unprotected_frames, 184, 184);
FIELD(room_stats, sealing_epoch, 192, 192);
FIELD(room_stats, newest_epoch, 200, 200);
FIELD(room_stats, repeated_packets, 208, 208);
FIELD(room_stats, repeated_bytes, 216, 216);

SIZE(track_config, 40, 32);
FIELD(track_config, struct_size, 0, 0);
FIELD(track_config, flags, 4, 4);
FIELD(track_config, name, 8, 8);
FIELD(track_config, kind, 16, 12);
FIELD(track_config, priority, 20, 16);
FIELD(track_config, max_age_ms, 24, 20);
FIELD(track_config, reserved, 28, 24);
FIELD(track_config, encoding, 32, 28);

SIZE(track_request, 56, 56);
FIELD(track_request, struct_size, 0, 0);
FIELD(track_request, flags, 4, 4);
FIELD(track_request, priority, 8, 8);
FIELD(track_request, max_age_ms, 12, 12);
FIELD(track_request, start_group, 16, 16);
FIELD(track_request, end_group, 24, 24);
FIELD(track_request, kind, 32, 32);
FIELD(track_request, gain_percent, 36, 36);
FIELD(track_request, width, 40, 40);
FIELD(track_request, height, 44, 44);
FIELD(track_request, min_delay_ms, 48, 48);
FIELD(track_request, max_delay_ms, 52, 52);

SIZE(encoded_frame, 64, 56);
FIELD(encoded_frame, struct_size, 0, 0);
FIELD(encoded_frame, flags, 4, 4);
FIELD(encoded_frame, timestamp_us, 8, 8);
FIELD(encoded_frame, duration_us, 16, 16);
FIELD(encoded_frame, data, 24, 24);
FIELD(encoded_frame, len, 32, 28);
FIELD(encoded_frame, buffer, 40, 32);
FIELD(encoded_frame, group, 48, 40);
FIELD(encoded_frame, sequence, 56, 48);

SIZE(track_info, 1568, 1568);
FIELD(track_info, struct_size, 0, 0);
FIELD(track_info, direction, 4, 4);
FIELD(track_info, state, 8, 8);
FIELD(track_info, status, 12, 12);
FIELD(track_info, kind, 16, 16);
FIELD(track_info, flags, 20, 20);
FIELD(track_info, priority, 24, 24);
FIELD(track_info, max_age_ms, 28, 28);
FIELD(track_info, path, 32, 32);
FIELD(track_info, name, 1056, 1056);
FIELD(track_info, text, 1312, 1312);

SIZE(track_stats, 96, 96);
FIELD(track_stats, struct_size, 0, 0);
FIELD(track_stats, queued_frames, 4, 4);
FIELD(track_stats, measured_us, 8, 8);
FIELD(track_stats, frames, 16, 16);
FIELD(track_stats, bytes, 24, 24);
FIELD(track_stats, groups, 32, 32);
FIELD(track_stats, dropped_frames, 40, 40);
FIELD(track_stats, latest_group, 48, 48);
FIELD(track_stats, subscribers, 56, 56);
FIELD(track_stats, opened_frames, 64, 64);
FIELD(track_stats, unknown_key_frames, 72, 72);
FIELD(track_stats, forged_frames, 80, 80);
FIELD(track_stats, replayed_frames, 88, 88);

SIZE(encoding, 48, 48);
FIELD(encoding, struct_size, 0, 0);
FIELD(encoding, flags, 4, 4);
FIELD(encoding, bitrate_bps, 8, 8);
FIELD(encoding, channels, 12, 12);
FIELD(encoding, frame_ms, 16, 16);
FIELD(encoding, complexity, 20, 20);
FIELD(encoding, width, 24, 24);
FIELD(encoding, height, 28, 28);
FIELD(encoding, frame_rate, 32, 32);
FIELD(encoding, keyframe_interval_ms, 36, 36);
FIELD(encoding, renditions, 40, 40);
FIELD(encoding, packets_per_group, 44, 44);

SIZE(audio_frame, 40, 40);
FIELD(audio_frame, struct_size, 0, 0);
FIELD(audio_frame, format, 4, 4);
FIELD(audio_frame, sample_rate, 8, 8);
FIELD(audio_frame, channels, 12, 12);
FIELD(audio_frame, frames, 16, 16);
FIELD(audio_frame, flags, 20, 20);
FIELD(audio_frame, timestamp_us, 24, 24);
FIELD(audio_frame, samples, 32, 32);

SIZE(video_frame, 88, 72);
FIELD(video_frame, struct_size, 0, 0);
FIELD(video_frame, format, 4, 4);
FIELD(video_frame, width, 8, 8);
FIELD(video_frame, height, 12, 12);
FIELD(video_frame, rotation, 16, 16);
FIELD(video_frame, color, 20, 20);
FIELD(video_frame, timestamp_us, 24, 24);
FIELD(video_frame, plane, 32, 32);
FIELD(video_frame, stride, 64, 48);
FIELD(video_frame, buffer, 80, 64);

SIZE(media_info, 360, 360);
FIELD(media_info, struct_size, 0, 0);
FIELD(media_info, kind, 4, 4);
FIELD(media_info, is_supported, 8, 8);
FIELD(media_info, bitrate_bps, 12, 12);
FIELD(media_info, width, 16, 16);
FIELD(media_info, height, 20, 20);
FIELD(media_info, frame_rate, 24, 24);
FIELD(media_info, sample_rate, 28, 28);
FIELD(media_info, channels, 32, 32);
FIELD(media_info, reserved, 36, 36);
FIELD(media_info, name, 40, 40);
FIELD(media_info, codec, 296, 296);

SIZE(media_stats, 160, 160);
FIELD(media_stats, struct_size, 0, 0);
FIELD(media_stats, width, 4, 4);
FIELD(media_stats, height, 8, 8);
FIELD(media_stats, bitrate_bps, 12, 12);
FIELD(media_stats, frame_rate, 16, 16);
FIELD(media_stats, level, 20, 20);
FIELD(media_stats, is_voice, 24, 24);
FIELD(media_stats, target_delay_ms, 28, 28);
FIELD(media_stats, delay_ms, 32, 32);
FIELD(media_stats, skew_ms, 36, 36);
FIELD(media_stats, frames, 40, 40);
FIELD(media_stats, bytes, 48, 48);
FIELD(media_stats, key_frames, 56, 56);
FIELD(media_stats, dropped_frames, 64, 64);
FIELD(media_stats, late_frames, 72, 72);
FIELD(media_stats, damaged_frames, 80, 80);
FIELD(media_stats, played_us, 88, 88);
FIELD(media_stats, recovered_us, 96, 96);
FIELD(media_stats, concealed_us, 104, 104);
FIELD(media_stats, stretched_us, 112, 112);
FIELD(media_stats, freezes, 120, 120);
FIELD(media_stats, frozen_us, 128, 128);
FIELD(media_stats, codec_us, 136, 136);
FIELD(media_stats, longest_codec_us, 144, 144);
FIELD(media_stats, renditions, 152, 152);
FIELD(media_stats, estimate_bps, 156, 156);

SIZE(relay_config, 128, 88);
FIELD(relay_config, struct_size, 0, 0);
FIELD(relay_config, flags, 4, 4);
FIELD(relay_config, listen, 8, 8);
FIELD(relay_config, listen_count, 16, 12);
FIELD(relay_config, certificate_pem, 24, 16);
FIELD(relay_config, key_pem, 32, 20);
FIELD(relay_config, host_names, 40, 24);
FIELD(relay_config, host_name_count, 48, 28);
FIELD(relay_config, jwt_keys, 56, 32);
FIELD(relay_config, public_prefix, 64, 36);
FIELD(relay_config, qlog_dir, 72, 40);
FIELD(relay_config, versions, 80, 44);
FIELD(relay_config, congestion, 84, 48);
FIELD(relay_config, idle_timeout_ms, 88, 52);
FIELD(relay_config, keep_alive_ms, 92, 56);
FIELD(relay_config, max_sessions, 96, 60);
FIELD(relay_config, max_broadcasts_per_session, 100, 64);
FIELD(relay_config, max_subscriptions_per_session, 104, 68);
FIELD(relay_config, max_cache_mib, 108, 72);
FIELD(relay_config, max_sessions_per_address, 112, 76);
FIELD(relay_config, reserved, 116, 80);
FIELD(relay_config, reset_secret, 120, 84);

SIZE(relay_info, 384, 384);
FIELD(relay_info, struct_size, 0, 0);
FIELD(relay_info, state, 4, 4);
FIELD(relay_info, status, 8, 8);
FIELD(relay_info, port, 12, 12);
FIELD(relay_info, sessions, 16, 16);
FIELD(relay_info, broadcasts, 20, 20);
FIELD(relay_info, tracks, 24, 24);
FIELD(relay_info, subscriptions, 28, 28);
FIELD(relay_info, fingerprint, 32, 32);
FIELD(relay_info, address, 64, 64);
FIELD(relay_info, text, 128, 128);

SIZE(protection_config, 40, 24);
FIELD(protection_config, struct_size, 0, 0);
FIELD(protection_config, suite, 4, 4);
FIELD(protection_config, call_id, 8, 8);
FIELD(protection_config, call_id_len, 16, 12);
FIELD(protection_config, path, 24, 16);
FIELD(protection_config, instance, 32, 20);

SIZE(frame_position, 40, 40);
FIELD(frame_position, struct_size, 0, 0);
FIELD(frame_position, kind, 4, 4);
FIELD(frame_position, track, 8, 8);
FIELD(frame_position, group, 16, 16);
FIELD(frame_position, frame, 24, 24);
FIELD(frame_position, flags, 32, 32);
FIELD(frame_position, reserved, 36, 36);

SIZE(nostr_relay_config, 32, 20);
FIELD(nostr_relay_config, struct_size, 0, 0);
FIELD(nostr_relay_config, flags, 4, 4);
FIELD(nostr_relay_config, roots_pem, 8, 8);
FIELD(nostr_relay_config, pins, 16, 12);
FIELD(nostr_relay_config, pin_count, 24, 16);

SIZE(relay_choice, 112, 64);
FIELD(relay_choice, struct_size, 0, 0);
FIELD(relay_choice, flags, 4, 4);
FIELD(relay_choice, group, 8, 8);
FIELD(relay_choice, group_count, 16, 12);
FIELD(relay_choice, own, 24, 16);
FIELD(relay_choice, standard, 32, 20);
FIELD(relay_choice, standard_count, 40, 24);
FIELD(relay_choice, denied, 48, 28);
FIELD(relay_choice, denied_count, 56, 32);
FIELD(relay_choice, trusted, 64, 36);
FIELD(relay_choice, trusted_count, 72, 40);
FIELD(relay_choice, roots_pem, 80, 44);
FIELD(relay_choice, pins, 88, 48);
FIELD(relay_choice, pin_count, 96, 52);
FIELD(relay_choice, timeout_ms, 104, 56);
FIELD(relay_choice, reserved, 108, 60);

SIZE(token_claims, 64, 48);
FIELD(token_claims, struct_size, 0, 0);
FIELD(token_claims, reserved, 4, 4);
FIELD(token_claims, expires_unix, 8, 8);
FIELD(token_claims, issued_unix, 16, 16);
FIELD(token_claims, root, 24, 24);
FIELD(token_claims, publish, 32, 28);
FIELD(token_claims, publish_count, 40, 32);
FIELD(token_claims, subscribe, 48, 36);
FIELD(token_claims, subscribe_count, 56, 40);

SIZE(nostr_relay_info, 1352, 1352);
FIELD(nostr_relay_info, struct_size, 0, 0);
FIELD(nostr_relay_info, state, 4, 4);
FIELD(nostr_relay_info, status, 8, 8);
FIELD(nostr_relay_info, connections, 12, 12);
FIELD(nostr_relay_info, since_us, 16, 16);
FIELD(nostr_relay_info, events, 24, 24);
FIELD(nostr_relay_info, repeated_events, 32, 32);
FIELD(nostr_relay_info, invalid_events, 40, 40);
FIELD(nostr_relay_info, bad_messages, 48, 48);
FIELD(nostr_relay_info, rate_limits, 56, 56);
FIELD(nostr_relay_info, published, 64, 64);
FIELD(nostr_relay_info, text, 72, 72);
FIELD(nostr_relay_info, url, 328, 328);

SIZE(identity_config, 32, 24);
FIELD(identity_config, struct_size, 0, 0);
FIELD(identity_config, flags, 4, 4);
FIELD(identity_config, storage_path, 8, 8);
FIELD(identity_config, storage_key, 16, 12);
FIELD(identity_config, key_timeout_ms, 24, 16);
FIELD(identity_config, reserved, 28, 20);

SIZE(group_config, 56, 32);
FIELD(group_config, struct_size, 0, 0);
FIELD(group_config, flags, 4, 4);
FIELD(group_config, name, 8, 8);
FIELD(group_config, description, 16, 12);
FIELD(group_config, relays, 24, 16);
FIELD(group_config, relay_count, 32, 20);
FIELD(group_config, members, 40, 24);
FIELD(group_config, member_count, 48, 28);

SIZE(group_change, 72, 40);
FIELD(group_change, struct_size, 0, 0);
FIELD(group_change, flags, 4, 4);
FIELD(group_change, name, 8, 8);
FIELD(group_change, description, 16, 12);
FIELD(group_change, admins, 24, 16);
FIELD(group_change, admin_count, 32, 20);
FIELD(group_change, former_admins, 40, 24);
FIELD(group_change, former_admin_count, 48, 28);
FIELD(group_change, moq_relays, 56, 32);
FIELD(group_change, moq_relay_count, 64, 36);

SIZE(group_info, 608, 608);
FIELD(group_info, struct_size, 0, 0);
FIELD(group_info, state, 4, 4);
FIELD(group_info, flags, 8, 8);
FIELD(group_info, members, 12, 12);
FIELD(group_info, own_leaf, 16, 16);
FIELD(group_info, id_len, 20, 20);
FIELD(group_info, epoch, 24, 24);
FIELD(group_info, nostr_id, 32, 32);
FIELD(group_info, inviter, 64, 64);
FIELD(group_info, name, 96, 96);
FIELD(group_info, id, 352, 352);

SIZE(member, 48, 48);
FIELD(member, struct_size, 0, 0);
FIELD(member, flags, 4, 4);
FIELD(member, devices, 8, 8);
FIELD(member, leaf, 12, 12);
FIELD(member, pubkey, 16, 16);

SIZE(call_config, 64, 44);
FIELD(call_config, struct_size, 0, 0);
FIELD(call_config, flags, 4, 4);
FIELD(call_config, group, 8, 8);
FIELD(call_config, relays, 16, 12);
FIELD(call_config, room, 24, 16);
FIELD(call_config, token_url, 32, 20);
FIELD(call_config, ring_ms, 40, 24);
FIELD(call_config, connect_ms, 44, 28);
FIELD(call_config, grace_ms, 48, 32);
FIELD(call_config, alone_ms, 52, 36);
FIELD(call_config, last_relays, 56, 40);

SIZE(call_change, 32, 28);
FIELD(call_change, struct_size, 0, 0);
FIELD(call_change, flags, 4, 4);
FIELD(call_change, muted, 8, 8);
FIELD(call_change, video, 12, 12);
FIELD(call_change, admission, 16, 16);
FIELD(call_change, reserved, 20, 20);
FIELD(call_change, room, 24, 24);

SIZE(call_info, 1744, 1744);
FIELD(call_info, struct_size, 0, 0);
FIELD(call_info, state, 4, 4);
FIELD(call_info, detail, 8, 8);
FIELD(call_info, reason, 12, 12);
FIELD(call_info, flags, 16, 16);
FIELD(call_info, participant_count, 20, 20);
FIELD(call_info, started_us, 24, 24);
FIELD(call_info, since_us, 32, 32);
FIELD(call_info, sequence, 40, 40);
FIELD(call_info, room, 48, 48);
FIELD(call_info, caller, 56, 52);
FIELD(call_info, peer, 88, 84);
FIELD(call_info, group_id, 120, 116);
FIELD(call_info, group_id_len, 184, 180);
FIELD(call_info, reserved, 188, 184);
FIELD(call_info, call_id, 192, 188);
FIELD(call_info, other_id, 328, 324);
FIELD(call_info, relay, 464, 460);
FIELD(call_info, text, 1488, 1484);

SIZE(call_member, 1160, 1160);
FIELD(call_member, struct_size, 0, 0);
FIELD(call_member, participant, 4, 4);
FIELD(call_member, pubkey, 8, 8);
FIELD(call_member, device, 40, 40);
FIELD(call_member, muted, 112, 112);
FIELD(call_member, video, 116, 116);
FIELD(call_member, present, 120, 120);
FIELD(call_member, announced, 124, 124);
FIELD(call_member, progress, 128, 128);
FIELD(call_member, reserved, 132, 132);
FIELD(call_member, path, 136, 136);

int main(void) {
  /* What the library thinks of the same structs: it fills them up to the size it knows. */
  burrow_room_config room;
  CHECK_STATUS(burrow_config_init(&room, sizeof room), BURROW_OK);
  CHECK(room.struct_size == sizeof room);
  CHECK(sizeof(burrow_status) == 4 && sizeof(burrow_request) == 8);
  CHECK(BURROW_OK == 0 && BURROW_AGAIN == 1);
  CHECK(burrow_version() == 0x000100);
  return finish_tests();
}
