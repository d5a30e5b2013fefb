/* Watches, connections that are cut, a server that is killed, and sessions that are lost. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "peer.h"

static const char *truth(bool is) {
  return is ? "true" : "false";
}

static void make(client_t *client, const char *path, int mode) {
  check(zoo_create(client->zh, path, "", 0, &ZOO_OPEN_ACL_UNSAFE, mode, NULL, 0), path);
}

static void watch_data(client_t *client, const char *path) {
  char data[16];
  int length = sizeof data;
  check(zoo_wget(client->zh, path, hear, client, data, &length, NULL), path);
}

static void watch_children(client_t *client, const char *path) {
  struct String_vector names;
  check(zoo_wget_children(client->zh, path, hear, client, &names), path);
  deallocate_String_vector(&names);
}

static void watch_existence(client_t *client, const char *path) {
  int code = zoo_wexists(client->zh, path, hear, client, NULL);
  if (code != ZNONODE) check(code, path);
}

/* A client over the proxy, and one beside it. */
static void open_both(const peer_t *peer, client_t **client, client_t **other) {
  *client = open_client(peer->address, NULL, SESSION_MS, true);
  *other = open_client(peer->direct, NULL, SESSION_MS, true);
  make(*client, peer->root, 0);
}

void show_watches(const peer_t *peer) {
  client_t *client, *other;
  open_both(peer, &client, &other);
  make(client, under(peer, "/a"), 0);
  watch_data(client, under(peer, "/a"));
  watch_existence(client, under(peer, "/new"));
  watch_children(client, peer->root);
  check(zoo_set(other->zh, under(peer, "/a"), "1", 1, -1), "set");
  check(zoo_set(other->zh, under(peer, "/a"), "2", 1, -1), "set");
  make(other, under(peer, "/new"), 0);
  make(other, under(peer, "/newer"), 0);
  WAIT_UNTIL(client->events_count >= 3, "three events");
  sleep_ms(100);
  fact("once each", "%s", events_text(client, peer->root, false));
  client->events_count = 0;
  watch_data(client, under(peer, "/a"));
  watch_children(client, under(peer, "/a"));
  check(zoo_delete(other->zh, under(peer, "/a"), -1), "delete");
  WAIT_UNTIL(client->events_count >= 1, "the event of a deletion");
  sleep_ms(100);
  fact("of a deletion", "%s", events_text(client, peer->root, false));
  client->events_count = 0;
  watch_data(client, under(peer, "/new"));
  check(zoo_remove_watches(client->zh, under(peer, "/new"), ZWATCHTYPE_DATA, hear, client, 0), "remove watches");
  fact("removed again", "%d", zoo_remove_watches(client->zh, under(peer, "/new"), ZWATCHTYPE_DATA, hear, client, 0));
  check(zoo_set(other->zh, under(peer, "/new"), "1", 1, -1), "set");
  sleep_ms(200);
  fact("after its removal", "%s", events_text(client, peer->root, false));
  close_client(client);
  close_client(other);
}

void show_reconnection(const peer_t *peer) {
  client_t *client, *other;
  const char *const names[] = {"/changed", "/deleted", "/kept", "/parent"};
  struct Stat born, now;
  open_both(peer, &client, &other);
  int64_t session = zoo_client_id(client->zh)->client_id;
  for (int index = 0; index < 4; index++) make(client, under(peer, names[index]), 0);
  make(client, under(peer, "/ephemeral"), ZOO_EPHEMERAL);
  check(zoo_exists(client->zh, under(peer, "/ephemeral"), 0, &born), "exists");
  for (int index = 0; index < 3; index++) watch_data(client, under(peer, names[index]));
  watch_existence(client, under(peer, "/created"));
  watch_existence(client, under(peer, "/late"));
  watch_children(client, under(peer, "/parent"));

  order(peer, "refuse");
  WAIT_UNTIL(is_in_state(client, ZOO_CONNECTING_STATE), "the disconnect");
  check(zoo_set(other->zh, under(peer, "/changed"), "x", 1, -1), "set");
  check(zoo_delete(other->zh, under(peer, "/deleted"), -1), "delete");
  make(other, under(peer, "/created"), 0);
  make(other, under(peer, "/parent/child"), 0);
  order(peer, "heal");
  WAIT_UNTIL(is_in_state(client, ZOO_CONNECTED_STATE), "the reconnection");
  WAIT_UNTIL(client->events_count >= 4, "four events");
  fact("what happened meanwhile", "%s", events_text(client, peer->root, true));
  client->events_count = 0;
  check(zoo_set(other->zh, under(peer, "/kept"), "x", 1, -1), "set");
  make(other, under(peer, "/late"), 0);
  WAIT_UNTIL(client->events_count >= 2, "two events");
  fact("what happened later", "%s", events_text(client, peer->root, false));
  for (int cuts = 0; cuts < 5; cuts++) {
    int before = count_states(client, ZOO_CONNECTED_STATE);
    order(peer, "cut");
    WAIT_UNTIL(count_states(client, ZOO_CONNECTED_STATE) > before, "the reconnection");
  }
  check(zoo_exists(client->zh, under(peer, "/ephemeral"), 0, &now), "exists");
  fact("the session", "[%s,%s,%d]", truth(zoo_client_id(client->zh)->client_id == session),
       truth(now.czxid == born.czxid), count_states(client, ZOO_EXPIRED_SESSION_STATE));
  /* Nothing is sent for longer than the session lasts, but pings. */
  client_t *idle = open_client(peer->address, NULL, 2000, true);
  make(idle, under(peer, "/idle"), ZOO_EPHEMERAL);
  sleep_ms(4000);
  fact("idle", "[%d,%d]", idle->states_count, zoo_exists(idle->zh, under(peer, "/idle"), 0, NULL));
  close_client(idle);
  close_client(client);
  close_client(other);
}

