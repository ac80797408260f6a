package main

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWorkOnATakenPortSaysWhichToChange(t *testing.T) {
	onDatabase(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	_, complaint := ohio(t, 4, "work", "--internal-listen", taken.Addr().String())
	require.Equal(t, "ohio: cannot listen on "+taken.Addr().String()+": another program uses the port; choose another with --internal-listen or INTERNAL_LISTEN\n", complaint)
}
