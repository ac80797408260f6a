package guard

import (
	"encoding/json"
	"strconv"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/budgets"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sns"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/script-ohio/platform/infra/iamdoc"
)

// pattern is the events that a rule takes.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html
type pattern struct {
	Source []string `json:"source"`
	Kind   []string `json:"detail-type"`
	Detail detail   `json:"detail"`
}

type detail struct {
	State    []string  `json:"state,omitempty"`
	Severity []numeric `json:"severity,omitempty"`
}

// numeric compares by operator and number.
type numeric struct {
	Numeric []any `json:"numeric"`
}

// newTopic registers the topic of alerts, its reader and what tells of backups
// that failed. The reader confirms by mail.
func (g *guard) newTopic() error {
	name := g.Name("alerts")
	topic, err := sns.NewTopic(g.ctx, name, &sns.TopicArgs{
		Name: pulumi.String(name), KmsMasterKeyId: g.Keys.Logs.ToStringOutput(),
	}, pulumi.Parent(g))
	if err != nil {
		return err
	}
	policy, err := sns.NewTopicPolicy(g.ctx, name, &sns.TopicPolicyArgs{
		Arn: topic.Arn, Policy: iamdoc.Output(iamdoc.Resource, publish, topic.Arn),
	}, pulumi.Parent(g))
	if err != nil {
		return err
	}
	g.topic = policy.Arn // events arrive only once the policy stands
	if _, err := sns.NewTopicSubscription(g.ctx, name, &sns.TopicSubscriptionArgs{
		Topic: topic.Arn, Protocol: pulumi.String("email"), Endpoint: pulumi.String(g.Config.AlertEmail),
	}, pulumi.Parent(g)); err != nil {
		return err
	}
	return g.tell("backup-failures", "Backups and copies that failed", pattern{
		Source: []string{"aws.backup"}, Kind: []string{"Backup Job State Change", "Copy Job State Change"},
		Detail: detail{State: []string{"FAILED", "ABORTED", "EXPIRED"}},
	})
}

// publish lets EventBridge publish; it offers topics no source to compare.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
func publish(known []string) iamdoc.Document {
	return iamdoc.New(
		iamdoc.Allow("sns:Publish").Named("Events").To(iamdoc.Service("events.amazonaws.com")).On(known[0]),
		iamdoc.RequireTLS("sns:Publish", known[0]),
	)
}

// tell sends the events of this account that match to the topic.
func (g *guard) tell(part, description string, p pattern) error {
	text, err := json.Marshal(p)
	if err != nil {
		return err
	}
	name := g.Name(part)
	rule, err := cloudwatch.NewEventRule(g.ctx, name, &cloudwatch.EventRuleArgs{
		Name: pulumi.String(name), Description: pulumi.String(description), EventPattern: pulumi.String(text),
	}, pulumi.Parent(g))
	if err != nil {
		return err
	}
	_, err = cloudwatch.NewEventTarget(g.ctx, name, &cloudwatch.EventTargetArgs{
		Rule: rule.Name, Arn: g.topic,
	}, pulumi.Parent(g))
	return err
}

// newBudget mails when the account's month costs more than planned, or will.
// It is not narrowed to the stack's tags: a budget by a tag that nobody
// activated for billing stays at zero without a word.
func (g *guard) newBudget() error {
	notify := func(kind string, percent float64) budgets.BudgetNotificationArgs {
		return budgets.BudgetNotificationArgs{
			NotificationType: pulumi.String(kind), ComparisonOperator: pulumi.String("GREATER_THAN"),
			Threshold: pulumi.Float64(percent), ThresholdType: pulumi.String("PERCENTAGE"),
			SubscriberEmailAddresses: pulumi.ToStringArray([]string{g.Config.AlertEmail}),
		}
	}
	name := g.Name("budget")
	_, err := budgets.NewBudget(g.ctx, name, &budgets.BudgetArgs{
		Name: pulumi.String(name), BudgetType: pulumi.String("COST"), TimeUnit: pulumi.String("MONTHLY"),
		LimitAmount: pulumi.String(strconv.Itoa(g.Config.BudgetUSD)), LimitUnit: pulumi.String("USD"),
		Notifications: budgets.BudgetNotificationArray{notify("ACTUAL", 80), notify("ACTUAL", 100), notify("FORECASTED", 100)},
	}, pulumi.Parent(g))
	return err
}
