package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const digestForm = "@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// good passes; the tests of rules take something from it or put something in.
const good = `FROM golang:1.26-trixie` + digestForm + ` AS build
WORKDIR /src
COPY go.mod ./
RUN go build -o p .
FROM debian:trixie-slim` + digestForm + ` AS serve
RUN apt-get update && apt-get install -y --no-install-recommends tini && rm -rf /var/lib/apt/lists/*
COPY --from=build /src/p /p
USER 65532:65532
EXPOSE 8000
HEALTHCHECK CMD ["/p", "check"]
ENTRYPOINT ["/p"]
LABEL org.opencontainers.image.title="t" org.opencontainers.image.description="d" \
      org.opencontainers.image.source="s" org.opencontainers.image.licenses="l" \
      org.opencontainers.image.version="v" org.opencontainers.image.revision="r" org.opencontainers.image.created="c"
`

const goodCompose = `name: p
services:
  app:
    build: .
    read_only: true
    cap_drop: [ALL]
    security_opt: ["no-new-privileges:true"]
    ports: ["127.0.0.1:8000:8000"]
    depends_on: {db: {condition: service_healthy}}
  db:
    image: postgres:17-trixie
    user: "999:999"
    read_only: true
    cap_drop: [ALL]
    security_opt: ["no-new-privileges:true"]
    healthcheck: {test: [CMD, pg_isready]}
    restart: always
`

// folder makes a directory of files.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func rules(found []finding) (names []string) {
	for _, f := range found {
		if !slices.Contains(names, f.rule) {
			names = append(names, f.rule)
		}
	}
	slices.Sort(names)
	return names
}

// The files of this repository have no findings.
func TestOwnFiles(t *testing.T) {
	if err := lint(t.Context(), "../../Dockerfile", "../../compose.yaml"); err != nil {
		t.Fatal(err)
	}
}

func TestDockerfileRules(t *testing.T) {
	for _, test := range []struct{ old, new, rule string }{
		{"", "", ""},
		{"debian:trixie-slim" + digestForm, "debian:trixie-slim", "PinnedBase"},
		{"debian:trixie-slim" + digestForm, "debian" + digestForm, "PinnedBase"},
		{"USER 65532:65532\n", "", "NumericUser"},
		{"USER 65532:65532", "USER 0:0", "NumericUser"},
		{"USER 65532:65532", "USER nonroot", "NumericUser"},
		{`ENTRYPOINT ["/p"]` + "\n", "", "EntryPoint"},
		{`ENTRYPOINT ["/p"]`, `ENTRYPOINT ["p"]`, "EntryPoint"},
		{`HEALTHCHECK CMD ["/p", "check"]` + "\n", "", "HealthCheck"},
		{`org.opencontainers.image.revision="r"`, "", "Labels"},
		{"EXPOSE 8000", "EXPOSE 8000\nVOLUME /data", "NoVolume"},
		{"COPY go.mod ./", "ADD go.mod ./", "NoAdd"},
		{" --no-install-recommends", "", "AptTidy"},
		{" && rm -rf /var/lib/apt/lists/*", "", "AptTidy"},
		{"COPY go.mod ./", "COPY go.mod secret.txt ./", "CopyIgnored"},
		// BuildKit's own.
		{"AS build", "as build", "FromAsCasing"},
		{"EXPOSE 8000", "expose 8000", "ConsistentInstructionCasing"},
		{"WORKDIR /src", "WORKDIR src", "WorkdirRelativePath"},
		{"-o p .", "-o p .\nENV A=$NOPE", "UndefinedVar"},
		{"USER 65532:65532", "USER 65532:65532\nENV API_TOKEN=x", "SecretsUsedInArgOrEnv"},
		{`ENTRYPOINT ["/p"]`, `ENTRYPOINT ["/p"]` + "\nCMD serve", "JSONArgsRecommended"},
		{`ENTRYPOINT ["/p"]`, `ENTRYPOINT ["/q"]` + "\n" + `ENTRYPOINT ["/p"]`, "MultipleInstructionsDisallowed"},
	} {
		if !strings.Contains(good, test.old) {
			t.Fatalf("%q is not there to be changed", test.old)
		}
		dir := folder(t, map[string]string{
			"Dockerfile": strings.Replace(good, test.old, test.new, 1), "go.mod": "module p\n", "secret.txt": "s", ".dockerignore": "*\n!go.mod\n",
		})
		found, err := lintDockerfile(t.Context(), filepath.Join(dir, "Dockerfile"))
		if err != nil {
			t.Fatal(err)
		}
		var want []string
		if test.rule != "" {
			want = []string{test.rule}
		}
		if got := rules(found); !slices.Equal(got, want) {
			t.Errorf("%q instead of %q: got %v, want %v", test.new, test.old, found, want)
		}
	}
}

