/* The measuring program: publisher, subscribers, rooms of people, idle connections, connect times, relay.
 *
 *     peer publish   --url URL --path P --track SPEC ...            one publisher
 *     peer subscribe --url URL --path P --track SPEC ... --count N  N connections, each takes every track
 *     peer rooms     --url URL --rooms A-B --size K --track SPEC ...  K people a room, each sends and takes the rest
 *     peer first     --url URL --path P --track SPEC --count N      connect to first frame, N times in turn
 *     peer idle      --url URL --count N                            N connections that do nothing
 *     peer relay     --bind HOST:PORT
 *     peer stack                                                    name of the stack
 *
 * A track is NAME[,size=BYTES][,rate=HZ][,key=BYTES][,gop=FRAMES][,prio=0-255][,age=MS].
 *
 * It prints "ready" when everything is connected (and, with subscriptions, a frame has arrived on each), then obeys
 * lines on standard input: "go T0 T1" sets the measured window in CLOCK_MONOTONIC nanoseconds, "stop" ends the
 * run. The last line of output is one JSON object. Frames carry the time at which they were handed to the stack;
 * what was sent within the window is what counts, whenever it arrives.
 */
#define _GNU_SOURCE
#include "peer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define MAGIC 0x62656e63u
#define MAX_TRACKS 8
#define ON_TIME_NS 500000000ull

struct header { /* at the start of every frame */
    uint64_t sent_ns;
    uint32_t magic, sequence;
};

uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

void fail(const char *format, ...) {
    va_list args;
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    _exit(1);
}

static void *allocate(size_t count, size_t size) {
    void *p = calloc(count, size);
    if (!p) fail("out of memory");
    return p;
}

/* -- histogram: 128 steps per power of two, so within 0.8 % ------------------------------------------------ */

#define STEPS 128
#define POWERS 36
struct histogram {
    uint64_t count, max;
    double sum;
    uint32_t bins[POWERS * STEPS];
};

static void record(struct histogram *h, uint64_t ns) {
    unsigned bin = (unsigned)ns;
    if (ns >= STEPS) {
        unsigned power = 63u - (unsigned)__builtin_clzll(ns) - 7u; /* ns >> power is in [128, 256) */
        if (power + 1 >= POWERS) power = POWERS - 2;
        bin = (power + 1) * STEPS + ((unsigned)(ns >> power) & (STEPS - 1));
    }
    h->bins[bin]++;
    h->count++;
    h->sum += (double)ns;
    if (ns > h->max) h->max = ns;
}

static double percentile(const struct histogram *h, double share) {
    uint64_t want = (uint64_t)(share * (double)h->count), seen = 0;
    if (!h->count) return 0;
    for (unsigned i = 0; i < POWERS * STEPS; i++) {
        seen += h->bins[i];
        if (seen > want) {
            if (i < STEPS) return i;
            double low = (double)((uint64_t)(STEPS + i % STEPS) << (i / STEPS - 1));
            return low * (1 + 0.5 / STEPS);
        }
    }
    return (double)h->max;
}

static void print_histogram(const char *key, const struct histogram *h) {
    printf("\"%s\":{\"count\":%llu,\"mean\":%.1f,\"p50\":%.1f,\"p90\":%.1f,\"p99\":%.1f,\"p999\":%.1f,\"max\":%.1f}", key,
           (unsigned long long)h->count, h->count ? h->sum / (double)h->count / 1e3 : 0, percentile(h, .5) / 1e3,
           percentile(h, .9) / 1e3, percentile(h, .99) / 1e3, percentile(h, .999) / 1e3, (double)h->max / 1e3);
}

/* -- what is going on --------------------------------------------------------------------------------------- */

static struct {
    const char *url, *path, *prefix, *bind, *library;
    struct track_spec tracks[MAX_TRACKS];
    unsigned track_count, count, first_room, last_room, room_size, ramp, parallel;
    double limit;
} opt = {.count = 1, .room_size = 4, .limit = 180, .ramp = 2, .parallel = 16, .prefix = ""};

static atomic_ullong window_from, window_to;
static atomic_int stopping;
static atomic_uint linked, refused, started_inlets;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

struct totals { /* of all subscriptions to a track of that name */
    uint64_t received, bytes, duplicates, on_time, outside, bad;
    uint64_t first_ns, last_ns;
    struct histogram latency;
};
static struct totals totals[MAX_TRACKS];

struct inlet {
    unsigned track;
    int started;
    uint64_t *seen; /* one bit per sequence number */
    uint32_t seen_words;
};

static struct inlet *inlets;
static unsigned inlet_count;

