// Package imports reads who imports whom, for the tests that hold the
// direction of imports.
package imports

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"strconv"
	"strings"
)

// Module is the path of this module, with the slash that packages follow.
const Module = "github.com/script-ohio/platform/"

// Below lists what the packages in the folder and below it import, by package
// without the module. root is the folder's own path in the module. Tests are
// left out, for they may reach up for a helper.
func Below(folder, root string) (map[string][]string, error) {
	all := map[string][]string{}
	err := filepath.WalkDir(folder, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return err
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		within, err := filepath.Rel(folder, filepath.Dir(file))
		if err != nil {
			return err
		}
		pkg := path.Join(root, filepath.ToSlash(within))
		for _, spec := range parsed.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			all[pkg] = append(all[pkg], name)
		}
		return nil
	})
	return all, err
}
