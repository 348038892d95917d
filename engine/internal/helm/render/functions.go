package render

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"text/template"

	"github.com/Masterminds/sprig/v3"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
)

// What templates use that makes their output differ from render to render.
const (
	Lookup = "lookup"
	Random = "random"
	Time   = "time"
)

const (
	// maxItems bounds the lists that templates count up to.
	maxItems = 100_000
	// maxText bounds the texts that templates repeat or invent, in bytes.
	maxText = 8 << 20
	// maxIndent bounds what templates indent by.
	maxIndent = 1000
)

// functions are the template functions that give something else than Helm's: the same at any time, and never without
// end. They note that they were called.
type functions struct {
	ctx   context.Context
	sprig template.FuncMap

	mutex sync.Mutex
	used  map[string]bool
	fault *fault.Error
}

var sprigFunctions = sync.OnceValue(sprig.TxtFuncMap)

func newFunctions(ctx context.Context) *functions {
	return &functions{ctx: ctx, sprig: sprigFunctions(), used: map[string]bool{}}
}

func (f *functions) uses() []string {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	return slices.Sorted(maps.Keys(f.used))
}

func (f *functions) use(what string) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.used[what] = true
}

// problem returns the limit that was passed: Helm makes a mere text of what a function returns.
func (f *functions) problem() error {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if f.fault == nil {
		return nil
	}
	return f.fault
}

func (f *functions) fail(format string, args ...any) error {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if f.fault == nil {
		f.fault = fault.New(fault.Limit, format, args...)
	}
	return f.fault
}

var errOver = errors.New("the deadline has passed")

// bounded returns an error where a template asks for too much, or for anything after its deadline.
func (f *functions) bounded(what string, amount, most int) error {
	if f.ctx.Err() != nil {
		return errOver
	}
	if amount > most {
		return f.fail("a template asks for %d %s, at most %d are allowed", amount, what, most)
	}
	return nil
}

func (f *functions) table() template.FuncMap {
	table := template.FuncMap{
		"lookup": func(_, _, _, _ string) (map[string]any, error) {
			f.use(Lookup)
			return map[string]any{}, nil
		},
	}
	maps.Copy(table, f.endless())
	maps.Copy(table, f.random())
	maps.Copy(table, f.certificates())
	maps.Copy(table, f.time())
	return table
}

// endless are the functions that make much of little.
func (f *functions) endless() template.FuncMap {
	until := f.sprig["until"].(func(int) []int)
	untilStep := f.sprig["untilStep"].(func(int, int, int) []int)
	seq := f.sprig["seq"].(func(...int) string)
	repeat := f.sprig["repeat"].(func(int, string) string)
	return template.FuncMap{
		"until": func(count int) ([]int, error) {
			if err := f.bounded("numbers", magnitude(count), maxItems); err != nil {
				return nil, err
			}
			return until(count), nil
		},
		"untilStep": func(start, stop, step int) ([]int, error) {
			if err := f.bounded("numbers", steps(start, stop, step), maxItems); err != nil {
				return nil, err
			}
			return untilStep(start, stop, step), nil
		},
		"seq": func(params ...int) (string, error) {
			if err := f.bounded("numbers", sequence(params), maxItems); err != nil {
				return "", err
			}
			return seq(params...), nil
		},
		"indent":  f.indented(f.sprig["indent"].(func(int, string) string)),
		"nindent": f.indented(f.sprig["nindent"].(func(int, string) string)),
		"repeat": func(count int, text string) (string, error) {
			if count < 0 {
				return "", fmt.Errorf("repeat: negative count %d", count)
			}
			if len(text) > 0 && count > maxText/len(text) {
				return "", f.fail("a template repeats a text to more than %d MiB", maxText>>20)
			}
			return repeat(count, text), f.bounded("repetitions", 0, 0)
		},
	}
}

func (f *functions) indented(indent func(int, string) string) func(int, string) (string, error) {
	return func(spaces int, text string) (string, error) {
		if err := f.bounded("spaces", spaces, maxIndent); err != nil {
			return "", err
		}
		return indent(spaces, text), nil
	}
}

func magnitude(number int) int { return max(number, -number) }

// steps is how many numbers lie between two at a distance.
func steps(start, stop, step int) int {
	if step == 0 {
		return 0
	}
	return magnitude((stop - start) / step)
}

// sequence is how many numbers seq prints: to the last parameter, from the first, in steps of the one between.
func sequence(params []int) int {
	switch len(params) {
	case 1:
		return magnitude(params[0])
	case 2:
		return steps(params[0], params[1], 1)
	case 3:
		return steps(params[0], params[2], params[1])
	default:
		return 0
	}
}
