package enginetest

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/script-ohio/platform/infra/schema"
)

func equal(a, b any) bool { return reflect.DeepEqual(a, b) }

// refuse is why AWS would not make or change the thing while the rest is as it
// is; old is nil for a new one. Inputs by themselves were checked before.
func (c *Cloud) refuse(t, old *Thing) error {
	name, scope := schema.Name(t.Type, t.in)
	for _, other := range c.things {
		if other.Type != t.Type {
			continue
		}
		taken, _ := schema.Name(other.Type, other.in)
		same := taken == name && name != "" && (scope != schema.OfRegion || other.Region == t.Region)
		again := other.URN == t.URN && schema.Overwrites(t.Type)
		if same && !again && (old == nil || other.key() != old.key()) {
			return fmt.Errorf("AlreadyExists: %s exists with %s in %s, as %s", t.Type, name, other.Region, other.URN)
		}
	}
	for _, r := range schema.Relations() {
		if r.From != t.Type {
			continue
		}
		region := t.Region
		if r.Anywhere {
			region = ""
		}
		for _, found := range t.in.All(r.Path) {
			if c.find(r.To, region, found.Value) == nil {
				return fmt.Errorf("NotFound: %s of %s is %v, and there is no such %s in %s", found.Path, t.Type, found.Value, r.To, t.Region)
			}
		}
	}
	for _, d := range demands() {
		if d.typ == t.Type && !d.met(c, t) {
			return fmt.Errorf("%s (%s)", d.why, d.url)
		}
	}
	for _, s := range steps() {
		if old != nil && s.typ == t.Type && !s.allowed(old.in, t.in) {
			return fmt.Errorf("%s (%s)", s.why, s.url)
		}
	}
	return nil
}

// hold is why AWS would not delete the thing, or why nobody should.
func (c *Cloud) hold(t *Thing) error {
	for _, r := range schema.Relations() {
		if r.To != t.Type || r.Holds == "" {
			continue
		}
		for _, other := range c.things {
			near := r.Anywhere || global(t.Type) || other.Region == t.Region
			if other.Type != r.From || !near || other == t {
				continue
			}
			if slices.ContainsFunc(other.in.All(r.Path), func(f schema.Found) bool { return t.known(f.Value) }) {
				return fmt.Errorf("%s: %s needs %s", r.Holds, other.URN, t.URN)
			}
		}
	}
	for _, h := range holds() {
		if h.typ == t.Type && h.held(c, t) {
			return fmt.Errorf("%s (%s)", h.why, h.url)
		}
	}
	return nil
}

// held is a reason not to delete things of a type beyond who refers to them.
type held struct {
	typ, why, url string
	held          func(*Cloud, *Thing) bool
}

func holds() []held {
	return []held{
		{"aws:rds/instance:Instance", "InvalidParameterCombination: the database has deletion protection",
			"https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DeleteDBInstance.html",
			func(_ *Cloud, t *Thing) bool { return t.in.True("deletionProtection") }},
		{"aws:cfg/deliveryChannel:DeliveryChannel", "LastDeliveryChannelDeleteFailedException: the recorder is running",
			"https://docs.aws.amazon.com/config/latest/APIReference/API_DeleteDeliveryChannel.html",
			func(c *Cloud, t *Thing) bool {
				return slices.ContainsFunc(c.all("aws:cfg/recorderStatus:RecorderStatus", t.Region), func(s *Thing) bool { return s.in.True("isEnabled") })
			}},
		{"aws:ec2/internetGateway:InternetGateway", "DependencyViolation: the VPC has mapped public addresses",
			"https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DetachInternetGateway.html",
			mapped},
	}
}

// step is what may become of a thing of a type.
type step struct {
	typ, why, url string
	allowed       func(old, new schema.Object) bool
}

func steps() []step {
	return []step{
		{clusterType, "InvalidParameterException: Kubernetes moves up by one minor version at a time and never back",
			"https://docs.aws.amazon.com/eks/latest/APIReference/API_UpdateClusterVersion.html",
			func(old, new schema.Object) bool {
				by := minor(new.Text("version")) - minor(old.Text("version"))
				return by == 0 || by == 1
			}},
		{"aws:rds/instance:Instance", "InvalidParameterCombination: storage does not shrink",
			"https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBInstance.html",
			func(old, new schema.Object) bool {
				return new.Number("allocatedStorage") >= old.Number("allocatedStorage")
			}},
		{"aws:rds/instance:Instance", "InvalidParameterCombination: the AllowMajorVersionUpgrade flag must be present when upgrading to a new major version",
			"https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBInstance.html",
			func(old, new schema.Object) bool {
				return old.Text("engineVersion") == new.Text("engineVersion") || new.True("allowMajorVersionUpgrade")
			}},
	}
}

// minor is the second number of a version such as 1.36.
func minor(version string) int {
	var major, n int
	if _, err := fmt.Sscanf(version, "%d.%d", &major, &n); err != nil {
		return 0
	}
	return n
}
