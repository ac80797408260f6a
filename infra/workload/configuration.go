package workload

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/infra/externalsecret"
)

// Objects that carry the configuration.
const (
	configName  = "app-config"
	secretName  = "app-secrets"
	storeName   = "aws-secrets"
	refreshTime = "15m" // how long a rotated secret takes to arrive
)

// settings is what the pods of the app read, and what tells that it changed.
type settings struct {
	hash    pulumi.StringOutput // of the plain values: another one is another rollout
	objects []pulumi.Resource
}

// configuration renders the contract's variables: plain ones into a ConfigMap,
// secret ones into a Secret that external-secrets fills and keeps fresh. What
// is not set here has its default in the app.
func (w *workload) configuration() (*settings, error) {
	values := w.plain()
	config, err := corev1.NewConfigMap(w.ctx, w.Name("config"), &corev1.ConfigMapArgs{Metadata: w.meta(configName, nil), Data: values}, w.child, w.after())
	if err != nil {
		return nil, err
	}
	store, err := w.custom("secrets", externalsecret.API, "SecretStore", w.meta(storeName, nil), externalsecret.SecretsManager(w.served(pulumi.String(w.Region))), w.after())
	if err != nil {
		return nil, err
	}
	all := &settings{hash: hash(values), objects: []pulumi.Resource{config}}
	queues := []contract.Queue{""}
	for _, k := range w.Workers {
		if len(held(k.Queue)) > 0 {
			queues = append(queues, k.Queue)
		}
	}
	for _, queue := range queues {
		name := secretOf(queue)
		secret, err := w.custom(strings.TrimPrefix(name, "app-"), externalsecret.API, "ExternalSecret", w.meta(name, nil), w.secret(name, queue), w.after(store))
		if err != nil {
			return nil, err
		}
		all.objects = append(all.objects, secret)
	}
	return all, nil
}

// secretOf names the Secret of all pods, or of the workers of a queue.
func secretOf(queue contract.Queue) string {
	if queue == "" {
		return secretName
	}
	return secretName + "-" + string(queue)
}

// held are the secret variables of all pods, or of the workers of a queue
// alone.
func held(queue contract.Queue) []contract.Variable {
	var all []contract.Variable
	for _, v := range contract.Variables() {
		if v.Secret && v.Queue == queue {
			all = append(all, v)
		}
	}
	return all
}

// plain are the values of the variables that are no secrets and that this
// stack sets. A test holds them to the contract.
func (w *workload) plain() pulumi.StringMap {
	values := pulumi.StringMap{
		"MODELS_BUCKET":   pulumi.Sprintf("s3://%s?region=%s", w.Data.Models, w.Region),
		"BACKUP_BUCKET":   pulumi.Sprintf("s3://%s?region=%s", w.Data.Backups, w.Region),
		"TLS_HOSTS":       pulumi.String(w.Edge.Domain),
		"TRUSTED_PROXIES": pulumi.String(joined(w.Networks.LoadBalancers)),
		"LISTEN":          pulumi.String(fmt.Sprintf(":%d", contract.PublicPort)),
		"INTERNAL_LISTEN": pulumi.String(fmt.Sprintf(":%d", contract.InternalPort)),
		"SHUTDOWN_PAUSE":  pulumi.String(whole(int(contract.ShutdownPause.Seconds()))),
		"SHUTDOWN_DRAIN":  pulumi.String(whole(int(contract.ShutdownDrain.Seconds()))),
	}
	if w.Traces != nil {
		values["OTEL_EXPORTER_OTLP_ENDPOINT"] = pulumi.String(w.Traces.Endpoint)
	}
	if w.Mail != nil { // all have the secret, and would warn without these
		values["MAIL_FROM"], values["MAIL_TO"] = pulumi.String(w.Mail.From), pulumi.String(strings.Join(w.Mail.To, ","))
	} else { // what would go by mail would end in a log
		values["NOTIFY_ROUTES"] = pulumi.String(contract.RoutesWithoutMail)
	}
	return values
}

// only are the values of the variables that the workers of a queue alone get.
func (w *workload) only(queue contract.Queue) map[string]string {
	values := map[string]string{"SHUTDOWN_DRAIN": whole(int(contract.WorkDrain.Seconds()))}
	if queue == contract.QueueBackup && w.Logs != nil {
		values["LOG_STORE"] = w.Logs.Endpoint
	}
	if queue == contract.QueueBackup && len(w.Data.Recipients) > 0 {
		values["BACKUP_RECIPIENT"] = strings.Join(w.Data.Recipients, ",")
	}
	return values
}

func joined(networks []netip.Prefix) string {
	var all []string
	for _, n := range networks {
		all = append(all, n.String())
	}
	return strings.Join(all, ",")
}

// hash is short, for an annotation.
func hash(values pulumi.StringMap) pulumi.StringOutput {
	return values.ToStringMapOutput().ApplyT(func(known map[string]string) string {
		sum := sha256.New()
		for _, name := range slices.Sorted(maps.Keys(known)) {
			fmt.Fprintf(sum, "%s=%s\n", name, known[name])
		}
		return hex.EncodeToString(sum.Sum(nil))[:16]
	}).(pulumi.StringOutput)
}

// secret builds the secret variables of the contract that belong together: the
// two URLs out of the secrets of database and cache, the others as they stand
// in the app's.
func (w *workload) secret(name string, queue contract.Queue) externalsecret.Secret {
	s := externalsecret.Secret{
		Refresh: refreshTime, Store: externalsecret.In(storeName), Target: externalsecret.Owned(name, map[string]string{}),
	}
	// RDS presents a certificate of its own authority, which the image does not
	// carry: encrypted, and not verified.
	built := map[string]string{
		"DATABASE_URL": "postgres://{{ .db_username }}:{{ .db_password }}@{{ .db_host }}:{{ .db_port }}/{{ .db_dbname }}?sslmode=require",
		"REDIS_URL":    "rediss://{{ .cache_username }}:{{ .cache_password }}@{{ .cache_host }}:{{ .cache_port }}/0",
	}
	take := func(key string, from pulumi.StringInput, property string) {
		s.Data = append(s.Data, externalsecret.Take(key, w.served(from), property))
	}
	if queue == "" {
		for _, property := range []string{"username", "password", "host", "port", "dbname"} {
			take("db_"+property, w.Data.Database, property)
		}
		for _, property := range []string{"username", "password", "host", "port"} {
			take("cache_"+property, w.Data.Cache, property)
		}
	}
	for _, v := range held(queue) {
		text, ours := built[v.Name]
		if !ours {
			key := strings.ToLower(v.Name)
			take(key, w.Data.App, v.Name)
			text = "{{ ." + key + " }}"
		}
		s.Target.Template.Data[v.Name] = text
	}
	return s
}

// served is a value that is known once external-secrets serves: its kinds do
// not exist before.
func (w *workload) served(value pulumi.StringInput) pulumi.StringInput {
	return pulumi.All(value, w.Data.Secrets).ApplyT(func(both []any) string {
		text, _ := both[0].(string)
		return text
	}).(pulumi.StringOutput)
}
