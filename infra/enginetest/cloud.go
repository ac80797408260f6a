// Package enginetest proves the program on the real Pulumi engine: it plays
// the cloud behind the engine's provider protocol, keeps what exists in
// memory, and refuses what AWS would refuse. The scenarios that run the engine
// are tests with the build tag engine: `make test-engine`.
package enginetest

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/script-ohio/platform/infra/plan"
	"github.com/script-ohio/platform/infra/schema"
)

// Answer makes up the id and the outputs of a resource that was created; the
// recorder has the same one.
type Answer func(plan.Stack, *plan.Resource) (id string, outputs resource.PropertyMap)

// Cloud is one account of AWS and what exists in it. It is shared by all
// providers of a test and safe for them.
type Cloud struct {
	account    string
	answer     Answer
	kubernetes Kubernetes // nil: objects are kept as everything else is

	mu      sync.Mutex
	things  map[key]*Thing
	changes []Change
}

// Thing is a resource that exists.
type Thing struct {
	Region, Type, ID string
	URN, Name        string // in Pulumi
	Inputs, Outputs  resource.PropertyMap

	in schema.Object // the inputs, plain
}

// Change is something that was done to the cloud.
type Change struct {
	Op        string // create, update or delete
	Type, URN string
	Paths     []string // properties that an update changed
}

type key struct{ region, typ, id string }

// New is an account with nothing in it.
func New(account string, answer Answer) *Cloud {
	return &Cloud{account: account, answer: answer, things: map[key]*Thing{}}
}

// Things lists what exists, by type and name.
func (c *Cloud) Things() []Thing {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make([]Thing, 0, len(c.things))
	for _, t := range c.things {
		all = append(all, *t)
	}
	slices.SortFunc(all, func(a, b Thing) int { return strings.Compare(a.URN+a.ID, b.URN+b.ID) })
	return all
}

// Changes hands out what was done since it was last called.
func (c *Cloud) Changes() []Change {
	c.mu.Lock()
	defer c.mu.Unlock()
	changes := c.changes
	c.changes = nil
	return changes
}

// Drift changes a property of what exists behind the engine's back, as an
// autoscaler does.
func (c *Cloud) Drift(typ, name string, change func(inputs resource.PropertyMap)) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, t := range c.things {
		if t.Type == typ && t.Name == name {
			inputs := t.Inputs.Copy()
			change(inputs)
			c.set(t, inputs)
			return nil
		}
	}
	return fmt.Errorf("there is no %s %s to change", typ, name)
}

// create makes a thing, unless AWS would refuse.
func (c *Cloud) create(region, typ, urn, name string, inputs resource.PropertyMap) (*Thing, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := &Thing{Region: region, Type: typ, URN: urn, Name: name, Inputs: inputs, in: schema.Plain(inputs)}
	if err := c.refuse(t, nil); err != nil {
		return nil, err
	}
	// What replaces another thing stands beside it for a while, and some ids
	// are made of the name of the cluster alone: an id that is taken is made
	// another one.
	t.ID, t.Outputs = c.answers(t, name)
	first := t.ID
	for n := 2; c.taken(t); n++ {
		t.ID, t.Outputs = c.answers(t, fmt.Sprintf("%s-%d", name, n))
		if t.ID == first {
			t.ID = fmt.Sprintf("%s:%s-%d", first, name, n)
		}
	}
	c.things[t.key()] = t
	c.changes = append(c.changes, Change{Op: "create", Type: typ, URN: urn})
	return t, nil
}

// taken reports whether another thing has the id and is not overwritten.
func (c *Cloud) taken(t *Thing) bool {
	other := c.things[t.key()]
	return other != nil && (other.URN != t.URN || !schema.Overwrites(t.Type))
}

