package main

import (
	"context"
	"fmt"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/local"
)

type localCmd struct {
	Remove localRemoveCmd `cmd:"" help:"Delete the database of a data directory, wherever it lies."`
}

type localRemoveCmd struct {
	DataDir string `default:".local" env:"OHIO_DATA_DIR" help:"Data directory of serve --local."`
	Yes     bool   `help:"Delete it; nothing can bring it back."`
}

func (c localRemoveCmd) Run(ctx context.Context, out *console) error {
	if !c.Yes {
		return fault.New(fault.Conflict, "this deletes the database in %s for good; say --yes if that is meant", c.DataDir)
	}
	if err := local.Remove(ctx, c.DataDir, quiet()); err != nil {
		return err
	}
	fmt.Fprintf(out.out, "removed the database of %s\n", c.DataDir)
	return nil
}
