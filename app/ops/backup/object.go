package backup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/ops/backup/envelope"
	"github.com/script-ohio/platform/app/platform/blob"
)

// store streams what produce writes into an object of a backup: compressed,
// encrypted, counted and hashed on the way, without a file in between. When
// produce fails, nothing is stored. size is an estimate of what will come.
func (s *Service) store(ctx context.Context, name, key string, size int64, p Progress, produce func(io.Writer) error) (Object, error) {
	object := Object{Key: key + ".zst", Compression: envelope.Zstd, Encryption: s.Keys.Encryption()}
	if object.Encryption != "" {
		object.Key += "." + object.Encryption
	}
	r, w := io.Pipe()
	stored := &counter{w: w, hash: sha256.New()}
	plain := &counter{progress: func(done int64) { p(done, max(size, done), key) }}
	produced := make(chan error, 1)
	go func() {
		err := s.seal(stored, plain, produce)
		produced <- err
		_ = w.CloseWithError(err)
	}()
	err := blob.Upload(ctx, s.Bucket, name+"/"+object.Key, r, size)
	// A producer that still writes must not wait for ever.
	_ = r.CloseWithError(errUploadEnded)
	if failed := <-produced; failed != nil && !errors.Is(failed, errUploadEnded) {
		return Object{}, failed
	}
	if err != nil {
		return Object{}, blob.Fault(err, "%s cannot be stored", object.Key)
	}
	object.Size, object.PlainSize, object.SHA256 = stored.n, plain.n, stored.sum()
	attributes, err := s.Bucket.Attributes(ctx, name+"/"+object.Key)
	if err != nil {
		return Object{}, blob.Fault(err, "%s cannot be seen after it was stored", object.Key)
	}
	if attributes.Size != object.Size {
		return Object{}, fault.New(fault.Unavailable, "%s has %d bytes after %d were stored", object.Key, attributes.Size, object.Size)
	}
	return object, nil
}

var errUploadEnded = errors.New("the upload has ended")

func (s *Service) seal(stored, plain *counter, produce func(io.Writer) error) error {
	sealed, err := envelope.Seal(stored, s.Keys)
	if err != nil {
		return err
	}
	plain.w = sealed
	if err := produce(plain); err != nil {
		return err
	}
	return sealed.Close()
}

// stored opens an object of a backup as it lies in the bucket.
func (s *Service) stored(ctx context.Context, name string, o Object) (io.ReadCloser, error) {
	source, err := blob.Reader(ctx, s.Bucket, name+"/"+o.Key)
	if err == nil {
		return source, nil
	}
	if err = blob.Fault(err, "%s cannot be read", o.Key); fault.CodeOf(err) == fault.NotFound {
		return nil, damage("missing", "%s is not there", o.Key)
	}
	return nil, err
}

// read streams an object of a backup to consume, decrypted and decompressed,
// and fails when what is stored is not what the manifest says. consume nil
// checks the stored bytes alone. It is read to its end in any case: only then
// is it known to be whole.
func (s *Service) read(ctx context.Context, name string, o Object, p Progress, consume func(io.Reader) error) error {
	source, err := s.stored(ctx, name, o)
	if err != nil {
		return err
	}
	defer func() { _ = source.Close() }()
	stored := &counter{r: source, hash: sha256.New(), progress: func(done int64) { p(done, o.Size, o.Key) }}
	var used error
	if consume != nil {
		used = s.unseal(stored, o, consume)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if _, err := io.Copy(io.Discard, stored); err != nil {
		return blob.Fault(err, "%s cannot be read to its end", o.Key)
	}
	switch {
	case stored.n != o.Size:
		return damage("size", "%s has %d bytes; %d were stored", o.Key, stored.n, o.Size)
	case stored.sum() != o.SHA256:
		return damage("checksum", "%s is not what was stored: its SHA-256 differs", o.Key)
	}
	return used
}

func (s *Service) unseal(stored io.Reader, o Object, consume func(io.Reader) error) error {
	opened, err := envelope.Open(stored, o.Compression, o.Encryption, s.Keys)
	if err != nil {
		if _, ours := errors.AsType[*fault.Error](err); ours {
			return fault.Wrap(fault.CodeOf(err), err, "%s cannot be opened", o.Key)
		}
		return damage("envelope", "%s cannot be decrypted: %v", o.Key, err)
	}
	defer opened.Close()
	plain := &counter{r: opened}
	used := consume(plain)
	if used == nil || plain.failed == nil {
		_, _ = io.Copy(io.Discard, plain)
	}
	switch {
	case plain.failed != nil:
		return damage("envelope", "%s cannot be unpacked: %v", o.Key, plain.failed)
	case used == nil && plain.n != o.PlainSize:
		return damage("envelope", "%s unpacks to %d bytes; %d were packed", o.Key, plain.n, o.PlainSize)
	}
	return used
}

// counter counts and hashes what passes through it either way.
type counter struct {
	w        io.Writer
	r        io.Reader
	hash     hash.Hash
	progress func(int64)
	n, told  int64
	failed   error // of r, but its end
}

// tellEvery is how many bytes pass between two tellings of the progress.
const tellEvery = 1 << 20

func (c *counter) passed(p []byte) {
	c.n += int64(len(p))
	if c.hash != nil {
		c.hash.Write(p)
	}
	if c.progress != nil && c.n-c.told >= tellEvery {
		c.told = c.n
		c.progress(c.n)
	}
}

// Write implements io.Writer.
func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.passed(p[:n])
	return n, err
}

// Read implements io.Reader.
func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.passed(p[:n])
	if err != nil && !errors.Is(err, io.EOF) {
		c.failed = err
	}
	return n, err
}

func (c *counter) sum() string { return hex.EncodeToString(c.hash.Sum(nil)) }
