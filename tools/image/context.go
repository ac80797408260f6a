package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
)

// contextFiles lists the regular files that a build of a directory would see,
// with .dockerignore read by Docker's own matcher.
func contextFiles(dir string) ([]string, error) {
	var patterns []string
	switch f, err := os.Open(filepath.Join(dir, ".dockerignore")); {
	case err == nil:
		patterns, err = ignorefile.ReadAll(f)
		_ = f.Close()
		if err != nil {
			return nil, err
		}
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	matcher, err := patternmatcher.New(patterns)
	if err != nil {
		return nil, err
	}
	var files []string
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil || name == "." {
			return err
		}
		ignored, err := matcher.MatchesOrParentMatches(name)
		switch {
		case err != nil:
			return err
		case entry.IsDir():
			if ignored && !excepted(matcher, name) {
				return fs.SkipDir
			}
		case !ignored && entry.Type().IsRegular():
			files = append(files, name)
		}
		return nil
	})
	return files, err
}

// excepted says whether a pattern that begins with an exclamation mark may
// take something below an ignored directory back in.
func excepted(matcher *patternmatcher.PatternMatcher, dir string) bool {
	for _, p := range matcher.Patterns() {
		if p.Exclusion() && below(p.String(), dir) {
			return true
		}
	}
	return false
}

// below says whether a path is a directory or in it.
func below(path, dir string) bool {
	return dir == "." || path == dir || strings.HasPrefix(path, dir+string(filepath.Separator))
}

// copyFile copies a regular file with its permissions and time.
func copyFile(from, to string) error {
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(to, text, info.Mode().Perm()); err != nil {
		return err
	}
	return os.Chtimes(to, info.ModTime(), info.ModTime())
}
