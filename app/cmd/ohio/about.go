package main

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"text/tabwriter"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/httpapi"
	"github.com/script-ohio/platform/app/predict/pack"
	"github.com/script-ohio/platform/app/run"
)

// Set by the linker (see Makefile).
var (
	version   = "dev"
	commit    = ""
	buildTime = ""
)

func build() run.Build {
	b := run.Build{Version: version, Commit: commit, Time: buildTime, Go: runtime.Version()}
	if info, ok := debug.ReadBuildInfo(); ok && b.Commit == "" {
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				b.Commit = s.Value
			case "vcs.time":
				b.Time = s.Value
			}
		}
	}
	return b
}

type versionCmd struct{ output }

func (c versionCmd) Run(_ context.Context, out *console) error {
	p, err := pack.Default()
	if err != nil {
		return err
	}
	about := struct {
		run.Build
		Pack string `json:"pack_version"`
	}{build(), p.Manifest.Version}
	return c.print(out, about, func(w *tabwriter.Writer) {
		row(w, "version", about.Version)
		row(w, "commit", about.Commit)
		row(w, "built", about.Time)
		row(w, "go", about.Go)
		row(w, "pack", about.Pack)
	})
}

type openAPICmd struct{}

func (openAPICmd) Run(_ context.Context, out *console) error {
	document, err := httpapi.OpenAPI()
	if err == nil {
		_, err = fmt.Fprintf(out.out, "%s\n", document)
	}
	return err
}

type configCmd struct {
	Output string `enum:"table,json,markdown" default:"table" short:"o" help:"Print a ${enum}."`
}

func (c configCmd) Run(_ context.Context, out *console) error {
	if c.Output == "markdown" {
		fmt.Fprint(out.out, configMarkdown())
		return nil
	}
	return output(c).print(out, contract.Variables(), func(w *tabwriter.Writer) {
		row(w, "VARIABLE", "TYPE", "DEFAULT", "SECRET", "MEANING")
		for _, v := range contract.Variables() {
			row(w, v.Name, v.Type, v.Default, yes(v.Secret), v.Doc)
		}
	})
}

// configMarkdown is the table in docs/configuration.md.
func configMarkdown() string {
	var b strings.Builder
	b.WriteString("| Variable | Type | Default | Secret | Meaning |\n|---|---|---|---|---|\n")
	for _, v := range contract.Variables() {
		def := ""
		if v.Default != "" {
			def = "`" + v.Default + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", v.Name, v.Type, def, yes(v.Secret), v.Doc)
	}
	return b.String()
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return ""
}
