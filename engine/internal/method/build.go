package method

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/build"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/protocol"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/tree"
)

type buildParams struct {
	treeParams
	build.Request
	Cacheable *bool
}

// UnmarshalJSON decodes both halves; the embedded Request brings its own decoder.
func (p *buildParams) UnmarshalJSON(data []byte) error {
	fields := struct {
		Tree      int   `json:"tree"`
		Cacheable *bool `json:"cacheable"`
	}{}
	if err := json.Unmarshal(data, &fields); err != nil {
		return err
	}
	p.Tree, p.Cacheable = fields.Tree, fields.Cacheable
	return json.Unmarshal(data, &p.Request)
}

func (e *Engine) build(ctx context.Context, params buildParams) (any, error) {
	opened, err := e.tree(params.Tree)
	if err != nil {
		return nil, err
	}
	store := opened.cache
	if params.Cacheable != nil && !*params.Cacheable {
		store = nil
	}
	if store == nil {
		outcome, _ := render(ctx, opened.view, params.Request)
		return outcome.answer(false)
	}
	key, err := store.KeyOf(params.Request)
	if err != nil {
		return nil, err
	}
	if entry, found := store.Get(key, opened.view); found {
		if outcome, known := unpack(entry); known {
			return outcome.answer(true)
		}
	}
	outcome, trace := render(ctx, opened.view, params.Request)
	if entry, lasting := outcome.pack(); lasting {
		store.Put(key, trace, entry)
	}
	return outcome.answer(false)
}

// outcome is a result as JSON, or an error.
type outcome struct {
	result []byte
	err    error
}

func render(ctx context.Context, view *tree.View, request build.Request) (outcome, *tree.Trace) {
	result, trace, err := build.Run(ctx, view, request)
	if err != nil {
		return outcome{err: err}, trace
	}
	data, err := protocol.Encode(result)
	return outcome{data, err}, trace
}

// answer adds whether the outcome comes from the cache; cached sorts before all other keys of a result.
func (o outcome) answer(cached bool) (any, error) {
	if o.err != nil {
		return nil, o.err
	}
	head := `{"cached":false,`
	if cached {
		head = `{"cached":true,`
	}
	return protocol.Raw(append([]byte(head), o.result[1:]...)), nil
}

const (
	resultMark = 'r'
	errorMark  = 'e'
)

// pack returns an entry for the cache, and whether the outcome would be the same again: errors of time are not.
func (o outcome) pack() ([]byte, bool) {
	if o.err == nil {
		return append([]byte{resultMark}, o.result...), true
	}
	var problem *fault.Error
	if !errors.As(o.err, &problem) || problem.Fleeting {
		return nil, false
	}
	switch problem.Code {
	case fault.Path, fault.YAML, fault.Build, fault.Substitution, fault.Remote, fault.Refused, fault.Limit:
		data, err := json.Marshal(problem)
		return append([]byte{errorMark}, data...), err == nil
	default:
		return nil, false
	}
}

func unpack(entry []byte) (outcome, bool) {
	if len(entry) < 2 {
		return outcome{}, false
	}
	if entry[0] == resultMark {
		return outcome{result: entry[1:]}, true
	}
	var problem fault.Error
	if entry[0] != errorMark || json.Unmarshal(entry[1:], &problem) != nil {
		return outcome{}, false
	}
	return outcome{err: &problem}, true
}
