/** What zkCli.sh is told, line by line, in one session: every command that it has, and most ways to be refused. */
export const zkCliScript: readonly string[] = `
whoami
version
ls -R /zookeeper
create /cli first
create /cli again
create -e /cli/ephemeral e
create -e /cli/ephemeral e
create -s /cli/sequential- s
create -s -e /cli/both- se
create -c /cli/container c
create -t 60000 /cli/ttl t
create -t 60000 -s /cli/ttl-sequential- t
create -t 60000 -e /cli/no t
create -t 0 /cli/no t
create /cli/none/child x
create /cli/ephemeral/child x
create /cli/container/child x
create /cli/empty
create /cli/listed x world:anyone:r
create /cli/unlisted x nonsense
create /cli/with-spaces "a value with spaces"
create cli x
create /cli/ x
create /cli//double x
create /cli/./dot x
create
get /cli/empty
get /cli/with-spaces
get /cli/none
get
ls /cli
ls -s /cli
ls -R /cli
ls -w /cli
ls /cli/none
create /cli/a 1
get /cli/a
get -s /cli/a
get -w /cli/a
set /cli/a 2
set -s /cli/a 3
set -v 7 /cli/a 4
set -v 2 /cli/a 5
set /cli/none 1
stat /cli/a
stat -w /cli/never
create /cli/never
stat /cli/none
stat /cli/sequential-0000000001
stat /cli/container
stat /cli/ttl
getAcl /cli/a
getAcl -s /cli/a
getAcl /cli/none
setAcl /cli/a world:anyone:cdr
getAcl /cli/a
get /cli/a
set /cli/a 6
setAcl /cli/a world:anyone:crwa
addauth digest ann:secret
addauth ip 127.0.0.1
whoami
create /cli/owned x auth::cdrwa
getAcl /cli/owned
create /cli/tree x
create /cli/tree/one x
create /cli/tree/one/two x
setAcl -R /cli/tree auth::cdrwa
getAcl /cli/tree/one/two
setAcl -s /cli/tree world:anyone:cdrwa,ip:127.0.0.0/8:r
getAcl /cli/tree
setAcl -v 9 /cli/tree world:anyone:r
setAcl /cli/tree nonsense
setAcl /cli/tree bogus:x:r
setAcl /cli/tree digest:nothing:r
setAcl /cli/tree ip:999.1.1.1:r
setAcl /cli/none world:anyone:r
sync /cli
sync /none
listquota /cli/tree
listquota /none
setquota -n 10 /cli/tree
listquota /cli/tree
setquota -b 10 /cli/tree
setquota -N 2 /cli/tree/one
setquota -n 1 /none
create /cli/tree/four x
ls -R /zookeeper/quota
delquota /cli/tree
listquota /cli/tree
getEphemerals
getEphemerals /cli/e
getEphemerals /none
getAllChildrenNumber /cli
getAllChildrenNumber /none
addWatch -m PERSISTENT /cli/tree
addWatch -m PERSISTENT_RECURSIVE /cli/a
addWatch /cli/box
addWatch -m BOGUS /cli/a
set /cli/tree 2
create /cli/tree/five x
create /cli/tree/five/deep x
create /cli/a/below x
set /cli/a/below y
delete /cli/a/below
create /cli/box x
removewatches /cli/tree
removewatches /cli/tree
set /cli/tree 3
removewatches -c /cli/tree
get -w /cli/tree
ls -w /cli/tree
removewatches -d /cli/tree
removewatches -c /cli/tree
removewatches /cli/a
removewatches /cli/box
set /cli/a 7
reconfig -remove 1
reconfig -add server.2=localhost:2888:3888;2181
config
config -s
get /zookeeper/config
stat /zookeeper/config
stat /zookeeper/quota
getAcl /zookeeper
getAcl /zookeeper/config
getAcl /zookeeper/quota
set /zookeeper/config x
delete /zookeeper
delete /zookeeper/config
delete /
set / x
create /zookeeper/mine x
delete /zookeeper/mine
delete -v 9 /cli/a
delete /cli/none
delete /cli
delete -v 3 /cli/a
delete /cli/a
deleteall /cli/tree
deleteall /none
deleteall -b 2 /cli/container
ls /cli
history
redo 2
nonsense
close
ls /cli
connect
ls /cli
addauth digest ann:secret
deleteall /cli
ls /cli
printwatches off
`
  .trim()
  .split("\n");
