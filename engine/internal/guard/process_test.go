package guard

import (
	"context"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
)

func TestExpressions(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	for name, test := range map[string]struct {
		text   string
		values map[string]string
		want   *fault.Error
	}{
		"none":                   {"a: $x $${y}", nil, nil},
		"ordinary":               {"a: ${A} ${B:=${A}}", map[string]string{"A": "1"}, nil},
		"one long value":         {strings.Repeat("${A}", 1000) + "${B}", map[string]string{"A": "1", "B": long}, nil},
		"as many as allowed":     {strings.Repeat("$", MaxExpressions), nil, nil},
		"a name at the very end": {"${A", map[string]string{"A": long}, nil},
		"nested": {strings.Repeat("${a:=", 1_000_000), nil, &fault.Error{
			Code: fault.Limit, Message: "the resource holds more than 50000 dollar signs",
			Remedy: "split the resource, or switch the substitution off for it with the annotation " +
				"kustomize.toolkit.fluxcd.io/substitute: disabled",
		}},
		"long values": {strings.Repeat("${A}", 100), map[string]string{"A": long}, &fault.Error{
			Code: fault.Limit, Message: "the values substituted in the resource come to more than 16 MiB", Remedy: "use shorter values",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Expressions(test.text, test.values); !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %#v, want %#v", got, test.want)
			}
		})
	}
}

func TestWatch(t *testing.T) {
	over := make(chan uint64, 1)
	go watch(t.Context(), 1, func(used uint64) { over <- used })
	if used := <-over; used <= 1 {
		t.Errorf("%d bytes in use", used)
	}
}

func TestWatchEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		watch(ctx, 1<<60, func(uint64) { t.Error("over the limit") })
	}()
	cancel()
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Error("the watch goes on")
	}
}
