package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/ops/maintenance"
	"github.com/script-ohio/platform/app/platform/jobs"
	"github.com/script-ohio/platform/app/platform/notify"
)

var update = flag.Bool("update", false, "rewrite the tables of docs/operations.md")

// requireTable holds a table of docs/operations.md to what the program does.
// The first line tells which table it is.
func requireTable(t *testing.T, rows ...string) {
	t.Helper()
	const name = "docs/operations.md"
	text, want := read(t, name), strings.Join(rows, "\n")+"\n"
	start := strings.Index(text, rows[0]+"\n")
	require.GreaterOrEqual(t, start, 0, "%s has no table %s", name, rows[0])
	end := start
	for strings.HasPrefix(text[end:], "|") {
		end += strings.Index(text[end:], "\n") + 1
	}
	if *update {
		require.NoError(t, os.WriteFile(filepath.Join(moduleRoot, name), []byte(text[:start]+want+text[end:]), 0o644))
		return
	}
	require.Equal(t, want, text[start:end], "run `go test ./app/cmd/ohio -run Documented -update`")
}

func TestJobsAreDocumentedAsTheyAre(t *testing.T) {
	rows := []string{
		"| job | when (UTC) | timeout | tries | queue | severity | overdue after | does |",
		"|---|---|---|---|---|---|---|---|",
	}
	for _, job := range contract.Jobs() {
		rows = append(rows, fmt.Sprintf("| `%s` | %s | %s | %d | %s | %s | %s | %s |", job.Name, dueWords(t, job), spell(job.Timeout),
			1+job.Retries, job.Queue, job.Severity, spell(job.DeadMan()), job.Summary))
	}
	requireTable(t, rows...)
}

// dueWords says when a job is due.
func dueWords(t *testing.T, job contract.Job) string {
	t.Helper()
	next, err := jobs.NextDue(job.Run, time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC))
	require.NoError(t, err)
	day := job.Run.Name
	if job.Run.Every > 24*time.Hour {
		day = next.Weekday().String()
	}
	due := day + " " + next.Format("15:04")
	if job.After != "" {
		due += ", after `" + job.After + "`"
	}
	return due
}

// spell writes a duration of whole minutes in the units that fit it.
func spell(d time.Duration) string {
	const day = 24 * time.Hour
	var words []string
	add := func(n time.Duration, unit string) {
		if n > 0 {
			words = append(words, fmt.Sprintf("%d %s", n, unit))
		}
	}
	if d >= 2*day {
		add(d/day, "d")
		d %= day
	}
	add(d/time.Hour, "h")
	add(d%time.Hour/time.Minute, "min")
	return strings.Join(words, " ")
}

func TestRetentionsAreDocumentedAsTheyAre(t *testing.T) {
	rows := []string{"| table | kept for |", "|---|---|"}
	for _, r := range maintenance.Retentions() {
		which := "`" + r.Table + "`"
		if r.Where != "" {
			which += ", " + r.Where
		}
		rows = append(rows, fmt.Sprintf("| %s | %s |", which, spell(r.Keep)))
	}
	rows = append(rows, fmt.Sprintf("| files of `LOG_STORE`, by day | %s |", spell(contract.LogRetention)))
	requireTable(t, rows...)
}

// silent is a channel that is configured.
type silent string

func (s silent) Name() string                               { return string(s) }
func (s silent) Send(context.Context, notify.Message) error { return nil }

func TestRoutesOfNotificationsAreDocumentedAsTheyAre(t *testing.T) {
	var all []notify.Channel
	for _, name := range notify.ChannelNames() {
		all = append(all, silent(name))
	}
	sender := notify.NewSender(nil, all, notify.Options{})
	rows := []string{"| severity | goes to | as a report |", "|---|---|---|"}
	for _, severity := range contract.Severities() {
		to := sender.Routes(notify.Notification{Kind: "backup", Severity: severity})
		report := sender.Routes(notify.Notification{Kind: notify.KindReport, Severity: severity})
		rows = append(rows, fmt.Sprintf("| %s | %s | %s |", severity, strings.Join(to, ", "), strings.Join(report, ", ")))
	}
	requireTable(t, rows...)
}
