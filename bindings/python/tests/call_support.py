"""What the tests of calls share: people in groups on a Nostr relay, who talk over a MoQ relay of this process."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable
from typing import Any

from media_support import HEIGHT, PACKET, WIDTH, picture, share, tone
from nostr_support import SmallRelay
from support import PATIENCE, LibraryTest, burrow


class Friend:
    """Somebody with an engine of their own, who says a tone, shows pictures and listens to everybody in a call."""

    def __init__(self, test: FriendsTest, name: str, frequency: float, **identity: Any) -> None:
        self.test, self.name, self.frequency = test, name, frequency
        self.engine = test.engine()
        self.engine.nostr.add_relay(test.nostr.url)
        self.me = self.engine.open_identity(**identity)
        if self.me.opened is not None:
            self.me.opened.wait(PATIENCE)
        self.pubkey = self.me.public_key
        self.group: burrow.Group | None = None
        self.call: burrow.Call | None = None
        self.seen: list[burrow.Event] = []
        self.microphone: burrow.AudioTrack | None = None
        self.camera: burrow.VideoTrack | None = None
        self.ears: dict[str, burrow.AudioTrack] = {}
        self.eyes: dict[str, burrow.VideoTrack] = {}
        self.heard: dict[str, list[burrow.Sound]] = {}
        #: How many pieces were the tone of their sender.
        self.tones: dict[str, int] = {}
        self.pictures: dict[str, int] = {}
        #: What the camera shows; without it pictures with a number.
        self.picture: tuple[bytes, int, int] | None = None

    def pump(self) -> None:
        while (event := self.engine.next_event(0)) is not None:
            self.seen.append(event)

    def start(self, group: burrow.Group | None = None, **options: Any) -> burrow.Call:
        self.leave()
        group = group or self.group
        assert group is not None
        self.call = self.me.start_call(group, relays=self.test.home.url, connection=self.test.connection, **options)
        return self.call

    def take(self, call: burrow.Call, **options: Any) -> burrow.Request:
        self.leave()
        self.call = call
        return call.accept(connection=self.test.connection, **options)

    def leave(self) -> None:
        """Forgets the tracks of a call that is over."""
        self.microphone = self.camera = None
        for table in (self.ears, self.eyes, self.heard, self.tones, self.pictures):
            table.clear()

    def step(self, number: int) -> None:
        """20 ms of a call."""
        self.pump()
        call = self.call
        if call is not None and not call.is_over and not call.closed:
            # It may be over, and nobody has heard of it yet.
            with contextlib.suppress(burrow.ClosedError):
                self._take_part(call, number)

    def _take_part(self, call: burrow.Call, number: int) -> None:
        room = call._find_room()
        if room is None:
            return
        if self.microphone is None:
            self.microphone, self.camera = room.publish_audio(), room.publish_video()
        self.microphone.push_audio(tone(self.frequency, number))
        if number % 5 == 0 and self.camera is not None:
            self.camera.push_video(*(self.picture or (picture(number), WIDTH, HEIGHT)))
        for member in call.members():
            if member.is_announced and member.path not in self.ears:
                self.ears[member.path] = room.subscribe_audio(member.path)
                self.eyes[member.path] = room.subscribe_video(member.path)
                self.heard[member.path], self.pictures[member.path] = [], 0
        for path, ear in self.ears.items():
            piece = ear.pull_audio(PACKET)
            self.heard[path] = [*self.heard[path][-24:], piece]
            self.tones[path] = self.tones.get(path, 0) + (share(piece.samples, self.expected(path)) > 0.9)
            self.pictures[path] += self.eyes[path].pull_video() is not None

    def hears(self, other: Friend) -> bool:
        """Whether some of what came of somebody is their tone; a busy machine makes gaps."""
        return any(self.tones.get(member.path, 0) >= 5 for member in self.member(other))

    def expected(self, path: str) -> float:
        """The tone of whose path this is."""
        return next((one.frequency for one in self.test.people if path.endswith(one.pubkey.hex())), 0.0)

    def sees(self, other: Friend) -> bool:
        return any(self.pictures.get(member.path, 0) > 2 for member in self.member(other))

    def member(self, other: Friend) -> list[burrow.CallMember]:
        """The entries of somebody in the roster of our call."""
        if self.call is None or self.call.is_over:
            return []
        return [member for member in self.call.members() if member.pubkey == other.pubkey]

    @property
    def state(self) -> str:
        call = self.call
        return f"{self.name}: " + ("no call" if call is None else f"{call.state.name} {call.detail} {call.reason_text}")


class FriendsTest(LibraryTest):
    def setUp(self) -> None:
        self.nostr = self.enterContext(SmallRelay())
        self.relays = self.engine()
        self.home = self.relay(self.relays)
        self.connection = burrow.Connection(pins=[self.home.info.fingerprint])
        self.people: list[Friend] = []

    def friend(self, name: str, **identity: Any) -> Friend:
        made = Friend(self, name, 440.0 + 160 * len(self.people), **identity)
        self.people.append(made)
        return made

    def friends(self, *names: str) -> list[Friend]:
        """People in one group, which the first one founded."""
        return self.befriend([self.friend(name) for name in names])

    def befriend(self, people: list[Friend]) -> list[Friend]:
        for person in people[1:]:
            person.me.publish_key_package().wait(PATIENCE)
        self.found(people)
        return people

    def found(self, people: list[Friend], programs: list[bytes] = []) -> list[burrow.Group]:  # noqa: B006
        """A group of these people, and of programs that join by themselves; it becomes their group if they have none."""
        first, *others = people
        keys = [person.pubkey for person in others] + programs
        for _ in range(50):
            founded = first.me.create_group("friends", relays=self.nostr.url, members=keys)
            try:
                founded.created.wait(PATIENCE)
                break
            except burrow.NotFoundError:
                time.sleep(0.1)
        groups = [founded]
        for person in others:
            self.until(lambda person=person: any(group.id == founded.id for group in person.me.groups()), media=False)
            groups.append(person.me.group(founded.id))
            groups[-1].join().wait(PATIENCE)
        # Whoever joins has new keys soon, and nobody should be called before that is over.
        self.until(lambda: len({(group.info.epoch, group.info.member_count) for group in groups}) == 1, media=False)
        for person, group in zip(people, groups, strict=True):
            person.group = person.group or group
        return groups

    def until(self, condition: Callable[[], Any], *, media: bool = True, patience: float = PATIENCE) -> Any:
        """Everybody does what they do in a call, until something is so."""
        begin, number = time.monotonic(), 0
        while not (result := condition()):
            states = ", ".join(person.state for person in self.people)
            self.assertLess(time.monotonic() - begin, patience, f"it did not come about: {states}")
            for person in self.people:
                person.step(number) if media else person.pump()
            while self.relays.next_event(0) is not None:
                pass
            number += 1
            time.sleep(max(begin + number * 0.02 - time.monotonic(), 0.001))
        return result

    def rings(self, person: Friend, state: burrow.CallState | None = None) -> burrow.Call:
        """The call that somebody is called with."""
        wanted = burrow.CallState.INCOMING if state is None else state
        return self.until(lambda: next((call for call in person.me.calls if call.state == wanted), None))

    def all_active(self, people: Iterable[Friend]) -> None:
        self.until(lambda: all(person.call and person.call.state == burrow.CallState.ACTIVE for person in people))

    def all_over(self, people: Iterable[Friend]) -> None:
        self.until(lambda: all(person.call and person.call.is_over for person in people))
