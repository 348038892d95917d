package git

import (
	"context"
	"errors"
	"io"

	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/sideband"
	"github.com/go-git/go-git/v5/storage/filesystem"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
)

// objects is where a pack is kept while its files are written; it is on disk, however large.
func objects(directory string) *filesystem.Storage {
	return filesystem.NewStorageWithOptions(osfs.New(directory, osfs.WithBoundOS()), cache.NewObjectLRU(32*cache.MiByte),
		filesystem.Options{LargeObjectThreshold: 4 << 20})
}

// receive fetches objects, and no more history than asked for: depth 0 is all of it.
func receive(ctx context.Context, from *session, into *filesystem.Storage, depth int, wants ...plumbing.Hash) (err error) {
	request := packp.NewUploadPackRequestFromCapabilities(from.advertised.Capabilities)
	if depth != 0 {
		request.Depth = packp.DepthCommits(depth)
		if err := request.Capabilities.Set(capability.Shallow); err != nil {
			return err
		}
	}
	request.Wants = wants
	answer, err := from.UploadPack(ctx, request)
	if err != nil {
		return explain(err)
	}
	defer func() {
		if closed := answer.Close(); err == nil && closed != nil {
			err = closed
		}
	}()
	if err := packfile.UpdateObjectStorage(into, demultiplexed(request.Capabilities, answer)); err != nil {
		return unpackable(ctx, err)
	}
	return nil
}

func demultiplexed(capabilities *capability.List, from io.Reader) io.Reader {
	switch {
	case capabilities.Supports(capability.Sideband64k):
		return sideband.NewDemuxer(sideband.Sideband64k, from)
	case capabilities.Supports(capability.Sideband):
		return sideband.NewDemuxer(sideband.Sideband, from)
	}
	return from
}

func unpackable(ctx context.Context, err error) error {
	var known *fault.Error
	switch {
	case errors.As(err, &known):
		return known
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, packfile.ErrEmptyPackfile):
		return fault.New(fault.NotFound, "the repository has no such commit")
	}
	return fault.New(fault.Unreachable, "what the server sent can't be read: %s", err)
}

// unreadable is unpackable for what was received whole: the repository itself is at fault.
func unreadable(ctx context.Context, err error) error {
	var known *fault.Error
	switch {
	case errors.As(err, &known):
		return known
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return fault.New(fault.Artifact, "the repository can't be read: %s", err)
}

// commitOf returns the commit that an object is or, of an annotated tag, leads to.
func commitOf(from *filesystem.Storage, hash plumbing.Hash) (*object.Commit, error) {
	for range 10 {
		commit, err := object.GetCommit(from, hash)
		if err == nil {
			return commit, nil
		}
		tag, err := object.GetTag(from, hash)
		if err != nil {
			return nil, fault.New(fault.NotFound, "the repository has no such commit")
		}
		hash = tag.Target
	}
	return nil, fault.New(fault.Artifact, "the tag leads to no commit")
}
