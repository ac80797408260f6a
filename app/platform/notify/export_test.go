package notify

import "context"

// Settle takes every step that is due now, of all lanes in turn.
func (s *Sender) Settle(ctx context.Context) error {
	for {
		more, err := s.take(ctx, s.route)
		if err != nil {
			return err
		}
		for _, channel := range s.channels {
			m, err := s.take(ctx, func(ctx context.Context) (bool, error) { return s.deliver(ctx, channel) })
			if err != nil {
				return err
			}
			more = more || m
		}
		if !more {
			return nil
		}
	}
}

// Normal gives tests what Enqueue stores.
func (n Notification) Normal() (Notification, error) { return n.normal() }

// Targets gives tests the channels of a notification, with what they stand in
// for.
func Targets(rules []Rule, n Notification, configured ...string) map[string]string {
	to := map[string]string{}
	for _, t := range targets(append(rules, defaultRules()...), n, func(name string) bool {
		for _, c := range configured {
			if c == name {
				return true
			}
		}
		return name == Log
	}) {
		to[t.channel] = t.insteadOf
	}
	return to
}

// Wait gives tests the backoff.
func (b Backoff) Wait(failures int) (d int64) { return int64(b.withDefaults().wait(failures)) }

// The waits and limits that tests hold the stages to.
const (
	HoldAfter = holdAfter
	MaxTitle  = maxTitle
	MaxKey    = maxKey
	MaxBody   = maxBody
)
