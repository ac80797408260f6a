package main

import (
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/script-ohio/platform/app/platform/jobs"
)

// progress shows how far something long is, on standard error.
type progress interface {
	set(n int)
	step()
	// say prints a line beside it.
	say(text string)
	// close ends it, finished or not.
	close()
}

// newProgress is a bar on a terminal. Elsewhere it is a line now and then, for
// logs, and nothing for what is soon done.
func (c *console) newProgress(name string, total int) progress {
	name = jobs.Line(name)
	if file, ok := c.err.(*os.File); ok && isTerminal(file) {
		return newBar(file, name, total)
	}
	return &lines{console: c, name: name, total: total, clock: time.Now, last: time.Now()}
}

type bar struct {
	progress *mpb.Progress
	bar      *mpb.Bar
}

func newBar(terminal *os.File, name string, total int) *bar {
	progress := mpb.New(mpb.WithOutput(terminal), mpb.WithRefreshRate(100*time.Millisecond))
	return &bar{progress, progress.AddBar(int64(total),
		mpb.PrependDecorators(decor.Name(name+" "), decor.CountersNoUnit("%d / %d")),
		mpb.AppendDecorators(decor.Elapsed(decor.ET_STYLE_GO), decor.Name(" "), decor.Percentage()))}
}

func (b *bar) set(n int) { b.bar.SetCurrent(int64(n)) }
func (b *bar) step()     { b.bar.Increment() }

func (b *bar) say(text string) { fmt.Fprintln(b.progress, text) }

func (b *bar) close() {
	b.bar.Abort(false)
	b.progress.Wait()
}

// lineEvery is the least time between two lines of progress.
const lineEvery = 10 * time.Second

type lines struct {
	console *console
	name    string
	total   int
	clock   func() time.Time

	mu   sync.Mutex
	done int
	last time.Time
}

func (l *lines) set(n int) { l.move(func(int) int { return n }) }
func (l *lines) step()     { l.move(func(done int) int { return done + 1 }) }
func (l *lines) close()    {}

func (l *lines) say(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintln(l.console.err, text)
}

func (l *lines) move(to func(done int) int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.done = to(l.done)
	now := l.clock()
	if now.Sub(l.last) < lineEvery {
		return
	}
	l.last = now
	if l.total <= 0 {
		fmt.Fprintf(l.console.err, "%s: %d\n", l.name, l.done)
		return
	}
	fmt.Fprintf(l.console.err, "%s: %d of %d, %d %%\n", l.name, l.done, l.total, 100*l.done/l.total)
}

// meter shows the progress of each thing that takes its time, in megabytes if
// there are some.
type meter struct {
	out  *console
	now  progress
	note string
}

const megabyte = 1 << 20

func (m *meter) tell(done, total int64, note string) {
	unit := int64(megabyte)
	if total < megabyte {
		unit = 1
	}
	if m.now == nil || note != m.note {
		m.close()
		m.now, m.note = m.out.newProgress(note, int(total/unit)), note
	}
	m.now.set(int(done / unit))
}

func (m *meter) close() {
	if m.now != nil {
		m.now.close()
	}
}