// update gives a thing other inputs, unless AWS would refuse.
func (c *Cloud) update(region, typ, id string, inputs resource.PropertyMap) (*Thing, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	old := c.things[key{region, typ, id}]
	if old == nil {
		return nil, fmt.Errorf("%s %s does not exist in %s", typ, id, region)
	}
	t := *old
	t.Inputs, t.in = inputs, schema.Plain(inputs)
	if err := c.refuse(&t, old); err != nil {
		return nil, err
	}
	c.changes = append(c.changes, Change{Op: "update", Type: typ, URN: old.URN, Paths: differ(old.Inputs, inputs)})
	c.set(old, inputs)
	return old, nil
}

// set keeps what a provider computed once, and computes a template's version
// anew.
func (c *Cloud) set(t *Thing, inputs resource.PropertyMap) {
	before := t.Outputs
	t.Inputs, t.in = inputs, schema.Plain(inputs)
	_, t.Outputs = c.answers(t, t.Name)
	for name, value := range before {
		if _, given := inputs[name]; !given {
			t.Outputs[name] = value
		}
	}
	for _, name := range volatile(t.Type) {
		if n := before[name]; n.IsNumber() {
			t.Outputs[name] = resource.NewProperty(n.NumberValue() + 1)
		}
	}
}

// volatile are computed properties that every update changes: nobody knows
// them in a preview.
func volatile(typ string) []resource.PropertyKey {
	if typ == "aws:ec2/launchTemplate:LaunchTemplate" {
		return []resource.PropertyKey{"latestVersion", "defaultVersion"}
	}
	return nil
}

// remove deletes a thing, unless AWS would refuse. One that is gone is gone.
func (c *Cloud) remove(region, typ, id string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.things[key{region, typ, id}]
	if t == nil {
		return nil
	}
	if err := c.hold(t); err != nil {
		return err
	}
	delete(c.things, t.key())
	c.changes = append(c.changes, Change{Op: "delete", Type: typ, URN: t.URN})
	return nil
}

// read returns a thing, or nil.
func (c *Cloud) read(region, typ, id string) *Thing {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t := c.things[key{region, typ, id}]; t != nil {
		found := *t
		return &found
	}
	return nil
}

// expect is what a preview knows of the outputs: the inputs, and that there
// will be more.
func (c *Cloud) expect(region, typ, urn, name string, inputs resource.PropertyMap) resource.PropertyMap {
	t := &Thing{Region: region, Type: typ, URN: urn, Name: name, Inputs: inputs}
	_, outputs := c.answers(t, name)
	for property := range outputs {
		if value, given := inputs[property]; given {
			outputs[property] = value
		} else {
			outputs[property] = resource.MakeComputed(resource.NewProperty(""))
		}
	}
	return outputs
}

func (t *Thing) key() key { return key{t.Region, t.Type, t.ID} }

// known reports whether a value is the id, ARN or name of the thing.
func (t *Thing) known(value any) bool {
	if value == any(t.ID) {
		return true
	}
	for _, property := range []resource.PropertyKey{"arn", "name", "bucket", "identifier", "keyId", "userId", "userGroupId"} {
		if v := t.Outputs[property]; v.IsString() && any(v.StringValue()) == value {
			return true
		}
	}
	return false
}

// find returns a thing of the type by its id, ARN or name: in the region, or
// in any where it is empty.
func (c *Cloud) find(typ, region string, value any) *Thing {
	var found *Thing
	for _, t := range c.things {
		near := region == "" || global(typ) || t.Region == region
		if t.Type == typ && near && t.known(value) && (found == nil || t.URN < found.URN) {
			found = t
		}
	}
	return found
}

// all lists the things of a type in a region.
func (c *Cloud) all(typ, region string) []*Thing {
	var found []*Thing
	for _, t := range c.things {
		if t.Type == typ && t.Region == region {
			found = append(found, t)
		}
	}
	return found
}

// global reports whether things of the type belong to no region.
func global(typ string) bool { return strings.HasPrefix(typ, "aws:iam/") }
