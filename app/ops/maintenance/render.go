package maintenance

import (
	"bytes"
	_ "embed" // for the templates
	"fmt"
	htmltemplate "html/template"
	"math"
	"strings"
	"text/template"
	"time"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/jobs"
)

//go:embed report.md.tmpl
var markdownSource string

//go:embed report.html.tmpl
var htmlSource string

// toldIssues are those that a message lists; all are in the other forms.
const toldIssues = 20

// Brief shows what a person must know of a report in Markdown without tables:
// where nobody renders it, as in chats, it reads as it is.
func (r Report) Brief() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s\nVerdict: %s. It took %s.\n", r.Summary, r.Verdict, took(r.TookSeconds))
	for i, one := range r.Issues {
		if i == 0 {
			text.WriteString("\nIssues\n")
		}
		if i == toldIssues {
			fmt.Fprintf(&text, "- and %d more\n", len(r.Issues)-i)
			break
		}
		fmt.Fprintf(&text, "- %s, %s: %s\n", one.Severity, one.Job, jobs.Line(one.Text))
	}
	heading := "\nTasks that are not done\n"
	for _, task := range r.Tasks {
		if task.Status != absent && !jobs.Status(task.Status).Good() {
			fmt.Fprintf(&text, "%s- %s: %s\n", heading, task.Job, strings.ReplaceAll(task.Status, "_", " "))
			heading = ""
		}
	}
	return text.String()
}

// Markdown shows a report as Markdown.
func (r Report) Markdown() (string, error) {
	t, err := template.New("report").Funcs(template.FuncMap{"cell": cell, "time": shownTime, "took": took}).Parse(markdownSource)
	if err != nil {
		return "", fault.Wrap(fault.Internal, err, "the template of the report cannot be read")
	}
	var text bytes.Buffer
	if err := t.Execute(&text, r); err != nil {
		return "", fault.Wrap(fault.Internal, err, "the report cannot be shown")
	}
	return text.String(), nil
}

// HTML shows a report as a page that needs nothing else, fit for mail.
func (r Report) HTML() (string, error) {
	t, err := htmltemplate.New("report").Funcs(htmltemplate.FuncMap{"line": jobs.Line, "time": shownTime, "took": took}).Parse(htmlSource)
	if err != nil {
		return "", fault.Wrap(fault.Internal, err, "the template of the report cannot be read")
	}
	var text bytes.Buffer
	if err := t.Execute(&text, r); err != nil {
		return "", fault.Wrap(fault.Internal, err, "the report cannot be shown")
	}
	return text.String(), nil
}

func shownTime(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

func took(s float64) string {
	if s < 10 {
		return fmt.Sprintf("%.1f s", s)
	}
	return time.Duration(math.Round(s) * float64(time.Second)).String()
}

// cell keeps text from ending a table cell or a line, from being markup and
// from steering a terminal.
func cell(text any) string {
	return strings.NewReplacer("\\", "\\\\", "|", "\\|", "<", "&lt;", "`", "\\`", "*", "\\*", "_", "\\_", "[", "\\[").
		Replace(jobs.Line(fmt.Sprint(text)))
}
