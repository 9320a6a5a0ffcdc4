"""Audio and video tracks: samples and pictures in and out."""

from __future__ import annotations

import ctypes
import weakref
from typing import TYPE_CHECKING, Any

from . import _abi
from ._library import check, encode, encode_optional, lib, sized
from .track import Track, address_of
from .types import (
    AudioFlags,
    AudioFormat,
    Color,
    Encoding,
    MediaInfo,
    MediaStats,
    Participant,
    TrackKind,
    VideoFormat,
)

if TYPE_CHECKING:
    from .engine import Engine
    from .frame import Loans
    from .room import Room

_SAMPLE_BYTES = {AudioFormat.S16: 2, AudioFormat.F32: 4}


class Sound:
    """Pulled samples, interleaved when there are two channels. ``samples`` is a memoryview of numbers."""

    __slots__ = ("samples", "sample_rate", "channels", "flags", "timestamp_us")

    def __init__(self, samples: memoryview, sample_rate: int, channels: int, flags: int, timestamp_us: int) -> None:
        self.samples = samples
        self.sample_rate = sample_rate
        self.channels = channels
        self.flags = AudioFlags(flags)
        #: When the first sample was recorded, on the sender's clock; 0 when nothing was received yet.
        self.timestamp_us = timestamp_us

    def __bytes__(self) -> bytes:
        return self.samples.tobytes()


class Picture:
    """One picture. ``planes`` are memoryviews of its rows, ``strides`` the bytes from one row to the next.

    Pulled and allocated pictures are the library's own memory: nothing was copied. It goes back when no plane is held
    any more; a track lends three pictures at a time.
    """

    __slots__ = ("format", "width", "height", "rotation", "color", "timestamp_us", "planes", "strides", "__weakref__")

    def __init__(self, raw: Any, loans: Loans | None = None, writable: bool = False) -> None:
        self.format = VideoFormat(raw.format)
        self.width: int = raw.width
        self.height: int = raw.height
        self.rotation: int = raw.rotation
        self.color = Color(raw.color)
        self.timestamp_us: int = raw.timestamp_us
        self.planes: list[memoryview] = []
        self.strides: list[int] = []
        for index, rows in enumerate(plane_rows(self.format, self.height)):
            stride = raw.stride[index]
            memory = (ctypes.c_uint8 * (stride * rows)).from_address(raw.plane[index])
            if raw.buffer and loans is not None:
                # Each plane keeps the buffer for itself, so any of them may outlive the picture.
                check(lib.burrow_retain(raw.buffer))
                loans.add()
                weakref.finalize(memory, loans.give_back, raw.buffer).atexit = False
            view = memoryview(memory).cast("B")
            self.planes.append(view if writable else view.toreadonly())
            self.strides.append(stride)
        if raw.buffer:
            lib.burrow_release(raw.buffer)

    def tobytes(self) -> bytes:
        """All planes one after the other, without the unused bytes at the ends of rows: a frame of a Y4M file."""
        out = bytearray()
        for index, (plane, stride) in enumerate(zip(self.planes, self.strides, strict=True)):
            width = row_bytes(self.format, self.width, index)
            for start in range(0, len(plane), stride):
                out += plane[start : start + width]
        return bytes(out)


def plane_rows(format: VideoFormat, height: int) -> list[int]:
    """How many rows each plane of a picture has."""
    half = (height + 1) // 2
    match format:
        case VideoFormat.I420:
            return [height, half, half]
        case VideoFormat.NV12 | VideoFormat.NV21:
            return [height, half]
        case _:
            return [height]


def row_bytes(format: VideoFormat, width: int, plane: int) -> int:
    """How many bytes of a row hold pixels."""
    half = (width + 1) // 2
    match format:
        case VideoFormat.I420:
            return half if plane else width
        case VideoFormat.NV12 | VideoFormat.NV21:
            return 2 * half if plane else width
        case _:
            return 4 * width


