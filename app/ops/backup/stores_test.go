package backup

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"filippo.io/age"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	gocloud "gocloud.dev/blob"

	"github.com/script-ohio/platform/app/ops/backup/envelope"
	"github.com/script-ohio/platform/app/platform/blob"
	"github.com/script-ohio/platform/app/platform/blob/blobtest"
)

// everywhere runs a test in a folder, in the clear, and on an S3 server,
// encrypted.
func everywhere(t *testing.T, test func(*testing.T, *world)) {
	everywhereOn(t, (*testing.T).TempDir, test)
}

// everywhereOn is everywhere with the stores' files in a directory of the
// test's choice.
func everywhereOn(t *testing.T, dir func(*testing.T) string, test func(*testing.T, *world)) {
	t.Run("file", func(t *testing.T) { test(t, newWorld(t, &site{dir: dir(t)}, keyring{})) })
	t.Run("s3", func(t *testing.T) {
		on := dir(t)
		test(t, newWorld(t, &site{dir: on, s3: blobtest.StartS3In(t, on)}, newKeyring(t)))
	})
}

// site is where buckets lie: folders below dir, or a server that keeps them
// there.
type site struct {
	dir string
	s3  *blobtest.S3 // nil for folders
}

// newBucket makes a bucket and gives its URL.
func (p *site) newBucket(t *testing.T) string {
	t.Helper()
	if p.s3 != nil {
		return p.s3.Bucket(t)
	}
	dir, err := os.MkdirTemp(p.dir, "bucket-*")
	require.NoError(t, err)
	return "file://" + dir
}

// keyring is a pair of keys as a program is told them.
type keyring struct{ recipient, identity string }

func newKeyring(t *testing.T) keyring {
	t.Helper()
	identity, err := age.GenerateX25519Identity()
	require.NoError(t, err)
	return keyring{identity.Recipient().String(), identity.String()}
}

func (k keyring) keys(t *testing.T) envelope.Keys {
	t.Helper()
	keys, err := envelope.ParseKeys(k.recipient, k.identity)
	require.NoError(t, err)
	return keys
}

func openBucket(t *testing.T, url string) *gocloud.Bucket {
	t.Helper()
	bucket, err := blob.Open(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, bucket.Close()) })
	return bucket
}

// bucketName is that of the world's bucket on an S3 server.
func (w *world) bucketName() string {
	w.t.Helper()
	u, err := url.Parse(w.bucketURL)
	require.NoError(w.t, err)
	return u.Host
}

// noUploads checks that S3 keeps no parts of what was never finished. What is
// half-written in a folder shows in its listing.
func (w *world) noUploads() {
	w.t.Helper()
	if w.s3 == nil {
		return
	}
	name := w.bucketName()
	left, err := w.s3.Client.ListMultipartUploads(w.t.Context(), &s3.ListMultipartUploadsInput{Bucket: &name})
	require.NoError(w.t, err)
	require.Empty(w.t, left.Uploads)
}

// breakable opens the world's bucket in a way that no upload of several parts
// survives from breaks to mends: the connections that carry parts are cut; of
// a folder, the half-written files are taken away.
func (w *world) breakable() (bucket *gocloud.Bucket, breaks, mends func()) {
	w.t.Helper()
	if w.s3 != nil {
		p := newProxy(w.t, w.s3.Address)
		return openBucket(w.t, w.s3.URL(p.address, w.bucketName())), func() { p.broken.Store(true) }, func() { p.broken.Store(false) }
	}
	return w.Bucket, func() {
		half, err := filepath.Glob(filepath.Join(strings.TrimPrefix(w.bucketURL, "file://"), "*", "*.tmp"))
		if err != nil {
			w.t.Error(err)
		}
		for _, path := range half {
			_ = os.Remove(path)
		}
	}, func() {}
}

