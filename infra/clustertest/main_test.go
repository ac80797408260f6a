package clustertest

import (
	"testing"

	"go.uber.org/goleak"
)

// The SDK's logger flushes for the life of the process.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/golang/glog.(*fileSink).flushDaemon"))
}
