package values

import (
	"context"
	"fmt"
	"maps"

	"github.com/fluxcd/pkg/apis/meta"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	kubeclient "sigs.k8s.io/controller-runtime/pkg/client"
)

type identity struct{ kind, name string }

// answers are ConfigMaps and Secrets by what they are.
type answers map[identity]Answer

func newAnswers(given []Answer) answers {
	known := answers{}
	for _, answer := range given {
		answer.Values = maps.Clone(answer.Values)
		known[identity{answer.Kind, answer.Name}] = answer
	}
	return known
}

// knows tells whether it is certain what a reference gives, be it that there is nothing.
func (a answers) knows(reference meta.ValuesReference) bool {
	answer, found := a[identity{reference.Kind, reference.Name}]
	_, has := answer.Values[reference.GetValuesKey()]
	return !found || has || answer.complete()
}

// invent adds a placeholder under the key that a reference names.
func (a answers) invent(reference meta.ValuesReference) {
	at := identity{reference.Kind, reference.Name}
	answer := a[at]
	if answer.Values == nil {
		answer.Values = map[string]string{}
	}
	answer.Values[reference.GetValuesKey()] = placeholder(reference)
	a[at] = answer
}

// client answers Flux's library; whatever else it might ask for panics, as there is no such client.
type client struct {
	kubeclient.Client
	answers answers
}

// Get implements the one method that the library calls.
func (c *client) Get(_ context.Context, key kubeclient.ObjectKey, object kubeclient.Object, _ ...kubeclient.GetOption) error {
	kind, resource := "ConfigMap", "configmaps"
	if _, is := object.(*corev1.Secret); is {
		kind, resource = "Secret", "secrets"
	}
	answer, found := c.answers[identity{kind, key.Name}]
	if !found {
		return apierrors.NewNotFound(schema.GroupResource{Resource: resource}, key.Name)
	}
	switch object := object.(type) {
	case *corev1.ConfigMap:
		object.Data = answer.Values
	case *corev1.Secret:
		object.Data = make(map[string][]byte, len(answer.Values))
		for name, value := range answer.Values {
			object.Data[name] = []byte(value)
		}
	default:
		return fmt.Errorf("no %T can be asked for", object)
	}
	return nil
}
