package expression

import "testing"

func TestProblem(t *testing.T) {
	ready := []string{"self", "dep"}
	for _, test := range []struct {
		text      string
		variables []string
		want      string
	}{
		{text: "status.conditions.filter(e, e.type == 'Ready').all(e, e.status == 'True')"},
		{text: "status.phase == 'ready' && has(data.key)"},
		{text: "status.ceph.health in ['HEALTH_OK', 'HEALTH_WARN']"},
		{text: "status.?phase.orValue('') == 'ready'"},
		{text: "self.metadata.annotations['v'] == dep.metadata.annotations['v']", variables: ready},
		{text: "dep.status.conditions.exists(c, c.type == 'Ready' && c.status == 'True')", variables: ready},
		{text: "status.phase = 'ready'", want: "Syntax error: token recognition error at: '= ' (column 14)"},
		{text: "status.phase == 'ready", want: "Syntax error: token recognition error at: ''ready' (column 17)"},
		{text: "", want: "it is empty"},
		{
			text: "status.phase == 'ready'", variables: ready,
			want: "undeclared reference to 'status' (in container '') (column 1)",
		},
		{text: "'ready'", variables: ready, want: "it gives string, not bool"},
	} {
		got, err := Expression{test.text, test.variables}.Problem()
		if err != nil || got != test.want {
			t.Errorf("%q: got %q, %v, want %q", test.text, got, err, test.want)
		}
	}
}
