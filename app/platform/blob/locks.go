package blob

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	"gocloud.dev/blob"
)

// Locks tells which objects of a bucket Object Lock keeps. Only S3 buckets
// that were made with it have any.
type Locks struct {
	bucket *blob.Bucket
	on     bool
	byRule time.Duration // how long the bucket's own rule keeps each object
}

// Lock keeps an object from being deleted. The zero value keeps nothing.
type Lock struct {
	Until time.Time
	Hold  bool // a legal hold, which has no end
}

// Holds tells whether the object may not be deleted at a time.
func (l Lock) Holds(now time.Time) bool { return l.Hold || l.Until.After(now) }

// ReadLocks asks a bucket for its rule. Not being told whether there are
// locks is an error: nobody may delete on a guess.
func ReadLocks(ctx context.Context, bucket *blob.Bucket) (*Locks, error) {
	locks := &Locks{bucket: bucket}
	b, ok := s3Of(ctx, bucket)
	if !ok {
		return locks, nil
	}
	said, err := b.client.GetObjectLockConfiguration(ctx, &s3.GetObjectLockConfigurationInput{Bucket: &b.name})
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		switch api.ErrorCode() {
		case "ObjectLockConfigurationNotFoundError", "NotImplemented", "MethodNotAllowed":
			return locks, nil
		}
	}
	if err != nil {
		return nil, Fault(err, "the bucket does not say whether its objects are locked")
	}
	locks.on = said.ObjectLockConfiguration != nil && said.ObjectLockConfiguration.ObjectLockEnabled == types.ObjectLockEnabledEnabled
	if rule := said.ObjectLockConfiguration; locks.on && rule.Rule != nil && rule.Rule.DefaultRetention != nil {
		r := rule.Rule.DefaultRetention
		locks.byRule = time.Duration(aws.ToInt32(r.Days)+365*aws.ToInt32(r.Years)) * 24 * time.Hour
	}
	return locks, nil
}

// Of gives the lock of an object: its own, or what the bucket's rule gave it
// when it was written, whichever is longer. Its own is shown only to those who
// may read retentions, so the rule counts in any case.
func (l *Locks) Of(ctx context.Context, key string) (Lock, error) {
	if !l.on {
		return Lock{}, nil
	}
	attributes, err := l.bucket.Attributes(ctx, key)
	if err != nil {
		return Lock{}, Fault(err, "the lock of %s cannot be read", key)
	}
	lock := Lock{}
	if l.byRule > 0 {
		lock.Until = attributes.ModTime.Add(l.byRule)
	}
	var head s3.HeadObjectOutput
	if attributes.As(&head) {
		if until := aws.ToTime(head.ObjectLockRetainUntilDate); until.After(lock.Until) {
			lock.Until = until
		}
		lock.Hold = head.ObjectLockLegalHoldStatus == types.ObjectLockLegalHoldStatusOn
	}
	return lock, nil
}
