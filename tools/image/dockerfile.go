package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerui"
	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"
	"github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// dockerfile is a Dockerfile, parsed.
type dockerfile struct {
	path   string
	text   []byte
	stages []instructions.Stage
	escape rune
}

func readDockerfile(path string) (dockerfile, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return dockerfile{}, err
	}
	parsed, err := parser.Parse(bytes.NewReader(text))
	if err != nil {
		return dockerfile{}, fmt.Errorf("%s: %w", path, err)
	}
	stages, _, err := instructions.Parse(parsed.AST, nil)
	if err != nil {
		return dockerfile{}, fmt.Errorf("%s: %w", path, err)
	}
	return dockerfile{path, text, stages, parsed.EscapeToken}, nil
}

// context is the directory that is built from.
func (d dockerfile) context() string { return filepath.Dir(d.path) }

// stage finds a stage by its name, or the last for "".
func (d dockerfile) stage(name string) (instructions.Stage, error) {
	if name == "" {
		return d.stages[len(d.stages)-1], nil
	}
	for _, s := range d.stages {
		if strings.EqualFold(s.Name, name) {
			return s, nil
		}
	}
	return instructions.Stage{}, fmt.Errorf("%s has no stage %q", d.path, name)
}

// targets are the stages that no other is made from: what is built for use.
func (d dockerfile) targets() []instructions.Stage {
	used := map[string]bool{}
	for _, s := range d.stages {
		used[strings.ToLower(s.BaseName)] = true
		for _, command := range s.Commands {
			if c, ok := command.(*instructions.CopyCommand); ok {
				used[strings.ToLower(c.From)] = true
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(d.stages), func(s instructions.Stage) bool { return used[strings.ToLower(s.Name)] })
}

func (d dockerfile) external(s instructions.Stage) bool {
	return !slices.ContainsFunc(d.stages, func(o instructions.Stage) bool { return strings.EqualFold(o.Name, s.BaseName) })
}

// options of BuildKit's converter that keep it from asking a registry.
func (d dockerfile) options(target string, args map[string]string) dockerfile2llb.ConvertOpt {
	platform := ocispecs.Platform{OS: "linux", Architecture: "amd64"}
	return dockerfile2llb.ConvertOpt{
		Config: dockerui.Config{
			Target: target, BuildArgs: args,
			BuildPlatforms: []ocispecs.Platform{platform}, TargetPlatforms: []ocispecs.Platform{platform},
		},
		TargetPlatform: &platform,
		MetaResolver:   noRegistry{},
		SourceMap:      &llb.SourceMap{Filename: d.path, Language: "Dockerfile", Data: d.text, Definition: &llb.Definition{}},
	}
}

// config is the configuration of the image that a target makes, on a base
// without any.
func (d dockerfile) config(ctx context.Context, target string, args map[string]string) (dockerspec.DockerOCIImageConfig, error) {
	result, err := dockerfile2llb.Dockerfile2LLB(ctx, d.text, d.options(target, args))
	if err != nil {
		return dockerspec.DockerOCIImageConfig{}, fmt.Errorf("%s: %w", d.path, err)
	}
	return result.Image.Config, nil
}

// noRegistry knows every image, as one without a configuration.
type noRegistry struct{}

func (noRegistry) ResolveImageConfig(_ context.Context, ref string, _ sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	config, err := json.Marshal(dockerspec.DockerOCIImage{Image: ocispecs.Image{Platform: ocispecs.Platform{OS: "linux", Architecture: "amd64"}}})
	return ref, "", config, err
}
