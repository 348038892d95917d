package validate

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
)

// BenchmarkValidate judges 1,000 objects of the kinds that applications consist of, all of them different.
func BenchmarkValidate(b *testing.B) {
	var objects []json.RawMessage
	for i := range 125 {
		name := fmt.Sprintf("app-%d", i)
		for _, text := range []string{
			`{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":%q,"namespace":"apps","labels":{"app":%[1]q}},
			  "spec":{"selector":{"matchLabels":{"app":%[1]q}},"template":{"metadata":{"labels":{"app":%[1]q}},"spec":{"containers":[
			  {"name":"app","image":"ghcr.io/example-org/app:1.0.0","ports":[{"name":"http","containerPort":8080}],
			   "env":[{"name":"A","value":"b"}],"resources":{"requests":{"cpu":"10m"},"limits":{"memory":"64Mi"}},
			   "readinessProbe":{"httpGet":{"path":"/","port":"http"}}}]}}}}`,
			`{"apiVersion":"v1","kind":"Service","metadata":{"name":%q,"namespace":"apps"},"spec":{"selector":{"app":%[1]q},
			  "ports":[{"name":"http","port":80,"targetPort":"http"}]}}`,
			`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":%q,"namespace":"apps"},"data":{"a":"b"}}`,
			`{"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":%q,"namespace":"apps"}}`,
			`{"apiVersion":"kustomize.toolkit.fluxcd.io/v1","kind":"Kustomization","metadata":{"name":%q,"namespace":"apps"},
			  "spec":{"interval":"10m","path":"./apps","prune":true,"wait":true,"sourceRef":{"kind":"GitRepository","name":"a"}}}`,
			`{"apiVersion":"helm.toolkit.fluxcd.io/v2","kind":"HelmRelease","metadata":{"name":%q,"namespace":"apps"},
			  "spec":{"interval":"1h","chartRef":{"kind":"OCIRepository","name":"a"},"values":{"a":{"b":{"c":1}}}}}`,
			`{"apiVersion":"source.toolkit.fluxcd.io/v1","kind":"OCIRepository","metadata":{"name":%q,"namespace":"apps"},
			  "spec":{"interval":"1h","url":"oci://ghcr.io/example-org/app","ref":{"tag":"1.0.0"}}}`,
			`{"apiVersion":"networking.k8s.io/v1","kind":"Ingress","metadata":{"name":%q,"namespace":"apps"},"spec":{"rules":[
			  {"host":"a.example.org","http":{"paths":[{"path":"/","pathType":"Prefix",
			   "backend":{"service":{"name":%[1]q,"port":{"name":"http"}}}}]}}]}}`,
		} {
			objects = append(objects, json.RawMessage(fmt.Sprintf(text, name)))
		}
	}
	set, err := Open(Options{Flux: "v2.9.5"})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		results, err := set.Validate(context.Background(), objects, true)
		if err != nil {
			b.Fatal(err)
		}
		for i, findings := range results {
			if len(findings) > 0 {
				b.Fatal(string(objects[i]), findings)
			}
		}
	}
}
