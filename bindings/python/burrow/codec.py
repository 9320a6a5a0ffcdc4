"""Encoders and decoders without a room, for who carries or stores what is encoded by other means."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any

from . import _abi
from ._library import check, lib, sized
from .frame import Frame
from .handle import Handle
from .media import Picture, Sound, push_sound, raw_encoding, raw_picture, take_sound
from .track import address_of
from .types import AudioFormat, Color, Encoding, FrameFlags, MediaStats, TrackKind, VideoFormat

if TYPE_CHECKING:
    from .engine import Engine


class Codec(Handle):
    """What encoders and decoders have in common. One thread at a time uses a codec; a second one gets BusyError."""

    _what = "codec"

    def __init__(self, engine: Engine, handle: int) -> None:
        super().__init__(handle)
        self._engine = engine

    @property
    def media_stats(self) -> MediaStats:
        raw = sized(_abi.burrow_media_stats)
        check(lib.burrow_track_stats_get(self.handle, None, ctypes.byref(raw)))
        return MediaStats(**{name: getattr(raw, name) for name in MediaStats.__dataclass_fields__})


class Encoder(Codec):
    """Turns what is pushed into frames, on the thread that pushes."""

    def __init__(self, engine: Engine, kind: TrackKind, encoding: Encoding) -> None:
        raw, out = raw_encoding(encoding), ctypes.c_void_p()
        check(lib.burrow_encoder_create(engine.handle, int(kind), ctypes.byref(raw), ctypes.byref(out)))
        assert out.value is not None
        super().__init__(engine, out.value)

    def pull(self) -> Frame | None:
        """The next packet of Opus or access unit of H.264, or None. Raises ClosedError after the last one."""
        raw = sized(_abi.burrow_encoded_frame)
        status = check(lib.burrow_track_pull_encoded(self.handle, ctypes.byref(raw)))
        return Frame(raw, self._engine._loans) if status == _abi.BURROW_OK else None

    def set_encoding(self, encoding: Encoding) -> None:
        """Changes how it encodes, from the next frame on."""
        raw = raw_encoding(encoding)
        check(lib.burrow_track_set_encoding(self.handle, ctypes.byref(raw)))

    def finish(self) -> None:
        """Nothing follows: completes the last packet. What is encoded can still be pulled."""
        check(lib.burrow_close(self.handle, None))


class AudioEncoder(Encoder):
    """Makes packets of Opus from samples."""

    def __init__(self, engine: Engine, encoding: Encoding = Encoding()) -> None:  # noqa: B008
        super().__init__(engine, TrackKind.AUDIO, encoding)

    def push_audio(
        self,
        samples: Any,
        *,
        format: AudioFormat = AudioFormat.S16,
        sample_rate: int = 48_000,
        channels: int = 1,
        timestamp_us: int = 0,
    ) -> bool:
        """Encodes samples, which follow those before unless a time is given. False when frames have to be pulled first."""
        return push_sound(self.handle, samples, format, sample_rate, channels, timestamp_us)


class VideoEncoder(Encoder):
    """Makes access units of H.264, in Annex B, from pictures."""

    def __init__(self, engine: Engine, encoding: Encoding = Encoding()) -> None:  # noqa: B008
        super().__init__(engine, TrackKind.VIDEO, encoding)

    def push_video(
        self,
        data: Any,
        width: int,
        height: int,
        *,
        format: VideoFormat = VideoFormat.I420,
        rotation: int = 0,
        color: Color = Color.BT601,
        timestamp_us: int = 0,
    ) -> bool:
        """Encodes a picture whose planes follow each other in a buffer. False when frames have to be pulled first."""
        raw, keeper = raw_picture(data, width, height, format, rotation, color, timestamp_us)
        status = check(lib.burrow_track_push_video(self.handle, ctypes.byref(raw)))
        del keeper
        return status == _abi.BURROW_OK

    def request_keyframe(self) -> None:
        """Makes the next picture one that needs no other."""
        check(lib.burrow_track_control(self.handle, _abi.BURROW_CONTROL_KEYFRAME))


class Decoder(Codec):
    """Turns frames into what they were made of, on the thread that pushes."""

    def __init__(self, engine: Engine, kind: TrackKind, description: bytes) -> None:
        out = ctypes.c_void_p()
        address, length, keeper = address_of(description)
        check(lib.burrow_decoder_create(engine.handle, int(kind), address or None, length, ctypes.byref(out)))
        del keeper
        assert out.value is not None
        super().__init__(engine, out.value)

    def push(
        self,
        data: Any,
        *,
        timestamp_us: int = 0,
        duration_us: int = 0,
        discontinuity: bool = False,
        end_of_group: bool = False,
    ) -> bool:
        """Decodes a frame. False when something has to be pulled first."""
        frame = sized(_abi.burrow_encoded_frame)
        frame.flags = int(FrameFlags.DISCONTINUITY) if discontinuity else 0
        frame.flags |= int(FrameFlags.END_OF_GROUP) if end_of_group else 0
        frame.timestamp_us, frame.duration_us = timestamp_us, duration_us
        address, length, keeper = address_of(data)
        frame.data, frame.len = address, length
        status = check(lib.burrow_track_push_encoded(self.handle, ctypes.byref(frame)))
        del keeper
        return status == _abi.BURROW_OK

    def end(self) -> None:
        """Drops what waits; close() does the same."""
        check(lib.burrow_close(self.handle, None))


class AudioDecoder(Decoder):
    """Makes samples from packets of Opus. An empty packet stands for a lost one, which is made up."""

    def __init__(self, engine: Engine, description: bytes = b"") -> None:
        super().__init__(engine, TrackKind.AUDIO, description)

    def pull_audio(
        self,
        frames: int,
        *,
        format: AudioFormat = AudioFormat.S16,
        sample_rate: int = 48_000,
        channels: int = 1,
    ) -> Sound | None:
        """The next samples, or None when fewer are decoded."""
        function = lib.burrow_track_pull_audio
        sound, is_there = take_sound(function, self.handle, frames, format, sample_rate, channels)
        return sound if is_there else None


class VideoDecoder(Decoder):
    """Makes pictures from access units of H.264: in Annex B, or with a description (avcC) behind their lengths."""

    def __init__(self, engine: Engine, description: bytes = b"") -> None:
        super().__init__(engine, TrackKind.VIDEO, description)

    def pull_video(self) -> Picture | None:
        """The next picture, or None when there is none or three are held."""
        raw = sized(_abi.burrow_video_frame)
        status = check(lib.burrow_track_pull_video(self.handle, ctypes.byref(raw)))
        return Picture(raw, self._engine._loans) if status == _abi.BURROW_OK else None