def raw_picture(
    data: Any,
    width: int,
    height: int,
    format: VideoFormat,
    rotation: int = 0,
    color: Color = Color.BT601,
    timestamp_us: int = 0,
    stride: int = 0,
) -> tuple[Any, Any]:
    """A frame of the header over the planes in one buffer, and what keeps that buffer there."""
    address, length, keeper = address_of(data)
    raw = sized(_abi.burrow_video_frame)
    raw.format, raw.width, raw.height = int(format), width, height
    raw.rotation, raw.color, raw.timestamp_us = rotation, int(color), timestamp_us
    offset = 0
    for index, rows in enumerate(plane_rows(format, height)):
        pitch = row_bytes(format, width, index) if not stride or index else stride
        raw.plane[index], raw.stride[index] = address + offset, pitch
        offset += pitch * rows
    if offset > length:
        raise ValueError(f"a picture of {width}x{height} has {offset} bytes, not {length}")
    return raw, keeper


def raw_encoding(encoding: Encoding) -> Any:
    raw = _abi.burrow_encoding()
    check(lib.burrow_config_init(ctypes.byref(raw), ctypes.sizeof(raw)))
    for wanted, flag in (
        (encoding.music, _abi.BURROW_ENCODING_MUSIC),
        (encoding.dtx, _abi.BURROW_ENCODING_DTX),
        (encoding.fec, _abi.BURROW_ENCODING_FEC),
        (encoding.fixed, _abi.BURROW_ENCODING_FIXED),
    ):
        raw.flags |= flag if wanted else 0
    for name in (
        "bitrate_bps", "channels", "frame_ms", "complexity", "width", "height", "frame_rate",
        "keyframe_interval_ms", "renditions", "packets_per_group",
    ):  # fmt: skip
        setattr(raw, name, getattr(encoding, name))
    return raw


class MediaTrack(Track):
    """What audio and video tracks have in common.

    With a codec of the host, push() and pull() carry packets of Opus and access units of H.264 in Annex B; an event of
    the kind TRACK_ENCODING says that ``media_stats`` want the encoder to do something else, and whether its value is 1:
    that the next picture has to be one that needs no other.
    """

    _host_codec = False

    @property
    def media_stats(self) -> MediaStats:
        raw = sized(_abi.burrow_media_stats)
        check(lib.burrow_track_stats_get(self.handle, None, ctypes.byref(raw)))
        return MediaStats(**{name: getattr(raw, name) for name in MediaStats.__dataclass_fields__})

    def set_encoding(self, encoding: Encoding) -> None:
        """Changes how a published track is encoded, from the next frame on."""
        raw = raw_encoding(encoding)
        check(lib.burrow_track_set_encoding(self.handle, ctypes.byref(raw)))

    def set_muted(self, muted: bool) -> None:
        """Stops sending what is pushed, or goes on."""
        command = _abi.BURROW_CONTROL_MUTE if muted else _abi.BURROW_CONTROL_UNMUTE
        check(lib.burrow_track_control(self.handle, command))


class AudioTrack(MediaTrack):
    """A published or subscribed audio track."""

    def push_audio(
        self,
        samples: Any,
        *,
        format: AudioFormat = AudioFormat.S16,
        sample_rate: int = 48_000,
        channels: int = 1,
        timestamp_us: int = 0,
    ) -> bool:
        """Hands in recorded samples: anything with the buffer interface. False when too many wait."""
        return push_sound(self.handle, samples, format, sample_rate, channels, timestamp_us)

    def update(  # type: ignore[override]
        self,
        *,
        paused: bool = False,
        gain_percent: int = 0,
        min_delay_ms: int = 0,
        max_delay_ms: int = 0,
        priority: int = 0,
        max_age_ms: int = 0,
    ) -> None:
        """Changes how subscribed sound is wanted; all wishes are replaced."""
        update_media(
            self,
            TrackKind.AUDIO,
            paused=paused,
            gain_percent=gain_percent,
            min_delay_ms=min_delay_ms,
            max_delay_ms=max_delay_ms,
            priority=priority,
            max_age_ms=max_age_ms,
        )

    def pull_audio(
        self,
        frames: int,
        *,
        format: AudioFormat = AudioFormat.S16,
        sample_rate: int = 48_000,
        channels: int = 1,
    ) -> Sound:
        """The samples that are to be played now. Pulling is the clock: call it as often as they are played."""
        return pull_sound(lib.burrow_track_pull_audio, self.handle, frames, format, sample_rate, channels)


