package reach_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/infra/reach"
)

func ports(ports ...reach.Port) []reach.Port { return ports }

func row(from, to string, port reach.Port, extent reach.Extent, policies ...string) reach.Row {
	return reach.Row{From: from, To: to, Port: port, Extent: extent, Policies: policies}
}

func TestCompare(t *testing.T) {
	some := reach.Table{Rows: []reach.Row{
		row("a", "b", reach.Port{Number: 1, End: 79}, reach.None),
		row("a", "b", reach.Port{Number: 80, End: 90}, reach.All, "n/p"),
		row("a", "b", reach.Port{Number: 91, End: 99}, reach.Part, "n/q"),
	}}
	open := reach.Intended{From: "a", To: "b", Ports: []reach.Port{{Number: 80, End: 90}}, Why: "w"}
	tail := "too open: a -> b 91-99/TCP for some of the addresses, by n/q"
	for _, c := range []struct {
		name     string
		intended []reach.Intended
		want     []string
	}{
		{"nothing is intended", nil, []string{"too open: a -> b 80-90/TCP, by n/p", tail}},
		{"a part of what is open", []reach.Intended{{From: "a", To: "b", Ports: ports(reach.TCP(85), reach.TCP(85))}},
			[]string{"too open: a -> b 80-84/TCP, 86-90/TCP, by n/p", tail}},
		{"in two intentions", []reach.Intended{{From: "a", To: "b", Ports: ports(reach.TCP(80))}, {From: "a", To: "b", Ports: []reach.Port{{Number: 81, End: 90}}}},
			[]string{tail}},
		{"more than is open", []reach.Intended{{From: "a", To: "b", Ports: []reach.Port{{Number: 79, End: 100}}, Why: "w"}},
			[]string{"closed: a -> b 79/TCP; intended: w", "closed: a -> b 91-99/TCP for some of the addresses; intended: w",
				"closed: a -> b 100/TCP, the table does not judge it; intended: w"}},
		{"the other way", []reach.Intended{open, {From: "b", To: "a", Ports: ports(reach.TCP(80))}},
			[]string{tail, "closed: b -> a 80/TCP, the table does not judge it"}},
		{"another protocol", []reach.Intended{open, {From: "a", To: "b", Ports: ports(reach.UDP(80))}},
			[]string{tail, "closed: a -> b 80/UDP, the table does not judge it"}},
		{"no ports", []reach.Intended{open, {From: "a", To: "b", Why: "w"}},
			[]string{tail, "closed: a -> b, no ports are named; intended: w"}},
		{"a port that is none", []reach.Intended{open, {From: "a", To: "b", Ports: ports(reach.TCP(70000))}},
			[]string{tail, "closed: a -> b 70000/TCP, the table does not judge it"}},
	} {
		t.Run(c.name, func(t *testing.T) { require.Equal(t, c.want, lines(reach.Compare(some, c.intended))) })
	}
}

func TestTheTextOfATable(t *testing.T) {
	require.Equal(t, "FROM  TO  PORTS\n", text(t, reach.Table{}))
	var rows []reach.Row
	for _, p := range reach.EveryPort() {
		rows = append(rows, row("a", "b", p, reach.All))
	}
	rows = append(rows, row("a", "c", reach.TCP(5), reach.All), row("a", "c", reach.TCP(6), reach.All, "n/p"), row("a", "c", reach.TCP(7), reach.None),
		row("a", "c", reach.UDP(53), reach.Part), row("b", "a", reach.Port{Number: 1, End: 65535, Protocol: "UDP"}, reach.Part))
	require.Equal(t, `FROM  TO  PORTS
a     b   any
      c   5-6/TCP, 53/UDP *
b     a   any/UDP *

* for some of the addresses only
`, text(t, reach.Table{Rows: rows}))
	require.ErrorContains(t, reach.Table{}.Write(full{}), "disk is full")
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("disk is full") }

func TestTheTableForMachines(t *testing.T) {
	var out strings.Builder
	require.NoError(t, reach.Table{}.WriteJSON(&out))
	require.Equal(t, "[]\n", out.String())
	out.Reset()
	require.NoError(t, reach.Table{Rows: []reach.Row{row("a", "b", reach.TCP(5), reach.None), row("a", "b", reach.TCP(6), reach.Part, "n/p")}}.WriteJSON(&out))
	require.JSONEq(t, `[{"from":"a","to":"b","port":"6/TCP","extent":"part","policies":["n/p"]}]`, out.String())
	difference, err := json.Marshal(reach.Compare(reach.Table{Rows: []reach.Row{row("a", "b", reach.TCP(6), reach.All, "n/p")}}, nil))
	require.NoError(t, err)
	require.JSONEq(t, `[{"kind":"too open","from":"a","to":"b","ports":["6/TCP"],"part":false,"policies":["n/p"]}]`, string(difference))
}

func TestExtentOfARangeIsItsLeast(t *testing.T) {
	table := reach.Table{Rows: []reach.Row{
		row("a", "b", reach.Port{Number: 80, End: 90}, reach.All), row("a", "b", reach.Port{Number: 91, End: 99}, reach.Part)}}
	require.Equal(t, reach.All, table.Extent("a", "b", reach.Port{Number: 80, End: 90}))
	require.Equal(t, reach.Part, table.Extent("a", "b", reach.Port{Number: 80, End: 99}))
	require.Equal(t, reach.None, table.Extent("a", "b", reach.Port{Number: 80, End: 100}))
	require.Equal(t, reach.None, table.Extent("b", "a", reach.TCP(80)))
}
