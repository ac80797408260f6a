package postgres_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// lint reads one migration and tells what would break the program that still
// runs while it is applied; see migrations/README.md. It reads statements by
// pattern: a guard against slips, not a parser of SQL.
func lint(file string) (problems []string) {
	up, down, hasDown := strings.Cut(file, "-- +goose Down")
	if !strings.Contains(up, "-- +goose Up") {
		problems = append(problems, "has no Up part")
	}
	if (!hasDown || statements(down) == "") && !regexp.MustCompile(`(?m)^-- no-down: \S`).MatchString(file) {
		problems = append(problems, "has no Down part and no line `-- no-down: <reason>`")
	}
	if regexp.MustCompile(`(?m)^-- contract-phase: \S`).MatchString(file) {
		return problems
	}
	up = statements(up)
	created := map[string]bool{}
	for _, m := range regexp.MustCompile(`create table (?:if not exists )?([\w."]+)`).FindAllStringSubmatch(up, -1) {
		created[m[1]] = true
	}
	for statement := range strings.SplitSeq(up, ";") {
		statement = strings.TrimSpace(statement)
		if m := regexp.MustCompile(`^drop (table|view|materialized view|type|schema)\b`).FindString(statement); m != "" {
			problems = append(problems, m)
		}
		m := regexp.MustCompile(`^alter table (?:if exists )?(?:only )?([\w."]+)(.*)`).FindStringSubmatch(statement)
		if m == nil || created[m[1]] {
			continue
		}
		for action := range strings.SplitSeq(m[2], ",") {
			for _, rule := range breaking {
				if rule.pattern.MatchString(action) && (rule.unless == nil || !rule.unless.MatchString(action)) {
					problems = append(problems, fmt.Sprintf("%s on %s", rule.name, m[1]))
				}
			}
		}
	}
	return problems
}

var breaking = []struct {
	name            string
	pattern, unless *regexp.Regexp
}{
	{"drop column", regexp.MustCompile(`\bdrop\b`), regexp.MustCompile(`\bdrop (constraint|default|not null|expression|identity)\b`)},
	{"rename", regexp.MustCompile(`\brename\b`), nil},
	{"alter type", regexp.MustCompile(`\balter\b.*\btype\b`), nil},
	{"set not null", regexp.MustCompile(`\bset not null\b`), nil},
	{"not null without default", regexp.MustCompile(`\badd\b.*\bnot null\b`), regexp.MustCompile(`\bdefault\b|\bgenerated\b|\bcheck\b`)},
}

// statements gives SQL without comments, in lower case, with single spaces.
func statements(sql string) string {
	sql = regexp.MustCompile(`--[^\n]*|(?s:/\*.*?\*/)`).ReplaceAllString(sql, " ")
	return strings.Join(strings.Fields(strings.ToLower(sql)), " ")
}

func TestMigrationsFollowTheRules(t *testing.T) {
	files, err := filepath.Glob("migrations/*.sql")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for i, path := range files {
		require.Regexp(t, fmt.Sprintf(`^%05d_[a-z_]+\.sql$`, i+1), filepath.Base(path), "numbers have no gaps")
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Empty(t, lint(string(text)), path)
	}
}

func TestLint(t *testing.T) {
	const down = "\n-- +goose Down\nselect 1;"
	for sql, want := range map[string][]string{
		"create table a (id int not null)":                               nil,
		"create table a (id int); alter table a alter id set not null":   nil,
		"alter table a add column b int":                                 nil,
		"alter table a add column b int not null default 0":              nil,
		"alter table a add b int generated always as identity":           nil,
		"alter table a add constraint c check (b is not null) not valid": nil,
		"alter table a drop constraint c, alter b drop not null":         nil,
		"create index concurrently i on a (b)":                           nil,
		"-- drop table a\nselect 1":                                      nil,
		"ALTER TABLE a\n\tDROP COLUMN b":                                 {"drop column on a"},
		"alter table a drop b":                                           {"drop column on a"},
		"alter table if exists only a rename b to c":                     {"rename on a"},
		"alter table a rename to b":                                      {"rename on a"},
		"alter table a alter column b type bigint":                       {"alter type on a"},
		"alter table a alter b set data type bigint":                     {"alter type on a"},
		"alter table a alter b set not null":                             {"set not null on a"},
		"alter table a add b int not null":                               {"not null without default on a"},
		"alter table a add b int, /* why */ add c int not null":          {"not null without default on a"},
		"drop table a": {"drop table"},
		"alter table a drop b;\n-- contract-phase: unread since release 14": nil,
		"alter table a drop b;\n-- contract-phase:":                         {"drop column on a"},
	} {
		require.Equal(t, want, lint("-- +goose Up\n"+sql+";"+down), sql)
	}
	require.Len(t, lint("-- +goose Up\nselect 1;"), 1, "no Down")
	require.Len(t, lint("-- +goose Up\nselect 1;\n-- +goose Down\n-- nothing"), 1, "an empty Down")
	require.Empty(t, lint("-- no-down: the rows are gone\n-- +goose Up\nselect 1;"))
	require.Len(t, lint("select 1;"+down), 1, "no Up")
}