struct sender {
    struct outlet *outlet;
    unsigned track;
    uint64_t next_ns, interval_ns, start_ns;
    uint32_t sequence;
    uint64_t sent, bytes, failed;
};

static struct sender *senders;
static unsigned sender_count;
static struct histogram lateness;

void peer_linked(struct link *link, int ok) {
    (void)link;
    pthread_mutex_lock(&lock);
    if (ok) linked++;
    else refused++;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static int mark_seen(struct inlet *in, uint32_t sequence) {
    uint32_t word = sequence / 64;
    if (word >= in->seen_words) {
        uint32_t words = word + 1 + in->seen_words;
        uint64_t *more = realloc(in->seen, words * sizeof *more);
        if (!more) fail("out of memory");
        memset(more + in->seen_words, 0, (words - in->seen_words) * sizeof *more);
        in->seen = more;
        in->seen_words = words;
    }
    uint64_t bit = 1ull << (sequence % 64);
    if (in->seen[word] & bit) return 1;
    in->seen[word] |= bit;
    return 0;
}

void peer_frame(struct inlet *in, const uint8_t *data, size_t size) {
    uint64_t now = now_ns();
    struct totals *t = &totals[in->track];
    const struct track_spec *spec = &opt.tracks[in->track];
    struct header h;
    if (size < sizeof h) {
        t->bad++;
        return;
    }
    memcpy(&h, data, sizeof h);
    unsigned expected = spec->key_size != spec->size && h.sequence % spec->gop == 0 ? spec->key_size : spec->size;
    if (h.magic != MAGIC || size != expected) {
        t->bad++;
        return;
    }
    if (!in->started) {
        in->started = 1;
        pthread_mutex_lock(&lock);
        started_inlets++;
        pthread_cond_broadcast(&changed);
        pthread_mutex_unlock(&lock);
    }
    uint64_t from = atomic_load_explicit(&window_from, memory_order_relaxed);
    uint64_t to = atomic_load_explicit(&window_to, memory_order_relaxed);
    if (!from || h.sent_ns < from || h.sent_ns >= to) {
        t->outside++;
        return;
    }
    if (mark_seen(in, h.sequence)) {
        t->duplicates++;
        return;
    }
    uint64_t latency = now > h.sent_ns ? now - h.sent_ns : 0;
    record(&t->latency, latency);
    t->received++;
    t->bytes += size;
    if (latency <= ON_TIME_NS) t->on_time++;
    if (!t->first_ns) t->first_ns = now;
    t->last_ns = now;
}

/* -- commands on standard input ------------------------------------------------------------------------------ */

static void obey(double seconds) { /* reads commands for that long or until "stop" */
    static char line[256];
    static size_t have;
    uint64_t until = now_ns() + (uint64_t)(seconds * 1e9);
    while (!stopping) {
        uint64_t now = now_ns();
        if (now >= until) return;
        struct pollfd p = {.fd = 0, .events = POLLIN};
        int wait = (int)((until - now) / 1000000) + 1;
        if (poll(&p, 1, wait > 1000 ? 1000 : wait) <= 0) continue;
        ssize_t n = read(0, line + have, sizeof line - 1 - have);
        if (n <= 0) {
            stopping = 1;
            return;
        }
        have += (size_t)n;
        line[have] = 0;
        for (char *end; (end = strchr(line, '\n'));) {
            unsigned long long from, to;
            *end = 0;
            if (sscanf(line, "go %llu %llu", &from, &to) == 2) {
                window_to = to;
                window_from = from;
            } else if (!strcmp(line, "stop")) {
                stopping = 1;
            }
            have -= (size_t)(end + 1 - line);
            memmove(line, end + 1, have + 1);
        }
        if (have + 1 >= sizeof line) have = 0;
    }
}

/* -- sending ----------------------------------------------------------------------------------------------------- */

static void sleep_until(uint64_t ns) {
    struct timespec t = {(time_t)(ns / 1000000000ull), (long)(ns % 1000000000ull)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR) {}
}

static void send_one(struct sender *s, uint8_t *buffer) {
    const struct track_spec *spec = &opt.tracks[s->track];
    uint32_t sequence = s->sequence++;
    int first = sequence % spec->gop == 0, last = sequence % spec->gop == spec->gop - 1;
    unsigned size = first ? spec->key_size : spec->size;
    struct header h = {now_ns(), MAGIC, sequence};
    memcpy(buffer, &h, sizeof h);
    int result = stack_push(s->outlet, buffer, size, first, last || spec->rate == 0, h.sent_ns / 1000);
    if (h.sent_ns >= window_from && h.sent_ns < window_to) {
        if (result == 0) {
            s->sent++;
            s->bytes += size;
        } else {
            s->failed++;
        }
        record(&lateness, h.sent_ns > s->next_ns ? h.sent_ns - s->next_ns : 0);
    }
}

/* A binary heap by due time, so that hundreds of tracks can share one pacing thread. */
static void sift_down(struct sender **heap, unsigned n, unsigned i) {
    for (;;) {
        unsigned child = 2 * i + 1;
        if (child >= n) return;
        if (child + 1 < n && heap[child + 1]->next_ns < heap[child]->next_ns) child++;
        if (heap[i]->next_ns <= heap[child]->next_ns) return;
        struct sender *t = heap[i];
        heap[i] = heap[child];
        heap[child] = t;
        i = child;
    }
}

static void *send_all(void *unused) {
    (void)unused;
    pthread_setname_np(pthread_self(), "bench-pace");
    unsigned largest = sizeof(struct header), n = 0;
    for (unsigned i = 0; i < opt.track_count; i++) {
        if (opt.tracks[i].size > largest) largest = opt.tracks[i].size;
        if (opt.tracks[i].key_size > largest) largest = opt.tracks[i].key_size;
    }
    uint8_t *buffer = allocate(1, largest);
    for (unsigned i = 0; i < largest; i++) buffer[i] = (uint8_t)(i * 31 + 7);
    struct sender **heap = allocate(sender_count + 1, sizeof *heap);
    uint64_t start = now_ns() + 10000000;
    for (unsigned i = 0; i < sender_count; i++) {
        struct sender *s = &senders[i];
        if (opt.tracks[s->track].rate == 0) {
            send_one(s, buffer);
            continue;
        }
        /* spread over the interval: people do not speak in step; key frames over the length of a group */
        s->interval_ns = (uint64_t)(1e9 / opt.tracks[s->track].rate);
        s->start_ns = start + (uint64_t)((double)s->interval_ns * i / sender_count);
        s->next_ns = s->start_ns;
        heap[n++] = s;
    }
    for (unsigned i = n; i-- > 0;) sift_down(heap, n, i);
    while (n && !stopping) {
        struct sender *s = heap[0];
        uint64_t now = now_ns();
        if (s->next_ns > now) sleep_until(s->next_ns - now > 50000000 ? now + 50000000 : s->next_ns);
        if (s->next_ns > now_ns()) continue;
        uint64_t to = window_to;
        if (!to || now_ns() < to + 200000000) send_one(s, buffer); /* some go on after the window: nothing ends early */
        s->next_ns = s->start_ns + (uint64_t)(1e9 * s->sequence / opt.tracks[s->track].rate);
        if (to && now_ns() >= to + 200000000) s->next_ns = now_ns() + 50000000;
        sift_down(heap, n, 0);
    }
    return NULL;
}

/* -- roles ------------------------------------------------------------------------------------------------------------- */

static int wait_for(atomic_uint *value, unsigned goal, double seconds) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    t.tv_sec += (time_t)seconds;
    t.tv_nsec += (long)((seconds - (double)(time_t)seconds) * 1e9);
    if (t.tv_nsec >= 1000000000) t.tv_sec++, t.tv_nsec -= 1000000000;
    pthread_mutex_lock(&lock);
    while (*value < goal && pthread_cond_timedwait(&changed, &lock, &t) == 0) {}
    int ok = *value >= goal;
    pthread_mutex_unlock(&lock);
    return ok;
}

