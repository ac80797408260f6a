package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/script-ohio/platform/app/platform/postgres"
)

// What became of notifications, as contract.Notifications counts it.
const (
	ResultSent      = "sent"
	ResultDigested  = "digested"
	ResultDuplicate = "duplicate"
	ResultRetried   = "retried"
	ResultDead      = "dead"
)

// Results lists them, so that every series can be there from the start.
func Results() []string {
	return []string{ResultSent, ResultDigested, ResultDuplicate, ResultRetried, ResultDead}
}

// Options of NewSender; the zero value is ready for use.
type Options struct {
	Logger *slog.Logger                              // default none
	Clock  func() time.Time                          // default time.Now
	Count  func(channel, result string, notices int) // told what became of how many; may be nil

	Rules       []Rule          // go before the default ones
	DedupWindow time.Duration   // a key in the same state is told once within; default 10 min
	Rates       map[string]Rate // most messages, by channel; default 20 in a minute, 600 for the log
	MaxWaiting  int             // deliveries that wait for one channel; more are only counted; default 50,000
	Backoff     Backoff         // between attempts
	GiveUpAfter time.Duration   // then a delivery is dead; default 6 h
	Retention   time.Duration   // what has ended well is deleted after; default 30 days
	Poll        time.Duration   // between looks for work; default 1 s
}

func (o Options) withDefaults() Options {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Count == nil {
		o.Count = func(string, string, int) {}
	}
	o.Rules = append(o.Rules[:len(o.Rules):len(o.Rules)], defaultRules()...)
	o.DedupWindow = orDefault(o.DedupWindow, 10*time.Minute)
	o.MaxWaiting = orDefault(o.MaxWaiting, 50_000)
	o.Backoff = o.Backoff.withDefaults()
	o.GiveUpAfter = orDefault(o.GiveUpAfter, 6*time.Hour)
	o.Retention = orDefault(o.Retention, 30*24*time.Hour)
	o.Poll = orDefault(o.Poll, time.Second)
	return o
}

func orDefault[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}

// Sender delivers what an Outbox accepted. Any number may run on one database:
// row locks leave each channel to one of them at a time.
type Sender struct {
	pool     *pgxpool.Pool
	outbox   *Outbox
	channels map[string]Channel
	o        Options
	dead     atomic.Int64
	purged   time.Time // only the router's goroutine looks at it
}

// NewSender makes a Sender over the channels that are configured; what is
// meant for another goes to the log, which needs not be among them.
func NewSender(pool *pgxpool.Pool, channels []Channel, o Options) *Sender {
	o = o.withDefaults()
	s := &Sender{pool: pool, outbox: NewOutbox(pool, OutboxOptions{Clock: o.Clock}), o: o, channels: map[string]Channel{Log: NewLog(o.Logger)}}
	for _, c := range channels {
		s.channels[c.Name()] = c
	}
	return s
}

// DeadLetters is contract.DeadLetters as of the last look.
func (s *Sender) DeadLetters() float64 { return float64(s.dead.Load()) }

// Run delivers until ctx ends; then a message on its way is still finished,
// which takes a quarter of a minute at most.
func (s *Sender) Run(ctx context.Context) {
	var lanes sync.WaitGroup
	lanes.Go(func() { s.loop(ctx, routerLane, s.route) })
	for name, channel := range s.channels {
		lanes.Go(func() {
			s.loop(ctx, name, func(ctx context.Context) (bool, error) { return s.deliver(ctx, channel) })
		})
	}
	lanes.Wait()
}

// loop takes steps while there are any, then looks again every now and then.
// Trouble with the database is logged when it begins and when it ends.
func (s *Sender) loop(ctx context.Context, name string, step func(context.Context) (more bool, err error)) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	away := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		more, err := s.take(ctx, step)
		switch {
		case err != nil && !away:
			s.o.Logger.WarnContext(ctx, "notifications have to wait", "lane", name, "error", err)
		case err == nil && away:
			s.o.Logger.InfoContext(ctx, "notifications go on", "lane", name)
		}
		away = err != nil
		if more && err == nil {
			timer.Reset(0)
		} else {
			timer.Reset(s.o.Poll)
		}
	}
}

// stepTimeout bounds a step, below what an idle transaction may take.
const stepTimeout = 45 * time.Second

// take does a step to its end even when ctx ends: a message that was sent must
// be known to be.
func (s *Sender) take(ctx context.Context, step func(context.Context) (bool, error)) (bool, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stepTimeout)
	defer cancel()
	return step(ctx)
}

// lane is the right to do a kind of work, and how the channel has been lately.
type lane struct {
	failures    int
	pausedUntil *time.Time
}

const (
	routerLane = "router"

	laneSQL     = `select failures, paused_until from notification_lanes where name = $1 for update skip locked`
	makeLaneSQL = `insert into notification_lanes (name) values ($1) on conflict do nothing`
)

// inLane runs work in a transaction that has the lane for itself; busy lanes
// are left to who has them.
func (s *Sender) inLane(ctx context.Context, name string, work func(pgx.Tx, lane) error) error {
	missing := false
	err := postgres.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		var l lane
		err := tx.QueryRow(ctx, laneSQL, name).Scan(&l.failures, &l.pausedUntil)
		if errors.Is(err, pgx.ErrNoRows) { // busy, or the first time
			tag, err := tx.Exec(ctx, makeLaneSQL, name)
			missing = tag.RowsAffected() > 0
			return err
		}
		if err != nil {
			return err
		}
		return work(tx, l)
	})
	if err != nil {
		return fmt.Errorf("notifications, %s: %w", name, err)
	}
	if missing {
		return s.inLane(ctx, name, work)
	}
	return nil
}
