package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/script-ohio/platform/monitoring/render"
)

// manifest lists what was rendered into a folder, so that what is no longer
// rendered can be removed and nothing else is.
const manifest = ".rendered"

// write brings a folder to the files. Each is whole at every moment; files
// that have not changed are left alone.
func write(dir string, files []render.File) error {
	before, err := listed(dir)
	if err != nil {
		return err
	}
	// First both lists, so that a run that is cut short loses track of nothing.
	if err := replace(dir, list(append(before, names(files)...))); err != nil {
		return err
	}
	for _, f := range files {
		if err := replace(dir, f); err != nil {
			return err
		}
	}
	for _, name := range before {
		if slices.Contains(names(files), name) {
			continue
		}
		if err := os.Remove(filepath.Join(dir, filepath.FromSlash(name))); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return replace(dir, list(names(files)))
}

// drift tells how a folder differs from the files, in a line each.
func drift(dir string, files []render.File) ([]string, error) {
	var lines []string
	for _, f := range files {
		text, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(f.Path)))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			lines = append(lines, f.Path+" is missing")
		case err != nil:
			return nil, err
		case !bytes.Equal(text, f.Data):
			lines = append(lines, f.Path+" differs")
		}
	}
	read, err := loaded(dir)
	if err != nil {
		return nil, err
	}
	for _, name := range read {
		if !slices.Contains(names(files), name) {
			lines = append(lines, name+" is not rendered, but would be read")
		}
	}
	return lines, nil
}

// loaded are the files of a folder that the programs read by pattern.
func loaded(dir string) (found []string, err error) {
	for _, part := range []string{"rules", "templates", "dashboards", "grafana"} {
		err = errors.Join(err, filepath.WalkDir(filepath.Join(dir, part), func(path string, entry fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil || entry.IsDir() {
				return err
			}
			name, err := filepath.Rel(dir, path)
			found = append(found, filepath.ToSlash(name))
			return err
		}))
	}
	return found, err
}

// replace writes a file beside its place and moves it there.
func replace(dir string, f render.File) (err error) {
	path := filepath.Join(dir, filepath.FromSlash(f.Path))
	if before, err := os.ReadFile(path); err == nil && bytes.Equal(before, f.Data) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	// A name that no pattern of the readers matches.
	temporary, err := os.CreateTemp(filepath.Dir(path), ".rendering-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = temporary.Close()
			_ = os.Remove(temporary.Name())
		}
	}()
	if _, err = temporary.Write(f.Data); err != nil {
		return err
	}
	// The programs that read it may run as somebody else.
	if err = temporary.Chmod(0o644); err != nil {
		return err
	}
	if err = temporary.Sync(); err != nil {
		return err
	}
	if err = temporary.Close(); err != nil {
		return err
	}
	return os.Rename(temporary.Name(), path)
}

// listed reads the manifest; a folder without one holds nothing of ours.
func listed(dir string) ([]string, error) {
	text, err := os.ReadFile(filepath.Join(dir, manifest))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var found []string
	for line := range strings.Lines(string(text)) { // names may hold spaces
		name := strings.TrimSuffix(line, "\n")
		if !filepath.IsLocal(filepath.FromSlash(name)) {
			return nil, fmt.Errorf("%s names %q, which is outside of the folder", filepath.Join(dir, manifest), name)
		}
		found = append(found, name)
	}
	return found, nil
}

func list(paths []string) render.File {
	slices.Sort(paths)
	return render.File{Path: manifest, Data: []byte(strings.Join(slices.Compact(paths), "\n") + "\n")}
}

func names(files []render.File) []string {
	paths := make([]string, 0, len(files)+1)
	for _, f := range files {
		paths = append(paths, f.Path)
	}
	return paths
}
