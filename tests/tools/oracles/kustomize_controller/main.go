// Command kustomize-controller-decrypt builds a directory as kustomize-controller does up to variable substitution, with the controller's own
// decryptor. It is compiled as a part of the controller's module, since the decryptor is internal to it.
//
// Usage: kustomize-controller-decrypt ROOT PATH, with the age key in SOPS_AGE_KEY; the objects are written as JSON, one a line.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	generator "github.com/fluxcd/pkg/kustomize"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/fluxcd/pkg/apis/meta"

	kustomizev1 "github.com/fluxcd/kustomize-controller/api/v1"
	"github.com/fluxcd/kustomize-controller/internal/decryptor"
)

func main() {
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(root, path string) error {
	object := &kustomizev1.Kustomization{
		ObjectMeta: metav1.ObjectMeta{Name: "apps", Namespace: "flux-system"},
		Spec: kustomizev1.KustomizationSpec{Decryption: &kustomizev1.Decryption{
			Provider: "sops", SecretRef: &meta.LocalObjectReference{Name: "sops-age"},
		}},
	}
	keys := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "sops-age", Namespace: "flux-system"},
		Data:       map[string][]byte{"age.agekey": []byte(os.Getenv("SOPS_AGE_KEY"))},
	}
	client := fake.NewClientBuilder().WithObjects(keys).Build()
	dec, cleanup, err := decryptor.New(client, object, decryptor.WithRoot(root))
	if err != nil {
		return err
	}
	defer cleanup()
	if err := dec.ImportKeys(context.Background()); err != nil {
		return err
	}
	directory := filepath.Join(root, path)
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		return err
	}
	if _, err := generator.NewGenerator(root, unstructured.Unstructured{Object: fields}).WriteFile(directory); err != nil {
		return err
	}
	if err := dec.DecryptSources(directory); err != nil {
		return err
	}
	resources, err := generator.SecureBuild(root, directory, false)
	if err != nil {
		return err
	}
	for _, res := range resources.Resources() {
		out, err := dec.DecryptResource(res)
		if err != nil {
			return err
		}
		if out != nil {
			if _, err := resources.Replace(res); err != nil {
				return err
			}
		}
		data, err := res.MarshalJSON()
		if err != nil {
			return err
		}
		fmt.Println(string(data))
	}
	return nil
}
