// Package blobtest serves S3 on loopback for tests: a real server with
// signatures, multipart uploads, versions and Object Lock, on a temporary
// folder.
package blobtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/require"
)

// S3 is a running server. Address is its HOST:PORT; Client may do everything.
type S3 struct {
	Address string
	Client  *s3.Client
	program string
	buckets atomic.Int64
}

const (
	region    = "us-east-1"
	accessKey = "test-access"
	secretKey = "test-secret-test-secret"
)

// StartS3 starts a server for one test, and lets the test's environment sign
// for it. Without bin/s3server the test fails: `make bin/s3server`.
func StartS3(t testing.TB) *S3 {
	t.Helper()
	return StartS3In(t, t.TempDir())
}

// StartS3In is StartS3 with the objects in a folder of the caller's, such as a
// disk that can be filled. The file system must know extended attributes.
func StartS3In(t testing.TB, objects string) *S3 {
	t.Helper()
	program := find(t)
	t.Setenv("AWS_ACCESS_KEY_ID", accessKey)
	t.Setenv("AWS_SECRET_ACCESS_KEY", secretKey)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := listener.Addr().String()
	require.NoError(t, listener.Close())

	root := t.TempDir()
	for _, dir := range []string{"accounts", "versions"} {
		require.NoError(t, os.Mkdir(filepath.Join(root, dir), 0o700))
	}
	log, err := os.Create(filepath.Join(root, "log"))
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, program, "--port", address, "--region", region, "--health", "/health", "--iam-dir", filepath.Join(root, "accounts"),
		"posix", "--versioning-dir", filepath.Join(root, "versions"), objects)
	cmd.Env = []string{"ROOT_ACCESS_KEY_ID=" + accessKey, "ROOT_SECRET_ACCESS_KEY=" + secretKey, "TMPDIR=" + root}
	cmd.Stdout, cmd.Stderr = log, log
	dieWithParent(cmd)
	ended := make(chan struct{})
	go func() {
		// The server's death signal is tied to the thread that forked it.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(ended)
		defer log.Close()
		_ = cmd.Run() // it ends when it is killed
	}()
	t.Cleanup(func() {
		stop()
		<-ended
	})
	require.Eventually(t, func() bool {
		answer, err := http.Get("http://" + address + "/health")
		if err != nil {
			return false
		}
		return errors.Join(answer.Body.Close()) == nil && answer.StatusCode == http.StatusOK
	}, time.Minute, 10*time.Millisecond, "the S3 server does not answer")
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	return &S3{Address: address, program: program, Client: s3.New(s3.Options{
		Region: region, BaseEndpoint: aws.String("http://" + address), UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider(accessKey, secretKey, ""),
	})}
}

// Bucket makes a bucket and gives its URL.
func (s *S3) Bucket(t testing.TB) string { return s.bucket(t, false) }

// LockedBucket makes a versioned bucket that keeps every object for some days.
func (s *S3) LockedBucket(t testing.TB, days int32) string {
	t.Helper()
	name := s.bucket(t, true)
	_, err := s.Client.PutObjectLockConfiguration(t.Context(), &s3.PutObjectLockConfigurationInput{
		Bucket: aws.String(s.Name()),
		ObjectLockConfiguration: &types.ObjectLockConfiguration{
			ObjectLockEnabled: types.ObjectLockEnabledEnabled,
			Rule: &types.ObjectLockRule{DefaultRetention: &types.DefaultRetention{
				Mode: types.ObjectLockRetentionModeGovernance, Days: aws.Int32(days),
			}},
		},
	})
	require.NoError(t, err)
	return name
}

// Name is that of the bucket made last.
func (s *S3) Name() string { return fmt.Sprintf("bucket-%d", s.buckets.Load()) }

// URL gives a bucket's URL at another address of the server, such as a proxy.
func (s *S3) URL(address, name string) string {
	return fmt.Sprintf("s3://%s?region=%s&endpoint=http://%s&use_path_style=true", name, region, address)
}

func (s *S3) bucket(t testing.TB, locked bool) string {
	t.Helper()
	s.buckets.Add(1)
	_, err := s.Client.CreateBucket(t.Context(), &s3.CreateBucketInput{
		Bucket: aws.String(s.Name()), ObjectLockEnabledForBucket: aws.Bool(locked),
	})
	require.NoError(t, err)
	return s.URL(s.Address, s.Name())
}

// find looks for bin/s3server of the module that is tested.
func find(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	require.NoError(t, err)
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil || dir == filepath.Dir(dir) {
			break
		}
	}
	program := filepath.Join(dir, "bin", "s3server")
	if _, err := os.Stat(program); err != nil {
		t.Fatal("there is no S3 server to test with: `make bin/s3server` builds it, as `make test` does")
	}
	return program
}
