package run

import (
	"io"
	"log/slog"
	"sync/atomic"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/platform/logstore"
	"github.com/script-ohio/platform/app/platform/telemetry"
)

// localLogs is the folder for logs in a data directory.
const localLogs = "logs"

// OpenLog makes the logger of a process: to standard error, and where LOG_STORE
// is a folder, into its files too. done closes them.
func OpenLog(config contract.Config, stderr io.Writer) (logger *slog.Logger, done func(), err error) {
	folder, err := logFolder(config)
	if err != nil {
		return nil, nil, err
	}
	if logger, err = telemetry.Logger(stderr, config.LogLevel); err != nil || folder == nil {
		return logger, func() {}, err
	}
	logger, err = telemetry.Logger(&tee{stderr: stderr, folder: folder, alone: logger}, config.LogLevel)
	return logger, func() { _ = folder.Close() }, err
}

// openLogs gives the store that logs can be read from, nil if there is none.
func openLogs(config contract.Config) (logstore.Source, error) {
	if config.LogStore == "" {
		return nil, nil
	}
	return logstore.Open(config.LogStore)
}

// logFolder gives the store if it is a folder, which is ours to write and to
// tidy, else nil.
func logFolder(config contract.Config) (*logstore.Folder, error) {
	source, err := openLogs(config)
	if err != nil {
		return nil, err
	}
	folder, _ := source.(*logstore.Folder)
	return folder, nil
}

// tee writes log lines to standard error and into a folder. Trouble with the
// folder is told on standard error when it begins and when it ends; the
// program goes on.
type tee struct {
	stderr io.Writer
	folder *logstore.Folder
	alone  *slog.Logger // to standard error
	losing atomic.Bool
}

// Write implements io.Writer.
func (t *tee) Write(line []byte) (int, error) {
	n, err := t.stderr.Write(line)
	_, lost := t.folder.Write(line)
	if before := t.losing.Swap(lost != nil); lost != nil && !before {
		t.alone.Warn("log lines are on standard error only, and in no backup", "folder", t.folder.Dir(), "error", lost)
	} else if lost == nil && before {
		t.alone.Info("log lines are kept again", "folder", t.folder.Dir())
	}
	return n, err
}
