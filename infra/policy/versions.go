package policy

import (
	"strings"

	"github.com/script-ohio/platform/infra/plan"
	"github.com/script-ohio/platform/infra/support"
)

// versions: what runs still gets security fixes.
func versions() []Rule {
	return []Rule{{
		Name:      "version-supported",
		Reason:    "after the end of standard support there are no fixes, or six times the price of a control plane",
		Reference: hub("EKS.2") + "; the windows with their sources: infra/support",
		check: func(i *inspection) {
			for _, e := range engines() {
				for _, r := range i.OfType(e.typ) {
					if !e.inherits(r) {
						i.supported(r, e)
					}
				}
			}
		},
	}}
}

// engine says which product a type runs and where its version stands.
type engine struct {
	typ, path string
	product   func(*plan.Resource) support.Product
	major     bool // only the first number counts
}

func engines() []engine {
	kubernetes := func(*plan.Resource) support.Product { return support.EKS }
	return []engine{
		{clusterType, "version", kubernetes, false},
		{nodesType, "version", kubernetes, false},
		{databaseType, "engineVersion", func(r *plan.Resource) support.Product {
			if r.Inputs.Text("engine") == "postgres" {
				return support.Postgres
			}
			return "RDS for another engine"
		}, true},
		{cacheGroupType, "engineVersion", func(r *plan.Resource) support.Product {
			if r.Inputs.Text("engine") == "valkey" {
				return support.Valkey
			}
			return support.Redis
		}, false},
	}
}

// inherits reports whether the version is another's: a replica has its
// primary's.
func (e engine) inherits(r *plan.Resource) bool {
	return r.Inputs.Text("replicateSourceDb") != "" && r.Inputs.Text(e.path) == ""
}

func (i *inspection) supported(r *plan.Resource, e engine) {
	version, product := i.scanner.show(r.Inputs.Text(e.path)), e.product(r)
	if version == "" {
		i.fault(r, e.path, "it names no version of %s, so that AWS chooses: name one", product)
		return
	}
	if e.major {
		version, _, _ = strings.Cut(version, ".")
	}
	if err := support.Check(product, version, i.now); err != nil {
		i.fault(r, e.path, "%v", err)
	} else if warning := support.Warn(product, version, i.now); warning != "" {
		i.find(Warning, r, e.path, "%s", warning)
	}
}
