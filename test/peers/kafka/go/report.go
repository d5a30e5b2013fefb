package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	baseTimestampMs = 1_700_000_000_000
	waitMax         = 60 * time.Second
)

// What all programs write is described in ../README.md.
var printing sync.Mutex

func printLine(line any) {
	printing.Lock()
	defer printing.Unlock()
	must(json.NewEncoder(os.Stdout).Encode(line))
}

func fact(name string, value any) {
	printLine(map[string]any{"fact": name, "value": value})
}

func printDelivered(codec string, record *kgo.Record) {
	printLine(map[string]any{
		"delivered": string(record.Key), "codec": codec, "partition": record.Partition, "offset": record.Offset,
	})
}

func printRecord(record *kgo.Record) {
	headers := map[string]string{}
	for _, header := range record.Headers {
		headers[header.Key] = string(header.Value)
	}
	var timestamp *int64
	if record.Attrs.TimestampType() == 0 {
		ms := record.Timestamp.UnixMilli()
		timestamp = &ms
	}
	printLine(map[string]any{"record": map[string]any{
		"partition": record.Partition, "offset": record.Offset, "key": text(record.Key), "value": text(record.Value),
		"headers": headers, "timestamp": timestamp,
	}})
}

func text(bytes []byte) *string {
	if bytes == nil {
		return nil
	}
	found := string(bytes)
	return &found
}

// The number of Kafka's error, 0 for none.
func codeOf(err error) int16 {
	var found *kerr.Error
	if errors.As(err, &found) {
		return found.Code
	}
	must(err)
	return 0
}

func waitUntil(condition func() bool, what string) {
	end := time.Now().Add(waitMax)
	for !condition() {
		if time.Now().After(end) {
			panic(fmt.Sprintf("waited %v for %s", waitMax, what))
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func need[T any](value T, err error) T {
	must(err)
	return value
}
