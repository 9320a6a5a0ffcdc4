"""Codecs of a host: ours without a room, behind the functions of tracks, so that the same programs use either."""

from __future__ import annotations

import burrow


class EncodingCamera:
    """Encodes pictures itself and publishes access units."""

    def __init__(self, engine: burrow.Engine, room: burrow.Room, encoding: burrow.Encoding) -> None:
        self.track = room.publish_video(host_codec=True, encoding=encoding)
        self.encoder = burrow.VideoEncoder(engine, encoding)

    def push_video(self, data: bytes, width: int, height: int, *, timestamp_us: int = 0) -> None:
        self.encoder.push_video(data, width, height, timestamp_us=timestamp_us or burrow.now_us())
        while (frame := self.encoder.pull()) is not None:
            self.track.push(frame.data, timestamp_us=frame.timestamp_us)

    @property
    def media_stats(self) -> burrow.MediaStats:
        return self.track.media_stats


class EncodingMicrophone:
    """Encodes samples itself and publishes packets."""

    def __init__(self, engine: burrow.Engine, room: burrow.Room, encoding: burrow.Encoding) -> None:
        self.track = room.publish_audio(host_codec=True, encoding=encoding)
        self.encoder = burrow.AudioEncoder(engine, encoding)

    def push_audio(self, samples: bytes, *, timestamp_us: int = 0) -> bool:
        self.encoder.push_audio(samples, timestamp_us=timestamp_us)
        while (frame := self.encoder.pull()) is not None:
            self.track.push(frame.data, timestamp_us=frame.timestamp_us)
        return True

    @property
    def media_stats(self) -> burrow.MediaStats:
        return self.track.media_stats
