// Package protocol speaks JSON lines over a pair of streams: requests in, replies out, in the order in which
// the work is done. docs/reference/engine-protocol.md describes it.
package protocol

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
)

const (
	// Version is the protocol's version.
	Version = 1
	// DefaultDeadline bounds a request that doesn't say how long it may take.
	DefaultDeadline = 10 * time.Second
	// MaxWaiting is how many requests may wait for a worker.
	MaxWaiting = 1024
	// MaxLine is the longest request in bytes.
	MaxLine = 64 << 20
)

type request struct {
	ID         *int64          `json:"id"`
	Method     string          `json:"method"`
	DeadlineMS int64           `json:"deadline_ms"`
	Params     json.RawMessage `json:"params"`
}

func (r request) deadline() time.Duration {
	if r.DeadlineMS <= 0 {
		return DefaultDeadline
	}
	return time.Duration(r.DeadlineMS) * time.Millisecond
}

type reply struct {
	Error  *fault.Error `json:"error,omitempty"`
	ID     *int64       `json:"id"`
	Result any          `json:"result,omitempty"`
}

// parse reads a request; the id is kept even where the rest is unusable.
func parse(line []byte) (request, *fault.Error) {
	var r request
	if err := json.Unmarshal(line, &r); err != nil {
		return request{}, fault.New(fault.Protocol, "not a request: %s", err)
	}
	if r.ID == nil {
		return r, fault.New(fault.Protocol, "a request needs an integer id")
	}
	if r.Method == "" {
		return r, fault.New(fault.Protocol, "a request needs a method")
	}
	return r, nil
}

// Raw is a result that is JSON already, on one line.
type Raw []byte

// encode returns one line of JSON.
func encode(value any) ([]byte, error) {
	if answer, ok := value.(reply); ok && answer.Error == nil {
		if raw, ok := answer.Result.(Raw); ok {
			return fmt.Appendf(nil, "{\"id\":%d,\"result\":%s}\n", *answer.ID, raw), nil
		}
	}
	data, err := Encode(value)
	return append(data, '\n'), err
}

// Encode returns a value as JSON on one line, with <, > and & as they are.
func Encode(value any) (Raw, error) {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(buffer.Bytes(), []byte("\n")), nil
}
