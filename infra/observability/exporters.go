package observability

import "github.com/script-ohio/platform/infra/helm"

const (
	postgresName = "prometheus-postgres-exporter"
	redisName    = "prometheus-redis-exporter"
	exporters    = "oci://ghcr.io/prometheus-community/charts"
	// redisUser is the one of the image.
	redisUser = 59000
)

// postgresValues are the values of the chart that we set.
// https://github.com/prometheus-community/helm-charts/blob/prometheus-postgres-exporter-8.2.0/charts/prometheus-postgres-exporter/values.yaml
type postgresValues struct {
	Config    postgresConfig         `pulumi:"config"`
	Resources helm.Resources         `pulumi:"resources"`
	Pod       helm.PodSecurity       `pulumi:"podSecurityContext"`
	Security  helm.ContainerSecurity `pulumi:"securityContext"`
}

type postgresConfig struct {
	Source secretRef `pulumi:"datasourceSecret"`
	Args   []string  `pulumi:"extraArgs"`
}

// redisValues are the values of the chart that we set. The registry stands in
// the repository, for the chart has no other place for it.
// https://github.com/prometheus-community/helm-charts/blob/prometheus-redis-exporter-6.29.0/charts/prometheus-redis-exporter/values.yaml
type redisValues struct {
	Image     image                  `pulumi:"image"`
	Address   redisAddress           `pulumi:"redisAddressConfig"`
	Auth      redisAuth              `pulumi:"auth"`
	Env       []variable             `pulumi:"env"`
	Args      redisArgs              `pulumi:"extraArgs"`
	Resources helm.Resources         `pulumi:"resources"`
	Pod       helm.PodSecurity       `pulumi:"podSecurityContext"`
	Security  helm.ContainerSecurity `pulumi:"securityContext"`
}

type (
	image struct {
		Repository string `pulumi:"repository"`
	}
	redisAddress struct {
		Enabled bool      `pulumi:"enabled"`
		Secret  bool      `pulumi:"isSecret"`
		Source  secretRef `pulumi:"source"`
	}
	redisAuth struct {
		Enabled bool      `pulumi:"enabled"`
		Secret  secretRef `pulumi:"secret"`
	}
	redisArgs struct {
		Config string `pulumi:"config-command"`
	}
)

// exporters installs those of database and cache. One of each: what they tell
// is not their own.
func (o *observability) exporters() error {
	if _, err := install(o, helm.Chart{Repository: exporters, Name: postgresName, Version: "8.2.0"}, postgresValues{
		Config: postgresConfig{
			Source: secretRef{postgresAccess, keyAddress},
			// Checkpoints have a view of their own since PostgreSQL 17.
			Args: []string{"--collector.stat_checkpointer", "--collector.long_running_transactions", "--collector.database_wraparound"},
		},
		Resources: helm.Takes("20m", "48Mi", "200m", "128Mi"), Pod: helm.RestrictedPod(), Security: helm.Restricted(),
	}); err != nil {
		return err
	}
	_, err := install(o, helm.Chart{Repository: exporters, Name: redisName, Version: "6.29.0"}, redisValues{
		Image:   image{"quay.io/oliver006/redis_exporter"},
		Address: redisAddress{true, true, secretRef{redisAccess, keyAddress}},
		Auth:    redisAuth{true, secretRef{redisAccess, keyPassword}},
		Env:     []variable{{Name: "REDIS_USER", From: &valueRef{Secret: &secretRef{redisAccess, keyUser}}}},
		// ElastiCache has no CONFIG, and its user no right to it.
		Args:      redisArgs{Config: "-"},
		Resources: helm.Takes("10m", "32Mi", "100m", "64Mi"), Pod: helm.RestrictedPod().As(redisUser), Security: helm.Restricted(),
	})
	return err
}
