package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	groupPartitions = 4
	recordsPerPhase = 40
)

// A member of a group, which polls and commits in a goroutine of its own.
type member struct {
	client      *kgo.Client
	lock        sync.Mutex
	values      []int
	partitions  []int32
	assignments int
	stopped     context.CancelFunc
	done        chan struct{}
}

func protocolOptions(protocol string) []kgo.Opt {
	timing := []kgo.Opt{kgo.SessionTimeout(10 * time.Second), kgo.HeartbeatInterval(500 * time.Millisecond)}
	switch protocol {
	case "range":
		return append(timing, kgo.Balancers(kgo.RangeBalancer()))
	case "sticky":
		return append(timing, kgo.Balancers(kgo.StickyBalancer()))
	case "cooperative-sticky":
		return append(timing, kgo.Balancers(kgo.CooperativeStickyBalancer()))
	case "consumer":
		return []kgo.Opt{kgo.Balancers(kgo.StickyBalancer()), kgo.ServerSideBalancer()}
	}
	panic("no such protocol: " + protocol)
}

func startMember(bootstrap, group, topic, protocol string, more ...kgo.Opt) *member {
	started := &member{done: make(chan struct{})}
	changed := func(add bool) func(context.Context, *kgo.Client, map[string][]int32) {
		return func(_ context.Context, _ *kgo.Client, changed map[string][]int32) {
			started.change(changed[topic], add)
		}
	}
	options := append(protocolOptions(protocol),
		kgo.ConsumerGroup(group), kgo.ConsumeTopics(topic), kgo.DisableAutoCommit(), kgo.BlockRebalanceOnPoll(),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.OnPartitionsAssigned(changed(true)), kgo.OnPartitionsRevoked(changed(false)), kgo.OnPartitionsLost(changed(false)),
	)
	started.client = newClient(bootstrap, append(options, more...)...)
	running, stop := context.WithCancel(background)
	started.stopped = stop
	go started.run(running)
	return started
}

func (m *member) change(partitions []int32, add bool) {
	m.lock.Lock()
	defer m.lock.Unlock()
	if add {
		m.assignments++
		m.partitions = append(m.partitions, partitions...)
		return
	}
	m.partitions = slices.DeleteFunc(m.partitions, func(p int32) bool { return slices.Contains(partitions, p) })
}

func (m *member) run(running context.Context) {
	defer close(m.done)
	for running.Err() == nil {
		found := poll(m.client, 100*time.Millisecond)
		if len(found) > 0 {
			must(m.client.CommitRecords(background, found...))
		}
		m.client.AllowRebalance()
		m.lock.Lock()
		for _, record := range found {
			m.values = append(m.values, need(strconv.Atoi(string(record.Value))))
		}
		m.lock.Unlock()
	}
	m.client.CloseAllowingRebalance()
}

func (m *member) stop() {
	m.stopped()
	<-m.done
}

func (m *member) assigned() []int32 {
	m.lock.Lock()
	defer m.lock.Unlock()
	return slices.Sorted(slices.Values(m.partitions))
}

func seenBy(members ...*member) []int {
	seen := []int{}
	for _, m := range members {
		m.lock.Lock()
		seen = append(seen, m.values...)
		m.lock.Unlock()
	}
	slices.Sort(seen)
	return seen
}

func distinct(values []int) []int {
	return slices.Compact(slices.Clone(values))
}

func waitForValues(count int, members ...*member) {
	waitUntil(func() bool { return len(distinct(seenBy(members...))) >= count }, fmt.Sprintf("%d values", count))
}

