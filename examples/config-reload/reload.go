// Keeps a copy of the configuration, all that stands under config/: read once, then each change as it happens.
//
// usage: go run reload.go [SERVER]
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand"
	"net/http"
	"os"
	"time"
)

const (
	silence  = 45 * time.Second // A heartbeat comes every 15 seconds.
	delayMin = 500 * time.Millisecond
	delayMax = 30 * time.Second
)

type event struct {
	Event  string          `json:"event"`
	Cursor string          `json:"cursor"`
	Key    string          `json:"key"`
	Value  json.RawMessage `json:"value"`
}

type config struct {
	values  map[string]json.RawMessage // What a program would use.
	reading map[string]json.RawMessage // What is being read: another map until a snapshot is whole.
	cursor  string                     // Where the next connection goes on; "0" before the first snapshot is whole.
}

func (c *config) take(e event) {
	switch e.Event {
	case "put":
		if e.Value == nil { // Gone since: its delete follows.
			break
		}
		c.reading[e.Key] = e.Value
		fmt.Printf("%s = %s\n", e.Key, e.Value)
	case "delete", "expire":
		delete(c.reading, e.Key)
		fmt.Printf("%s is gone\n", e.Key)
	case "reset": // What was missed is not known any more: a snapshot follows, up to "ready".
		c.reading = map[string]json.RawMessage{}
	case "ready":
		c.values = c.reading
		fmt.Printf("ready, %d values\n", len(c.values))
	}
	if e.Cursor != "" {
		c.cursor = e.Cursor
	}
}

// watch takes events until the connection is lost, which is the error that it returns. It calls alive after each.
func (c *config) watch(server string, alive func()) error {
	if c.cursor == "0" {
		c.reading = map[string]json.RawMessage{}
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	timer := time.AfterFunc(silence, cancel)
	defer timer.Stop()
	url := server + "/keys?watch&prefix=config/&since=" + c.cursor
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	request.Header.Set("Accept", "application/x-ndjson")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return errors.New(response.Status)
	}
	for events := json.NewDecoder(response.Body); ; {
		var e event
		if err := events.Decode(&e); err != nil {
			return err
		}
		timer.Reset(silence)
		c.take(e)
		alive()
	}
}

func main() {
	server := "http://127.0.0.1:3000"
	if len(os.Args) > 1 {
		server = os.Args[1]
	}
	c := config{cursor: "0"}
	for delay := delayMin; ; {
		err := c.watch(server, func() { delay = delayMin })
		fmt.Fprintf(os.Stderr, "not connected: %v; again in %v\n", err, delay)
		time.Sleep(delay/2 + time.Duration(rand.Int63n(int64(delay/2))))
		if delay *= 2; delay > delayMax {
			delay = delayMax
		}
	}
}
