package run

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/platform/notify"
	"github.com/script-ohio/platform/app/platform/telemetry"
)

// NotifyChannels makes the notification channels that are configured, the log
// among them. One that is configured in part is left out with a warning: what
// is meant for it goes to the log. A bad URL is fault.Invalid.
func NotifyChannels(c contract.Config, logger *slog.Logger) ([]notify.Channel, error) {
	channels := []notify.Channel{notify.NewLog(logger)}
	if c.SlackWebhookURL != "" {
		slack, err := notify.NewSlack(c.SlackWebhookURL, time.Now)
		if err != nil {
			return nil, err
		}
		channels = append(channels, slack)
	}
	if c.PagerDutyKey != "" {
		channels = append(channels, notify.NewPagerDuty(c.PagerDutyKey, notify.PagerDutyURL, time.Now))
	}
	switch {
	case c.SMTPURL == "":
	case c.MailFrom == "" || len(c.MailTo) == 0:
		logger.Warn("SMTP_URL is set, but MAIL_FROM or MAIL_TO is not: no notifications by mail")
	default:
		mail, err := notify.NewMail(c.SMTPURL, notify.MailOptions{From: c.MailFrom, To: c.MailTo, Clock: time.Now})
		if err != nil {
			return nil, err
		}
		channels = append(channels, mail)
	}
	return channels, nil
}

// NotifyOptions are the routes and rates that are configured.
func NotifyOptions(c contract.Config) (o notify.Options, err error) {
	o.Rates = map[string]notify.Rate{}
	for _, channel := range []string{notify.PagerDuty, notify.Slack, notify.Mail} {
		o.Rates[channel] = notify.Rate{Messages: c.NotifyRate, Per: time.Minute}
	}
	o.Rules, err = notify.ParseRules(c.NotifyRoutes)
	return o, err
}

// openNotifications makes the sender, and runs it beside the jobs of the default
// queue: routing looks at what is configured, which workers with narrower
// rights need not have. Elsewhere its metrics stay zero.
func (s *Service) openNotifications(ctx context.Context) error {
	sender, err := newSender(s.pool, s.config, s.registry, s.logger)
	if err != nil || !slices.Contains(s.queues, contract.QueueDefault) {
		return err
	}
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		sender.Run(running)
	}()
	s.onClose(func(context.Context) {
		cancel()
		<-done
	})
	return nil
}

// newSender makes the notification sender with its metrics, every series of
// which is there from the start.
func newSender(pool *pgxpool.Pool, c contract.Config, reg prometheus.Registerer, logger *slog.Logger) (*notify.Sender, error) {
	channels, err := NotifyChannels(c, logger)
	if err != nil {
		return nil, err
	}
	notifications, err := telemetry.Counter(reg, contract.Notifications)
	if err != nil {
		return nil, err
	}
	for _, channel := range channels {
		for _, result := range notify.Results() {
			notifications.WithLabelValues(channel.Name(), result)
		}
	}
	options, err := NotifyOptions(c)
	if err != nil {
		return nil, err
	}
	options.Logger = logger
	options.Count = func(channel, result string, n int) {
		notifications.WithLabelValues(channel, result).Add(float64(n))
	}
	sender := notify.NewSender(pool, channels, options)
	return sender, telemetry.GaugeFunc(reg, contract.DeadLetters, sender.DeadLetters)
}