class VideoTrack(MediaTrack):
    """A published or subscribed video track."""

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
    ) -> None:
        """Hands in a picture whose planes follow each other in a buffer."""
        raw, keeper = raw_picture(data, width, height, format, rotation, color, timestamp_us)
        check(lib.burrow_track_push_video(self.handle, ctypes.byref(raw)))
        del keeper

    def update(  # type: ignore[override]
        self,
        *,
        paused: bool = False,
        width: int = 0,
        height: int = 0,
        min_delay_ms: int = 0,
        max_delay_ms: int = 0,
        priority: int = 0,
        max_age_ms: int = 0,
    ) -> None:
        """Changes how subscribed pictures are wanted, such as the size they are shown at; all wishes are replaced."""
        update_media(
            self,
            TrackKind.VIDEO,
            paused=paused,
            width=width,
            height=height,
            min_delay_ms=min_delay_ms,
            max_delay_ms=max_delay_ms,
            priority=priority,
            max_age_ms=max_age_ms,
        )

    def pull_video(self) -> Picture | None:
        """The newest picture that is due, or None when there is no new one."""
        raw = sized(_abi.burrow_video_frame)
        status = check(lib.burrow_track_pull_video(self.handle, ctypes.byref(raw)))
        return Picture(raw, self._engine._loans) if status == _abi.BURROW_OK else None

    def request_keyframe(self) -> None:
        """Makes the next picture one that needs no other."""
        check(lib.burrow_track_control(self.handle, _abi.BURROW_CONTROL_KEYFRAME))


def push_sound(
    handle: int, samples: Any, format: AudioFormat, sample_rate: int, channels: int, timestamp_us: int
) -> bool:
    address, length, keeper = address_of(samples)
    raw = sized(_abi.burrow_audio_frame)
    raw.format, raw.sample_rate, raw.channels = int(format), sample_rate, channels
    raw.frames = length // (_SAMPLE_BYTES[format] * channels)
    raw.timestamp_us, raw.samples = timestamp_us, address
    status = check(lib.burrow_track_push_audio(handle, ctypes.byref(raw)))
    del keeper
    return status == _abi.BURROW_OK


def pull_sound(
    function: Any, handle: int, frames: int, format: AudioFormat, sample_rate: int, channels: int
) -> Sound:
    return take_sound(function, handle, frames, format, sample_rate, channels)[0]


def take_sound(
    function: Any, handle: int, frames: int, format: AudioFormat, sample_rate: int, channels: int
) -> tuple[Sound, bool]:
    """The samples, and whether there were any."""
    memory = bytearray(frames * channels * _SAMPLE_BYTES[format])
    raw = sized(_abi.burrow_audio_frame)
    raw.format, raw.sample_rate, raw.channels, raw.frames = int(format), sample_rate, channels, frames
    keeper = (ctypes.c_uint8 * len(memory)).from_buffer(memory) if memory else None
    raw.samples = ctypes.addressof(keeper) if keeper is not None else None
    status = check(function(handle, ctypes.byref(raw)))
    del keeper
    view: memoryview[Any] = memoryview(memory).cast("f" if format == AudioFormat.F32 else "h")
    return Sound(view, sample_rate, channels, raw.flags, raw.timestamp_us), status == _abi.BURROW_OK


def publish_media(
    room: Room, kind: TrackKind, name: str | None, encoding: Encoding, priority: int, max_age_ms: int, host_codec: bool
) -> Any:
    """See Room.publish_audio() and Room.publish_video()."""
    configuration = _abi.burrow_track_config()
    check(lib.burrow_config_init(ctypes.byref(configuration), ctypes.sizeof(configuration)))
    raw = raw_encoding(encoding)
    configuration.name = encode_optional(name, "name")
    configuration.kind, configuration.priority, configuration.max_age_ms = int(kind), priority, max_age_ms
    configuration.encoding = ctypes.addressof(raw)
    configuration.flags = _abi.BURROW_TRACK_HOST_CODEC if host_codec else 0

    def call() -> tuple[int, int]:
        out = ctypes.c_void_p()
        check(lib.burrow_track_publish(room.handle, ctypes.byref(configuration), ctypes.byref(out)))
        assert out.value is not None
        return out.value, 0

    make = AudioTrack if kind == TrackKind.AUDIO else VideoTrack
    return room._engine._register(call, lambda handle, _: make(room, handle))


