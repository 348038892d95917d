package helmrepository

import (
	"reflect"
	"testing"
)

// TestParts has indexes that are read chart by chart, and others that can't be: both give what the whole gives.
func TestParts(t *testing.T) {
	const entry = "  - {name: app, version: 1.0.0, urls: [a.tgz]}\n"
	for name, test := range map[string]struct {
		text   string
		charts int
	}{
		"usual":      {"apiVersion: v1\nentries:\n  app:\n" + entry + "  other:\n  - name: other\n    version: 2.0.0\ngenerated: \"2024-01-01T00:00:00Z\"\n", 2},
		"windows":    {"apiVersion: v1\r\nentries:\r\n  app:\r\n  - name: app\r\n    version: 1.0.0\r\n", 1},
		"deeper":     {"entries:\n    app:\n      - name: app\n        version: 1.0.0\n        description: |\n          a\n\n          b: c\napiVersion: v1\n", 1},
		"comments":   {"apiVersion: v1\nentries:\n# a\n  # b\n  app:\n" + entry + "# c\n  other:\n    - name: other\n      version: 2.0.0\n", 2},
		"aliases":    {"apiVersion: v1\nentries:\n  app: &a\n" + entry + "  other: *a\n", 2},
		"flow":       {"{apiVersion: v1, entries: {app: [{name: app, version: 1.0.0}]}}", 0},
		"empty":      {"apiVersion: v1\nentries: {}\n", 0},
		"quoted":     {"apiVersion: v1\n\"entries\":\n  app:\n" + entry, 0},
		"long lines": {"apiVersion: v1\nentries:\n  app:\n  - name: app\n    version: 1.0.0\n    description: \"a\n      b\n      c: d\"\n", 1},
	} {
		t.Run(name, func(t *testing.T) {
			_, charts, _ := split([]byte(test.text))
			got, err := Parse([]byte(test.text))
			whole, wholeErr := parseWhole([]byte(test.text))
			if err != nil || wholeErr != nil || !reflect.DeepEqual(got, whole) || len(charts) != test.charts {
				t.Errorf("got %v, %v of %d charts; as a whole %v, %v", got, err, len(charts), whole, wholeErr)
			}
		})
	}
	for _, text := range []string{
		"apiVersion: v1\nentries:\n  app:\n" + entry + "  app:\n" + entry, "apiVersion: v1\nentries:\n  app:\n  - {name: app, version: 1.0.0, unknown: x}\n",
		"apiVersion: v1\nentries:\n  app: [\n", "entries:\n  app:\n" + entry, "apiVersion: v1\nentries:\n   app:\n  - x\n",
	} {
		if got, err := Parse([]byte(text)); err == nil {
			t.Errorf("%q is %v", text, got)
		}
	}
}
