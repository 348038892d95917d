package finding

import (
	"cmp"
	"strconv"
	"strings"
)

// Path leads from an object's root to a field: map keys are strings, list indices are ints.
type Path []any

// With returns the path of a child; the receiver stays as it is.
func (p Path) With(step any) Path {
	return append(p[:len(p):len(p)], step)
}

// String returns the path as Kubernetes writes it: spec.containers[0].image, metadata.labels[a/b].
func (p Path) String() string {
	var text strings.Builder
	for _, step := range p {
		switch step := step.(type) {
		case int:
			text.WriteString("[" + strconv.Itoa(step) + "]")
		case string:
			if strings.ContainsAny(step, "./[]") {
				text.WriteString("[" + step + "]")
				continue
			}
			if text.Len() > 0 {
				text.WriteByte('.')
			}
			text.WriteString(step)
		}
	}
	return text.String()
}

// Names returns the map keys of the path, joined by dots: spec.containers.image.
func (p Path) Names() string {
	var names []string
	for _, step := range p {
		if name, ok := step.(string); ok {
			names = append(names, name)
		}
	}
	return strings.Join(names, ".")
}

// Compare orders paths, a parent before its children.
func (p Path) Compare(other Path) int {
	for i := range min(len(p), len(other)) {
		if order := compareSteps(p[i], other[i]); order != 0 {
			return order
		}
	}
	return cmp.Compare(len(p), len(other))
}

func compareSteps(a, b any) int {
	first, isInt := a.(int)
	second, areInts := b.(int)
	if isInt && areInts {
		return cmp.Compare(first, second)
	}
	return cmp.Compare(text(a), text(b))
}

func text(step any) string {
	if name, ok := step.(string); ok {
		return name
	}
	return strconv.Itoa(step.(int))
}

// Within tells whether the path is prefix or leads to something below it.
func (p Path) Within(prefix Path) bool {
	return len(p) >= len(prefix) && p[:len(prefix)].Compare(prefix) == 0
}

// Lookup returns what the path leads to.
func (p Path) Lookup(object any) (any, bool) {
	for _, step := range p {
		switch container := object.(type) {
		case map[string]any:
			child, ok := container[text(step)]
			if !ok {
				return nil, false
			}
			object = child
		case []any:
			index, ok := step.(int)
			if !ok || index < 0 || index >= len(container) {
				return nil, false
			}
			object = container[index]
		default:
			return nil, false
		}
	}
	return object, true
}

// ParsePath reads a path as the API server's errors hold it, with the object to tell a list's index from a map's key.
func ParsePath(path string, object any) Path {
	steps := Path{}
	for path != "" {
		var step any
		step, path = next(path, object)
		if step == "" {
			continue
		}
		object, _ = Path{step}.Lookup(object)
		steps = append(steps, step)
	}
	return steps
}

// next splits off the first step. A key in brackets may hold dots and brackets.
func next(path string, object any) (any, string) {
	if !strings.HasPrefix(path, "[") {
		end := strings.IndexAny(path, ".[")
		if end < 0 {
			return path, ""
		}
		return path[:end], strings.TrimPrefix(path[end:], ".")
	}
	end := closing(path, object)
	key, rest := path[1:end], strings.TrimPrefix(path[min(end+1, len(path)):], ".")
	if index, err := strconv.Atoi(key); err == nil {
		if _, isMap := object.(map[string]any); !isMap {
			return index, rest
		}
	}
	return key, rest
}

// closing returns where the bracket that path begins with ends: the longest key that the object has, else the first end.
func closing(path string, object any) int {
	known, _ := object.(map[string]any)
	for end := len(path) - 1; end > 0; end-- {
		if path[end] != ']' {
			continue
		}
		if _, ok := known[path[1:end]]; ok {
			return end
		}
	}
	if end := strings.IndexByte(path, ']'); end > 0 {
		return end
	}
	return len(path)
}