void show_restart(const peer_t *peer) {
  client_t *client, *other;
  struct Stat before, after;
  open_both(peer, &client, &other);
  int64_t session = zoo_client_id(client->zh)->client_id;
  make(client, under(peer, "/ephemeral"), ZOO_EPHEMERAL);
  make(client, under(peer, "/data"), 0);
  watch_data(client, under(peer, "/data"));
  check(zoo_set2(client->zh, under(peer, "/ephemeral"), "1", 1, -1, &before), "set");
  order(peer, "restart");
  WAIT_UNTIL(count_states(client, ZOO_CONNECTED_STATE) == 2, "the reconnection");
  WAIT_UNTIL(count_states(other, ZOO_CONNECTED_STATE) == 2, "the other's reconnection");
  fact("the session", "%s", truth(zoo_client_id(client->zh)->client_id == session));
  check(zoo_exists(client->zh, under(peer, "/ephemeral"), 0, &after), "exists");
  fact("the ephemeral", "[%s,%d]", truth(after.mzxid == before.mzxid), after.version);
  check(zoo_set2(other->zh, under(peer, "/data"), "x", 1, 0, &after), "set");
  fact("zxids go on", "%s", truth(after.mzxid > before.mzxid));
  WAIT_UNTIL(client->events_count >= 1, "the event");
  fact("watches go on", "%s", events_text(client, peer->root, false));
  close_client(client);
  close_client(other);
}

void show_session_loss(const peer_t *peer) {
  client_t *client, *other;
  open_both(peer, &client, &other);
  clientid_t session = *zoo_client_id(client->zh), wrong = session;
  make(client, under(peer, "/ephemeral"), ZOO_EPHEMERAL);
  watch_existence(other, under(peer, "/ephemeral"));

  memset(wrong.passwd, 'x', sizeof wrong.passwd);
  client_t *thief = open_client(peer->direct, &wrong, SESSION_MS, false);
  WAIT_UNTIL(is_in_state(thief, ZOO_EXPIRED_SESSION_STATE), "the refusal");
  fact("another password", "[%d,%s]", thief->states_count, truth(is_unrecoverable(thief->zh) == ZINVALIDSTATE));
  close_client(thief);
  WAIT_UNTIL(is_in_state(client, ZOO_CONNECTED_STATE), "the connection");
  fact("the session goes on", "%d", zoo_exists(other->zh, under(peer, "/ephemeral"), 0, NULL));

  order(peer, "refuse");
  WAIT_UNTIL(is_in_state(client, ZOO_CONNECTING_STATE), "the disconnect");
  client_t *successor = open_client(peer->direct, &session, SESSION_MS, true);
  fact("taken over", "%s", truth(zoo_client_id(successor->zh)->client_id == session.client_id));
  make(successor, under(peer, "/ephemeral-too"), ZOO_EPHEMERAL);
  fact("not closed by its disconnect", "%d", other->events_count);
  close_client(successor);
  order(peer, "heal");
  WAIT_UNTIL(is_in_state(client, ZOO_EXPIRED_SESSION_STATE), "the expiry");
  fact("unrecoverable", "%s", truth(is_unrecoverable(client->zh) == ZINVALIDSTATE));
  int code = zoo_exists(client->zh, peer->root, 0, NULL);
  fact("a request after it", "%s", truth(code == ZINVALIDSTATE || code == ZSESSIONEXPIRED || code == ZCLOSING));
  WAIT_UNTIL(other->events_count >= 1, "the end of the ephemeral");
  fact("ephemerals", "[%s,%d]", events_text(other, peer->root, false),
       zoo_exists(other->zh, under(peer, "/ephemeral-too"), 0, NULL));
  close_client(client);
  client_t *next = open_client(peer->address, NULL, SESSION_MS, true);
  fact("the next session", "%s", truth(zoo_client_id(next->zh)->client_id != session.client_id));
  close_client(next);
  close_client(other);
}

void show_expiry(const peer_t *peer) {
  client_t *client, *other;
  open_both(peer, &client, &other);
  client_t *silent = open_client(peer->address, NULL, 2000, true);
  make(silent, under(peer, "/ephemeral"), ZOO_EPHEMERAL);
  watch_existence(other, under(peer, "/ephemeral"));
  long long began = now_ms();
  order(peer, "silence");
  WAIT_UNTIL(other->events_count >= 1, "the end of the ephemeral");
  long long took = now_ms() - began;
  fact("in time", "[%s,%s]", truth(took > 1000), truth(took < 6000));
  WAIT_UNTIL(count_states(silent, ZOO_CONNECTING_STATE) > 0, "that it notices");
  order(peer, "heal");
  WAIT_UNTIL(is_in_state(silent, ZOO_EXPIRED_SESSION_STATE), "the expiry");
  fact("the event", "%s", events_text(other, peer->root, false));
  close_client(silent);
  close_client(client);
  close_client(other);
}