static void connect_paced(struct link *l, unsigned nth) {
    stack_connect(l);
    /* never more than `parallel` handshakes at once */
    if (nth + 1 > opt.parallel) wait_for(&linked, nth + 1 - opt.parallel, 5);
}

static pthread_t pace_thread;

static void start_sending(void) {
    if (sender_count && pthread_create(&pace_thread, NULL, send_all, NULL)) fail("no thread");
}

static void subscribe_to(struct link *l, const char *path) {
    for (unsigned t = 0; t < opt.track_count; t++) {
        struct inlet *in = &inlets[inlet_count++];
        in->track = t;
        stack_subscribe(l, path, &opt.tracks[t], in);
    }
}

static void publish_on(struct link *l) {
    for (unsigned t = 0; t < opt.track_count; t++) {
        struct sender *s = &senders[sender_count++];
        s->track = t;
        s->outlet = stack_publish(l, &opt.tracks[t]);
    }
}

static void report_ready(unsigned links) {
    printf("ready %u/%u links %u/%u subscriptions\n", (unsigned)linked, links, (unsigned)started_inlets, inlet_count);
    fflush(stdout);
    obey(opt.limit);
}

static void run_publish(void) {
    senders = allocate(opt.track_count, sizeof *senders);
    struct link *l = stack_open(opt.url, opt.prefix, opt.path, 0);
    publish_on(l);
    stack_connect(l);
    if (!wait_for(&linked, 1, 10)) fail("publisher cannot connect");
    start_sending();
    report_ready(1);
}

