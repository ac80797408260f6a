package audit

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"time"

	"github.com/script-ohio/platform/app/fault"
)

// Line is a row as a line of an export and an answer of the API.
type Line struct {
	Seq       int64           `json:"seq"`
	At        time.Time       `json:"at"`
	Actor     LineActor       `json:"actor"`
	Action    string          `json:"action"`
	Subject   LineSubject     `json:"subject"`
	Before    json.RawMessage `json:"before,omitempty"`
	After     json.RawMessage `json:"after,omitempty"`
	RequestID string          `json:"request_id,omitempty"`
	Prev      Hash            `json:"prev"`
	Hash      Hash            `json:"hash"`
}

// LineActor is who did it.
type LineActor struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Role     string `json:"role"`
	ClientIP string `json:"client_ip,omitempty"`
}

// LineSubject is what it was done to.
type LineSubject struct {
	Type string `json:"type"`
	ID   string `json:"id"`
}

// LineOf writes a row as a line.
func LineOf(r Row) Line {
	return Line{
		Seq: r.Seq, At: r.At, Action: r.Action, Before: r.Before, After: r.After, RequestID: r.Actor.RequestID, Prev: r.Prev, Hash: r.Hash,
		Actor:   LineActor{r.Actor.ID, r.Actor.Name, r.Actor.Role, r.Actor.ClientIP},
		Subject: LineSubject{r.SubjectType, r.SubjectID},
	}
}

func (l Line) row() Row {
	return Row{
		Seq: l.Seq, At: l.At.UTC(), Action: l.Action, SubjectType: l.Subject.Type, SubjectID: l.Subject.ID,
		Before: present(l.Before), After: present(l.After), Prev: l.Prev, Hash: l.Hash,
		Actor: Actor{l.Actor.ID, l.Actor.Name, l.Actor.Role, l.Actor.ClientIP, l.RequestID},
	}
}

// present reads a tool's null as nothing.
func present(document json.RawMessage) []byte {
	if len(document) == 0 || string(document) == "null" {
		return nil
	}
	return document
}

// Export writes the log as JSON lines, in order and with constant memory, and
// gives its head. The export is recorded first, so that the copy shows itself.
// Verify reads it without the database.
func (l *Log) Export(ctx context.Context, to io.Writer) (head Head, err error) {
	if err := l.Append(ctx, Entry{Action: "audit.export", SubjectType: "audit_log", SubjectID: "entries"}); err != nil {
		return Head{}, err
	}
	out := bufio.NewWriter(to)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for row, err := range l.Rows(ctx) {
		if err != nil {
			return head, err
		}
		if err := encoder.Encode(LineOf(row)); err != nil {
			return head, err
		}
		head = Head{row.Seq, row.Hash}
	}
	return head, out.Flush()
}

// maxLine is far above what a row with two full documents takes.
const maxLine = 4 << 20

// Lines reads an export. A line that is no row is fault.Invalid and the last.
func Lines(from io.Reader) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		scanner := bufio.NewScanner(from)
		scanner.Buffer(make([]byte, 0, 64<<10), maxLine)
		for n := 1; scanner.Scan(); n++ {
			var line Line
			if err := json.Unmarshal(scanner.Bytes(), &line); err != nil {
				yield(Row{}, fault.Wrap(fault.Invalid, err, "line %d is no row of an audit log", n))
				return
			}
			if !yield(line.row(), nil) {
				return
			}
		}
		if err := scanner.Err(); errors.Is(err, bufio.ErrTooLong) {
			yield(Row{}, fault.New(fault.Invalid, "a line is longer than any row of an audit log"))
		} else if err != nil {
			yield(Row{}, fault.Wrap(fault.Unavailable, err, "the export could not be read"))
		}
	}
}