def raw_wishes(kind: TrackKind, wishes: dict[str, Any]) -> Any:
    want = _abi.burrow_track_request()
    check(lib.burrow_config_init(ctypes.byref(want), ctypes.sizeof(want)))
    want.kind = int(kind)
    want.flags = _abi.BURROW_TRACK_PAUSED if wishes.pop("paused", False) else 0
    want.flags |= _abi.BURROW_TRACK_HOST_CODEC if wishes.pop("host_codec", False) else 0
    for name, value in wishes.items():
        setattr(want, name, value)
    return want


def update_media(track: MediaTrack, kind: TrackKind, **wishes: Any) -> None:
    """See AudioTrack.update() and VideoTrack.update()."""
    want = raw_wishes(kind, {**wishes, "host_codec": track._host_codec})
    check(lib.burrow_track_update(track.handle, ctypes.byref(want)))


def subscribe_media(
    room: Room, kind: TrackKind, path: str | Participant, name: str | None, **wishes: Any
) -> Any:
    """See Room.subscribe_audio() and Room.subscribe_video()."""
    host_codec = wishes.get("host_codec", False)
    want = raw_wishes(kind, wishes)
    whose = encode(path.path if isinstance(path, Participant) else path, "path")
    which = encode_optional(name, "name")

    def call() -> tuple[int, int]:
        out = ctypes.c_void_p()
        check(lib.burrow_track_subscribe(room.handle, whose, which, ctypes.byref(want), ctypes.byref(out)))
        assert out.value is not None
        return out.value, 0

    make = AudioTrack if kind == TrackKind.AUDIO else VideoTrack
    track = room._engine._register(call, lambda handle, _: make(room, handle))
    track._host_codec = host_codec
    return track


def offers(room: Room, path: str) -> list[MediaInfo]:
    """See Room.media()."""
    count, capacity = ctypes.c_size_t(), 8
    whose = encode(path, "path")
    while True:
        array = (_abi.burrow_media_info * capacity)()
        array[0].struct_size = ctypes.sizeof(_abi.burrow_media_info)
        status = lib.burrow_room_media(room.handle, whose, array, capacity, ctypes.byref(count))
        if status != _abi.BURROW_ERR_BUFFER_TOO_SMALL:
            break
        capacity = count.value + 8
    check(status)
    return [
        MediaInfo(
            kind=TrackKind(entry.kind),
            is_supported=bool(entry.is_supported),
            bitrate_bps=entry.bitrate_bps,
            width=entry.width,
            height=entry.height,
            frame_rate=entry.frame_rate,
            sample_rate=entry.sample_rate,
            channels=entry.channels,
            name=entry.name.decode(errors="replace"),
            codec=entry.codec.decode(errors="replace"),
        )
        for entry in array[: count.value]
    ]


def allocate_picture(engine: Engine, format: VideoFormat, width: int, height: int) -> Picture:
    """A black picture to be written to and pushed, or converted into."""
    raw = sized(_abi.burrow_video_frame)
    check(lib.burrow_video_frame_alloc(engine._alive(), int(format), width, height, ctypes.byref(raw)))
    return Picture(raw, engine._loans, writable=True)


def convert_picture(
    picture: Picture, format: VideoFormat, width: int = 0, height: int = 0, color: Color = Color.BT601
) -> bytes:
    """The picture, upright, in another format and size, its planes one after the other without gaps."""
    source = sized(_abi.burrow_video_frame)
    source.format, source.width, source.height = int(picture.format), picture.width, picture.height
    source.rotation, source.color = picture.rotation, int(picture.color)
    for index, (plane, stride) in enumerate(zip(picture.planes, picture.strides, strict=True)):
        # A read-only view has no address of its own for ctypes; the memory is the library's and stays.
        owner: Any = plane.obj
        source.plane[index] = ctypes.addressof(owner) if owner is not None else None
        source.stride[index] = stride
    wide, high = width or picture.width, height or picture.height
    sizes = [row_bytes(format, wide, i) * rows for i, rows in enumerate(plane_rows(format, high))]
    memory = bytearray(sum(sizes))
    target, keeper = raw_picture(memory, wide, high, format, color=color)
    check(lib.burrow_video_frame_convert(ctypes.byref(source), ctypes.byref(target)))
    del keeper
    return bytes(memory)
