package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Who is asked whether a backup shall go live is told whose it is and of when.
func TestIntoLiveSaysWhose(t *testing.T) {
	withBackups(t)
	made := decoded[shown](t, "backup", "create", "-o", "json")
	d := made.Manifest.Database
	_, complaint := ohio(t, 4, "backup", "restore", "latest", "--into-live")
	require.Contains(t, complaint, "this puts "+made.Name+", of database "+d.Name+" as of "+date(&d.At)+", in the place of database ")
}
