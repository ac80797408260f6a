package plan_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhatNeedsAnotherGoesFirst(t *testing.T) {
	graph := run(t, toy)
	storage := graph.Find("toy:storage:Storage", "storage")
	key, bucket, remote := graph.Find(keyType, "key"), graph.Find(bucketType, "bucket"), graph.Find(bucketType, "remote")
	version := graph.Find(secretType, "version")

	require.True(t, graph.DestroyedBefore(bucket, key), "by an input")
	require.True(t, graph.DestroyedBefore(remote, bucket), "by DependsOn")
	require.True(t, graph.DestroyedBefore(remote, key), "through another")
	require.True(t, graph.DestroyedBefore(remote, storage), "children before their parent")
	require.True(t, graph.DestroyedBefore(bucket, graph.Find("pulumi:providers:aws", "here")), "before the provider")
	require.True(t, graph.CreatedBefore(key, bucket))
	require.False(t, graph.DestroyedBefore(key, bucket))
	require.False(t, graph.DestroyedBefore(version, bucket), "strangers go at any time")
	require.False(t, graph.DestroyedBefore(bucket, bucket))
}

func TestDestroyOrderAgreesWithEveryPair(t *testing.T) {
	graph := run(t, toy)
	waves, err := graph.DestroyOrder()
	require.NoError(t, err)
	all := slices.Concat(waves...)
	require.Len(t, all, len(graph.Resources))
	wave := map[string]int{}
	for i, w := range waves {
		for _, r := range w {
			wave[r.URN] = i
		}
	}
	for _, a := range graph.Resources {
		for _, b := range graph.Resources {
			if graph.DestroyedBefore(a, b) {
				require.Less(t, wave[a.URN], wave[b.URN], "%s before %s", a.URN, b.URN)
			}
		}
	}
}

func TestACircleIsNamed(t *testing.T) {
	graph := run(t, toy)
	key, bucket := graph.Find(keyType, "key"), graph.Find(bucketType, "bucket")
	key.Dependencies = append(key.Dependencies, bucket.URN)
	_, err := graph.DestroyOrder()
	require.ErrorContains(t, err, "in a circle")
	require.ErrorContains(t, err, key.URN)
}
