package substitute

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	kubernetes "sigs.k8s.io/controller-runtime/pkg/client"
)

// objectClient is the part of a Kubernetes client that nothing here calls.
type objectClient = kubernetes.Client

// client answers Get from the sources that the caller gave; what is not among them is not in the cluster.
type client struct {
	objectClient
	sources map[string]map[string]string
}

func newClient(sources []Source) *client {
	byName := map[string]map[string]string{}
	for _, source := range sources {
		byName[source.Kind+"/"+source.Name] = source.Values
	}
	return &client{sources: byName}
}

// Get implements the one method of client.Client that the substitution calls.
func (c *client) Get(_ context.Context, key kubernetes.ObjectKey, object kubernetes.Object, _ ...kubernetes.GetOption) error {
	switch object := object.(type) {
	case *corev1.ConfigMap:
		values, found := c.sources["ConfigMap/"+key.Name]
		object.Data = values
		return orNotFound(found, "configmaps", key.Name)
	case *corev1.Secret:
		values, found := c.sources["Secret/"+key.Name]
		object.Data = map[string][]byte{}
		for name, value := range values {
			object.Data[name] = []byte(value)
		}
		return orNotFound(found, "secrets", key.Name)
	}
	return apierrors.NewBadRequest("only ConfigMaps and Secrets can be read")
}

func orNotFound(found bool, kind, name string) error {
	if found {
		return nil
	}
	return apierrors.NewNotFound(schema.GroupResource{Resource: kind}, name)
}
