package admission

import (
	"encoding/json"
	"reflect"
	"testing"
)

const policy = `{"metadata": {"name": "limit"}, "spec": {
  "paramKind": {"apiVersion": "v1", "kind": "ConfigMap"},
  "matchConstraints": {"resourceRules": [
    {"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["deployments"]}]},
  "validations": [{"expression": "object.spec.replicas <= int(params.data.most)", "message": "too many"}]}}`

const binding = `{"metadata": {"name": "limit"}, "spec": {"policyName": "limit", "validationActions": ["Deny"],
  "paramRef": {"name": "limits", "namespace": "rules", "parameterNotFoundAction": "Deny"},
  "matchResources": {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "web"}}}}}`

const limits = `{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "limits", "namespace": "rules"},
  "data": {"most": "3"}}`

func deployment(namespace string, replicas int) map[string]any {
	return map[string]any{
		"apiVersion": "apps/v1", "kind": "Deployment",
		"metadata": map[string]any{"name": "web", "namespace": namespace},
		"spec":     map[string]any{"replicas": int64(replicas)},
	}
}

func TestValidate(t *testing.T) {
	refused := func(message string) []Finding { return []Finding{{"limit", "limit", message, []string{"Deny"}}} }
	cases := map[string]struct {
		parameters string
		object     map[string]any
		want       []Finding
	}{
		"kept":            {limits, deployment("web", 3), []Finding{}},
		"broken":          {limits, deployment("web", 4), refused("too many")},
		"not bound there": {limits, deployment("other", 4), []Finding{}},
		"no parameters": {"", deployment("web", 1),
			refused("no params found for policy binding with `Deny` parameterNotFoundAction")},
		"another kind": {limits, map[string]any{
			"apiVersion": "v1", "kind": "Pod", "metadata": map[string]any{"name": "web", "namespace": "web"},
		}, []Finding{}},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			var params Params
			text := `{"policies": [` + policy + `], "bindings": [` + binding + `], "parameters": [` + test.parameters + `]}`
			if err := json.Unmarshal([]byte(text), &params); err != nil {
				t.Fatal(err)
			}
			found, err := New(params).Validate(t.Context(), test.object)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(found, test.want) {
				t.Errorf("got %v, want %v", found, test.want)
			}
		})
	}
}
