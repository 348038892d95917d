// Package values composes the values of a HelmRelease as helm-controller 1.6 does.
package values

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/fluxcd/pkg/apis/meta"
	"github.com/fluxcd/pkg/chartutil"
	"github.com/go-logr/logr"
	"helm.sh/helm/v4/pkg/chart/common"

	v2 "github.com/fluxcd/helm-controller/api/v2"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
)

// Bad is the code of values that can't be merged, or that a chart's schema refuses.
const Bad fault.Code = "values"

// Answer is a ConfigMap or Secret that spec.valuesFrom names.
type Answer struct {
	Kind   string            `json:"kind"`
	Name   string            `json:"name"`
	Values map[string]string `json:"values"`
	// Complete is false where the cluster may hold keys that can't be known here; nil means true.
	Complete *bool `json:"complete"`
	// Secret says that the values were encrypted in Git: what is made with them is not kept.
	Secret bool `json:"secret"`
}

func (a Answer) complete() bool { return a.Complete == nil || *a.Complete }

// Compose merges valuesFrom and values. unknown lists what of valuesFrom can't be known: where a single value is
// wanted a placeholder stands for it, where it would be many they are left out.
func Compose(ctx context.Context, release *v2.HelmRelease, answers []Answer) (values common.Values, unknown []string, err error) {
	given := newAnswers(answers)
	var references []meta.ValuesReference
	for _, reference := range release.Spec.ValuesFrom {
		if given.knows(reference) {
			references = append(references, reference)
			continue
		}
		if name := reference.Kind + "/" + reference.Name; !slices.Contains(unknown, name) {
			unknown = append(unknown, name)
		}
		if reference.TargetPath != "" {
			given.invent(reference)
			references = append(references, reference)
		}
	}
	values, err = chartutil.ChartValuesFromReferences(
		ctx, logr.Discard(), &client{answers: given}, release.Namespace, release.GetValues(), references...)
	if err != nil {
		return nil, nil, explain(release, err)
	}
	return values, unknown, nil
}

func explain(release *v2.HelmRelease, err error) error {
	problem := fault.New(Bad, "%s", err)
	var reference *chartutil.ErrValuesReference
	if !errors.As(err, &reference) {
		return problem
	}
	for at, candidate := range release.Spec.ValuesFrom {
		if candidate.Kind == reference.Kind && candidate.Name == reference.Name.Name && candidate.GetValuesKey() == reference.Key {
			problem.Field = fmt.Sprintf("spec.valuesFrom[%d]", at)
			break
		}
	}
	problem.Resource = fmt.Sprintf("%s/%s", reference.Kind, reference.Name)
	if errors.Is(err, chartutil.ErrResourceNotFound) {
		// The client's own words name the API server's resource; Flux says no more than this either.
		problem.Message = fmt.Sprintf("could not resolve %s chart values reference '%s' with key '%s': not found",
			reference.Kind, reference.Name, reference.Key)
		problem.Remedy = "create it, or set optional: true"
	}
	return problem
}

// placeholder stands for a value that isn't known; it is a name in the sense of Kubernetes.
func placeholder(reference meta.ValuesReference) string {
	text := strings.ToLower(reference.Name + "-" + reference.GetValuesKey())
	return "gitops-placeholder-" + strings.Trim(strings.Map(func(char rune) rune {
		if char >= 'a' && char <= 'z' || char >= '0' && char <= '9' {
			return char
		}
		return '-'
	}, text), "-")
}
