/* The lock of ZooKeeper's recipes, over processes, one of which dies while it has it. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "peer.h"

enum { rounds = 20, owner_ms = 2000 };

/* Waits until nothing stands before `own` in the queue; only one waiter is woken by a release. */
static void wait_for_turn(client_t *client, const char *queue, const char *own) {
  for (;;) {
    struct String_vector names;
    char before[300] = "";
    check(zoo_get_children(client->zh, queue, 0, &names), "children");
    for (int index = 0; index < names.count; index++) {
      const char *name = names.data[index];
      if (strcmp(name, own) < 0 && strcmp(name, before) > 0) snprintf(before, sizeof before, "%s", name);
    }
    deallocate_String_vector(&names);
    if (before[0] == '\0') return;
    char path[600];
    snprintf(path, sizeof path, "%s/%s", queue, before);
    int heard = client->events_count;
    int code = zoo_wexists(client->zh, path, hear, client, NULL);
    if (code == ZOK) {
      WAIT_UNTIL(client->events_count > heard, "the predecessor");
      client->events_count = 0;
    } else if (code != ZNONODE) check(code, "exists");
  }
}

static void acquire(client_t *client, const char *queue, char *path) {
  char prefix[300];
  snprintf(prefix, sizeof prefix, "%s/lock-", queue);
  check(zoo_create(client->zh, prefix, "", 0, &ZOO_OPEN_ACL_UNSAFE, ZOO_EPHEMERAL_SEQUENTIAL, path, 300), "lock");
  wait_for_turn(client, queue, strrchr(path, '/') + 1);
}

/* Two that are inside at once would lose an addition. */
static void add_one(client_t *client, const char *counter) {
  char text[32];
  int length = sizeof text - 1;
  check(zoo_get(client->zh, counter, 0, text, &length, NULL), "get");
  text[length < 0 ? 0 : length] = '\0';
  length = snprintf(text, sizeof text, "%d", atoi(text) + 1);
  check(zoo_set(client->zh, counter, text, length, -1), "set");
}

static pid_t start(const peer_t *peer, bool dies) {
  pid_t child = fork();
  if (child != 0) return child;
  client_t *client = open_client(peer->address, NULL, owner_ms, true);
  char path[300];
  for (int round = 0; round < rounds; round++) {
    acquire(client, under(peer, "/queue"), path);
    add_one(client, under(peer, "/counter"));
    if (dies && round == rounds - 1) raise(SIGKILL);
    check(zoo_delete(client->zh, path, -1), "release");
  }
  close_client(client);
  _exit(0);
}

static int end(pid_t child) {
  int status = 0;
  waitpid(child, &status, 0);
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

void show_lock(const peer_t *peer) {
  /* No thread of the client may be there before the last fork. */
  pid_t maker = fork();
  if (maker == 0) {
    client_t *client = open_client(peer->address, NULL, SESSION_MS, true);
    const char *const names[] = {"", "/queue", "/counter"};
    for (int index = 0; index < 3; index++) {
      check(zoo_create(client->zh, under(peer, names[index]), "0", 1, &ZOO_OPEN_ACL_UNSAFE, 0, NULL, 0), "create");
    }
    close_client(client);
    _exit(0);
  }
  fact("made", "%d", end(maker));
  pid_t one = start(peer, false), other = start(peer, true);
  fact("who dies with the lock", "%d", end(other));
  long long died = now_ms();
  fact("who lives", "%d", end(one));
  client_t *client = open_client(peer->address, NULL, SESSION_MS, true);
  char path[300], text[32];
  acquire(client, under(peer, "/queue"), path);
  fact("had by a third in time", "%s", now_ms() - died < owner_ms + 4000 ? "true" : "false");
  int length = sizeof text - 1;
  check(zoo_get(client->zh, under(peer, "/counter"), 0, text, &length, NULL), "get");
  text[length] = '\0';
  fact("counted", "%s", text);
  close_client(client);
}
