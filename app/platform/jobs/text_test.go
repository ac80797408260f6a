package jobs

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEveryStatusMakesASentence(t *testing.T) {
	sentences := map[Status]string{
		Queued: "it is queued", Running: "it is running", Retrying: "it failed and will be tried again",
		Interrupted: "it was interrupted", Succeeded: "it succeeded", Skipped: "it was skipped",
		Failed: "it failed", TimedOut: "it timed out", Cancelled: "it was cancelled",
	}
	for _, status := range Statuses() {
		require.Equal(t, sentences[status], "it "+status.Says())
	}
}
