//go:build engine

package enginetest_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/script-ohio/platform/infra/enginetest"
)

const line = "%-8s %-52s %9s  %-22s %7s\n"

func TestMain(m *testing.M) {
	at := time.Now()
	fmt.Printf(line, "stack", "scenario", "resources", "changes", "seconds")
	code := m.Run()
	fmt.Printf(line, "all", "", "", "", fmt.Sprintf("%.1f", time.Since(at).Seconds()))
	// The SDK's log writes for as long as the process lives.
	if err := goleak.Find(goleak.IgnoreTopFunction("github.com/golang/glog.(*fileSink).flushDaemon")); code == 0 && err != nil {
		fmt.Println(err)
		code = 1
	}
	os.Exit(code)
}

// scenario runs a step of a stack's life, in order, and prints a line about
// it: how much exists afterwards and what the step did.
func (e *engine) scenario(name string, run func() []enginetest.Change) {
	e.t.Helper()
	at := time.Now()
	changes := run()
	count := map[string]int{}
	for _, c := range changes {
		count[c.Op]++
	}
	var did []string
	for _, op := range []string{"create", "update", "delete"} {
		if count[op] > 0 {
			did = append(did, fmt.Sprintf("%d %sd", count[op], op))
		}
	}
	if len(did) == 0 {
		did = []string{"none"}
	}
	fmt.Printf(line, e.stack.Name(), name, fmt.Sprint(len(e.cloud.Things())), strings.Join(did, ", "), fmt.Sprintf("%.1f", time.Since(at).Seconds()))
}

// only proves that nothing but updates of the properties, by type, was done,
// and that each of them was.
func (e *engine) only(changes []enginetest.Change, want map[string][]string) {
	e.t.Helper()
	got := map[string][]string{}
	for _, c := range changes {
		require.Equal(e.t, "update", c.Op, c.URN)
		got[c.Type] = append(got[c.Type], c.Paths...)
	}
	for typ, paths := range got {
		slices.Sort(paths)
		got[typ] = slices.Compact(paths)
	}
	require.Equal(e.t, want, got)
}

// touched proves that things of these types, and of no others, were changed.
func (e *engine) touched(changes []enginetest.Change, types ...string) {
	e.t.Helper()
	var got []string
	for _, c := range changes {
		got = append(got, c.Type)
	}
	slices.Sort(got)
	slices.Sort(types)
	require.Equal(e.t, types, slices.Compact(got))
}

// one is the only thing of a type.
func (e *engine) one(typ string) enginetest.Thing {
	e.t.Helper()
	var found []enginetest.Thing
	for _, thing := range e.cloud.Things() {
		if thing.Type == typ {
			found = append(found, thing)
		}
	}
	require.Len(e.t, found, 1)
	return found[0]
}

// kept are the types that hold data, or whose loss takes data along.
func kept() []string {
	return []string{databaseType, cacheType, clusterType, bucketType, keyType}
}

// nothingLost proves that no database, cache, cluster, bucket or key was made
// anew or went.
func (e *engine) nothingLost(changes []enginetest.Change) {
	e.t.Helper()
	for _, c := range changes {
		require.False(e.t, c.Op != "update" && slices.Contains(kept(), c.Type), "%s of %s", c.Op, c.URN)
	}
}