func showGroup(bootstrap, prefix string, arguments []string) {
	protocol := arguments[0]
	topic := prefix + "-group-" + protocol
	group := topic
	admin := newAdmin(bootstrap)
	defer admin.Close()
	createTopic(admin, topic, groupPartitions, nil)
	start := func(name string) *member { return startMember(bootstrap, group, topic, protocol, kgo.ClientID(name)) }

	produceNumbers(bootstrap, topic, 0, recordsPerPhase)
	a := start("a")
	waitForValues(recordsPerPhase, a)
	fact("assigned alone", a.assigned())
	b := start("b")
	waitUntil(func() bool { return len(a.assigned()) == 2 && len(b.assigned()) == 2 }, "two partitions each")
	fact("assigned together", slices.Sorted(slices.Values(append(a.assigned(), b.assigned()...))))
	describe(admin, group, protocol, "with two members")
	produceNumbers(bootstrap, topic, recordsPerPhase, recordsPerPhase)
	waitForValues(2*recordsPerPhase, a, b)
	readNew := func(m *member) bool { return slices.Max(append(seenBy(m), -1)) >= recordsPerPhase }
	fact("both members read", readNew(a) && readNew(b))

	b.stop()
	waitUntil(func() bool { return len(a.assigned()) == groupPartitions }, "all partitions again")
	fact("assigned after one left", a.assigned())
	produceNumbers(bootstrap, topic, 2*recordsPerPhase, recordsPerPhase)
	waitForValues(3*recordsPerPhase, a, b)
	a.stop()
	seen := seenBy(a, b)
	fact("read by the group", distinct(seen))
	fact("read twice", twice(seen))
	offsets := []int64{}
	for _, offset := range need(admin.FetchOffsets(background, group)).Sorted() {
		offsets = append(offsets, offset.At)
	}
	fact("committed offsets", offsets)

	produceNumbers(bootstrap, topic, 3*recordsPerPhase, recordsPerPhase)
	later := start("later")
	waitForValues(recordsPerPhase, later)
	later.stop()
	fact("read by a later member", seenBy(later))
	describe(admin, group, protocol, "when all have left")
	fact("group is listed", isListed(admin, group))
	need(admin.DeleteGroup(background, group))
	fact("group is listed after its end", isListed(admin, group))
}

func twice(seen []int) []int {
	found := []int{}
	for index := 1; index < len(seen); index++ {
		if seen[index] == seen[index-1] {
			found = append(found, seen[index])
		}
	}
	return found
}

func describe(admin *kadm.Client, group, protocol, when string) {
	state, members, partitions := described(admin, group, protocol)
	fact("state "+when, strings.ToUpper(state))
	fact("members "+when, members)
	slices.Sort(partitions)
	fact("partitions of members "+when, partitions)
	if members > 0 {
		_, err := admin.DeleteGroup(background, group)
		fact("code for deleting a group with members", codeOf(err))
	}
}

func described(admin *kadm.Client, group, protocol string) (state string, members int, partitions []int32) {
	partitions = []int32{}
	if protocol == "consumer" {
		found := need(admin.DescribeConsumerGroups(background, group))[group]
		must(found.Err)
		for _, assigned := range found.AssignedPartitions() {
			for partition := range assigned {
				partitions = append(partitions, partition)
			}
		}
		return found.State, len(found.Members), partitions
	}
	found := need(admin.DescribeGroups(background, group))[group]
	must(found.Err)
	for _, assigned := range found.AssignedPartitions() {
		for partition := range assigned {
			partitions = append(partitions, partition)
		}
	}
	return found.State, len(found.Members), partitions
}

func isListed(admin *kadm.Client, group string) bool {
	return slices.Contains(need(admin.ListGroups(background)).Groups(), group)
}

// A static member that comes back within its session has its partitions again, and nobody else is disturbed.
func showStatic(bootstrap, prefix string, arguments []string) {
	protocol := arguments[0]
	topic := prefix + "-static-" + protocol
	admin := newAdmin(bootstrap)
	defer admin.Close()
	createTopic(admin, topic, groupPartitions, nil)
	start := func(name string) *member {
		return startMember(bootstrap, topic, topic, protocol, kgo.InstanceID(prefix+"-"+name))
	}
	produceNumbers(bootstrap, topic, 0, recordsPerPhase)
	a, b := start("a"), start("b")
	waitUntil(func() bool { return len(a.assigned()) == 2 && len(b.assigned()) == 2 }, "two partitions each")
	waitForValues(recordsPerPhase, a, b)
	before, assignments := b.assigned(), a.assignments
	b.stop()
	again := start("b")
	waitUntil(func() bool { return len(again.assigned()) == 2 }, "the partitions again")
	produceNumbers(bootstrap, topic, recordsPerPhase, recordsPerPhase)
	waitForValues(2*recordsPerPhase, a, b, again)
	fact("partitions kept over a restart", slices.Equal(again.assigned(), before))
	fact("assignments of the other meanwhile", a.assignments-assignments)
	fact("read by the group", distinct(seenBy(a, b, again)))
	a.stop()
	again.stop()
}
