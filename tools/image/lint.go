package main

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// lintDockerfile gives what BuildKit's linter finds, which is what a build
// would warn of, and then what the rules of this project find.
func lintDockerfile(ctx context.Context, path string) ([]finding, error) {
	d, err := readDockerfile(path)
	if err != nil {
		return nil, err
	}
	results, err := dockerfile2llb.DockerfileLint(ctx, d.text, d.options("", nil))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if results.Error != nil {
		return nil, fmt.Errorf("%s: %s", path, results.Error.Message)
	}
	l := &linter{dockerfile: d}
	for _, w := range results.Warnings {
		line := 0
		if ranges := w.Location.GetRanges(); len(ranges) > 0 {
			line = int(ranges[0].Start.Line)
		}
		l.found = append(l.found, finding{path, line, w.RuleName, w.Detail})
	}
	for _, stage := range d.stages {
		l.base(stage)
		for _, command := range stage.Commands {
			l.command(stage, command)
		}
	}
	for _, target := range d.targets() {
		if err := l.target(ctx, target); err != nil {
			return nil, err
		}
	}
	if err := l.copies(); err != nil {
		return nil, err
	}
	return l.found, nil
}

type linter struct {
	dockerfile
	found []finding
}

func (l *linter) add(at []parser.Range, rule, format string, args ...any) {
	line := 0
	if len(at) > 0 {
		line = at[0].Start.Line
	}
	l.found = append(l.found, finding{l.path, line, rule, fmt.Sprintf(format, args...)})
}

var pinned = regexp.MustCompile(`^[^@:]+(:[0-9]+/[^@:]+)?:[^@:/]+@sha256:[0-9a-f]{64}$`)

// base wants what others publish by tag, for people, and digest, for bytes.
func (l *linter) base(s instructions.Stage) {
	if l.external(s) && s.BaseName != "scratch" && !pinned.MatchString(s.BaseName) {
		l.add(s.Location, "PinnedBase", "%s is not NAME:TAG@sha256:DIGEST", s.BaseName)
	}
}

func (l *linter) command(s instructions.Stage, command instructions.Command) {
	switch c := command.(type) {
	case *instructions.AddCommand:
		l.add(c.Location(), "NoAdd", "COPY does what it says; ADD unpacks and downloads too")
	case *instructions.RunCommand:
		text := strings.Join(c.CmdLine, " ")
		if !strings.Contains(text, "apt-get install") {
			return
		}
		for _, part := range []string{"apt-get update", "--no-install-recommends", "rm -rf /var/lib/apt/lists/"} {
			if !strings.Contains(text, part) {
				l.add(c.Location(), "AptTidy", "stage %s installs without %q in the same RUN", s.Name, part)
			}
		}
	}
}

// labels that tell what an image is and where it came from.
var labels = []string{"title", "description", "source", "licenses", "version", "revision", "created"}

var numericUser = regexp.MustCompile(`^[1-9][0-9]*:[1-9][0-9]*$`)

func (l *linter) target(ctx context.Context, s instructions.Stage) error {
	config, err := l.config(ctx, s.Name, map[string]string{"VERSION": "v", "COMMIT": "c", "BUILD_TIME": "t"})
	if err != nil {
		return err
	}
	if !numericUser.MatchString(config.User) {
		l.add(s.Location, "NumericUser", "target %s runs as %q instead of UID:GID, neither 0", s.Name, config.User)
	}
	if len(config.Entrypoint) == 0 || !filepath.IsAbs(config.Entrypoint[0]) {
		l.add(s.Location, "EntryPoint", "target %s has no entry point with a path of its own", s.Name)
	}
	if len(config.ExposedPorts) > 0 && config.Healthcheck == nil {
		l.add(s.Location, "HealthCheck", "target %s serves and has no HEALTHCHECK", s.Name)
	}
	for _, name := range labels {
		if config.Labels["org.opencontainers.image."+name] == "" {
			l.add(s.Location, "Labels", "target %s lacks the label org.opencontainers.image.%s", s.Name, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(config.Volumes)) {
		l.add(s.Location, "NoVolume", "target %s has the volume %s, which nobody would clean up", s.Name, name)
	}
	return nil
}

// copies looks whether what is copied from the context survives .dockerignore.
func (l *linter) copies() error {
	files, err := contextFiles(l.context())
	if err != nil {
		return err
	}
	for _, s := range l.stages {
		for _, command := range s.Commands {
			c, ok := command.(*instructions.CopyCommand)
			if !ok || c.From != "" {
				continue
			}
			for _, source := range c.SourcePaths {
				source = filepath.Clean(source)
				if !slices.ContainsFunc(files, func(file string) bool { return below(file, source) }) {
					l.add(c.Location(), "CopyIgnored", "%s is not in the context: see .dockerignore", source)
				}
			}
		}
	}
	return nil
}
