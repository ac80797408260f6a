package logstore

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/script-ohio/platform/app/fault"
)

// dayFile is a file of the folder.
type dayFile struct {
	path  string
	start time.Time // of its day
}

// days lists the files, oldest first. What is not named like one is somebody
// else's.
func (f *Folder) days() ([]dayFile, error) {
	entries, err := os.ReadDir(f.dir) // by name, which is by day
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fault.Wrap(fault.Unavailable, err, "the log files in %s cannot be listed", f.dir)
	}
	var days []dayFile
	for _, entry := range entries {
		name, ours := strings.CutPrefix(entry.Name(), prefix)
		name, whole := strings.CutSuffix(name, suffix)
		start, err := time.Parse(dayLayout, name)
		if ours && whole && err == nil && entry.Type().IsRegular() {
			days = append(days, dayFile{filepath.Join(f.dir, entry.Name()), start})
		}
	}
	return days, nil
}

// Pruned is what Prune removed.
type Pruned struct {
	Files int
	Bytes int64
}

// Prune removes the files of days that had ended by a time. It goes on after
// a file that cannot be removed.
func (f *Folder) Prune(before time.Time) (p Pruned, err error) {
	days, err := f.days()
	for _, d := range days {
		if d.start.Add(day).After(before) {
			break
		}
		info, problem := os.Stat(d.path)
		if problem == nil {
			problem = os.Remove(d.path)
		}
		switch {
		case problem == nil:
			p.Files++
			p.Bytes += info.Size()
		case !errors.Is(problem, fs.ErrNotExist): // another process was quicker
			err = errors.Join(err, fault.Wrap(fault.Unavailable, problem, "the log file %s cannot be removed", d.path))
		}
	}
	return p, err
}
