package reach_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"github.com/script-ohio/platform/infra/reach"
)

// parse reads a question such as "web db 53/UDP".
func parse(t *testing.T, ask string) (from, to string, port reach.Port) {
	words := strings.Fields(ask)
	require.Len(t, words, 3, ask)
	number, protocol, _ := strings.Cut(words[2], "/")
	n, err := strconv.Atoi(number)
	require.NoError(t, err)
	return words[0], words[1], reach.Port{Number: int32(n), Protocol: corev1.Protocol(protocol)}
}

func text(t *testing.T, table reach.Table) string {
	var out strings.Builder
	require.NoError(t, table.Write(&out))
	return out.String()
}

func lines(differences []reach.Difference) []string {
	texts := []string{}
	for _, d := range differences {
		texts = append(texts, d.String())
	}
	return texts
}