func TestUnreadableFilesAreErrors(t *testing.T) {
	for _, text := range []string{"", "FROM", "RUNN x", "FROM scratch\nRUNN x", "FROM scratch\nCOPY --from=nope /a /a\nUSER"} {
		dir := folder(t, map[string]string{"Dockerfile": text})
		if found, err := lintDockerfile(t.Context(), filepath.Join(dir, "Dockerfile")); err == nil {
			t.Errorf("%q: %v", text, found)
		}
	}
	for _, text := range []string{"services: [", "name: p\nservices: {a: {imagee: x}}", "name: p\nservices: {a: {image: x, depends_on: [b]}}"} {
		dir := folder(t, map[string]string{"compose.yaml": text})
		if found, err := lintCompose(t.Context(), filepath.Join(dir, "compose.yaml")); err == nil {
			t.Errorf("%q: %v", text, found)
		}
	}
}

func TestComposeRules(t *testing.T) {
	for _, test := range []struct{ old, new, rule string }{
		{"", "", ""},
		{"read_only: true", "read_only: false", "ReadOnly"},
		{"cap_drop: [ALL]", "cap_drop: [NET_RAW]", "Capabilities"},
		{"cap_drop: [ALL]", "cap_drop: [ALL]\n    cap_add: [CHOWN]", "Capabilities"},
		{`["no-new-privileges:true"]`, "[]", "NoNewPrivileges"},
		{"build: .", "build: .\n    privileged: true", "Isolation"},
		{"build: .", "build: .\n    network_mode: host", "Isolation"},
		{"127.0.0.1:8000:8000", "8000:8000", "Loopback"},
		{"127.0.0.1:8000:8000", "0.0.0.0:8000:8000", "Loopback"},
		{`user: "999:999"`, "user: postgres", "NumericUser"},
		{"postgres:17-trixie", "postgres", "PinnedImage"},
		{"postgres:17-trixie", "postgres:latest", "PinnedImage"},
		{"    healthcheck: {test: [CMD, pg_isready]}\n", "", "HealthCheck"},
		{"build: .", "build: .\n    healthcheck: {disable: true}", "HealthCheck"},
		{"build: .", "build: .\n    volumes: [\"/var/run/docker.sock:/s\"]", "NoBind"},
		{"condition: service_healthy", "condition: service_started", "DependsOn"},
		{"restart: always", "environment: {A: \"${NOPE}\"}", "Compose"},
	} {
		if !strings.Contains(goodCompose, test.old) {
			t.Fatalf("%q is not there to be changed", test.old)
		}
		dir := folder(t, map[string]string{"compose.yaml": strings.Replace(goodCompose, test.old, test.new, 1)})
		found, err := lintCompose(t.Context(), filepath.Join(dir, "compose.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		var want []string
		if test.rule != "" {
			want = []string{test.rule}
		}
		if got := rules(found); !slices.Equal(got, want) {
			t.Errorf("%q instead of %q: got %v, want %v", test.new, test.old, found, want)
		}
	}
}
