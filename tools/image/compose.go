package main

import (
	"context"
	"fmt"
	"maps"
	"net"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/sirupsen/logrus"
)

// lintCompose reads a compose file as Compose does, strictly and without
// variables from outside, and holds every service to the rules of the house.
func lintCompose(ctx context.Context, path string) ([]finding, error) {
	var warnings []finding
	logrus.SetOutput(warningWriter(func(text string) { warnings = append(warnings, finding{path, 0, "Compose", text}) }))
	logrus.SetFormatter(plain{})
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	project, err := loader.LoadWithContext(ctx, types.ConfigDetails{
		WorkingDir:  filepath.Dir(absolute),
		ConfigFiles: []types.ConfigFile{{Filename: absolute}},
		Environment: types.Mapping{},
	}, func(o *loader.Options) { o.SkipResolveEnvironment = true })
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	l := &composeLinter{path: path, project: project, found: warnings}
	for _, name := range slices.Sorted(maps.Keys(project.Services)) {
		l.service(project.Services[name])
	}
	return l.found, nil
}

type warningWriter func(string)

func (w warningWriter) Write(b []byte) (int, error) {
	w(string(b))
	return len(b), nil
}

type plain struct{}

func (plain) Format(e *logrus.Entry) ([]byte, error) { return []byte(e.Message), nil }

type composeLinter struct {
	path    string
	project *types.Project
	found   []finding
}

// must adds a finding about a service unless ok.
func (l *composeLinter) must(ok bool, s types.ServiceConfig, rule, format string, args ...any) {
	if !ok {
		l.found = append(l.found, finding{l.path, 0, rule, "service " + s.Name + " " + fmt.Sprintf(format, args...)})
	}
}

var tagged = regexp.MustCompile(`^[^@:]+:[^:/]*[0-9][^:/]*(@sha256:[0-9a-f]{64})?$`)

func (l *composeLinter) service(s types.ServiceConfig) {
	l.must(s.ReadOnly, s, "ReadOnly", "can write to its image")
	l.must(slices.Contains(s.CapDrop, "ALL") && len(s.CapAdd) == 0, s, "Capabilities", "keeps capabilities")
	l.must(slices.Contains(s.SecurityOpt, "no-new-privileges:true"), s, "NoNewPrivileges", "may gain privileges")
	l.must(!s.Privileged && s.NetworkMode == "" && s.Pid == "" && s.Ipc == "", s, "Isolation", "shares something with the host")
	l.must(s.Build != nil || numericUser.MatchString(s.User), s, "NumericUser", "runs as %q instead of UID:GID, neither 0", s.User)
	l.must(s.Build != nil || tagged.MatchString(s.Image), s, "PinnedImage", "takes %s, which is no version", s.Image)
	for _, v := range s.Volumes {
		l.must(v.Type != types.VolumeTypeBind, s, "NoBind", "mounts %s of the host", v.Source)
	}
	for _, p := range s.Ports {
		ip := net.ParseIP(p.HostIP)
		l.must(ip != nil && ip.IsLoopback(), s, "Loopback", "publishes port %d on %q", p.Target, p.HostIP)
	}
	once := s.Restart == "no"
	own := s.HealthCheck != nil && !s.HealthCheck.Disable
	l.must(once || own || s.Build != nil && s.HealthCheck == nil, s, "HealthCheck", "has no health check, of its own or its image")
	for _, name := range slices.Sorted(maps.Keys(s.DependsOn)) {
		l.must(s.DependsOn[name].Condition != types.ServiceConditionStarted, s, "DependsOn", "does not wait until %s works", name)
	}
}
