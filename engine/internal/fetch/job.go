package fetch

import (
	"context"
	"errors"
	"time"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/fetch/store"
)

// forever is the age of what needn't be asked again.
const forever = time.Duration(0)

// quest is how one thing is fetched: what names it, how long that name is trusted, where it leads, and how that is had.
type quest struct {
	// key is of all that the answer depends on.
	key string
	// age is how long the name is not asked again, forever where it can't lead elsewhere.
	age time.Duration
	// resolve asks the server where the name leads. known is what it led to before.
	resolve func(ctx context.Context, known store.Reference) (store.Reference, error)
	// fill brings what the reference leads to.
	fill func(ctx context.Context, reference store.Reference, directory string) (store.Content, error)
}

// found is what a quest ends with.
type found struct {
	store.Reference
	store.Content
	cached bool
}

// seek answers from the cache where that is fresh, else from the server, else, where the server can't be had, with what
// the cache has of old.
func (j *job) seek(ctx context.Context, q quest) (found, error) {
	anew := j.request.Refresh && !j.request.Offline && q.age != forever && j.fetcher.first(q.key)
	if answer, fresh := j.recall(q); fresh && !anew {
		return answer, nil
	}
	unlock, err := j.store.Lock(ctx, q.key)
	if err != nil {
		return found{}, err
	}
	defer unlock()
	// Another process may have fetched it meanwhile.
	known, fresh := j.recall(q)
	if fresh && !anew {
		return known, nil
	}
	if j.request.Offline {
		return known.orError(fault.New(fault.Offline, "it is not in the cache, and nothing is fetched: this run is offline"))
	}
	answer, err := j.ask(ctx, q, known)
	if err != nil && unavailable(err) {
		return known.orError(err)
	}
	return answer, err
}

// recall returns what the cache has, and whether that is fresh enough.
func (j *job) recall(q quest) (found, bool) {
	reference, known := j.store.Recall(q.key)
	if !known {
		return found{}, false
	}
	content, there := j.store.Find(reference.Content)
	if !there {
		return found{Reference: reference}, false
	}
	answer := found{reference, content, true}
	return answer, q.age == forever || reference.Fresh(q.age)
}

// orError returns what was found before, or why nothing can be found now.
func (f found) orError(err error) (found, error) {
	if f.Content.Path == "" {
		return found{}, err
	}
	return f, nil
}

func (j *job) ask(ctx context.Context, q quest, known found) (found, error) {
	reference, err := q.resolve(ctx, known.Reference)
	if err != nil {
		return found{}, err
	}
	reference.Asked = time.Now()
	content, there := j.store.Find(reference.Content)
	if !there {
		content, err = j.store.Add(reference.Content, func(directory string) (store.Content, error) {
			return q.fill(ctx, reference, directory)
		})
		if err != nil {
			return found{}, err
		}
	}
	j.fetcher.first(q.key) // what was asked just now needn't be refreshed
	j.store.Remember(q.key, reference)
	return found{reference, content, false}, nil
}

// unavailable tells whether an error says nothing of what was asked for.
func unavailable(err error) bool {
	var problem *fault.Error
	if !errors.As(err, &problem) {
		return true
	}
	switch problem.Code {
	case fault.Offline, fault.Unreachable, fault.Unauthorized:
		return true
	}
	return false
}
