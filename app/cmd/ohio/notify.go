package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/notify"
	"github.com/script-ohio/platform/app/run"
)

type notifyCmd struct {
	Test  notifyTestCmd  `cmd:"" help:"Send a test message through the configured channels, at once."`
	List  notifyListCmd  `cmd:"" help:"List notifications and what became of them, the newest first."`
	Retry notifyRetryCmd `cmd:"" help:"Have notifications that were given up delivered after all."`
}

type notifyTestCmd struct {
	output
	Channel  string            `enum:"pagerduty,slack,mail,log," default:"" help:"Only this one: pagerduty, slack, mail or log."`
	Severity contract.Severity `enum:"critical,warning,ticket,info," default:"" help:"Only the channels that this goes to: critical, warning, ticket or info."`
}

// trial is what a test message met with.
type trial struct {
	Channel string `json:"channel"`
	Result  string `json:"result"`
	Error   string `json:"error,omitempty"`
	TookMS  int64  `json:"took_ms"`
}

func (c notifyTestCmd) Run(ctx context.Context, out *console) error {
	config, logger, err := configure(out.err)
	if err != nil {
		return err
	}
	channels, err := run.NotifyChannels(config, logger)
	if err != nil {
		return err
	}
	options, err := run.NotifyOptions(config)
	if err != nil {
		return err
	}
	c.missing(out, channels)
	message := testMessage(c.Severity)
	if channels, err = c.choose(channels, options, message.Notification); err != nil {
		return err
	}
	trials, failed := make([]trial, len(channels)), 0
	for i, channel := range channels {
		began := time.Now()
		err := channel.Send(ctx, message)
		if err == nil && channel.Name() == notify.PagerDuty { // leave nobody awake
			end := message
			end.Resolved = true
			err = channel.Send(ctx, end)
		}
		trials[i] = trial{Channel: channel.Name(), Result: "sent", TookMS: time.Since(began).Milliseconds()}
		if err != nil {
			trials[i].Result, trials[i].Error = "failed", err.Error()
			failed++
		}
	}
	err = c.print(out, trials, func(w *tabwriter.Writer) {
		row(w, "CHANNEL", "RESULT", "TOOK", "ERROR")
		for _, t := range trials {
			row(w, t.Channel, t.Result, fmt.Sprintf("%d ms", t.TookMS), t.Error)
		}
	})
	if err == nil && failed > 0 {
		err = fault.New(fault.Unavailable, "%d of %s did not take the test message", failed, count(len(trials), "channel"))
	}
	return err
}

// missing tells which channels the log stands in for.
func (c notifyTestCmd) missing(out *console, configured []notify.Channel) {
	var missing []string
	for _, name := range notify.ChannelNames() {
		if !slices.ContainsFunc(configured, func(c notify.Channel) bool { return c.Name() == name }) {
			missing = append(missing, name)
		}
	}
	switch {
	case len(configured) == 1: // the log
		fmt.Fprintln(out.err, "No channel is configured in this shell (PAGERDUTY_ROUTING_KEY, SLACK_WEBHOOK_URL, SMTP_URL): only the log gets the message, and it wakes nobody.")
	case len(missing) > 0 && c.Channel == "":
		fmt.Fprintf(out.err, "Not configured in this shell, so that the log stands in: %s.\n", strings.Join(missing, ", "))
	}
}

// choose gives the channels to try: all, one, or those of a severity.
func (c notifyTestCmd) choose(configured []notify.Channel, options notify.Options, n notify.Notification) ([]notify.Channel, error) {
	wanted := map[string]bool{}
	for _, channel := range configured {
		wanted[channel.Name()] = c.Channel == "" || c.Channel == channel.Name()
	}
	if c.Channel != "" && !wanted[c.Channel] {
		return nil, fault.New(fault.NotFound, "%s is not configured; `ohio config` tells by which variables it is", c.Channel)
	}
	if c.Severity != "" {
		routed := map[string]bool{}
		for _, name := range notify.NewSender(nil, configured, options).Routes(n) {
			routed[name] = wanted[name]
		}
		wanted = routed
	}
	var chosen []notify.Channel
	for _, channel := range configured {
		if wanted[channel.Name()] {
			chosen = append(chosen, channel)
		}
	}
	if len(chosen) == 0 {
		return nil, fault.New(fault.Invalid, "%s is not a channel that %s goes to", c.Channel, c.Severity)
	}
	return chosen, nil
}

