package main

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

var background = context.Background()

func newClient(bootstrap string, options ...kgo.Opt) *kgo.Client {
	return need(kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(bootstrap)}, options...)...))
}

func newAdmin(bootstrap string) *kadm.Client {
	return kadm.NewClient(newClient(bootstrap))
}

func createTopic(admin *kadm.Client, topic string, partitions int32, configs map[string]*string) {
	need(admin.CreateTopic(background, partitions, 1, configs, topic))
	waitUntil(func() bool { return len(partitionsOf(admin, topic)) == int(partitions) }, "the topic "+topic)
}

func partitionsOf(admin *kadm.Client, topic string) kadm.PartitionDetails {
	return need(admin.ListTopics(background, topic))[topic].Partitions
}

// Reads count records of whole partitions, and whatever else comes within half a second.
func readAll(bootstrap, topic string, partitions int32, count int, options ...kgo.Opt) []*kgo.Record {
	offsets := map[int32]kgo.Offset{}
	for partition := range partitions {
		offsets[partition] = kgo.NewOffset().AtStart()
	}
	return readFrom(bootstrap, topic, offsets, count, options...)
}

func readFrom(bootstrap, topic string, offsets map[int32]kgo.Offset, count int, options ...kgo.Opt) []*kgo.Record {
	assigned := kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: offsets})
	client := newClient(bootstrap, append(options, assigned)...)
	defer client.Close()
	return read(client, count)
}

func read(client *kgo.Client, count int) []*kgo.Record {
	var found []*kgo.Record
	waitUntil(func() bool {
		found = append(found, poll(client, time.Second)...)
		return len(found) >= count
	}, fmt.Sprintf("%d records", count))
	return append(found, poll(client, 500*time.Millisecond)...)
}

func poll(client *kgo.Client, timeMax time.Duration) []*kgo.Record {
	limited, cancel := context.WithTimeout(background, timeMax)
	defer cancel()
	fetches := client.PollFetches(limited)
	for _, failed := range fetches.Errors() {
		if limited.Err() == nil {
			panic(failed.Err)
		}
	}
	return fetches.Records()
}

func produceAll(client *kgo.Client, records ...*kgo.Record) {
	must(client.ProduceSync(background, records...).FirstErr())
}

// Produces numbers, the rest of each by the number of partitions being its partition.
func produceNumbers(bootstrap, topic string, first, count int) {
	client := newClient(bootstrap, kgo.RecordPartitioner(kgo.ManualPartitioner()))
	defer client.Close()
	for number := first; number < first+count; number++ {
		value := []byte(fmt.Sprint(number))
		produceAll(client, &kgo.Record{Topic: topic, Partition: int32(number % groupPartitions), Value: value})
	}
}

func valuesOf(records []*kgo.Record) []string {
	values := []string{}
	for _, record := range records {
		values = append(values, string(record.Value))
	}
	return values
}
