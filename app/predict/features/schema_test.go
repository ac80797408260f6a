package features

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Every name counts, and so does their order.
func TestSchemaHashDependsOnEveryName(t *testing.T) {
	names := Names(WithSpread)
	seen := map[string]bool{hashOf(names): true}
	for i := range names {
		changed := Names(WithSpread)
		changed[i] += "_2"
		require.False(t, seen[hashOf(changed)], names[i])
		seen[hashOf(changed)] = true
	}
	names[0], names[1] = names[1], names[0]
	require.False(t, seen[hashOf(names)])
	require.Equal(t, SchemaHash(WithSpread), hashOf(Names(WithSpread)))
}