static void run_subscribe(void) {
    inlets = allocate((size_t)opt.count * opt.track_count, sizeof *inlets);
    for (unsigned i = 0; i < opt.count; i++) {
        struct link *l = stack_open(opt.url, opt.prefix, NULL, 1);
        connect_paced(l, i);
        subscribe_to(l, opt.path);
    }
    wait_for(&linked, opt.count, 20);
    wait_for(&started_inlets, inlet_count, 15);
    report_ready(opt.count);
}

static void run_rooms(void) {
    unsigned rooms = opt.last_room - opt.first_room, people = rooms * opt.room_size;
    inlets = allocate((size_t)people * opt.room_size * opt.track_count, sizeof *inlets);
    senders = allocate((size_t)people * opt.track_count, sizeof *senders);
    struct link **links = allocate(people, sizeof *links);
    for (unsigned i = 0; i < people; i++) {
        char *prefix = allocate(1, 32), *path = allocate(1, 48);
        snprintf(prefix, 32, "room%u", opt.first_room + i / opt.room_size);
        snprintf(path, 48, "%s/p%u", prefix, i % opt.room_size);
        links[i] = stack_open(opt.url, prefix, path, 1);
        publish_on(links[i]);
        connect_paced(links[i], i);
    }
    wait_for(&linked, people, 20);
    start_sending();
    for (unsigned i = 0; i < people; i++) {
        for (unsigned other = 0; other < opt.room_size; other++) {
            if (other == i % opt.room_size) continue;
            char *path = allocate(1, 48);
            snprintf(path, 48, "room%u/p%u", opt.first_room + i / opt.room_size, other);
            subscribe_to(links[i], path);
        }
    }
    wait_for(&started_inlets, inlet_count, 20);
    report_ready(people);
}

static void run_idle(void) {
    for (unsigned i = 0; i < opt.count; i++) connect_paced(stack_open(opt.url, opt.prefix, NULL, 1), i);
    wait_for(&linked, opt.count, 20);
    report_ready(opt.count);
}

static struct histogram first_frame, linked_after;

static void run_first(void) {
    const unsigned warm = 3;
    unsigned missed = 0;
    inlets = allocate((size_t)(opt.count + warm) * opt.track_count, sizeof *inlets);
    for (unsigned i = 0; i < opt.count + warm && !stopping; i++) {
        uint64_t begin = now_ns();
        struct link *l = stack_open(opt.url, opt.prefix, NULL, 1);
        stack_connect(l);
        subscribe_to(l, opt.path);
        wait_for(&linked, i + 1, 5);
        uint64_t up = now_ns();
        int ok = wait_for(&started_inlets, inlet_count - missed, 5);
        uint64_t end = now_ns();
        if (!ok) missed = inlet_count - started_inlets;
        if (i >= warm && ok) {
            record(&first_frame, end - begin);
            record(&linked_after, up - begin);
        }
        stack_close(l);
        obey(0.03);
    }
}

/* -- command line and output ----------------------------------------------------------------------------------------------- */

static void parse_track(char *text) {
    if (opt.track_count == MAX_TRACKS) fail("too many tracks");
    struct track_spec *t = &opt.tracks[opt.track_count++];
    *t = (struct track_spec){.size = 160, .rate = 50, .gop = 1, .priority = 100, .max_age_ms = 500};
    char *save = NULL, *part = strtok_r(text, ",", &save);
    snprintf(t->name, sizeof t->name, "%s", part ? part : "");
    while ((part = strtok_r(NULL, ",", &save))) {
        char *eq = strchr(part, '=');
        if (!eq) fail("track: %s", part);
        double v = atof(eq + 1);
        *eq = 0;
        if (!strcmp(part, "size")) t->size = (unsigned)v;
        else if (!strcmp(part, "rate")) t->rate = v;
        else if (!strcmp(part, "key")) t->key_size = (unsigned)v;
        else if (!strcmp(part, "gop")) t->gop = (unsigned)v;
        else if (!strcmp(part, "prio")) t->priority = (unsigned)v;
        else if (!strcmp(part, "age")) t->max_age_ms = (unsigned)v;
        else fail("track: %s", part);
    }
    if (!t->key_size) t->key_size = t->size;
    if (t->size < sizeof(struct header) || t->key_size < sizeof(struct header) || !t->gop) fail("track: too small");
}

