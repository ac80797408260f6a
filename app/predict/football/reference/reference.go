// Package reference finds the reference data that tests and training compare
// with. The data is not part of the product.
package reference

import (
	"os"
	"path/filepath"
	"testing"
)

// Dir is the folder of the reference data: OHIO_REFERENCE_DATA, else
// shared/data beside the checkout. The test is skipped, in words, without it.
func Dir(tb testing.TB) string {
	tb.Helper()
	dir := os.Getenv("OHIO_REFERENCE_DATA")
	if dir == "" {
		dir = filepath.Join(moduleRoot(tb), "..", "shared", "data")
	}
	if _, err := os.Stat(dir); err != nil {
		tb.Skipf("no reference data: set OHIO_REFERENCE_DATA to its folder (%v)", err)
	}
	return dir
}

// File is the path of one file of the reference data.
func File(tb testing.TB, name string) string {
	tb.Helper()
	return filepath.Join(Dir(tb), name)
}

// moduleRoot walks up from the package under test to go.mod.
func moduleRoot(tb testing.TB) string {
	dir, err := os.Getwd()
	for err == nil && dir != filepath.Dir(dir) {
		if _, missing := os.Stat(filepath.Join(dir, "go.mod")); missing == nil {
			return dir
		}
		dir = filepath.Dir(dir)
	}
	tb.Fatalf("no go.mod above the working directory (%v)", err)
	return ""
}
