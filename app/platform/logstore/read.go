package logstore

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/script-ohio/platform/app/fault"
)

// Read writes the lines from one time on and before another as they were
// written, day by day. A line's time is that of its field time; a line without
// one goes with the line before it, the first of a file with the beginning of
// the day. Without a folder there are no lines.
func (f *Folder) Read(ctx context.Context, from, to time.Time, w io.Writer) error {
	days, err := f.days()
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(w, chunk)
	for _, d := range days {
		// A line is written after its time was taken, so that the last ones of
		// a day may stand in the next one's file.
		if !d.start.Add(day).After(from) || !d.start.Add(-day).Before(to) {
			continue
		}
		if err := d.copy(ctx, from, to, out); err != nil {
			return err
		}
	}
	return out.Flush()
}

// chunk is what is looked at at a time; the time of a longer line must stand
// in its first chunk.
const chunk = 64 << 10

// copy copies the lines of a file. The last one may be torn; it ends with the
// file then.
func (d dayFile) copy(ctx context.Context, from, to time.Time, out *bufio.Writer) error {
	file, err := os.Open(d.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // past its retention meanwhile
	}
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "the log file %s cannot be read", d.path)
	}
	defer file.Close()
	in := bufio.NewReaderSize(file, chunk)
	at, begins, wanted := d.start, true, false
	for {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		piece, err := in.ReadSlice('\n')
		ended := err == nil
		if begins {
			if t, ok := timeOf(piece); ok {
				at = t
			}
			wanted = !at.Before(from) && at.Before(to) && len(bytes.TrimSpace(piece)) > 0
		}
		if wanted {
			if _, err := out.Write(piece); err != nil {
				return err
			}
		}
		switch {
		case ended || errors.Is(err, bufio.ErrBufferFull):
			begins = ended
		case errors.Is(err, io.EOF):
			if wanted {
				return out.WriteByte('\n')
			}
			return nil
		default:
			return fault.Wrap(fault.Unavailable, err, "the log file %s cannot be read", d.path)
		}
	}
}

// timeOf reads the field time of a line, of which the end may be missing.
func timeOf(line []byte) (time.Time, bool) {
	// Ours come first.
	if rest, ok := bytes.CutPrefix(line, []byte(`{"time":"`)); ok {
		if text, _, ok := bytes.Cut(rest, []byte{'"'}); ok {
			return parseTime(string(text))
		}
		return time.Time{}, false
	}
	if !bytes.HasPrefix(bytes.TrimLeft(line, " \t"), []byte{'{'}) {
		return time.Time{}, false
	}
	tokens, depth, key, atKey := json.NewDecoder(bytes.NewReader(line)), 0, "", false
	for {
		token, err := tokens.Token()
		if err != nil {
			return time.Time{}, false
		}
		switch t := token.(type) {
		case json.Delim:
			if t == '{' || t == '[' {
				depth++
			} else if depth--; depth == 0 {
				return time.Time{}, false
			}
			atKey = depth == 1
			continue
		case string:
			if depth == 1 && atKey {
				key, atKey = t, false
				continue
			}
			if depth == 1 && key == "time" {
				return parseTime(t)
			}
		}
		atKey = depth == 1
	}
}

func parseTime(text string) (time.Time, bool) {
	t, err := time.Parse(time.RFC3339Nano, text)
	return t, err == nil
}
