package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/shell"
)

// image is what a target makes, beside its files.
type image struct {
	base        string // what the base directory stands in for
	user        string
	entrypoint  []string
	cmd         []string
	env         []string
	ports       []string
	healthcheck []string // the command; its first word is CMD
	copied      []string // files that are not the base's
}

// assignments gives the image as bash reads it.
func (i image) assignments() string {
	var b strings.Builder
	one := func(name, value string) { fmt.Fprintf(&b, "image_%s=%s\n", name, quoted(value)) }
	many := func(name string, values []string) {
		words := make([]string, len(values))
		for k, v := range values {
			words[k] = quoted(v)
		}
		fmt.Fprintf(&b, "image_%s=(%s)\n", name, strings.Join(words, " "))
	}
	one("base", i.base)
	one("user", i.user)
	many("entrypoint", i.entrypoint)
	many("cmd", i.cmd)
	many("env", i.env)
	many("ports", i.ports)
	many("healthcheck", i.healthcheck)
	many("copied", i.copied)
	return b.String()
}

func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// assemble fills out/root with a target's files over those of base. Stages
// that it copies from are run on this machine in out/stages: their base image
// is stood in for by what is installed here, and their RUN lines must keep to
// paths below their WORKDIR.
func assemble(ctx context.Context, path, target string, args map[string]string, base, out string) (image, error) {
	d, err := readDockerfile(path)
	if err != nil {
		return image{}, err
	}
	stage, err := d.stage(target)
	if err != nil {
		return image{}, err
	}
	config, err := d.config(ctx, stage.Name, args)
	if err != nil {
		return image{}, err
	}
	made := image{base: stage.BaseName, user: config.User, entrypoint: config.Entrypoint, cmd: config.Cmd, env: config.Env}
	for _, port := range slices.Sorted(maps.Keys(config.ExposedPorts)) {
		made.ports = append(made.ports, strings.TrimSuffix(port, "/tcp"))
	}
	if config.Healthcheck != nil {
		made.healthcheck = config.Healthcheck.Test
	}
	root := filepath.Join(out, "root")
	if err := copyTree(base, root); err != nil {
		return image{}, err
	}
	b := builder{dockerfile: d, args: args, out: out, stages: map[string]string{}}
	made.copied, err = b.run(ctx, stage, root, false)
	return made, err
}

// builder runs stages, each once.
type builder struct {
	dockerfile
	args   map[string]string
	out    string
	stages map[string]string // directories of those that were run
}

// stageDir runs a stage if it has not been, and gives its directory.
func (b builder) stageDir(ctx context.Context, name string) (string, error) {
	if dir, ok := b.stages[name]; ok {
		return dir, nil
	}
	stage, err := b.stage(name)
	if err != nil {
		return "", err
	}
	b.stages[name] = filepath.Join(b.out, "stages", name)
	_, err = b.run(ctx, stage, b.stages[name], true)
	return b.stages[name], err
}

// run does what a stage says in a directory and lists the files copied there.
// Without the real base image only a stage for building may run programs.
func (b builder) run(ctx context.Context, stage instructions.Stage, dir string, building bool) (copied []string, err error) {
	env, workdir := map[string]string{}, "/"
	lex := shell.NewLex(b.escape)
	expand := func(word string) (string, error) {
		result, _, err := lex.ProcessWord(word, shell.EnvsFromSlice(pairs(env)))
		return result, err
	}
	for _, command := range stage.Commands {
		if c, ok := command.(instructions.SupportsSingleWordExpansion); ok {
			if err := c.Expand(expand); err != nil {
				return nil, err
			}
		}
		switch c := command.(type) {
		case *instructions.EnvCommand:
			for _, pair := range c.Env {
				env[pair.Key] = pair.Value
			}
		case *instructions.ArgCommand:
			for _, arg := range c.Args {
				if value, ok := b.arg(arg); ok {
					env[arg.Key] = value
				}
			}
		case *instructions.WorkdirCommand:
			if workdir = c.Path; !filepath.IsAbs(workdir) {
				return nil, fmt.Errorf("WORKDIR %s is not absolute", workdir)
			}
			err = os.MkdirAll(filepath.Join(dir, workdir), 0o755)
		case *instructions.CopyCommand:
			var files []string
			files, err = b.copy(ctx, c, dir, workdir)
			copied = append(copied, files...)
		case *instructions.RunCommand:
			if !building {
				return nil, fmt.Errorf("stage %s runs programs of its base image, which is not here: %s", stage.Name, c)
			}
			err = runLine(ctx, c, filepath.Join(dir, workdir), env)
		case *instructions.AddCommand:
			err = fmt.Errorf("ADD is not done: %s", c)
		}
		if err != nil {
			return nil, err
		}
	}
	return copied, nil
}

