package finding

import (
	"slices"
	"strings"
)

// Nearest returns the name that a misspelt one most likely means, or "".
func Nearest(name string, names []string) string {
	best, distance := "", max(1, len(name)/3)+1
	slices.Sort(names)
	for _, candidate := range names {
		if strings.EqualFold(name, candidate) {
			return candidate
		}
		if found := edits(strings.ToLower(name), strings.ToLower(candidate), distance); found < distance {
			best, distance = candidate, found
		}
	}
	return best
}

// Slip returns the name that differs from a misspelt one by a slip of a finger: one letter, or two that are swapped; or
// "". It is for names of which not all are known, where one that is merely similar may well be right.
func Slip(name string, names []string) string {
	slices.Sort(names)
	for _, candidate := range names {
		if len(name) > 3 && edits(strings.ToLower(name), strings.ToLower(candidate), 2) < 2 {
			return candidate
		}
	}
	return ""
}

// edits returns how many letters to insert, remove, replace or swap to make b of a; limit where it is that many or more.
func edits(a, b string, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	before, previous, current := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range previous {
		previous[j] = j
	}
	for i := 1; i <= len(a); i++ {
		current[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			current[j] = min(previous[j]+1, current[j-1]+1, previous[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				current[j] = min(current[j], before[j-2]+1)
			}
		}
		before, previous, current = previous, current, before
	}
	return min(previous[len(b)], limit)
}
