// Package blob opens object storage by URL.
package blob

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net/url"
	"os"
	"strings"

	"gocloud.dev/blob"
	_ "gocloud.dev/blob/fileblob" // file://
	_ "gocloud.dev/blob/memblob"  // mem://
	_ "gocloud.dev/blob/s3blob"   // s3://

	"github.com/script-ohio/platform/app/fault"
)

// Open opens the bucket at a URL: s3://name?region=us-east-2,
// file:///var/lib/ohio/models (the folder is made when it is missing, for its
// owner alone; one that is there keeps its mode) or mem://, which is gone with
// the process. A URL it cannot use is fault.Invalid. The caller closes the
// bucket.
func Open(ctx context.Context, bucketURL string) (*blob.Bucket, error) {
	u, err := url.Parse(bucketURL)
	if err != nil {
		// The cause would quote the URL, which may hold credentials.
		return nil, unusable(nil)
	}
	if u.Scheme == "file" {
		// Any other host would be taken for the beginning of a path and dropped.
		if u.Host != "" && u.Host != "localhost" || !strings.HasPrefix(u.Path, "/") {
			return nil, unusable(nil)
		}
		q := u.Query()
		q.Set("create_dir", "true")
		q.Set("dir_file_mode", "0700")
		q.Set("no_tmp_dir", "true") // writes are renamed into place, which works inside one file system only
		q.Set("metadata", "skip")   // one file an object; nobody here asks for its attributes
		u.RawQuery = q.Encode()
	}
	if u.User != nil {
		return nil, unusable(nil)
	}
	bucket, err := blob.OpenBucket(ctx, u.String())
	if err != nil {
		return nil, unusable(err)
	}
	if u.Scheme == "file" {
		if err := readable(u.Path); err != nil {
			_ = bucket.Close()
			return nil, err
		}
	}
	return bucket, nil
}

// Absent gives the folder of a bucket that Open would have to make.
func Absent(bucketURL string) (folder string, absent bool) {
	u, err := url.Parse(bucketURL)
	if err != nil || u.Scheme != "file" || !strings.HasPrefix(u.Path, "/") {
		return "", false
	}
	_, err = os.Stat(u.Path)
	return u.Path, errors.Is(err, fs.ErrNotExist)
}

// Fleeting tells of a bucket that is gone with the process.
func Fleeting(bucketURL string) bool {
	u, err := url.Parse(bucketURL)
	return err == nil && u.Scheme == "mem"
}

// readable makes sure that a folder may be listed: what may not be read would
// look empty.
func readable(folder string) error {
	d, err := os.Open(folder)
	if err == nil {
		_, err = d.Readdirnames(1)
		_ = d.Close()
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return fault.Wrap(fault.Forbidden, err, "the folder of the bucket cannot be read")
	}
	return nil
}

func unusable(cause error) error {
	return fault.Wrap(fault.Invalid, cause, "the bucket URL cannot be used: write s3://name?region=us-east-2 or file:///absolute/folder, without a user or password")
}
