package blob

import (
	"context"
	"errors"
	"io/fs"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	"github.com/script-ohio/platform/app/fault"
)

// s3Bucket is a bucket as S3 itself is asked about it.
type s3Bucket struct {
	client       *s3.Client
	name, prefix string
}

// errAsked ends a listing before it is sent.
var errAsked = errors.New("asked")

// s3Of finds what is behind a bucket; false when that is not S3.
func s3Of(ctx context.Context, bucket *blob.Bucket) (b s3Bucket, ok bool) {
	if !bucket.As(&b.client) {
		return b, false
	}
	// Only a request knows the bucket's name and the prefix put before keys.
	_, _ = bucket.List(&blob.ListOptions{BeforeList: func(as func(any) bool) error {
		var in *s3.ListObjectsV2Input
		if ok = as(&in); ok {
			b.name, b.prefix = aws.ToString(in.Bucket), aws.ToString(in.Prefix)
		}
		return errAsked
	}}).Next(ctx)
	return b, ok
}

// Reader reads an object. S3's own checksums are not looked at, and neither
// is it said that they cannot be; whoever reads has better ones.
func Reader(ctx context.Context, bucket *blob.Bucket, key string) (*blob.Reader, error) {
	return bucket.NewReader(ctx, key, &blob.ReaderOptions{BeforeRead: func(as func(any) bool) error {
		var options *[]func(*s3.Options)
		if as(&options) {
			*options = append(*options, func(o *s3.Options) { o.DisableLogOutputChecksumValidationSkipped = true })
		}
		return nil
	}})
}

// refusals are what S3 says to whom it does not let in.
var refusals = map[string]bool{
	"AccessDenied": true, "Forbidden": true, "InvalidAccessKeyId": true, "SignatureDoesNotMatch": true,
	"ExpiredToken": true, "InvalidToken": true, "AccountProblem": true,
}

// Fault gives an error of a bucket its code: fault.NotFound, fault.Forbidden,
// else fault.Unavailable. A cause that is a fault keeps its own.
func Fault(cause error, format string, args ...any) error {
	if f, ok := errors.AsType[*fault.Error](cause); ok {
		return fault.Wrap(f.Code, cause, format, args...)
	}
	code := fault.Unavailable
	switch gcerrors.Code(cause) {
	case gcerrors.NotFound:
		code = fault.NotFound
	case gcerrors.PermissionDenied:
		code = fault.Forbidden
	}
	if api, ok := errors.AsType[smithy.APIError](cause); ok && refusals[api.ErrorCode()] {
		code = fault.Forbidden
	}
	if errors.Is(cause, fs.ErrPermission) {
		code = fault.Forbidden
	}
	return fault.Wrap(code, cause, format, args...)
}