func testMessage(severity contract.Severity) notify.Message {
	if severity == "" {
		severity = contract.Info
	}
	now := time.Now()
	return notify.Message{ID: now.UnixMilli(), Notification: notify.Notification{
		Key: fmt.Sprintf("test:%d", now.UnixMilli()), Kind: notify.KindTest, Severity: severity,
		Title: "A test message from Script Ohio", Body: "Somebody ran `ohio notify test`. There is nothing to do.", At: now,
	}}
}

type notifyListCmd struct {
	instance
	output
	State string `enum:"pending,dead,sent," default:"" help:"Only those in a state: pending (also held back), dead or sent (also in a digest)."`
	Limit int    `default:"50" help:"Most to list, up to 1,000."`
}

// Validate is called by kong.
func (c notifyListCmd) Validate() error {
	if c.Limit < 1 || c.Limit > notify.MaxLetters {
		return fmt.Errorf("--limit must be 1 to %d", notify.MaxLetters)
	}
	return nil
}

func (c notifyListCmd) Run(ctx context.Context, out *console) error {
	pool, err := c.connect(ctx)
	if err != nil {
		return err
	}
	defer pool.Close()
	states := map[string][]notify.State{
		"pending": {notify.Accepted, notify.Pending, notify.Held}, "dead": {notify.Dead}, "sent": {notify.Sent, notify.Digested},
	}
	states[""] = append(append(states["pending"], states["dead"]...), states["sent"]...)
	letters, err := notify.NewOutbox(pool, notify.OutboxOptions{}).List(ctx, states[c.State], c.Limit)
	if err != nil {
		return err
	}
	if letters == nil {
		letters = []notify.Letter{} // [] in JSON
	}
	return c.print(out, letters, func(w *tabwriter.Writer) {
		row(w, "ID", "STATE", "CHANNEL", "SEVERITY", "KIND", "ACCEPTED", "TRIES", "TITLE", "ERROR")
		for _, l := range letters {
			id, channel := "-", l.Channel
			if l.ID > 0 {
				id = strconv.FormatInt(l.ID, 10)
			}
			if l.InsteadOf != "" {
				channel += " for " + l.InsteadOf
			}
			row(w, id, l.State, channel, l.Severity, l.Kind, date(&l.AcceptedAt), l.Attempts, l.Title, l.Error)
		}
	})
}

type notifyRetryCmd struct {
	instance
	output
	ID      int64 `arg:"" optional:"" help:"The delivery's id, from ohio notify list --state dead."`
	AllDead bool  `help:"All of them."`
}

// Validate is called by kong.
func (c notifyRetryCmd) Validate() error {
	if (c.ID != 0) == c.AllDead {
		return fmt.Errorf("say which ID, or --all-dead")
	}
	return nil
}

// retried is how many notifications will be tried again.
type retried struct {
	Retried int `json:"retried"`
}

func (c notifyRetryCmd) Run(ctx context.Context, out *console) error {
	pool, err := c.connect(ctx)
	if err != nil {
		return err
	}
	defer pool.Close()
	outbox := notify.NewOutbox(pool, notify.OutboxOptions{Record: auditLog(pool).Change})
	n := 1
	if c.AllDead {
		n, err = outbox.RetryAll(ctx)
	} else {
		err = outbox.Retry(ctx, c.ID)
	}
	if err != nil {
		return err
	}
	return c.print(out, retried{n}, func(w *tabwriter.Writer) {
		sentence(w, "%s will be tried again by the worker", count(n, "notification"))
	})
}
