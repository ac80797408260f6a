package main

import (
	"bytes"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A log gets lines, few of them, and none of what is soon done.
func TestProgressInALogIsLines(t *testing.T) {
	var told bytes.Buffer
	now := time.Date(2026, time.November, 26, 21, 30, 0, 0, time.UTC)
	p := &lines{console: &console{err: &told}, name: "copying", total: 40, clock: func() time.Time { return now }, last: now}
	p.set(1)
	p.step()
	require.Empty(t, told.String())
	now = now.Add(lineEvery)
	p.step()
	p.step()
	require.Equal(t, "copying: 3 of 40, 7 %\n", told.String())
	now = now.Add(lineEvery)
	p.set(40)
	p.close()
	require.Equal(t, "copying: 3 of 40, 7 %\ncopying: 40 of 40, 100 %\n", told.String())

	told.Reset()
	p = &lines{console: &console{err: &told}, name: "reading", clock: func() time.Time { return now }}
	p.set(7)
	require.Equal(t, "reading: 7\n", told.String(), "of an unknown whole")

	require.IsType(t, &lines{}, (&console{err: &told}).newProgress("x", 1))
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	require.NoError(t, err)
	defer null.Close()
	require.IsType(t, &lines{}, (&console{err: null}).newProgress("x", 1))
}

func TestOnlyATerminalIsOne(t *testing.T) {
	null, err := os.Open(os.DevNull)
	require.NoError(t, err)
	defer null.Close()
	require.False(t, isTerminal(null), "it is a character device, and nobody sits there")
	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("this machine has no terminals")
	}
	defer terminal.Close()
	require.True(t, isTerminal(terminal))
}

func TestCounts(t *testing.T) {
	require.Equal(t, "0 rows, 1 row, 2 rows", count(0, "row")+", "+count(1, "row")+", "+count(int64(2), "row"))
}
