package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// day is when the stack files were last looked over.
const day = "2026-11-26"

func plan(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, problems bytes.Buffer
	status = execute(t.Context(), append(args, "--as-of", day), &out, &problems)
	return status, out.String(), problems.String()
}

// copied is a folder with both stack files, one of them changed.
func copied(t *testing.T, name, old, replacement string) string {
	t.Helper()
	dir := t.TempDir()
	for _, stack := range []string{"staging", "prod"} {
		file := "Pulumi." + stack + ".yaml"
		text, err := os.ReadFile(filepath.Join("..", "..", "..", file))
		require.NoError(t, err)
		if stack == name {
			require.Contains(t, string(text), old)
			text = []byte(strings.Replace(string(text), old, replacement, 1))
		}
		require.NoError(t, os.WriteFile(filepath.Join(dir, file), text, 0o600))
	}
	return dir
}

func TestBothStacksMayBeDeployed(t *testing.T) {
	for _, stack := range []string{"staging", "prod"} {
		status, out, problems := plan(t, "--stack", stack)
		require.Zero(t, status, problems)
		require.Empty(t, problems)
		for _, part := range []string{"Stack " + stack + ":", "== Resources", "== Policy", "== Cost", "== Compared with", "keys:", "network:", "database:", "edge:"} {
			require.Contains(t, out, part)
		}
		require.Less(t, len(out), 65536, "GitHub takes no longer comments")
		require.NotContains(t, out, "generated-secret")
	}
}

func TestJSONIsComplete(t *testing.T) {
	status, out, problems := plan(t, "--stack", "prod", "--output", "json")
	require.Zero(t, status, problems)
	var document struct {
		Stack     string `json:"stack"`
		Resources []struct {
			URN            string         `json:"urn"`
			Type           string         `json:"type"`
			Name           string         `json:"name"`
			Parent         string         `json:"parent"`
			Inputs         map[string]any `json:"inputs"`
			Protect        *bool          `json:"protect"`
			RetainOnDelete *bool          `json:"retain_on_delete"`
			Dependencies   []string       `json:"dependencies"`
		} `json:"resources"`
		Findings []map[string]any `json:"findings"`
		Cost     struct {
			Total float64          `json:"total"`
			Lines []map[string]any `json:"lines"`
		} `json:"cost"`
		Differences []map[string]any `json:"differences"`
	}
	require.NoError(t, json.Unmarshal([]byte(out), &document))
	require.Equal(t, "prod", document.Stack)
	require.Greater(t, len(document.Resources), 250)
	urns := map[string]bool{}
	for _, r := range document.Resources {
		urns[r.URN] = true
		require.True(t, strings.HasSuffix(r.URN, "::"+r.Name), r.URN)
		require.NotNil(t, r.Inputs, r.URN)
		require.NotNil(t, r.Protect, r.URN)
		require.NotNil(t, r.RetainOnDelete, r.URN)
		require.NotNil(t, r.Dependencies, r.URN)
	}
	for _, r := range document.Resources {
		for _, needed := range append(r.Dependencies, r.Parent) {
			require.True(t, urns[needed] || strings.Contains(needed, "pulumi:pulumi:Stack"), "%s needs %s", r.URN, needed)
		}
	}
	require.NotNil(t, document.Findings)
	require.NotEmpty(t, document.Cost.Lines)
	require.Greater(t, document.Cost.Total, 1000.0)
	require.NotEmpty(t, document.Differences)
	require.NotContains(t, out, "generated-secret")
}

func TestTheDrawingIsXML(t *testing.T) {
	status, out, problems := plan(t, "--stack", "staging", "--output", "svg")
	require.Zero(t, status, problems)
	decoder := xml.NewDecoder(strings.NewReader(out))
	for {
		_, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
	}
	for _, part := range []string{">network<", ">database<", "script-ohio-staging"} {
		require.Contains(t, out, part)
	}
}

func TestEveryProblemOfAFileIsToldAtOnce(t *testing.T) {
	dir := copied(t, "prod", "  script-ohio:domain: api.script-ohio.example.com\n", `  script-ohio:colour: red
  script-ohio:publicAccessCidrs: [0.0.0.0/0]
  script-ohio:reservedCidrs: [10.0.64.0/18]
  script-ohio:clusterVersion: "1.28"
  script-ohio:databaseReplicas: 1
  script-ohio:nodeMin: 2
`)
	status, out, problems := plan(t, "--stack", "prod", "--dir", dir)
	require.Equal(t, invalid, status)
	require.Empty(t, out)
	require.Contains(t, problems, "Pulumi.prod.yaml is refused:\n")
	for _, want := range []string{
		"script-ohio:colour is unknown", "script-ohio:domain is not set", "public access 0.0.0.0/0 opens the API server to everybody",
		"reserved network 10.0.64.0/18 overlaps VPC 10.0.0.0/16", `EKS "1.28" is not known`, "in production: 1 primary and 1 read replicas for 3 zones", "in production: at least 2 nodes for 3 zones",
	} {
		require.Contains(t, problems, "  - "+want, problems)
	}
}

func TestAnUnmeantDifferenceFails(t *testing.T) {
	dir := copied(t, "staging", "  script-ohio:nodeMin: 2\n", "  script-ohio:nodeMin: 2\n  script-ohio:clusterVersion: \"1.35\"\n")
	status, out, problems := plan(t, "--stack", "prod", "--dir", dir)
	require.Equal(t, refused, status)
	require.Contains(t, out, "Nothing allows these:")
	require.Contains(t, out, "eks:index:Cluster cluster version: prod 1.36, staging 1.35")
	require.Contains(t, problems, "in 7 ways that nothing allows")
}

func TestMistakesOfTheCallerAreExplained(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--stack", "moon"}, `there is no stack "moon"`},
		{[]string{"--output", "pdf"}, `--output must be one of "text","json","svg"`},
		{[]string{"--colour"}, "unknown flag --colour"},
		{[]string{"--dir", t.TempDir()}, "Pulumi.prod.yaml does not exist"},
	} {
		status, _, problems := plan(t, c.args...)
		require.Equal(t, invalid, status, c.args)
		require.Contains(t, problems, c.want)
	}
	status, out, _ := plan(t, "--help")
	require.Zero(t, status)
	require.Contains(t, out, "Exit status")
}

func TestThePlanLooksAheadInTime(t *testing.T) {
	var out, problems bytes.Buffer
	require.Equal(t, refused, execute(t.Context(), []string{"--stack", "staging", "--as-of", "2027-06-01"}, &out, &problems))
	require.Contains(t, out.String(), "EKS 1.36 leaves standard support on 2027-08-02")
	require.Contains(t, out.String(), "expired", "exemptions end")
	out.Reset()
	problems.Reset()
	require.Equal(t, invalid, execute(t.Context(), []string{"--stack", "staging", "--as-of", "2027-09-01"}, &out, &problems))
	require.Contains(t, problems.String(), "EKS 1.36 left standard support on 2027-08-02")
}
