package main

import (
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

func showTransactions(bootstrap, prefix string, _ []string) {
	topic, group := prefix+"-transactions", prefix+"-transactions"
	admin := newAdmin(bootstrap)
	defer admin.Close()
	createTopic(admin, topic, 2, nil)
	start := func() *kgo.Client {
		transactional := kgo.TransactionalID(prefix + "-transactional")
		return newClient(bootstrap, transactional, kgo.RecordPartitioner(kgo.ManualPartitioner()))
	}
	producer := start()
	defer producer.Close()
	produce := func(name string, count int) {
		for index := range count {
			value := fmt.Appendf(nil, "%s-%d", name, index)
			produceAll(producer, &kgo.Record{Topic: topic, Partition: int32(index % 2), Value: value})
		}
	}
	end := func(commit kgo.TransactionEndTry) { must(producer.EndTransaction(background, commit)) }
	must(producer.BeginTransaction())
	produce("first", 6)
	end(kgo.TryCommit)
	must(producer.BeginTransaction())
	produce("aborted", 6)
	end(kgo.TryAbort)
	must(producer.BeginTransaction())
	produce("second", 6)
	end(kgo.TryCommit)
	must(producer.BeginTransaction())
	produce("open", 2)
	committed, all := kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.FetchIsolationLevel(kgo.ReadUncommitted())
	fact("committed while one is open", byPartition(readAll(bootstrap, topic, 2, 12, committed)))
	end(kgo.TryCommit)
	fact("committed", byPartition(readAll(bootstrap, topic, 2, 14, committed)))
	fact("all", byPartition(readAll(bootstrap, topic, 2, 20, all)))
	must(producer.BeginTransaction())
	produceAll(producer, &kgo.Record{Topic: topic, Partition: 0, Value: []byte("fenced")})
	successor := start()
	defer successor.Close()
	must(successor.BeginTransaction())
	produceAll(successor, &kgo.Record{Topic: topic, Partition: 0, Value: []byte("successor")})
	fact("an older producer is fenced", codeOf(producer.EndTransaction(background, kgo.TryCommit)) != 0)
	must(successor.EndTransaction(background, kgo.TryCommit))
	fact("committed after fencing", byPartition(readAll(bootstrap, topic, 2, 15, committed)))
	transform(bootstrap, admin, topic, group)
}

// Consumes from one topic and produces to another, each record and its offset in one transaction: one that is aborted
// is done again.
func transform(bootstrap string, admin *kadm.Client, topic, group string) {
	target := topic + "-target"
	createTopic(admin, target, 1, nil)
	session := need(kgo.NewGroupTransactSession(
		kgo.SeedBrokers(bootstrap),
		kgo.ConsumerGroup(group),
		kgo.ConsumeTopics(topic),
		kgo.TransactionalID(group+"-transform"),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.RequireStableFetchOffsets(),
	))
	defer session.Close()
	transformed, rounds := 0, 0
	waitUntil(func() bool {
		must(session.Begin())
		found := poll(session.Client(), time.Second)
		var records []*kgo.Record
		for _, record := range found {
			records = append(records, &kgo.Record{Topic: target, Value: append([]byte("seen "), record.Value...)})
		}
		must(session.ProduceSync(background, records...).FirstErr())
		// The first records are done twice: first in a transaction that is aborted.
		commit := kgo.TransactionEndTry(len(found) == 0 || rounds > 0)
		if len(found) > 0 {
			rounds++
		}
		if need(session.End(background, commit)) {
			transformed += len(found)
		}
		return transformed >= 15
	}, "all records to be transformed")
	committed := kgo.FetchIsolationLevel(kgo.ReadCommitted())
	fact("transformed once", len(readAll(bootstrap, target, 1, 15, committed)))
	// A commit is answered a little before the offsets in it are there for everyone.
	waitUntil(func() bool { return reachesEnd(admin, topic, group) }, "the group's offsets")
	fact("offsets of the transformation reach the end", reachesEnd(admin, topic, group))
}

// Markers take offsets too, and a consumer need not go past the last one.
func reachesEnd(admin *kadm.Client, topic, group string) bool {
	ends := need(admin.ListCommittedOffsets(background, topic))[topic]
	offsets := need(admin.FetchOffsets(background, group)).Sorted()
	for _, offset := range offsets {
		if left := ends[offset.Partition].Offset - offset.At; left < 0 || left > 1 {
			return false
		}
	}
	return len(offsets) == 2
}

func byPartition(records []*kgo.Record) [][]string {
	found := [][]string{{}, {}}
	for _, record := range records {
		found[record.Partition] = append(found[record.Partition], string(record.Value))
	}
	return found
}
