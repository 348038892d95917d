package build

import "context"

// Share lets others than builds use kustomize with the schema that is built in, until release is called. It returns an
// error where ctx ends first.
func Share(ctx context.Context) (release func(), err error) {
	job := &job{ctx: ctx}
	if err := job.useSchema(); err != nil {
		return nil, err
	}
	return job.leaveSchema, nil
}
