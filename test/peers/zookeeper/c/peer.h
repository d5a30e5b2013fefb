/* What the scenarios share: a handle with what its watchers have heard, orders, and what is written down. */
#ifndef PEER_H
#define PEER_H

#include <stdbool.h>
#include <zookeeper/zookeeper.h>

#define WAIT_MS_MAX 40000
#define SESSION_MS 4000
#define HEARD_MAX 64
#define TEXT_MAX 4096

typedef struct {
  int type;
  int state;
  char path[256];
} heard_t;

/* A session, what its own watcher has heard (states) and what those of reads have (events). */
typedef struct {
  zhandle_t *zh;
  heard_t states[HEARD_MAX];
  int states_count;
  heard_t events[HEARD_MAX];
  int events_count;
} client_t;

typedef struct {
  const char *address;
  const char *root;
  const char *direct;
  const char *control;
} peer_t;

/* A fact whose value is JSON, printed as `printf` does. */
void fact(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Ends the program, saying why. */
void fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* Ends the program where `code` is not ZOK. */
void check(int code, const char *what);

long long now_ms(void);
void sleep_ms(int ms);

#define WAIT_UNTIL(condition, what)                                          \
  do {                                                                       \
    long long end_ = now_ms() + WAIT_MS_MAX;                                 \
    while (!(condition)) {                                                   \
      if (now_ms() > end_) fail("waited %d ms for %s", WAIT_MS_MAX, (what)); \
      sleep_ms(10);                                                          \
    }                                                                        \
  } while (0)

/* Starts a client; `session` is gone on with where there is one. It is connected on return, where `waits`. */
client_t *open_client(const char *address, const clientid_t *session, int timeout_ms, bool waits);
void close_client(client_t *client);
/* Whether the last that it heard of its session is this. */
bool is_in_state(const client_t *client, int state);
int count_states(const client_t *client, int state);
/* A watcher for reads, whose context is the client. */
void hear(zhandle_t *zh, int type, int state, const char *path, void *client);
/* `[[type,"path"],...]` without the root, in their order of arrival or sorted. */
const char *events_text(const client_t *client, const char *root, bool sorted);

void order(const peer_t *peer, const char *what);

/* `root` and `name` in one of a few buffers that are used in turn. */
const char *under(const peer_t *peer, const char *name);

/* `["a","b"]`, sorted. */
const char *names_text(struct String_vector *names);

void show_znodes(const peer_t *peer);
void show_acls(const peer_t *peer);
void show_multi(const peer_t *peer);
void show_passing_znodes(const peer_t *peer);
void show_pipeline(const peer_t *peer);
void show_watches(const peer_t *peer);
void show_lock(const peer_t *peer);
void show_reconnection(const peer_t *peer);
void show_restart(const peer_t *peer);
void show_session_loss(const peer_t *peer);
void show_expiry(const peer_t *peer);

#endif
