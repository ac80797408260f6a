package observability

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/script-ohio/platform/infra/helm"
)

const tempoName = "tempo"

// tempoValues are the values of the chart that we set.
// https://github.com/grafana-community/helm-charts/blob/tempo-2.2.4/charts/tempo/values.yaml
type tempoValues struct {
	Replicas int              `pulumi:"replicas"`
	Tempo    tempoConfig      `pulumi:"tempo"`
	Pod      helm.PodSecurity `pulumi:"securityContext"`
	Account  tokenless        `pulumi:"serviceAccount"`
	Volume   tempoVolume      `pulumi:"persistence"`
}

type (
	tempoConfig struct {
		Reporting bool                   `pulumi:"reportingEnabled"`
		Retention string                 `pulumi:"retention"`
		Storage   tempoStorage           `pulumi:"storage"`
		Resources helm.Resources         `pulumi:"resources"`
		Security  helm.ContainerSecurity `pulumi:"securityContext"`
	}
	tempoStorage struct {
		Trace tempoTraces `pulumi:"trace"`
	}
	tempoTraces struct {
		Backend string  `pulumi:"backend"`
		S3      tempoS3 `pulumi:"s3"`
	}
	tempoS3 struct {
		Bucket   pulumi.StringInput `pulumi:"bucket"`
		Endpoint string             `pulumi:"endpoint"`
		Region   string             `pulumi:"region"`
	}
	// tempoVolume holds what is not in S3 yet.
	tempoVolume struct {
		Enabled bool               `pulumi:"enabled"`
		Size    string             `pulumi:"size"`
		Class   pulumi.StringInput `pulumi:"storageClassName"`
	}
)

// tempoUser is the user of the image.
const tempoUser = 10001

// tempo installs Tempo with its data in S3.
func (o *observability) tempo() error {
	chart := helm.Chart{Repository: "oci://ghcr.io/grafana-community/helm-charts", Name: tempoName, Version: "2.2.4"}
	_, err := install(o, chart, tempoValues{
		Replicas: 1,
		Tempo: tempoConfig{
			Reporting: false, Retention: hours(o.Days.Traces),
			Storage:   tempoStorage{tempoTraces{"s3", tempoS3{o.Tempo.Bucket, "s3." + o.Region + ".amazonaws.com", o.Region}}},
			Resources: helm.Takes("50m", "384Mi", "1", "1Gi"), Security: helm.Restricted(),
		},
		Pod:     helm.RestrictedPod().As(tempoUser),
		Account: tokenless{o.Tempo.name(), false},
		Volume:  tempoVolume{true, gigabytes(o.Sizing.TracesGB), o.StorageClass},
	})
	return err
}
