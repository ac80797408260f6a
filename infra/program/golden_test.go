package program_test

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/infra/plan"
	"github.com/script-ohio/platform/infra/plan/plantest"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden writes a graph line by line: URN, options, what it needs, inputs. A
// URN that changes is another resource, and the old one is destroyed.
func golden(graph *plan.Graph) string {
	var out strings.Builder
	short := func(urn string) string { // the type and name say enough
		parts := strings.Split(urn, "::")
		return parts[2][strings.LastIndex(parts[2], "$")+1:] + " " + parts[3]
	}
	for _, r := range graph.Resources {
		fmt.Fprintln(&out, r.URN)
		for _, option := range []struct {
			set  bool
			text string
		}{
			{r.Protect, "protect"}, {r.RetainOnDelete, "retain on delete"}, {len(r.IgnoreChanges) > 0, "ignore changes of " + strings.Join(r.IgnoreChanges, " ")},
			{r.DeleteBefore, "delete before replace"}, {r.Timeouts.Create != "", "create within " + r.Timeouts.Create},
			{len(r.Aliases) > 0, "was " + strings.Join(r.Aliases, " ")},
		} {
			if option.set {
				fmt.Fprintln(&out, "  "+option.text)
			}
		}
		if r.Provider != "" {
			fmt.Fprintln(&out, "  provider", short(r.Provider))
		}
		for _, urn := range r.Dependencies {
			fmt.Fprintln(&out, "  needs", short(urn))
		}
		for _, leaf := range r.Inputs.Leaves() {
			value := fmt.Sprint(leaf.Value)
			if leaf.Secret {
				value = plan.Masked
			}
			if strings.Contains(value, "\n") { // a file: it is reviewed where it comes from
				value = fmt.Sprintf("%d bytes, sum %x", len(value), sha256.Sum256([]byte(value)))[:40]
			}
			fmt.Fprintf(&out, "  %s = %s\n", leaf.Path, value)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(graph.Outputs)) {
		fmt.Fprintf(&out, "output %s = %v\n", name, graph.Outputs[name].Value)
	}
	return out.String()
}

func TestTheStacksAreAsReviewed(t *testing.T) {
	for _, name := range []string{"staging", "prod"} {
		file := filepath.Join("testdata", name+".golden")
		got := golden(record(t, plantest.Deployed(t, name)))
		if *update {
			require.NoError(t, os.MkdirAll("testdata", 0o755))
			require.NoError(t, os.WriteFile(file, []byte(got), 0o600))
		}
		want, err := os.ReadFile(file)
		require.NoError(t, err)
		if string(want) != got {
			t.Errorf("stack %s differs from %s; if that is meant, run `go test ./infra/program -update` and review the diff:\n%s",
				name, file, difference(string(want), got))
		}
	}
}

// difference is the lines that only one side has, up to 40 of them.
func difference(want, got string) string {
	count := map[string]int{}
	for _, line := range strings.Split(want, "\n") {
		count[line]--
	}
	for _, line := range strings.Split(got, "\n") {
		count[line]++
	}
	var lines []string
	for line, n := range count {
		if n != 0 {
			lines = append(lines, map[bool]string{true: "+ ", false: "- "}[n > 0]+line)
		}
	}
	slices.Sort(lines)
	if len(lines) > 40 {
		lines = append(lines[:40], fmt.Sprintf("and %d more", len(lines)-40))
	}
	return strings.Join(lines, "\n")
}

func TestAnotherNameIsAnotherResource(t *testing.T) {
	graph := record(t, plantest.Config(t, "prod"))
	before := golden(graph)
	bucket := graph.Find("aws:s3/bucketV2:BucketV2", "script-ohio-prod-models")
	bucket.URN = strings.Replace(bucket.URN, "-models", "-packs", 1)
	require.NotEqual(t, before, golden(graph))
	require.Contains(t, difference(before, golden(graph)), "+ "+bucket.URN)
}

func TestRecordingIsTheSameEveryTime(t *testing.T) {
	c := plantest.Config(t, "prod")
	first := golden(record(t, c))
	for range 5 {
		require.Equal(t, first, golden(record(t, c)))
	}
}
