package main

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/script-ohio/platform/app/contract"
)

// instruction gives what follows an instruction of the last stage of the
// Dockerfile, continued lines joined.
func instruction(t *testing.T, pattern string) []string {
	t.Helper()
	text := strings.ReplaceAll(read(t, "Dockerfile"), "\\\n", "")
	last := text[strings.LastIndex(text, "\nFROM "):]
	found := regexp.MustCompile(`(?m)^` + pattern + `$`).FindStringSubmatch(last)
	require.NotNil(t, found, "no %s", pattern)
	return found[1:]
}

// execForm reads the JSON form of a command.
func execForm(t *testing.T, text string) (line []string) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(text), &line))
	return line
}

// requireParses holds a command line of the image to the commands there are.
func requireParses(t *testing.T, line []string) {
	t.Helper()
	parser, err := kong.New(&cli{}, grammar()...)
	require.NoError(t, err)
	_, err = parser.Parse(line)
	require.NoError(t, err, "%v", line)
}

func TestImageAgreesWithTheContract(t *testing.T) {
	ports := strings.Fields(instruction(t, `EXPOSE (.*)`)[0])
	require.Equal(t, []string{strconv.Itoa(contract.PublicPort), strconv.Itoa(contract.InternalPort)}, ports)
	program := execForm(t, instruction(t, `ENTRYPOINT (.*)`)[0])
	require.Len(t, program, 1)
	requireParses(t, execForm(t, instruction(t, `CMD (.*)`)[0]))

	health := instruction(t, `HEALTHCHECK .*--timeout=(\S+) .*CMD (\[.*\])`)
	check := execForm(t, health[1])
	require.Equal(t, program[0], check[0])
	requireParses(t, check[1:])
	limit, err := time.ParseDuration(health[0])
	require.NoError(t, err)
	require.Less(t, 2*selfTimeout, limit, "the program gives up on its two requests before it is killed")
}

// The linker takes -X of a variable that is not there without a word.
func TestImageIsBuiltLikeTheProgram(t *testing.T) {
	variables := func(name string) []string {
		return slices.Sorted(func(yield func(string) bool) {
			for _, m := range regexp.MustCompile(`-X (main\.\w+)=`).FindAllStringSubmatch(read(t, name), -1) {
				if !yield(m[1]) {
					return
				}
			}
		})
	}
	require.Equal(t, []string{"main.buildTime", "main.commit", "main.version"}, variables("Dockerfile"))
	require.Equal(t, variables("Dockerfile"), variables("Makefile"))

	language := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(read(t, "go.mod"))[1]
	require.Contains(t, read(t, "Dockerfile"), "golang:"+language+"-trixie@", "the Go of go.mod")
}

func TestComposeAgreesWithTheContract(t *testing.T) {
	var file struct {
		Services map[string]struct {
			Image       string            `yaml:"image"`
			Command     []string          `yaml:"command"`
			Environment map[string]string `yaml:"environment"`
			Ports       []string          `yaml:"ports"`
			Grace       string            `yaml:"stop_grace_period"`
		} `yaml:"services"`
	}
	require.NoError(t, yaml.Unmarshal([]byte(read(t, "compose.yaml")), &file))
	known := map[string]bool{}
	for _, v := range contract.Variables() {
		known[v.Name] = true
	}
	program := []string{file.Services["app"].Image, file.Services["worker"].Image}
	for name, service := range file.Services {
		if !slices.Contains(program, service.Image) {
			if name == "postgres" || name == "valkey" {
				require.Empty(t, service.Ports, "%s is published", name)
			}
			continue
		}
		for variable := range service.Environment {
			require.True(t, known[variable], "%s sets %s, which nobody reads", name, variable)
		}
		require.NotEmpty(t, service.Environment["DATABASE_URL"])
		if name == "app" {
			require.GreaterOrEqual(t, len(service.Environment["SECRET_KEY"]), 32)
		}
		if len(service.Command) > 0 {
			requireParses(t, service.Command)
		}
	}
	app := file.Services["app"]
	require.Equal(t, []string{fmt.Sprintf("127.0.0.1:%[1]d:%[1]d", contract.PublicPort)}, app.Ports)
	grace, err := time.ParseDuration(app.Grace)
	require.NoError(t, err)
	require.Equal(t, contract.ShutdownGrace, grace)

	client := regexp.MustCompile(`postgresql-client-(\d+)`).FindStringSubmatch(read(t, "Dockerfile"))
	require.Contains(t, file.Services["postgres"].Image, "postgres:"+client[1]+"-", "pg_dump must not be older than the server")
}
