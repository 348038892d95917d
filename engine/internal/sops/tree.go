package sops

import (
	"fmt"
	"time"
)

// comment is a line of a comment, without its mark. SOPS keeps comments among the entries of a mapping, as keys, and
// among the items of a list.
type comment struct {
	text   string
	inline bool
}

// entry is a key with its value, or a comment as the key.
type entry struct{ key, value any }

// mapping is an ordered mapping. Its values are mappings, lists ([]any) and scalars.
type mapping []entry

// leaf is told of each scalar and each comment: its keys from the root (list indices are no part of them), and the
// comments that come before it, one list for each level around it. It returns the value to put there.
type leaf func(value any, path []string, comments [][]string) (any, error)

// walk goes through a document in the order in which SOPS does, since the integrity check depends on it.
func (m mapping) walk(path []string, comments [][]string, visit leaf) error {
	comments = append(comments, nil)
	last := len(comments) - 1
	for at, item := range m {
		if text, isComment := item.key.(comment); isComment {
			comments[last] = append(comments[last], text.text)
			replaced, err := visit(text, path, comments)
			if err != nil {
				return err
			}
			m[at].key = replaced
			continue
		}
		key, isText := item.key.(string)
		if !isText {
			return fmt.Errorf("a key that is no text (%T) can't be decrypted", item.key)
		}
		value, err := walkValue(item.value, append(path[:len(path):len(path)], key), comments, visit)
		if err != nil {
			return err
		}
		m[at].value = value
		comments[last] = nil
	}
	return nil
}

func walkList(list []any, path []string, comments [][]string, visit leaf) error {
	comments = append(comments, nil)
	last := len(comments) - 1
	for at, item := range list {
		text, isComment := item.(comment)
		if isComment {
			comments[last] = append(comments[last], text.text)
		}
		value, err := walkValue(item, path, comments, visit)
		if err != nil {
			return err
		}
		list[at] = value
		if !isComment {
			comments[last] = nil
		}
	}
	return nil
}

func walkValue(value any, path []string, comments [][]string, visit leaf) (any, error) {
	switch value := value.(type) {
	case nil:
		return nil, nil
	case mapping:
		return value, value.walk(path, comments, visit)
	case []any:
		return value, walkList(value, path, comments, visit)
	case []byte:
		return visit(string(value), path, comments)
	case string, int, bool, float64, time.Time, comment:
		return visit(value, path, comments)
	default:
		return nil, fmt.Errorf("a value of type %T can't be decrypted", value)
	}
}

// plain returns a value as maps, lists and scalars, without comments.
func plain(value any) any {
	switch value := value.(type) {
	case mapping:
		result := map[string]any{}
		for _, item := range value {
			if key, isText := item.key.(string); isText {
				result[key] = plain(item.value)
			}
		}
		return result
	case []any:
		result := make([]any, 0, len(value))
		for _, item := range value {
			if _, isComment := item.(comment); !isComment {
				result = append(result, plain(item))
			}
		}
		return result
	default:
		return value
	}
}
