package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

const recordsPerCodec = 20

var codecs = []struct {
	name  string
	codec kgo.CompressionCodec
}{
	{"none", kgo.NoCompression()},
	{"gzip", kgo.GzipCompression()},
	{"snappy", kgo.SnappyCompression()},
	{"lz4", kgo.Lz4Compression()},
	{"zstd", kgo.ZstdCompression()},
}

func valueOf(codec string, index int) []byte {
	return []byte((fmt.Sprintf("%s %d ", codec, index) + strings.Repeat("0123456789", 30))[:300])
}

func showCodecs(bootstrap, prefix string, _ []string) {
	topic := prefix + "-codecs"
	admin := newAdmin(bootstrap)
	defer admin.Close()
	createTopic(admin, topic, 3, nil)
	for _, with := range codecs {
		client := newClient(bootstrap, kgo.ProducerBatchCompression(with.codec), kgo.ProducerLinger(50*time.Millisecond))
		var records []*kgo.Record
		for index := range recordsPerCodec {
			records = append(records, &kgo.Record{
				Topic:     topic,
				Key:       fmt.Appendf(nil, "%s-%d", with.name, index),
				Value:     valueOf(with.name, index),
				Headers:   []kgo.RecordHeader{{Key: "codec", Value: []byte(with.name)}},
				Timestamp: time.UnixMilli(baseTimestampMs + int64(index)),
			})
		}
		produceAll(client, records...)
		for _, record := range records {
			printDelivered(with.name, record)
		}
		client.Close()
	}
	produceUnusual(bootstrap, topic)
	for _, record := range readAll(bootstrap, topic, 3, len(codecs)*recordsPerCodec+2) {
		printRecord(record)
	}
}

func produceUnusual(bootstrap, topic string) {
	timestamp := time.UnixMilli(baseTimestampMs)
	hashed := newClient(bootstrap, kgo.ProducerBatchCompression(kgo.NoCompression()))
	defer hashed.Close()
	tombstone := &kgo.Record{Topic: topic, Key: []byte("tombstone"), Timestamp: timestamp}
	produceAll(hashed, tombstone)
	printDelivered("none", tombstone)
	placed := newClient(bootstrap, kgo.RecordPartitioner(kgo.ManualPartitioner()))
	defer placed.Close()
	empty := &kgo.Record{Topic: topic, Partition: 0, Value: []byte{}, Timestamp: timestamp}
	produceAll(placed, empty)
	printDelivered("none", empty)
}

func showIdempotent(bootstrap, prefix string, _ []string) {
	topic := prefix + "-idempotent"
	admin := newAdmin(bootstrap)
	defer admin.Close()
	createTopic(admin, topic, 1, nil)
	// Idempotent is how franz-go produces by default.
	client := newClient(bootstrap, kgo.ProducerBatchMaxBytes(1024))
	defer client.Close()
	var records []*kgo.Record
	for number := range 500 {
		records = append(records, &kgo.Record{Topic: topic, Value: []byte(fmt.Sprint(number))})
	}
	produceAll(client, records...)
	for _, record := range readAll(bootstrap, topic, 1, 500) {
		printRecord(record)
	}
}

func showTime(bootstrap, prefix string, _ []string) {
	topic, group := prefix+"-time", prefix+"-time"
	admin := newAdmin(bootstrap)
	defer admin.Close()
	createTopic(admin, topic, 2, nil)
	client := newClient(bootstrap, kgo.RecordPartitioner(kgo.ManualPartitioner()))
	defer client.Close()
	for index := range 10 {
		timestamp := time.UnixMilli(baseTimestampMs + int64(index)*1000)
		produceAll(client, &kgo.Record{Topic: topic, Value: []byte(fmt.Sprint(index)), Timestamp: timestamp})
	}
	// What lies after all records is answered with the end, and a timestamp of -1.
	offsetAt := func(ms int64, partition int32) *int64 {
		found := need(admin.ListOffsetsAfterMilli(background, baseTimestampMs+ms, topic))[topic][partition]
		must(found.Err)
		if found.Timestamp == -1 {
			return nil
		}
		return &found.Offset
	}
	fact("offset at 3.5 s", offsetAt(3_500, 0))
	fact("offset at 4 s", offsetAt(4_000, 0))
	fact("offset before all", offsetAt(-1, 0))
	fact("offset after all", offsetAt(3_600_000, 0))
	fact("offset in an empty partition", offsetAt(0, 1))
	offsetOf := func(list func() (kadm.ListedOffsets, error)) int64 { return need(list())[topic][0].Offset }
	earliest := offsetOf(func() (kadm.ListedOffsets, error) { return admin.ListStartOffsets(background, topic) })
	latest := offsetOf(func() (kadm.ListedOffsets, error) { return admin.ListEndOffsets(background, topic) })
	fact("watermarks", []int64{earliest, latest})
	fact("offsets as listed", map[string]any{
		"earliest":          earliest,
		"latest":            offsetOf(func() (kadm.ListedOffsets, error) { return admin.ListCommittedOffsets(background, topic) }),
		"largest timestamp": offsetOf(func() (kadm.ListedOffsets, error) { return admin.ListMaxTimestampOffsets(background, topic) }),
		"3.5 s":             offsetAt(3_500, 0),
	})
	start := map[int32]kgo.Offset{0: kgo.NewOffset().AfterMilli(baseTimestampMs + 3_500)}
	fact("read from 3.5 s on", valuesOf(readFrom(bootstrap, topic, start, 6)))
	offsets := need(admin.ListOffsetsAfterMilli(background, baseTimestampMs+3_500, topic)).Offsets()
	must(admin.CommitAllOffsets(background, group, offsets))
	member := newClient(bootstrap, kgo.ConsumerGroup(group), kgo.ConsumeTopics(topic))
	defer member.Close()
	fact("read by the group after its reset", valuesOf(read(member, 6)))
}
