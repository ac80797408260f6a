// Package program composes a stack: what there is, in which order, and what
// each part hands to the next.
package program

import (
	"context"
	"fmt"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/script-ohio/platform/infra/cache"
	"github.com/script-ohio/platform/infra/cluster"
	"github.com/script-ohio/platform/infra/database"
	"github.com/script-ohio/platform/infra/edge"
	"github.com/script-ohio/platform/infra/keys"
	"github.com/script-ohio/platform/infra/network"
	"github.com/script-ohio/platform/infra/plan"
	"github.com/script-ohio/platform/infra/provider"
	"github.com/script-ohio/platform/infra/stack"
	"github.com/script-ohio/platform/infra/storage"
)

// Deploy registers a stack, after it has judged the whole configuration: with
// anything wrong, nothing registers. now decides which engine versions are in
// support.
func Deploy(ctx *pulumi.Context, c stack.Config, now time.Time) error {
	if err := c.Validate(now); err != nil {
		return fmt.Errorf("the configuration of stack %s is refused:\n%w", c.Stack, err)
	}
	for _, warning := range c.Warnings(now) {
		if err := ctx.Log.Warn(warning, nil); err != nil {
			return err
		}
	}
	providers, err := provider.New(ctx, c)
	if err != nil {
		return err
	}
	d := deployment{Config: c, ctx: ctx, providers: providers}

	keys, recoveryKeys, err := d.keys()
	if err != nil {
		return err
	}
	network, err := d.network(keys)
	if err != nil {
		return err
	}
	database, err := d.database(network, keys, recoveryKeys)
	if err != nil {
		return err
	}
	cache, err := d.cache(network, keys)
	if err != nil {
		return err
	}
	storage, err := d.storage(keys, recoveryKeys)
	if err != nil {
		return err
	}
	cluster, err := d.cluster(network, keys)
	if err != nil {
		return err
	}
	edge, err := d.edge(keys)
	if err != nil {
		return err
	}
	app, err := d.secrets(keys)
	if err != nil {
		return err
	}
	outside := parts{network, keys, database, cache, storage, cluster, edge, app}
	identity, err := d.identity(outside)
	if err != nil {
		return err
	}
	guard, err := d.guard(keys, recoveryKeys, storage)
	if err != nil {
		return err
	}
	if c.Release.Inside {
		if err := d.inside(outside, identity); err != nil {
			return err
		}
	}
	export(ctx, outside, identity, guard)
	return nil
}

// parts are the outputs of the components that others build on.
type parts struct {
	network  *network.Network
	keys     *keys.Keys
	database *database.Outputs
	cache    *cache.Outputs
	storage  *storage.Outputs
	cluster  *cluster.Cluster
	edge     *edge.Outputs
	app      pulumi.StringOutput // ARN of the secret
}

// Record is the graph of everything that Deploy registers for the stack,
// without a cloud and without an engine.
func Record(ctx context.Context, c stack.Config, now time.Time) (*plan.Graph, error) {
	target := plan.Stack{Project: stack.Project, Name: c.Stack, Account: c.General.Account, Region: c.General.Region}
	return plan.Run(ctx, target, func(ctx *pulumi.Context) error { return Deploy(ctx, c, now) })
}
