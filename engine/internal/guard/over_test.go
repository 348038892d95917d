package guard

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestEndless ends the process for work that goes on long after its deadline, and for no other.
func TestEndless(t *testing.T) {
	for name, test := range map[string]struct {
		takes time.Duration
		ctx   func(context.Context) (context.Context, context.CancelFunc)
		want  int
	}{
		"in time":   {time.Second, withTimeout, 0},
		"late":      {4 * time.Second, withTimeout, 0},
		"endless":   {time.Hour, withTimeout, ExitEndless},
		"cancelled": {time.Hour, cancelledSoon, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log strings.Builder
				status := 0
				ctx, cancel := test.ctx(t.Context())
				defer cancel()
				done := Endless(&log, func(with int) { status = with })(ctx)
				time.Sleep(test.takes)
				synctest.Wait()
				if said := log.Len() > 0; status != test.want || said != (test.want != 0) {
					t.Errorf("status %d, log %q", status, log.String())
				}
				done()
			})
		})
	}
}

func withTimeout(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, 3*time.Second)
}

func cancelledSoon(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	time.AfterFunc(time.Second, cancel)
	return ctx, cancel
}
