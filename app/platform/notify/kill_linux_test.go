package notify_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/platform/notify"
	"github.com/script-ohio/platform/app/platform/postgres"
)

// These make the test binary a sender on a database, as a process of its own.
const (
	senderDatabase = "OHIO_TEST_SENDER_DATABASE"
	senderSlack    = "OHIO_TEST_SENDER_SLACK"
)

func runSender() {
	pool, err := postgres.Open(context.Background(), os.Getenv(senderDatabase), postgres.Options{})
	if err != nil {
		panic(err)
	}
	slack, err := notify.NewSlack(os.Getenv(senderSlack), time.Now)
	if err != nil {
		panic(err)
	}
	fmt.Println("running")
	notify.NewSender(pool, []notify.Channel{slack}, notify.Options{
		Poll: time.Millisecond, Rates: map[string]notify.Rate{notify.Slack: {Messages: 10_000, Per: time.Second}},
	}).Run(context.Background())
}

// Senders are killed while a message is on its way, again and again. In the
// end every message has arrived, and of each kill at most one arrived twice.
func TestKill9LosesNothing(t *testing.T) {
	r := newRig(t)
	const many, kills = 40, 5
	config := r.pool.Config().ConnConfig
	block := make(chan struct{})
	arrived := make(chan struct{}, 1)
	r.slack.says(func(n int, _ http.ResponseWriter) {
		if n%7 == 0 && n <= 7*kills { // the hook holds its answer back until the sender is dead
			arrived <- struct{}{}
			<-block
		}
	})
	for i := range many {
		n := warning(fmt.Sprint(i), fmt.Sprint("message ", i))
		n.At = time.Now() // the processes have no other clock
		r.accept(n)
	}
	begin := func() *exec.Cmd {
		program := exec.Command(os.Args[0])
		program.Env = append(os.Environ(), senderDatabase+"="+config.ConnString(), senderSlack+"="+r.slack.URL+"/services/x")
		program.Stderr = os.Stderr
		out, err := program.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, program.Start())
		_, err = bufio.NewReader(out).ReadString('\n')
		require.NoError(t, err)
		return program
	}
	for range kills {
		program := begin()
		select {
		case <-arrived:
		case <-time.After(patience):
			require.Fail(t, "no message came")
		}
		require.NoError(t, program.Process.Kill()) // SIGKILL
		_ = program.Wait()
		block <- struct{}{}
	}
	program := begin()
	defer func() {
		_ = program.Process.Kill()
		_ = program.Wait()
	}()
	require.Eventually(t, func() bool {
		return r.count(`select count(*) from notification_deliveries where state = 'sent'`) == many
	}, patience, 10*time.Millisecond)
	times := map[string]int{}
	for _, text := range r.slack.texts() {
		times[text]++
	}
	require.Len(t, times, many)
	require.Equal(t, many+kills, len(r.slack.texts()), "a kill between the answer and the commit sends once more")
}
