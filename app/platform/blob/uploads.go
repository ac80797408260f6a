package blob

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	"gocloud.dev/blob"
)

// AbortUploads throws away the multipart uploads below a prefix that were
// begun before a time and never finished, and counts them. A killed program
// leaves them; they show in no listing and cost money.
func AbortUploads(ctx context.Context, bucket *blob.Bucket, prefix string, before time.Time) (aborted int, err error) {
	b, ok := s3Of(ctx, bucket)
	if !ok {
		return 0, nil
	}
	pages := s3.NewListMultipartUploadsPaginator(b.client, &s3.ListMultipartUploadsInput{
		Bucket: &b.name, Prefix: aws.String(b.prefix + prefix),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return aborted, Fault(err, "unfinished uploads cannot be listed")
		}
		for _, upload := range page.Uploads {
			// Not every server filters by prefix.
			if !aws.ToTime(upload.Initiated).Before(before) || !strings.HasPrefix(aws.ToString(upload.Key), b.prefix+prefix) {
				continue
			}
			_, err := b.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{
				Bucket: &b.name, Key: upload.Key, UploadId: upload.UploadId,
			})
			if api, gone := errors.AsType[smithy.APIError](err); gone && api.ErrorCode() == "NoSuchUpload" {
				continue
			}
			if err != nil {
				return aborted, Fault(err, "an unfinished upload of %s cannot be aborted", aws.ToString(upload.Key))
			}
			aborted++
		}
	}
	return aborted, nil
}
