package policy

import (
	"fmt"
	"sync"
	"time"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
)

const (
	// connectTimeout bounds connecting to a host.
	connectTimeout = 5 * time.Second
	// hurry bounds it once the network seems to be absent: that is waited for once, and not for each host.
	hurry = 500 * time.Millisecond
	// enough is how many hosts must fail, and none answer, for the network to count as absent.
	enough = 2
	// slowFetches is how many fetches from one host may take all the time they have before it isn't asked any more, and
	// slowHosts how many in all before there is less time: one change may name any number of servers that never finish.
	slowFetches, slowHosts = 2, 8
	shortTime              = 10 * time.Second
)

// Presence knows which hosts can't be reached, and whether any can: what was noticed once isn't waited for again.
type Presence struct {
	mutex   sync.Mutex
	failed  map[string]string
	reached bool
	slow    map[string]int
	late    int
}

// Check returns an error where a host needn't be asked again, else how long to wait for a connection.
func (p *Presence) Check(host string) (time.Duration, error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if reason, failed := p.failed[host]; failed {
		return 0, unreachable(host, reason)
	}
	if !p.reached && len(p.failed) >= enough {
		return hurry, nil
	}
	return connectTimeout, nil
}

func unreachable(host, reason string) error {
	return fault.New(fault.Unreachable, "%s can't be reached: %s", host, reason)
}

// Failed notes that a host couldn't be connected to, and returns what to say of it.
func (p *Presence) Failed(host string, err error) error {
	reason := reasonOf(err)
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.failed == nil {
		p.failed = map[string]string{}
	}
	p.failed[host] = reason
	return unreachable(host, reason)
}

// Reached notes that a host was connected to.
func (p *Presence) Reached() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.reached = true
}

// Slow notes that a fetch from a host took all the time it had.
func (p *Presence) Slow(host string) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.slow == nil {
		p.slow = map[string]int{}
	}
	p.late++
	if p.slow[host]++; p.slow[host] >= slowFetches {
		if p.failed == nil {
			p.failed = map[string]string{}
		}
		p.failed[host] = "it takes too long to answer"
	}
}

// Time returns how long a fetch may take.
func (p *Presence) Time(most time.Duration) time.Duration {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.late >= slowHosts {
		return min(most, shortTime)
	}
	return most
}

// Any tells whether any host was connected to.
func (p *Presence) Any() bool {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.reached
}

// Budget bounds the bytes of one fetch.
type Budget struct {
	mutex sync.Mutex
	left  int64
	most  int64
}

// NewBudget allows so many bytes.
func NewBudget(most int64) *Budget { return &Budget{left: most, most: most} }

// Spend takes bytes off the budget; the error says that there are too few.
func (b *Budget) Spend(bytes int64) error {
	if b == nil {
		return nil
	}
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if b.left -= bytes; b.left < 0 {
		return fault.New(fault.Limit, "it is larger than %s", Size(b.most))
	}
	return nil
}

// Size returns a number of bytes for a person.
func Size(bytes int64) string {
	if bytes >= 1<<20 {
		return fmt.Sprintf("%d MiB", bytes>>20)
	}
	return fmt.Sprintf("%d bytes", bytes)
}
