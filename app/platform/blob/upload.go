package blob

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"gocloud.dev/blob"
)

// Parts of an upload: S3 takes 5 MiB at least, and at most 10,000 of one
// object.
const (
	partSize = 5 << 20
	maxParts = 9000
	// Parts in flight; each is held in memory.
	concurrency = 2
	// lastWords is how long an interrupted upload may take to take itself back.
	lastWords = 30 * time.Second
)

// Upload writes all that r gives as one object, or nothing: when r fails or
// ctx ends, neither an object nor parts of one stay, and what was there before
// still is. size is an estimate of what will come, which large objects need; 0
// means small. A file is for its owner alone.
func Upload(ctx context.Context, bucket *blob.Bucket, key string, r io.Reader, size int64) error {
	part := max(partSize, size/maxParts)
	options := &blob.WriterOptions{ContentType: "application/octet-stream", BeforeWrite: ownersAlone}
	body := &watched{ctx: ctx, r: r}
	var client *s3.Client
	if bucket.As(&client) {
		options.BeforeWrite = sparing(client, part)
		return body.first(bucket.Upload(ctx, key, body, options))
	}
	// Others commit what they have at Close, unless their context has ended.
	writing, cancel := context.WithCancel(ctx)
	defer cancel()
	w, err := bucket.NewWriter(writing, key, options)
	if err != nil {
		return err
	}
	if _, err = io.Copy(w, body); err != nil {
		cancel()
		_ = w.Close()
		return body.first(err)
	}
	return w.Close()
}

// WriteAll writes a small object whole, or not at all. Bucket.WriteAll puts
// half of it in the place of what is there when a disk is full.
func WriteAll(ctx context.Context, bucket *blob.Bucket, key string, data []byte) error {
	return Upload(ctx, bucket, key, bytes.NewReader(data), int64(len(data)))
}

// ownersAlone keeps other users of the machine out of a file: dumps hold what
// is secret. A file system without modes keeps out whom it does.
func ownersAlone(as func(any) bool) error {
	var file *os.File
	if as(&file) {
		_ = file.Chmod(0o600)
	}
	return nil
}

// sparing has S3 hold a few small parts in memory, where it would read 16 MiB
// before the first, and has it take its parts back though ctx has ended.
func sparing(client *s3.Client, part int64) func(func(any) bool) error {
	return func(as func(any) bool) error {
		var manager *transfermanager.Client
		if as(&manager) {
			*manager = *transfermanager.New(client, func(o *transfermanager.Options) {
				o.RequestChecksumCalculation = client.Options().RequestChecksumCalculation
				o.PartSizeBytes, o.MultipartUploadThreshold, o.Concurrency = part, part, concurrency
				o.FailTimeout = lastWords
			})
		}
		return nil
	}
}

// watched fails when ctx ends, and remembers the first failure: what a bucket
// makes of it may say less.
type watched struct {
	ctx context.Context
	r   io.Reader
	err error
}

// Read implements io.Reader.
func (w *watched) Read(p []byte) (int, error) {
	if w.ctx.Err() != nil && w.err == nil {
		w.err = context.Cause(w.ctx)
	}
	if w.err != nil {
		return 0, w.err
	}
	n, err := w.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		w.err = err
	}
	return n, err
}

func (w *watched) first(err error) error {
	switch {
	case err == nil:
		return nil
	case w.err != nil:
		return w.err
	case w.ctx.Err() != nil:
		return context.Cause(w.ctx)
	}
	return err
}