// arg is the value of an ARG in a stage.
func (b builder) arg(arg instructions.KeyValuePairOptional) (string, bool) {
	if value, ok := b.args[arg.Key]; ok {
		return value, true
	}
	switch {
	case arg.Value != nil:
		return *arg.Value, true
	case arg.Key == "TARGETOS":
		return runtime.GOOS, true
	case arg.Key == "TARGETARCH":
		return runtime.GOARCH, true
	}
	return "", false
}

func runLine(ctx context.Context, c *instructions.RunCommand, dir string, env map[string]string) error {
	line := c.CmdLine
	if c.PrependShell {
		line = append([]string{"/bin/sh", "-c"}, line...)
	}
	command := exec.CommandContext(ctx, line[0], line[1:]...)
	command.Dir, command.Env = dir, append(os.Environ(), pairs(env)...)
	command.Stdout, command.Stderr = os.Stderr, os.Stderr
	if err := command.Run(); err != nil {
		return fmt.Errorf("%s: %w", c, err)
	}
	return nil
}

// copy does a COPY into a stage's directory and lists the files it made there,
// by their path in the image.
func (b builder) copy(ctx context.Context, c *instructions.CopyCommand, dir, workdir string) (made []string, err error) {
	if c.Chown != "" || c.Chmod != "" || c.Parents || len(c.ExcludePatterns)+len(c.SourceContents) > 0 {
		return nil, fmt.Errorf("only a plain COPY is done: %s", c)
	}
	from, files := b.context(), []string(nil)
	if c.From == "" {
		files, err = contextFiles(from)
	} else if from, err = b.stageDir(ctx, c.From); err == nil {
		files, err = contextFiles(from) // where nothing is ignored
	}
	if err != nil {
		return nil, err
	}
	to := c.DestPath
	if !filepath.IsAbs(to) {
		to = workdir + "/" + to // and what it ends with
	}
	into := strings.HasSuffix(to, "/") || len(c.SourcePaths) > 1
	for _, source := range c.SourcePaths {
		source = filepath.Clean(strings.TrimPrefix(source, "/"))
		before := len(made)
		for _, file := range files {
			var name string
			switch {
			case file == source && into:
				name = filepath.Join(to, filepath.Base(file))
			case file == source:
				name = filepath.Clean(to)
			case below(file, source):
				name = filepath.Join(to, strings.TrimPrefix(file, source))
			default:
				continue
			}
			if err := copyFile(filepath.Join(from, file), filepath.Join(dir, name)); err != nil {
				return nil, err
			}
			made = append(made, name)
		}
		if len(made) == before {
			return nil, fmt.Errorf("there is no %s to copy: %s", source, c)
		}
	}
	return made, nil
}

// copyTree copies a directory with all that cp --archive knows of.
func copyTree(from, to string) error {
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	if said, err := exec.Command("cp", "--archive", from+"/.", to).CombinedOutput(); err != nil {
		return fmt.Errorf("cp: %w: %s", err, said)
	}
	return nil
}

func pairs(env map[string]string) []string {
	list := make([]string, 0, len(env))
	for _, name := range slices.Sorted(maps.Keys(env)) {
		list = append(list, name+"="+env[name])
	}
	return list
}
