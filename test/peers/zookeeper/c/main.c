/* Called as `program <address> <scenario> <root> <direct address> <control address>`: see ../README.md. */
#include <stdio.h>
#include <string.h>

#include "peer.h"

static const struct {
  const char *name;
  void (*show)(const peer_t *peer);
} scenarios[] = {
    {"znodes", show_znodes},
    {"acls", show_acls},
    {"multi", show_multi},
    {"containers and TTLs", show_passing_znodes},
    {"pipeline", show_pipeline},
    {"watches", show_watches},
    {"lock", show_lock},
    {"reconnection", show_reconnection},
    {"restart", show_restart},
    {"session loss", show_session_loss},
    {"expiry", show_expiry},
};

int main(int count, char **values) {
  if (count != 6) fail("six arguments are needed");
  peer_t peer = {.address = values[1], .root = values[3], .direct = values[4], .control = values[5]};
  zoo_set_debug_level(0);
  for (size_t index = 0; index < sizeof scenarios / sizeof *scenarios; index++) {
    if (strcmp(scenarios[index].name, values[2]) != 0) continue;
    scenarios[index].show(&peer);
    printf("{\"done\":\"%s\"}\n", values[2]);
    return 0;
  }
  fail("there is no scenario %s", values[2]);
}
