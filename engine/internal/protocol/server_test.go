package protocol

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
)

// session is a server and the two ends of its streams.
type session struct {
	t     *testing.T
	in    *io.PipeWriter
	lines *bufio.Scanner
	ended chan error
	// gate is what the method wait waits for.
	gate chan struct{}
}

func start(t *testing.T, workers int) *session {
	t.Helper()
	inReader, in := io.Pipe()
	out, outWriter := io.Pipe()
	s := &session{t: t, in: in, lines: bufio.NewScanner(out), ended: make(chan error, 1), gate: make(chan struct{})}
	s.lines.Buffer(nil, 1<<20)
	server := &Server{Workers: workers, Methods: map[string]Handler{
		"echo": func(_ context.Context, params json.RawMessage) (any, error) { return params, nil },
		"raw":  func(context.Context, json.RawMessage) (any, error) { return Raw(`{"raw":"<&>"}`), nil },
		"fail": func(context.Context, json.RawMessage) (any, error) {
			return nil, fmt.Errorf("wrapped: %w", &fault.Error{Code: fault.Path, Message: "no", File: "a", Line: 3})
		},
		"panic": func(context.Context, json.RawMessage) (any, error) { panic("on purpose") },
		"bad":   func(context.Context, json.RawMessage) (any, error) { return func() {}, nil },
		"wait": func(context.Context, json.RawMessage) (any, error) {
			<-s.gate
			return "waited", nil
		},
		"polite": func(ctx context.Context, _ json.RawMessage) (any, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		},
	}}
	go func() { s.ended <- server.Serve(t.Context(), inReader, outWriter, map[string]int{"protocol": Version}) }()
	s.expect(`{"protocol":1}`)
	return s
}

func (s *session) send(line string) {
	s.t.Helper()
	if _, err := io.WriteString(s.in, line+"\n"); err != nil {
		s.t.Fatal(err)
	}
}

func (s *session) next() string {
	s.t.Helper()
	if !s.lines.Scan() {
		s.t.Fatalf("no further line: %v", s.lines.Err())
	}
	return s.lines.Text()
}

func (s *session) expect(want string) {
	s.t.Helper()
	if got := s.next(); got != want {
		s.t.Errorf("got %s\nwant %s", got, want)
	}
}

func TestReplies(t *testing.T) {
	s := start(t, 1)
	for _, c := range [][2]string{
		{`{"id":7,"method":"echo","params":{"b":"<é>","a":[1]}}`, `{"id":7,"result":{"b":"<é>","a":[1]}}`},
		{`{"id":-1,"method":"raw"}`, `{"id":-1,"result":{"raw":"<&>"}}`},
		{`{"id":8,"method":"fail"}`, `{"error":{"code":"path","file":"a","line":3,"message":"no"},"id":8}`},
		{`{"id":9,"method":"panic"}`, `{"error":{"code":"panic","message":"panic failed: on purpose"},"id":9}`},
		{`{"id":10,"method":"none"}`, `{"error":{"code":"protocol","message":"unknown method \"none\""},"id":10}`},
		{`{"id":11,"method":"bad"}`, `{"error":{"code":"panic","message":"the result can't be encoded: json: unsupported type: func()"},"id":11}`},
		{`{"id":12}`, `{"error":{"code":"protocol","message":"a request needs a method"},"id":12}`},
		{`{"method":"echo"}`, `{"error":{"code":"protocol","message":"a request needs an integer id"},"id":null}`},
	} {
		s.send(c[0])
		s.expect(c[1])
	}
}

// TestGarbage answers lines that are no requests, and goes on.
func TestGarbage(t *testing.T) {
	s := start(t, 1)
	for _, line := range []string{"garbage", "[1]", `{"id":"seven"}`, "\x00\xff", `{"id":1.5,"method":"echo"}`, "null"} {
		s.send(line)
		var answer reply
		if err := json.Unmarshal([]byte(s.next()), &answer); err != nil || answer.Error.Code != fault.Protocol || answer.ID != nil {
			t.Errorf("%q is answered with %+v, %v", line, answer, err)
		}
	}
	s.send("")
	s.send(`{"id":1,"method":"echo","params":1}` + "\r")
	s.expect(`{"id":1,"result":1}`)
}

// TestLong drops a line that is too long as it comes, and goes on after it.
func TestLong(t *testing.T) {
	s := start(t, 1)
	go func() {
		block := strings.Repeat("x", 1<<20)
		for range MaxLine>>20 + 1 {
			_, _ = io.WriteString(s.in, block)
		}
		_, _ = io.WriteString(s.in, "\n"+`{"id":2,"method":"echo","params":2}`+"\n")
	}()
	if line := s.next(); !strings.Contains(line, `"code":"protocol"`) || !strings.Contains(line, `"id":null`) {
		t.Errorf("got %s", line)
	}
	s.expect(`{"id":2,"result":2}`)
}

// TestOutOfOrder answers what is done first, first.
func TestOutOfOrder(t *testing.T) {
	s := start(t, 2)
	s.send(`{"id":1,"method":"wait"}`)
	s.send(`{"id":2,"method":"echo","params":2}`)
	s.expect(`{"id":2,"result":2}`)
	close(s.gate)
	s.expect(`{"id":1,"result":"waited"}`)
}

// TestDeadline answers in time whether the work ends or not, and goes on.
func TestDeadline(t *testing.T) {
	s := start(t, 1)
	s.send(`{"id":1,"method":"wait","deadline_ms":20}`)
	s.expect(`{"error":{"code":"deadline","message":"no result within 20ms"},"id":1}`)
	s.send(`{"id":2,"method":"polite","deadline_ms":20}`)
	s.expect(`{"error":{"code":"deadline","message":"no result within 20ms"},"id":2}`)
	s.send(`{"id":3,"method":"echo","params":3}`)
	s.expect(`{"id":3,"result":3}`)
	close(s.gate)
}

// TestBusy refuses what comes while as many wait as may.
func TestBusy(t *testing.T) {
	s := start(t, 1)
	s.send(`{"id":0,"method":"wait"}`)
	go func() {
		for id := range MaxWaiting + 10 {
			_, _ = fmt.Fprintf(s.in, `{"id":%d,"method":"echo","params":%d}`+"\n", id+1, id+1)
		}
	}()
	// One of the waiting may be in a worker's hands already. As long as the gate is closed, nothing else is answered.
	refused := 0
	for range 9 {
		if line := s.next(); !strings.Contains(line, `"code":"busy"`) {
			t.Fatalf("got %s", line)
		}
		refused++
	}
	close(s.gate)
	for range MaxWaiting + 2 {
		if strings.Contains(s.next(), `"code":"busy"`) {
			refused++
		}
	}
	if refused < 9 || refused > 10 {
		t.Errorf("%d requests were refused", refused)
	}
}

// TestEnd ends with its input, and says so to those who wait.
func TestEnd(t *testing.T) {
	s := start(t, 1)
	s.send(`{"id":1,"method":"polite"}`)
	s.send(`{"id":2,"method":"echo"}`)
	if err := s.in.Close(); err != nil {
		t.Fatal(err)
	}
	s.expect(`{"error":{"code":"cancelled","message":"the engine is ending"},"id":1}`)
	s.expect(`{"error":{"code":"cancelled","message":"the engine is ending"},"id":2}`)
	select {
	case err := <-s.ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Error("the server goes on")
	}
}
