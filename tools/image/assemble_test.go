package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestContextFollowsDockerignore(t *testing.T) {
	dir := folder(t, map[string]string{
		".dockerignore": "# a comment\n*\n!go.mod\n!app\n!deep/down\n**/*_test.go\n**/testdata\n",
		"go.mod":        "", "secret": "", "app/a.go": "", "app/a_test.go": "", "app/x/testdata/t": "", "app/x/x.go": "",
		"deep/down/d.go": "", "deep/other": "", ".git/config": "",
	})
	files, err := contextFiles(dir)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(files)
	if want := []string{"app/a.go", "app/x/x.go", "deep/down/d.go", "go.mod"}; !slices.Equal(files, want) {
		t.Errorf("got %v, want %v", files, want)
	}
	if err := os.Remove(filepath.Join(dir, ".dockerignore")); err != nil {
		t.Fatal(err)
	}
	if files, err = contextFiles(dir); err != nil || !slices.Contains(files, ".git/config") {
		t.Errorf("without .dockerignore everything is in: %v, %v", files, err)
	}
}

// What the Dockerfile of this repository is built from holds the program, what
// renders the monitoring, and no tests, no history and no infrastructure.
func TestOwnContext(t *testing.T) {
	files, err := contextFiles("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		top, _, _ := strings.Cut(file, "/")
		if !slices.Contains([]string{"go.mod", "go.sum", "app", "monitoring"}, top) || strings.HasSuffix(file, "_test.go") {
			t.Errorf("%s is in the context", file)
		}
	}
	if !slices.Contains(files, "app/cmd/ohio/main.go") || !slices.Contains(files, "app/predict/pack/default/manifest.json") {
		t.Error("the program is not in the context")
	}
}

const twoStages = `FROM golang:1.26 AS build
ARG BASE=/src
WORKDIR $BASE
ENV GREETING="hello, $BASE"
COPY data ./data
COPY one two ./
ARG NAME=nobody
ARG UNSET
RUN echo "$GREETING $NAME ${UNSET-unset} $TARGETOS" >out && cat data/d one two >>out

FROM base AS final
ARG NAME
LABEL name=$NAME
COPY --from=build /src/out /usr/bin/out
USER 1:2
EXPOSE 9000 8000
ENV A="it's"
HEALTHCHECK CMD ["/usr/bin/out", "well"]
ENTRYPOINT ["/usr/bin/out"]
CMD ["serve", "a b"]
`

func TestAssemble(t *testing.T) {
	dir := folder(t, map[string]string{"Dockerfile": twoStages, "data/d": "D\n", "one": "1\n", "two": "2\n"})
	base := folder(t, map[string]string{"etc/passwd": "nobody\n"})
	out := t.TempDir()
	made, err := assemble(t.Context(), filepath.Join(dir, "Dockerfile"), "final", map[string]string{"NAME": "ann"}, base, out)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"usr/bin/out": "hello, /src ann unset \nD\n1\n2\n", "etc/passwd": "nobody\n"} {
		if text, err := os.ReadFile(filepath.Join(out, "root", name)); err != nil || string(text) != want {
			t.Errorf("%s holds %q, %v", name, text, err)
		}
	}
	// The assignments mean in bash what the Dockerfile says.
	said, err := exec.CommandContext(t.Context(), "bash", "-euc", made.assignments()+`
		printf '%s|' "$image_base" "$image_user" "${image_entrypoint[@]}" "${image_cmd[@]}" "${image_ports[@]}" "${image_healthcheck[@]}" "${image_copied[@]}" "${image_env[@]:1}"`).Output()
	if err != nil {
		t.Fatal(err)
	}
	if want := "base|1:2|/usr/bin/out|serve|a b|8000|9000|CMD|/usr/bin/out|well|/usr/bin/out|A=it's|"; string(said) != want {
		t.Errorf("got %s\nwant %s", said, want)
	}
}

// What cannot be done faithfully is refused rather than left out.
func TestAssembleRefusesWhatItCannotDo(t *testing.T) {
	for _, test := range []struct{ old, new, says string }{
		{"USER 1:2", "RUN touch /x", "not here"},
		{"COPY --from=build", "COPY --chown=1:2 --from=build", "plain COPY"},
		{"COPY data ./data", "ADD data ./data", "ADD"},
		{"COPY one two ./", "COPY one three ./", "no three"},
		{">out", ">out && false", "exit status 1"},
		{"/src/out /usr", "/src/nothing /usr", "no src/nothing"},
	} {
		dir := folder(t, map[string]string{"Dockerfile": strings.Replace(twoStages, test.old, test.new, 1), "data/d": "", "one": "", "two": "", "three.no": ""})
		_, err := assemble(t.Context(), filepath.Join(dir, "Dockerfile"), "final", nil, t.TempDir(), t.TempDir())
		if err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%q: %v", test.new, err)
		}
	}
	if err := run(t.Context(), []string{"assemble", "-arg", "novalue", "a", "b", "c"}); err == nil {
		t.Error("an argument without a value is taken")
	}
}
