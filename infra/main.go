// Command infra is the Pulumi program of the platform on AWS. `pulumi up` runs
// it once for a stack; infra/README.md tells what may be configured.
package main

import (
	"errors"
	"os"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/script-ohio/platform/infra/program"
	"github.com/script-ohio/platform/infra/stack"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		now := time.Now()
		config, err := stack.Load(ctx, os.Getenv)
		if err != nil {
			return errors.Join(err, config.Validate(now)) // all at once
		}
		return program.Deploy(ctx, config, now)
	})
}