// fill takes all the room of the disk that the buckets are on, until it is given
// back.
func (w *world) fill() (giveBack func()) {
	w.t.Helper()
	ballast, err := os.Create(filepath.Join(w.dir, "ballast"))
	require.NoError(w.t, err)
	_, err = io.Copy(ballast, zeros{})
	require.ErrorIs(w.t, err, syscall.ENOSPC)
	require.NoError(w.t, ballast.Close())
	return func() { require.NoError(w.t, os.Remove(ballast.Name())) }
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// visitor is somebody else than who made the bucket: the environment and the
// user of a child.
type visitor struct {
	environ []string
	user    *syscall.Credential // nil is ours
	leaves  func()              // lets everybody in again; not nil
}

// stranger may do nothing with the bucket.
func (w *world) stranger() visitor {
	w.t.Helper()
	if w.s3 != nil {
		return visitor{environ: w.s3.Account(w.t, w.bucketName(), "stranger"), leaves: func() {}}
	}
	return w.folderFor(0)
}

// reader may read the bucket and write nothing.
func (w *world) reader() visitor {
	w.t.Helper()
	if w.s3 != nil {
		return visitor{environ: w.s3.Account(w.t, w.bucketName(), "reader", "s3:ListBucket", "s3:GetObject", "s3:GetBucketObjectLockConfiguration"), leaves: func() {}}
	}
	return w.folderFor(0o555)
}

// folderFor gives the directories of a bucket a mode until the visitor leaves,
// and a visitor to whom modes count: root is let in anywhere, and only
// the owner of the PostgreSQL server besides may connect to it.
func (w *world) folderFor(mode fs.FileMode) visitor {
	w.t.Helper()
	bucket := strings.TrimPrefix(w.bucketURL, "file://")
	for dir := filepath.Dir(bucket); dir != filepath.Clean(os.TempDir()) && dir != "/"; dir = filepath.Dir(dir) {
		_ = os.Chmod(dir, 0o755) // what is on the way to the bucket hinders nobody
	}
	var dirs []string
	require.NoError(w.t, filepath.WalkDir(bucket, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir():
			dirs = append(dirs, path)
			return nil
		}
		return os.Chmod(path, 0o644) // directories keep out whom they do
	}))
	v := visitor{leaves: func() {
		for _, dir := range dirs {
			require.NoError(w.t, os.Chmod(dir, 0o755))
		}
	}}
	w.t.Cleanup(v.leaves)
	for _, dir := range slices.Backward(dirs) {
		require.NoError(w.t, os.Chmod(dir, mode))
	}
	if os.Geteuid() != 0 {
		return v
	}
	config, err := pgx.ParseConfig(w.DatabaseURL)
	require.NoError(w.t, err)
	socket, err := os.Stat(config.Host)
	require.NoError(w.t, err)
	owner := socket.Sys().(*syscall.Stat_t)
	v.user = &syscall.Credential{Uid: owner.Uid, Gid: owner.Gid}
	return v
}

// Whatever is tested, is tested on both kinds of stores.
func TestEveryTestRunsEverywhere(t *testing.T) {
	needless := map[string]string{
		"TestMain": "tests nothing", "TestEveryTestRunsEverywhere": "reads sources",
		"TestRetentionSparesWhatOneNeeds": "decides about lists; no bucket is asked",
	}
	files, err := filepath.Glob("*_test.go")
	require.NoError(t, err)
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, d := range parsed.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Recv != nil || !strings.HasPrefix(f.Name.Name, "Test") || needless[f.Name.Name] != "" {
				continue
			}
			// Else there would be room for something beside it.
			require.Len(t, f.Body.List, 1, f.Name.Name)
			statement, _ := f.Body.List[0].(*ast.ExprStmt)
			require.NotNil(t, statement, f.Name.Name)
			call, _ := statement.X.(*ast.CallExpr)
			require.NotNil(t, call, f.Name.Name)
			called, _ := call.Fun.(*ast.Ident)
			require.NotNil(t, called, f.Name.Name)
			require.Contains(t, []string{"everywhere", "everywhereOn"}, called.Name, f.Name.Name)
		}
	}
}
