/* Znodes, access control lists, transactions and pipelines. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "peer.h"

static client_t *open_root(const peer_t *peer) {
  client_t *client = open_client(peer->address, NULL, SESSION_MS, true);
  check(zoo_create(client->zh, peer->root, "", 0, &ZOO_OPEN_ACL_UNSAFE, 0, NULL, 0), "the root");
  return client;
}

static int create(zhandle_t *zh, const char *path, const char *data, int mode, char *made) {
  return zoo_create(zh, path, data, (int)strlen(data), &ZOO_OPEN_ACL_UNSAFE, mode, made, made == NULL ? 0 : 300);
}

static const char *get(zhandle_t *zh, const char *path, struct Stat *stat) {
  static char data[64];
  int length = sizeof data - 1;
  int code = zoo_get(zh, path, 0, data, &length, stat);
  if (code != ZOK) snprintf(data, sizeof data, "error %d", code);
  else data[length < 0 ? 0 : length] = '\0';
  return data;
}

void show_znodes(const peer_t *peer) {
  client_t *client = open_root(peer);
  zhandle_t *zh = client->zh;
  struct Stat stat;
  struct String_vector names;
  char made[4][300];

  fact("negotiated", "%d", zoo_recv_timeout(zh));
  check(create(zh, under(peer, "/a"), "one", ZOO_PERSISTENT, made[0]), "create");
  fact("created", "\"%s\"", made[0]);
  check(zoo_create2(zh, under(peer, "/b"), "three", 5, &ZOO_OPEN_ACL_UNSAFE, 0, made[0], 300, &stat), "create2");
  fact("created with stat", "[%d,%d,%d,%s]", stat.version, stat.dataLength, stat.numChildren,
       stat.czxid == stat.mzxid && stat.czxid == stat.pzxid ? "true" : "false");
  fact("created again", "%d", create(zh, under(peer, "/a"), "", 0, NULL));
  fact("created without a parent", "%d", create(zh, under(peer, "/x/y"), "", 0, NULL));
  check(zoo_set2(zh, under(peer, "/a"), "two", 3, 0, &stat), "set");
  fact("changed", "[%d,%d]", stat.version, stat.dataLength);
  fact("changed at an old version", "%d", zoo_set(zh, under(peer, "/a"), "", 0, 0));
  fact("data", "\"%s\"", get(zh, under(peer, "/a"), &stat));
  check(zoo_create(zh, under(peer, "/null"), NULL, -1, &ZOO_OPEN_ACL_UNSAFE, 0, NULL, 0), "create");
  int length = 8;
  check(zoo_get(zh, under(peer, "/null"), 0, made[0], &length, NULL), "get");
  fact("null", "%d", length);
  fact("none", "[%d,\"%s\"]", zoo_exists(zh, under(peer, "/none"), 0, &stat), get(zh, under(peer, "/none"), &stat));
  for (int index = 0; index < 3; index++) {
    int mode = index == 2 ? ZOO_EPHEMERAL_SEQUENTIAL : ZOO_PERSISTENT_SEQUENTIAL;
    check(create(zh, under(peer, "/b/s-"), "", mode, made[index]), "create");
  }
  fact("sequential", "[\"%s\",\"%s\",\"%s\"]", made[0], made[1], made[2]);
  check(zoo_exists(zh, made[2], 0, &stat), "exists");
  fact("owned", "%s", stat.ephemeralOwner == zoo_client_id(zh)->client_id ? "true" : "false");
  fact("child of an ephemeral", "%d", create(zh, under(peer, "/b/s-0000000002/c"), "", 0, NULL));
  check(zoo_get_children2(zh, under(peer, "/b"), 0, &names, &stat), "children");
  fact("children", "[%s,%d,%d]", names_text(&names), stat.numChildren, stat.cversion);
  deallocate_String_vector(&names);
  fact("deleted with children", "%d", zoo_delete(zh, under(peer, "/b"), -1));
  fact("deleted at another version", "%d", zoo_delete(zh, under(peer, "/a"), 7));
  check(zoo_delete(zh, under(peer, "/a"), 1), "delete");
  fact("deleted", "%d", zoo_exists(zh, under(peer, "/a"), 0, NULL));
  length = 300;
  fact("configuration", "%d", zoo_getconfig(zh, 0, made[0], &length, &stat));
  fact("reconfigured", "%d", zoo_reconfig(zh, NULL, NULL, "server.1=127.0.0.1:1:2;3", -1, made[0], &length, &stat));

  client_t *passing = open_client(peer->address, NULL, SESSION_MS, true);
  check(create(passing->zh, under(peer, "/e"), "", ZOO_EPHEMERAL, NULL), "create");
  fact("of a session", "%d", zoo_exists(zh, under(peer, "/e"), 0, NULL));
  close_client(passing);
  fact("of a closed session", "%d", zoo_exists(zh, under(peer, "/e"), 0, NULL));
  close_client(client);
}

static void authenticated(int code, const void *data) {
  *(int *)data = code == ZOK ? 1 : code;
}

void show_acls(const peer_t *peer) {
  client_t *client = open_root(peer), *ann = open_client(peer->address, NULL, SESSION_MS, true);
  struct ACL_vector acl;
  struct Stat stat;
  volatile int code = 0;
  check(zoo_add_auth(ann->zh, "digest", "ann:secret", 10, authenticated, (void *)&code), "auth");
  WAIT_UNTIL(code != 0, "the authentication");
  fact("authenticated", "%d", code);
  check(zoo_create(ann->zh, under(peer, "/a"), "mine", 4, &ZOO_CREATOR_ALL_ACL, 0, NULL, 0), "create");
  fact("may not read", "\"%s\"", get(client->zh, under(peer, "/a"), &stat));
  fact("may read", "\"%s\"", get(ann->zh, under(peer, "/a"), &stat));
  check(zoo_get_acl(ann->zh, under(peer, "/a"), &acl, &stat), "get acl");
  fact("list", "[%d,%d,\"%s\",\"%.4s\"]", acl.count, acl.data[0].perms, acl.data[0].id.scheme, acl.data[0].id.id);
  fact("list changed by another", "%d", zoo_set_acl(client->zh, under(peer, "/a"), 0, &ZOO_OPEN_ACL_UNSAFE));
  fact("without an identity", "%d",
       zoo_create(client->zh, under(peer, "/b"), "", 0, &ZOO_CREATOR_ALL_ACL, 0, NULL, 0));
  check(zoo_set_acl(ann->zh, under(peer, "/a"), 0, &ZOO_READ_ACL_UNSAFE), "set acl");
  fact("may read now", "\"%s\"", get(client->zh, under(peer, "/a"), &stat));
  fact("may write now", "%d", zoo_set(ann->zh, under(peer, "/a"), "", 0, -1));
  close_client(ann);
  close_client(client);
}

void show_multi(const peer_t *peer) {
  client_t *client = open_root(peer);
  zhandle_t *zh = client->zh;
  zoo_op_t ops[5];
  zoo_op_result_t results[5];
  struct Stat changed, stat;
  struct String_vector names;
  char made[2][300];
  check(create(zh, under(peer, "/a"), "one", 0, NULL), "create");
  zoo_check_op_init(&ops[0], under(peer, "/a"), 0);
  zoo_create_op_init(&ops[1], under(peer, "/b"), "b", 1, &ZOO_OPEN_ACL_UNSAFE, 0, made[0], 300);
  zoo_create_op_init(&ops[2], under(peer, "/s-"), "", 0, &ZOO_OPEN_ACL_UNSAFE, ZOO_EPHEMERAL_SEQUENTIAL, made[1], 300);
  zoo_set_op_init(&ops[3], under(peer, "/a"), "two", 3, 0, &changed);
  zoo_delete_op_init(&ops[4], under(peer, "/b"), 0);
  fact("committed", "%d", zoo_multi(zh, 5, ops, results));
  fact("results", "[\"%s\",\"%s\",%d]", made[0], made[1], changed.version);
  check(zoo_exists(zh, made[1], 0, &stat), "exists");
  fact("at one zxid", "%s", stat.czxid == changed.mzxid ? "true" : "false");
  zoo_set_op_init(&ops[0], under(peer, "/a"), "three", 5, -1, &changed);
  zoo_check_op_init(&ops[1], under(peer, "/a"), 9);
  zoo_delete_op_init(&ops[2], under(peer, "/a"), -1);
  fact("failed", "%d", zoo_multi(zh, 3, ops, results));
  fact("codes", "[%d,%d,%d]", results[0].err, results[1].err, results[2].err);
  check(zoo_get_children(zh, peer->root, 0, &names), "children");
  fact("after it", "[%s,\"%s\"]", names_text(&names), get(zh, under(peer, "/a"), &stat));
  deallocate_String_vector(&names);
  close_client(client);
}

void show_passing_znodes(const peer_t *peer) {
  client_t *client = open_root(peer);
  zhandle_t *zh = client->zh;
  char made[300];
  check(create(zh, under(peer, "/container"), "", ZOO_CONTAINER, NULL), "create");
  check(create(zh, under(peer, "/unused"), "", ZOO_CONTAINER, NULL), "create");
  check(create(zh, under(peer, "/container/child"), "", 0, NULL), "create");
  check(zoo_create_ttl(zh, under(peer, "/ttl"), "", 0, &ZOO_OPEN_ACL_UNSAFE, ZOO_PERSISTENT_WITH_TTL, 300, NULL, 0),
        "create with a TTL");
  check(zoo_create_ttl(zh, under(peer, "/ttl-"), "", 0, &ZOO_OPEN_ACL_UNSAFE, ZOO_PERSISTENT_SEQUENTIAL_WITH_TTL,
                       1000000, made, 300),
        "create with a TTL");
  fact("sequential", "\"%s\"", made);
  check(zoo_delete(zh, under(peer, "/container/child"), -1), "delete");
  WAIT_UNTIL(zoo_exists(zh, under(peer, "/container"), 0, NULL) == ZNONODE, "the end of the container");
  WAIT_UNTIL(zoo_exists(zh, under(peer, "/ttl"), 0, NULL) == ZNONODE, "the end of the znode with a TTL");
  fact("those that are kept", "[%d,%d]", zoo_exists(zh, under(peer, "/unused"), 0, NULL), zoo_exists(zh, made, 0, NULL));
  close_client(client);
}

enum { pipelined = 1000 };
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int answered, in_order;

static void created(int code, const char *value, const void *data) {
  char expected[16];
  snprintf(expected, sizeof expected, "%010d", (int)(long)data);
  pthread_mutex_lock(&lock);
  in_order += code == ZOK && answered == (int)(long)data && strstr(value, expected) != NULL;
  answered++;
  pthread_mutex_unlock(&lock);
}

void show_pipeline(const peer_t *peer) {
  client_t *client = open_root(peer);
  struct Stat stat;
  for (long index = 0; index < pipelined; index++) {
    check(zoo_acreate(client->zh, under(peer, "/n-"), "", 0, &ZOO_OPEN_ACL_UNSAFE, ZOO_PERSISTENT_SEQUENTIAL, created,
                      (void *)index),
          "create");
  }
  check(zoo_exists(client->zh, peer->root, 0, &stat), "exists");
  fact("seen by the next read", "%d", stat.numChildren);
  fact("in order", "[%d,%d]", answered, in_order);
  close_client(client);
}
