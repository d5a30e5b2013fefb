package main

import (
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

func showAdmin(bootstrap, prefix string, _ []string) {
	topic := prefix + "-admin"
	admin := newAdmin(bootstrap)
	defer admin.Close()
	createTopic(admin, topic, 3, map[string]*string{"retention.ms": kadm.StringPtr("3600000")})
	fact("topics after create", topicsOf(bootstrap, topic))
	partitions := partitionsOf(admin, topic)
	fact("partitions after create", len(partitions))
	led := func(partition kadm.PartitionDetail) bool { return partition.Leader >= 0 && partition.Err == nil }
	fact("every partition has a leader", !slices.ContainsFunc(partitions.Sorted(), func(p kadm.PartitionDetail) bool { return !led(p) }))
	_, err := admin.CreateTopic(background, 3, 1, nil, topic)
	fact("code for the topic again", codeOf(err))
	fact("retention.ms as created", configOf(admin, topic, "retention.ms"))
	fact("cleanup.policy", configOf(admin, topic, "cleanup.policy"))
	setting := []kadm.AlterConfig{{Op: kadm.SetConfig, Name: "retention.ms", Value: kadm.StringPtr("7200000")}}
	must(need(admin.AlterTopicConfigs(background, setting, topic))[0].Err)
	waitUntil(func() bool { return configOf(admin, topic, "retention.ms") == "7200000" }, "the altered configuration")
	fact("retention.ms as altered", configOf(admin, topic, "retention.ms"))
	must(need(admin.UpdatePartitions(background, 5, topic)).Error())
	waitUntil(func() bool { return len(partitionsOf(admin, topic)) == 5 }, "five partitions")
	fact("partitions after adding", len(partitionsOf(admin, topic)))
	fact("code for fewer partitions", codeOf(need(admin.UpdatePartitions(background, 2, topic)).Error()))
	deleteRecords(bootstrap, admin, topic)
	metadata := need(admin.BrokerMetadata(background))
	fact("cluster has nodes and a controller", len(metadata.Brokers) > 0 && metadata.Controller >= 0)
	need(admin.DeleteTopic(background, topic))
	waitUntil(func() bool { return len(topicsOf(bootstrap, topic)) == 0 }, "the topic's end")
	fact("topics after delete", topicsOf(bootstrap, topic))
}

func deleteRecords(bootstrap string, admin *kadm.Client, topic string) {
	client := newClient(bootstrap, kgo.RecordPartitioner(kgo.ManualPartitioner()))
	defer client.Close()
	for range 10 {
		produceAll(client, &kgo.Record{Topic: topic, Partition: 0, Value: []byte("value")})
	}
	offsets := kadm.Offsets{}
	offsets.AddOffset(topic, 0, 4, -1)
	deleted := need(admin.DeleteRecords(background, offsets))[topic][0]
	must(deleted.Err)
	fact("low watermark after deleting records", deleted.LowWatermark)
	fact("earliest after deleting records", need(admin.ListStartOffsets(background, topic))[topic][0].Offset)
}

// Asked by a new client: others answer from what they knew a moment before.
func topicsOf(bootstrap, prefix string, options ...kgo.Opt) []string {
	admin := kadm.NewClient(newClient(bootstrap, options...))
	defer admin.Close()
	names := need(admin.ListTopics(background)).Names()
	return slices.DeleteFunc(names, func(name string) bool { return !strings.HasPrefix(name, prefix) })
}

func configOf(admin *kadm.Client, topic, name string) string {
	described := need(admin.DescribeTopicConfigs(background, topic))[0]
	must(described.Err)
	for _, config := range described.Configs {
		if config.Key == name {
			return config.MaybeValue()
		}
	}
	return ""
}
