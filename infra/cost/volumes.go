package cost

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/script-ohio/platform/infra/plan"
)

// claimed are where values of charts ask for volumes: the path of the size and
// that of the number of replicas, each of which gets one.
func claimed() []struct{ size, replicas string } {
	const template = ".volumeClaimTemplate.spec.resources.requests.storage"
	return []struct{ size, replicas string }{
		{"values.prometheus.prometheusSpec.storageSpec" + template, "values.prometheus.prometheusSpec.replicas"},
		{"values.alertmanager.alertmanagerSpec.storage" + template, "values.alertmanager.alertmanagerSpec.replicas"},
		{"values.singleBinary.persistence.size", "values.singleBinary.replicas"},
		{"values.persistence.size", "values.replicas"},
	}
}

// sizes are values that look like the size of a volume.
var sizes = regexp.MustCompile(`\.(requests\.storage|persistence\.size)$`)

// volumes prices the gp3 volumes that pods of a chart get. A size that nobody
// knows the number of is a problem, so that none is forgotten.
func (e *estimate) volumes(r *plan.Resource) {
	known := map[string]bool{}
	for _, c := range claimed() {
		size := r.Inputs.Text(c.size)
		if size == "" {
			continue
		}
		known[c.size] = true
		gb, err := strconv.Atoi(strings.TrimSuffix(size, "Gi"))
		replicas := int(r.Inputs.Number(c.replicas))
		if err != nil || replicas == 0 {
			e.problem("%s asks for volumes of %q for %d replicas at %s: write the size in Gi and the replicas at %s", r.Name, size, replicas, c.size, c.replicas)
			continue
		}
		e.add(r, e.rates.podDisk, replicas, float64(gb))
	}
	for _, leaf := range r.Inputs.Leaves() {
		if sizes.MatchString(leaf.Path) && !known[leaf.Path] {
			e.problem("%s asks for volumes at %s, which no price knows: add the path to infra/cost/volumes.go", r.Name, leaf.Path)
		}
	}
}
