package security

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"time"

	"golang.org/x/vuln/scan"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
)

// scanTimeout bounds the scan, which waits for a server elsewhere.
const scanTimeout = 5 * time.Minute

// vulnerabilities compares the running program with the Go project's database,
// as govulncheck does. Offline it is unavailable: nothing is said then.
func (a *Auditor) vulnerabilities(ctx context.Context, _ *Report) ([]Finding, string, error) {
	program := a.options.Executable
	if program == "" {
		var err error
		if program, err = os.Executable(); err != nil {
			return nil, "", fault.Wrap(fault.Unavailable, err, "the running program's file is not known")
		}
	}
	if err := describesItself(program); err != nil {
		return nil, "", err
	}
	args := []string{"-mode=binary", "-format=json"}
	if a.options.Database != "" {
		args = append(args, "-db="+a.options.Database)
	}
	ctx, cancel := context.WithTimeout(ctx, scanTimeout)
	defer cancel()
	var out, complaint bytes.Buffer
	command := scan.Command(ctx, append(args, program)...)
	command.Stdin, command.Stdout, command.Stderr = bytes.NewReader(nil), &out, &complaint
	if err := command.Start(); err != nil {
		return nil, "", fault.Wrap(fault.Unavailable, err, "the program cannot be scanned")
	}
	if err := command.Wait(); err != nil {
		return nil, "", fault.Wrap(fault.Unavailable, err, "the program was not compared with the vulnerability database: %v", err)
	}
	return read(&out)
}

// describesItself makes sure that a program says which modules it is built of;
// the scan of one that does not would find nothing and prove nothing.
func describesItself(program string) error {
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "the program cannot be scanned: %s is no Go program", program)
	}
	if len(info.Deps) == 0 {
		return fault.New(fault.Unavailable, "the program cannot be scanned: %s does not say which modules it is built of", program)
	}
	return nil
}

// message is a part of govulncheck's output, as far as it is used.
type message struct {
	Config *struct {
		Database string    `json:"db"`
		Modified time.Time `json:"db_last_modified"`
	} `json:"config"`
	OSV *struct {
		ID      string `json:"id"`
		Summary string `json:"summary"`
	} `json:"osv"`
	Finding *struct {
		OSV   string `json:"osv"`
		Fixed string `json:"fixed_version"`
		Trace []struct {
			Module   string `json:"module"`
			Version  string `json:"version"`
			Function string `json:"function"`
		} `json:"trace"`
	} `json:"finding"`
}

// read makes one finding of all that is told of a vulnerability in a module.
// It is a warning when the code in question is part of the program.
func read(stream io.Reader) ([]Finding, string, error) {
	summaries, found := map[string]string{}, map[string]Finding{}
	note := ""
	decoder := json.NewDecoder(stream)
	for {
		var m message
		err := decoder.Decode(&m)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, "", fault.Wrap(fault.Internal, err, "the result of the scan cannot be read")
		}
		switch {
		case m.Config != nil:
			note = "compared with " + m.Config.Database
			if !m.Config.Modified.IsZero() {
				note += " of " + m.Config.Modified.Format(time.DateOnly)
			}
		case m.OSV != nil:
			summaries[m.OSV.ID] = m.OSV.Summary
		case m.Finding != nil && len(m.Finding.Trace) > 0:
			at := m.Finding.Trace[0]
			key := m.Finding.OSV + " " + at.Module
			f, known := found[key]
			if !known {
				f = Finding{Severity: contract.Ticket, What: m.Finding.OSV, Where: at.Module + "@" + at.Version, Do: "no fixed version is known: see https://pkg.go.dev/vuln/" + m.Finding.OSV}
				if m.Finding.Fixed != "" {
					f.Do = fmt.Sprintf("build with %s %s or later", at.Module, m.Finding.Fixed)
				}
			}
			if at.Function != "" {
				f.Severity = contract.Warning
			}
			found[key] = f
		}
	}
	findings := make([]Finding, 0, len(found))
	for _, key := range slices.Sorted(maps.Keys(found)) {
		f := found[key]
		if summary := summaries[f.What]; summary != "" {
			f.What += ", " + summary
		}
		if f.Severity == contract.Ticket {
			f.What += " (the code in question is not part of the program)"
		}
		findings = append(findings, f)
	}
	return findings, note, nil
}
