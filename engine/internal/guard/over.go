package guard

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

const (
	// ExitEndless is the status with which the process ends when work goes on long after its deadline.
	ExitEndless = 78
	// patience is how long after its deadline work may go on.
	patience = 2 * time.Second
)

// Endless returns a function that watches over work which can't be stopped from outside, such as a template that counts
// forever: if it goes on long after its deadline, the process says so on log and ends with ExitEndless, as the work
// would take a processor until then. The work calls done when it ends.
func Endless(log io.Writer, exit func(status int)) func(ctx context.Context) (done func()) {
	return func(ctx context.Context) func() {
		ended := make(chan struct{})
		stop := context.AfterFunc(ctx, func() {
			select {
			case <-ended:
			case <-time.After(patience):
				if errors.Is(ctx.Err(), context.DeadlineExceeded) {
					fmt.Fprintln(log, "a request goes on after its deadline and can't be stopped")
					exit(ExitEndless)
				}
			}
		})
		return func() {
			close(ended)
			stop()
		}
	}
}
