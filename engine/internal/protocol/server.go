package protocol

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"runtime/debug"
	"sync"
	"time"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
)

// Handler answers one method. Its result is encoded as JSON; its context ends at the request's deadline.
type Handler func(ctx context.Context, params json.RawMessage) (any, error)

// Server answers requests with a fixed number of workers.
type Server struct {
	Methods map[string]Handler
	// Workers is the number of requests in work at a time; 0 means one per processor that Go may use.
	Workers int

	mutex sync.Mutex
	out   io.Writer
	broke error
}

// Serve writes hello, then answers the requests on in until it ends; what still waits or runs then is
// answered with the code cancelled. It returns an error where in can't be read or out can't be written.
func (s *Server) Serve(ctx context.Context, in io.Reader, out io.Writer, hello any) error {
	s.out = out
	s.send(hello)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	queue := make(chan request, MaxWaiting)
	var workers sync.WaitGroup
	for range s.workers() {
		workers.Go(func() {
			for r := range queue {
				s.answer(ctx, r)
			}
		})
	}
	err := s.read(in, queue)
	cancel()
	close(queue)
	workers.Wait()
	return errors.Join(err, s.broke)
}

func (s *Server) workers() int {
	if s.Workers > 0 {
		return s.Workers
	}
	return runtime.GOMAXPROCS(0)
}

func (s *Server) read(in io.Reader, queue chan<- request) error {
	lines := bufio.NewReaderSize(in, 64<<10)
	for {
		line, tooLong, err := readLine(lines)
		switch {
		case tooLong:
			s.send(reply{Error: fault.New(fault.Protocol, "a request may have %d bytes at most", MaxLine)})
		case len(line) > 0:
			s.accept(line, queue)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (s *Server) accept(line []byte, queue chan<- request) {
	r, problem := parse(line)
	if problem != nil {
		s.send(reply{Error: problem, ID: r.ID})
		return
	}
	select {
	case queue <- r:
	default:
		s.send(reply{Error: fault.New(fault.Busy, "%d requests wait already", MaxWaiting), ID: r.ID})
	}
}

// readLine returns a line without its end; one that is longer than MaxLine is read and dropped.
func readLine(in *bufio.Reader) (line []byte, tooLong bool, err error) {
	for {
		part, err := in.ReadSlice('\n')
		if len(line)+len(part) > MaxLine {
			line, tooLong = nil, true
		}
		if !tooLong {
			line = append(line, part...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return trimEnd(line), tooLong, err
		}
	}
}

func trimEnd(line []byte) []byte {
	for len(line) > 0 && (line[len(line)-1] == '\n' || line[len(line)-1] == '\r') {
		line = line[:len(line)-1]
	}
	return line
}

// answer runs one request and replies to it. The deadline counts from here, not from when the request came
// in: a caller may well hand over a thousand requests at once. Work that goes on after its deadline (it can
// only be asked to stop) is left behind, and the worker goes on.
func (s *Server) answer(ctx context.Context, r request) {
	if ctx.Err() != nil {
		s.send(reply{Error: cancelled(), ID: r.ID})
		return
	}
	ctx, cancel := context.WithTimeout(ctx, r.deadline())
	defer cancel()
	done := make(chan reply, 1)
	go func() { done <- s.run(ctx, r) }()
	select {
	case answer := <-done:
		s.send(answer)
	case <-ctx.Done():
		s.send(s.afterGrace(ctx, r, done))
	}
}

// afterGrace prefers the answer of work that ends right after its deadline: it knows more.
func (s *Server) afterGrace(ctx context.Context, r request, done <-chan reply) reply {
	select {
	case answer := <-done:
		if answer.Error == nil {
			return answer
		}
	case <-time.After(50 * time.Millisecond):
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return reply{ID: r.ID, Error: fault.New(fault.Deadline, "no result within %s", r.deadline())}
	}
	return reply{Error: cancelled(), ID: r.ID}
}

func cancelled() *fault.Error { return fault.New(fault.Cancelled, "the engine is ending") }

func (s *Server) run(ctx context.Context, r request) (answer reply) {
	answer.ID = r.ID
	defer func() {
		if reason := recover(); reason != nil {
			slog.Error("panic", "method", r.Method, "reason", reason, "stack", string(debug.Stack()))
			answer = reply{Error: fault.New(fault.Panic, "%s failed: %v", r.Method, reason), ID: r.ID}
		}
	}()
	handler, known := s.Methods[r.Method]
	if !known {
		answer.Error = fault.New(fault.Protocol, "unknown method %q", r.Method)
		return answer
	}
	result, err := handler(ctx, r.Params)
	if err != nil {
		answer.Error = fault.Of(err, fault.Build)
		return answer
	}
	answer.Result = result
	return answer
}

func (s *Server) send(value any) {
	line, err := encode(value)
	if err != nil {
		problem := fault.New(fault.Panic, "the result can't be encoded: %s", err)
		answer, _ := value.(reply)
		line, _ = encode(reply{Error: problem, ID: answer.ID})
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.broke != nil {
		return
	}
	if _, err := s.out.Write(line); err != nil {
		s.broke = fmt.Errorf("a reply can't be written: %w", err)
	}
}
