package blob_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/require"
	gocloud "gocloud.dev/blob"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/blob"
	"github.com/script-ohio/platform/app/platform/blob/blobtest"
)

func open(t *testing.T, url string) *gocloud.Bucket {
	t.Helper()
	bucket, err := blob.Open(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, bucket.Close()) })
	return bucket
}

func TestLocks(t *testing.T) {
	server, ctx, now := blobtest.StartS3(t), t.Context(), time.Now()
	lockOf := func(bucket *gocloud.Bucket, key string) blob.Lock {
		t.Helper()
		locks, err := blob.ReadLocks(ctx, bucket)
		require.NoError(t, err)
		lock, err := locks.Of(ctx, key)
		require.NoError(t, err)
		return lock
	}
	for _, url := range []string{"mem://", "file://" + t.TempDir(), server.Bucket(t)} {
		bucket := open(t, url)
		require.NoError(t, bucket.WriteAll(ctx, "a", []byte("a"), nil))
		require.Equal(t, blob.Lock{}, lockOf(bucket, "a"), url)
	}

	url := server.LockedBucket(t, 3)
	bucket := open(t, url+"&prefix=below/")
	require.NoError(t, bucket.WriteAll(ctx, "a", []byte("a"), nil))
	lock := lockOf(bucket, "a")
	require.True(t, lock.Holds(now.Add(3*24*time.Hour-time.Hour)))
	require.False(t, lock.Holds(now.Add(3*24*time.Hour+time.Hour)))

	name := server.Name()
	put := func(key string, in s3.PutObjectInput) {
		in.Bucket, in.Key, in.Body = &name, aws.String("below/"+key), bytes.NewReader(nil)
		_, err := server.Client.PutObject(ctx, &in)
		require.NoError(t, err)
	}
	put("long", s3.PutObjectInput{ObjectLockMode: types.ObjectLockModeGovernance, ObjectLockRetainUntilDate: aws.Time(now.Add(240 * time.Hour))})
	require.True(t, lockOf(bucket, "long").Holds(now.Add(239*time.Hour)), "its own is longer than the rule's")
	put("held", s3.PutObjectInput{ObjectLockLegalHoldStatus: types.ObjectLockLegalHoldStatusOn})
	require.True(t, lockOf(bucket, "held").Holds(now.AddDate(100, 0, 0)))
	locks, err := blob.ReadLocks(ctx, bucket)
	require.NoError(t, err)
	_, err = locks.Of(ctx, "missing")
	require.Equal(t, fault.NotFound, fault.CodeOf(err))
}

func TestAbortUploads(t *testing.T) {
	server, ctx := blobtest.StartS3(t), t.Context()
	bucket, name := open(t, server.Bucket(t)+"&prefix=below/"), server.Name()
	for _, key := range []string{"below/backup-1/a", "below/backup-2/a", "below/other", "backup-3/a"} {
		upload, err := server.Client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &name, Key: &key})
		require.NoError(t, err)
		_, err = server.Client.UploadPart(ctx, &s3.UploadPartInput{
			Bucket: &name, Key: &key, UploadId: upload.UploadId, PartNumber: aws.Int32(1), Body: bytes.NewReader([]byte("part")),
		})
		require.NoError(t, err)
	}
	n, err := blob.AbortUploads(ctx, bucket, "backup-", time.Now().Add(-time.Hour))
	require.NoError(t, err)
	require.Zero(t, n, "they may be under way")
	n, err = blob.AbortUploads(ctx, bucket, "backup-", time.Now().Add(time.Hour))
	require.NoError(t, err)
	require.Equal(t, 2, n)
	left, err := server.Client.ListMultipartUploads(ctx, &s3.ListMultipartUploadsInput{Bucket: &name})
	require.NoError(t, err)
	require.Len(t, left.Uploads, 2)
	n, err = blob.AbortUploads(ctx, open(t, "mem://"), "", time.Now())
	require.NoError(t, err)
	require.Zero(t, n)
}

func TestFaultsOfBuckets(t *testing.T) {
	server := blobtest.StartS3(t)
	url := server.Bucket(t)
	code := func(err error) fault.Code {
		require.Error(t, err)
		err = blob.Fault(err, "reading")
		require.ErrorContains(t, err, "reading")
		return fault.CodeOf(err)
	}
	read := func(url string) error {
		_, err := open(t, url).ReadAll(t.Context(), "a")
		return err
	}
	require.Equal(t, fault.NotFound, code(read(url)))
	require.Equal(t, fault.NotFound, code(read(server.URL(server.Address, "no-such-bucket"))))
	require.Equal(t, fault.Unavailable, code(read(server.URL("127.0.0.1:1", server.Name()))))
	require.Equal(t, fault.Conflict, code(fault.New(fault.Conflict, "x")))
	t.Setenv("AWS_SECRET_ACCESS_KEY", "wrong")
	require.Equal(t, fault.Forbidden, code(read(url)))
	_, err := blob.ReadLocks(t.Context(), open(t, url))
	require.Equal(t, fault.Forbidden, fault.CodeOf(err), "no guess about locks")
}

// What fails or is interrupted in the middle leaves neither an object nor
// parts of one; what ends well is whole.
func TestUploadIsAllOrNothing(t *testing.T) {
	server := blobtest.StartS3(t)
	url := server.Bucket(t)
	broken := errors.New("broken")
	const big = 40 << 20
	for _, url := range []string{url, "file://" + t.TempDir(), "mem://"} {
		bucket := open(t, url)
		nothing := func() {
			t.Helper()
			_, err := bucket.List(nil).Next(t.Context())
			require.ErrorIs(t, err, io.EOF, url)
		}
		for _, size := range []int64{0, 100, big} {
			err := blob.Upload(t.Context(), bucket, "failed", io.MultiReader(io.LimitReader(zeros{}, size), failing{broken}), big)
			require.ErrorIs(t, err, broken)
			nothing()
			ctx, cancel := context.WithCancelCause(t.Context())
			err = blob.Upload(ctx, bucket, "interrupted", io.MultiReader(io.LimitReader(zeros{}, size), then(func() { cancel(broken) }), zeros{}), big)
			require.ErrorIs(t, err, broken)
			nothing()
		}
		for _, size := range []int64{0, 100, big} {
			require.NoError(t, blob.Upload(t.Context(), bucket, "whole", io.LimitReader(zeros{}, size), size))
			attributes, err := bucket.Attributes(t.Context(), "whole")
			require.NoError(t, err)
			require.Equal(t, size, attributes.Size)
		}
	}
	name := server.Name()
	left, err := server.Client.ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: &name})
	require.NoError(t, err)
	require.Empty(t, left.Uploads)
	head, err := server.Client.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &name, Key: aws.String("whole")})
	require.NoError(t, err)
	require.Contains(t, *head.ETag, "-", "the mark of an object made of parts")
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// then does something when it is read.
type then func()

func (f then) Read([]byte) (int, error) { f(); return 0, io.EOF }
