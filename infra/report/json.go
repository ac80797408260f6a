package report

import (
	"encoding/json"
	"io"

	"github.com/script-ohio/platform/infra/cost"
	"github.com/script-ohio/platform/infra/delta"
	"github.com/script-ohio/platform/infra/plan"
	"github.com/script-ohio/platform/infra/policy"
	"github.com/script-ohio/platform/infra/traffic"
)

// document is the report for machines. Secrets in it are masked.
type document struct {
	Stack       string                 `json:"stack"`
	Region      string                 `json:"region"`
	Account     string                 `json:"account"`
	Resources   []*plan.Resource       `json:"resources"`
	Outputs     map[string]plan.Output `json:"outputs"`
	Warnings    []string               `json:"warnings"`
	Findings    []policy.Finding       `json:"findings"`
	Cost        cost.Table             `json:"cost"`
	Against     string                 `json:"compared_with"`
	Differences []delta.Difference     `json:"differences"`
	Traffic     traffic.Report         `json:"network"`
}

// WriteJSON writes the whole report as one object.
func (r *Report) WriteJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(document{
		Stack: r.Config.Stack, Region: r.Config.General.Region, Account: r.Config.General.Account,
		Resources: r.Graph.Resources, Outputs: r.Graph.Outputs, Warnings: listOf(r.Warnings),
		Findings: r.Policy.Findings, Cost: r.Cost, Against: r.Against, Differences: listOf(r.Differences), Traffic: r.Traffic,
	})
}

// listOf is the list, empty where there is none: readers need not know null.
func listOf[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
