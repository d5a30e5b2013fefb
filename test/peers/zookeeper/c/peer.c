#include "peer.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <sys/socket.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void fact(const char *name, const char *format, ...) {
  va_list values;
  va_start(values, format);
  printf("{\"fact\":\"%s\",\"value\":", name);
  vprintf(format, values);
  printf("}\n");
  fflush(stdout);
  va_end(values);
}

void fail(const char *format, ...) {
  va_list values;
  va_start(values, format);
  vfprintf(stderr, format, values);
  fprintf(stderr, "\n");
  va_end(values);
  _exit(1);
}

void check(int code, const char *what) {
  if (code != ZOK) fail("%s: %s", what, zerror(code));
}

long long now_ms(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000LL + time.tv_nsec / 1000000;
}

void sleep_ms(int ms) {
  struct timespec time = {ms / 1000, (ms % 1000) * 1000000L};
  nanosleep(&time, NULL);
}

static void keep(heard_t *heard, int *count, int type, int state, const char *path) {
  pthread_mutex_lock(&lock);
  if (*count == HEARD_MAX) fail("too much was heard");
  heard[*count].type = type;
  heard[*count].state = state;
  snprintf(heard[*count].path, sizeof heard->path, "%s", path == NULL ? "" : path);
  *count += 1;
  pthread_mutex_unlock(&lock);
}

static void hear_state(zhandle_t *zh, int type, int state, const char *path, void *context) {
  client_t *client = context;
  (void)zh;
  if (type == ZOO_SESSION_EVENT) keep(client->states, &client->states_count, type, state, path);
}

void hear(zhandle_t *zh, int type, int state, const char *path, void *context) {
  client_t *client = context;
  (void)zh;
  /* What becomes of the session is told to every watcher. */
  if (type != ZOO_SESSION_EVENT) keep(client->events, &client->events_count, type, state, path);
}

client_t *open_client(const char *address, const clientid_t *session, int timeout_ms, bool waits) {
  client_t *client = calloc(1, sizeof *client);
  client->zh = zookeeper_init(address, hear_state, timeout_ms, session, client, 0);
  if (client->zh == NULL) fail("no handle for %s", address);
  if (waits) WAIT_UNTIL(is_in_state(client, ZOO_CONNECTED_STATE), "the connection");
  return client;
}

void close_client(client_t *client) {
  zookeeper_close(client->zh);
  client->zh = NULL;
}

bool is_in_state(const client_t *client, int state) {
  pthread_mutex_lock(&lock);
  bool is = client->states_count > 0 && client->states[client->states_count - 1].state == state;
  pthread_mutex_unlock(&lock);
  return is;
}

int count_states(const client_t *client, int state) {
  int count = 0;
  pthread_mutex_lock(&lock);
  for (int index = 0; index < client->states_count; index++) count += client->states[index].state == state;
  pthread_mutex_unlock(&lock);
  return count;
}

static int by_text(const void *one, const void *other) {
  return strcmp(*(char *const *)one, *(char *const *)other);
}

static const char *joined(char **texts, int count, bool sorted) {
  static char buffers[4][TEXT_MAX];
  static int next;
  char *text = buffers[next++ % 4];
  int length = snprintf(text, TEXT_MAX, "[");
  if (sorted) qsort(texts, (size_t)count, sizeof *texts, by_text);
  for (int index = 0; index < count && length < TEXT_MAX; index++) {
    length += snprintf(text + length, (size_t)(TEXT_MAX - length), "%s%s", index == 0 ? "" : ",", texts[index]);
  }
  if (length + 1 >= TEXT_MAX) fail("too much text");
  strcat(text, "]");
  return text;
}

const char *events_text(const client_t *client, const char *root, bool sorted) {
  static char texts[HEARD_MAX][300];
  char *list[HEARD_MAX];
  pthread_mutex_lock(&lock);
  int count = client->events_count;
  for (int index = 0; index < count; index++) {
    const heard_t *event = &client->events[index];
    snprintf(texts[index], sizeof texts[index], "[%d,\"%s\"]", event->type, event->path + strlen(root));
    list[index] = texts[index];
  }
  pthread_mutex_unlock(&lock);
  return joined(list, count, sorted);
}

const char *names_text(struct String_vector *names) {
  static char texts[HEARD_MAX][300];
  char *list[HEARD_MAX];
  if (names->count > HEARD_MAX) fail("too many names");
  for (int index = 0; index < names->count; index++) {
    snprintf(texts[index], sizeof texts[index], "\"%s\"", names->data[index]);
    list[index] = texts[index];
  }
  return joined(list, names->count, true);
}

const char *under(const peer_t *peer, const char *name) {
  static char buffers[16][300];
  static int next;
  char *path = buffers[next++ % 16];
  snprintf(path, sizeof *buffers, "%s%s", peer->root, name);
  return path;
}

void order(const peer_t *peer, const char *what) {
  struct sockaddr_in address = {.sin_family = AF_INET};
  const char *colon = strchr(peer->control, ':');
  char answer[256] = "";
  size_t length = 0;
  ssize_t got = 0;
  address.sin_port = htons((uint16_t)atoi(colon + 1));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int socket_ = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(socket_, (struct sockaddr *)&address, sizeof address) != 0) fail("nobody takes orders");
  dprintf(socket_, "%s\n", what);
  while ((got = read(socket_, answer + length, sizeof answer - 1 - length)) > 0) length += (size_t)got;
  close(socket_);
  if (strcmp(answer, "done\n") != 0) fail("%s: %s", what, answer);
}
