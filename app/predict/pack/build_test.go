package pack_test

import (
	"context"
	"io/fs"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/predict/football/footballtest"
	"github.com/script-ohio/platform/app/predict/pack"
	"github.com/script-ohio/platform/app/predict/release"
)

// build trains a small pack of a made-up league.
func build() (*pack.Pack, error) {
	return release.Build(context.Background(), footballtest.Results(footballtest.Options{Seed: 8, First: 2000, Last: 2008}), release.Options{
		ToolVersion: "test", Now: func() time.Time { return time.Date(2009, 2, 1, 0, 0, 0, 0, time.UTC) }, Progress: func(string) {},
	})
}

// built is one such pack for all tests of the binary, which only read it.
var built = sync.OnceValues(build)

func packOf(t testing.TB) *pack.Pack {
	p, err := built()
	require.NoError(t, err)
	return p
}

// folder holds the pack's files in memory.
func folder(t testing.TB, p *pack.Pack) fstest.MapFS {
	files, err := p.Files()
	require.NoError(t, err)
	folder := fstest.MapFS{}
	for name, data := range files {
		require.True(t, fs.ValidPath(name))
		folder[name] = &fstest.MapFile{Data: data}
	}
	return folder
}
