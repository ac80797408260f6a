package logstore

import (
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/script-ohio/platform/app/fault"
)

// FolderOptions of a Folder; zero values serve.
type FolderOptions struct {
	DayBytes int64            // size at which a day's file takes no more lines, default 256 MB
	Clock    func() time.Time // default time.Now
}

// Folder is a folder with a file of log lines for every day in UTC. Any number
// of goroutines and processes may write and read it at the same time.
type Folder struct {
	dir string
	o   FolderOptions

	mu     sync.Mutex
	file   *os.File // nil while none is open
	path   string   // of file
	looked time.Time
	torn   bool // the file may end in the middle of a line
	buffer []byte
	closed bool
}

const (
	prefix    = "ohio-"
	dayLayout = "20060102"
	suffix    = ".ndjson"
	day       = 24 * time.Hour
	// lookEvery is how soon it is noticed that somebody has removed the file.
	lookEvery = time.Second
)

// ErrFull is that the file of the day has grown to FolderOptions.DayBytes. Its
// last line says so too.
var ErrFull = errors.New("the log file of the day is full: until tomorrow (UTC), lines are not kept")

// NewFolder makes a folder; on disk, the first line does.
func NewFolder(dir string, o FolderOptions) *Folder {
	o.DayBytes = orDefault(o.DayBytes, 256<<20)
	if o.Clock == nil {
		o.Clock = time.Now
	}
	return &Folder{dir: dir, o: o}
}

// Dir is where it lies.
func (f *Folder) Dir() string { return f.dir }

// Write appends a line, in one write so that lines of several processes stay
// whole. It fails with ErrFull, and with fault.Unavailable when the disk does
// not take it.
func (f *Folder) Write(line []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return 0, os.ErrClosed
	}
	if err := f.ready(f.o.Clock().UTC()); err != nil {
		return 0, fault.Wrap(fault.Unavailable, err, "log lines cannot be kept in %s", f.dir)
	}
	info, err := f.file.Stat()
	if err != nil {
		return 0, fault.Wrap(fault.Unavailable, err, "log lines cannot be kept in %s", f.dir)
	}
	if info.Size() >= f.o.DayBytes {
		return 0, ErrFull
	}
	n, err := f.append(line)
	if err == nil && info.Size()+int64(n) >= f.o.DayBytes {
		_, err = f.append(f.lastLine())
	}
	if err != nil {
		return 0, fault.Wrap(fault.Unavailable, err, "log lines cannot be kept in %s", f.dir)
	}
	return len(line), nil
}

// append writes a line and gives the bytes that it took. What was torn off
// before stays a line of its own.
func (f *Folder) append(line []byte) (int, error) {
	f.buffer = f.buffer[:0]
	if f.torn {
		f.buffer = append(f.buffer, '\n')
	}
	f.buffer = append(f.buffer, line...)
	if len(line) == 0 || line[len(line)-1] != '\n' {
		f.buffer = append(f.buffer, '\n')
	}
	n, err := f.file.Write(f.buffer)
	f.torn = false
	if err != nil { // what is left of the line is found when it is opened again
		_ = f.file.Close()
		f.file = nil
	}
	return n, err
}

// lastLine tells a reader that there was more.
func (f *Folder) lastLine() []byte {
	text, _ := json.Marshal(struct {
		Time  time.Time  `json:"time"`
		Level slog.Level `json:"level"`
		Msg   string     `json:"msg"`
		Max   int64      `json:"max_bytes"`
	}{f.o.Clock().UTC(), slog.LevelWarn, ErrFull.Error(), f.o.DayBytes})
	return text
}

// ready opens the file of the day, unless it is open already.
func (f *Folder) ready(now time.Time) error {
	path := filepath.Join(f.dir, prefix+now.Format(dayLayout)+suffix)
	if f.file != nil && f.path == path {
		if now.Sub(f.looked).Abs() < lookEvery {
			return nil
		}
		if f.there() {
			f.looked = now
			return nil
		}
	}
	if f.file != nil {
		_ = f.file.Close()
		f.file = nil
	}
	// Whoever keeps other things beside may let others pass there, not here.
	if err := os.MkdirAll(filepath.Dir(f.dir), 0o711); err != nil {
		return err
	}
	if err := os.Mkdir(f.dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if f.torn, err = endsTorn(file); err != nil {
		_ = file.Close()
		return err
	}
	f.file, f.path, f.looked = file, path, now
	return nil
}

// there tells whether the open file is still the one of its name.
func (f *Folder) there() bool {
	open, err := f.file.Stat()
	if err != nil {
		return false
	}
	named, err := os.Stat(f.path)
	return err == nil && os.SameFile(open, named)
}

// endsTorn tells whether a file ends in the middle of a line, as one does
// whose writer was killed.
func endsTorn(file *os.File) (bool, error) {
	info, err := file.Stat()
	if err != nil || info.Size() == 0 {
		return false, err
	}
	var last [1]byte
	_, err = file.ReadAt(last[:], info.Size()-1)
	return last[0] != '\n', err
}

// Close closes the file; nothing can be written any more, but read.
func (f *Folder) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	if f.file == nil {
		return nil
	}
	err := f.file.Close()
	f.file = nil
	return err
}