static void print_result(const char *role) {
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    printf("{\"stack\":\"%s\",\"role\":\"%s\",\"linked\":%u,\"refused\":%u,\"subscriptions\":%u,\"started\":%u,", stack_name,
           role, (unsigned)linked, (unsigned)refused, inlet_count, (unsigned)started_inlets);
    printf("\"cpu_s\":%.3f,", (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
                                  (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6);
    print_histogram("pace_late_us", &lateness);
    printf(",");
    print_histogram("first_frame_us", &first_frame);
    printf(",");
    print_histogram("linked_us", &linked_after);
    printf(",\"tracks\":{");
    for (unsigned i = 0; i < opt.track_count; i++) {
        uint64_t sent = 0, bytes = 0, bad = 0, subscriptions = 0;
        for (unsigned s = 0; s < sender_count; s++) {
            if (senders[s].track != i) continue;
            sent += senders[s].sent;
            bytes += senders[s].bytes;
            bad += senders[s].failed;
        }
        for (unsigned s = 0; s < inlet_count; s++) subscriptions += inlets[s].track == i;
        const struct totals *t = &totals[i];
        printf("%s\"%s\":{\"sent\":%llu,\"sent_bytes\":%llu,\"send_failed\":%llu,\"subscriptions\":%llu,\"received\":%llu,"
               "\"received_bytes\":%llu,\"on_time\":%llu,\"duplicates\":%llu,\"outside\":%llu,\"bad\":%llu,\"span_s\":%.3f,",
               i ? "," : "", opt.tracks[i].name, (unsigned long long)sent, (unsigned long long)bytes,
               (unsigned long long)bad, (unsigned long long)subscriptions, (unsigned long long)t->received,
               (unsigned long long)t->bytes, (unsigned long long)t->on_time, (unsigned long long)t->duplicates,
               (unsigned long long)t->outside, (unsigned long long)t->bad, (double)(t->last_ns - t->first_ns) / 1e9);
        print_histogram("latency_us", &t->latency);
        printf("}");
    }
    printf("}}\n");
    fflush(stdout);
}

int main(int argc, char **argv) {
    if (argc < 2) fail("usage: see the head of peer.c");
    const char *role = argv[1];
    for (int i = 2; i < argc; i++) {
        const char *name = argv[i];
        if (i + 1 >= argc) fail("%s needs a value", name);
        char *value = argv[++i];
        if (!strcmp(name, "--url")) opt.url = value;
        else if (!strcmp(name, "--path")) opt.path = value;
        else if (!strcmp(name, "--prefix")) opt.prefix = value;
        else if (!strcmp(name, "--bind")) opt.bind = value;
        else if (!strcmp(name, "--library")) opt.library = value;
        else if (!strcmp(name, "--track")) parse_track(value);
        else if (!strcmp(name, "--count")) opt.count = (unsigned)atoi(value);
        else if (!strcmp(name, "--size")) opt.room_size = (unsigned)atoi(value);
        else if (!strcmp(name, "--parallel")) opt.parallel = (unsigned)atoi(value);
        else if (!strcmp(name, "--limit")) opt.limit = atof(value);
        else if (!strcmp(name, "--rooms")) {
            if (sscanf(value, "%u-%u", &opt.first_room, &opt.last_room) != 2 || opt.last_room <= opt.first_room)
                fail("--rooms A-B");
        } else fail("unknown option %s", name);
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* nothing outlives the program that runs the benchmark */
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    signal(SIGPIPE, SIG_IGN);
    alarm((unsigned)opt.limit + 60);

    if (!strcmp(role, "stack")) {
        puts(stack_name);
        return 0;
    }
    if (stack_start(opt.library)) fail("%s does not start", stack_name);
    if (!strcmp(role, "relay")) return stack_relay(opt.bind ? opt.bind : "127.0.0.1:0") ? 1 : 0;
    if (!opt.url) fail("--url is missing");
    if (!strcmp(role, "publish") && opt.path) run_publish();
    else if (!strcmp(role, "subscribe") && opt.path) run_subscribe();
    else if (!strcmp(role, "rooms")) run_rooms();
    else if (!strcmp(role, "first") && opt.path) run_first();
    else if (!strcmp(role, "idle")) run_idle();
    else fail("unknown role %s, or --path is missing", role);
    stopping = 1;
    if (pace_thread) pthread_join(pace_thread, NULL);
    print_result(role);
    _exit(0); /* without the clean-up of a library that other threads are still in */
}
