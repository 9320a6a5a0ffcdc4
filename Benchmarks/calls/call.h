/* What the parts of the measuring program for calls share: one person, a process of its own with nothing but the library. */
#ifndef BENCH_CALL_H
#define BENCH_CALL_H

#include "../media/media.h"

/* -- main.c ---------------------------------------------------------------------------------------------- */

/* One line on standard output: the time in microseconds, a word and what belongs to it. */
void tell(int64_t at_us, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* -- devices.c ------------------------------------------------------------------------------------------- */

/* Camera, microphone and loudspeaker run as long as the program does; these are what they are plugged into, or NULL. */
extern _Atomic(burrow_room *) speaker_room;
extern _Atomic(burrow_track *) microphone, camera;
void start_devices(void);
/* How many of 20 ms were pushed and mixed, how many pictures pushed, and the most a device was late since the last time. */
struct devices {
  uint64_t sounds, mixed, pictures;
  int64_t late_us;
};
struct devices devices_figures(void);

/* -- seat.c ---------------------------------------------------------------------------------------------- */

/* The place in the call that is now: its room, what we send into it, and everybody who is seen and heard there. */
void take_seat(burrow_call *call);
void look_around(burrow_call *call);
void show(burrow_track *track);
void show_all(void);
void leave_seat(void);
struct seat_figures {
  unsigned others;
  uint64_t pictures, damaged, sounds, concealed_us, played_us;
};
struct seat_figures seat_figures(void);

#endif
