package cost_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/infra/cost"
)

func sample() cost.Table {
	const page = "https://aws.amazon.com/vpc/pricing/"
	return cost.Table{
		Stack: "prod", Currency: "USD", Region: "us-east-2", PricesRead: "2026-11-26",
		Lines: []cost.Line{
			{Component: "data", Item: "db.r7g.large", Count: 12, Quantity: 8760, Unit: cost.Hour, UnitPrice: 0.239, Monthly: 2093.64,
				Source: "https://aws.amazon.com/rds/postgresql/pricing/", Basis: cost.Remembered},
			{Component: "network", Item: "NAT gateway", Count: 3, Quantity: 2190, Unit: cost.Hour, UnitPrice: 0.045, Monthly: 98.55, Source: page, Basis: cost.Seen},
			{Component: "network", Item: "through NAT gateways", Count: 3, Quantity: 10.5, Unit: cost.GB, UnitPrice: 0.5, Monthly: 5.25, Assumed: true, Source: page, Basis: cost.SeenEast},
		},
		Total: 2197.44, Assumed: 5.25,
		Notes: []string{"A note whose words go on and on until there are more of them than a line of text in a comment may hold."},
	}
}

func TestTheTextIsAligned(t *testing.T) {
	var text strings.Builder
	require.NoError(t, sample().Write(&text))
	require.Equal(t, `Estimated cost of stack prod for a month, in USD, on demand in us-east-2

                        count  quantity         price     month

data                                                   2,093.64
  db.r7g.large             12     8,760  hours  0.239  2,093.64

network                                                  103.80
  NAT gateway               3     2,190  hours  0.045     98.55
~ through NAT gateways      3     10.50  GB      0.50      5.25

total                                                  2,197.44

~ Quantities so marked are assumed (infra/cost/usage.go): $5.25 of the total.

- A note whose words go on and on until there are more of them than a line of text in a comment may
  hold.

Prices looked up on 2026-11-26; their pages:
  https://aws.amazon.com/rds/postgresql/pricing/
  https://aws.amazon.com/vpc/pricing/
Not read for us-east-2 but read for us-east-1: through NAT gateways.
Not read for us-east-2 but remembered: db.r7g.large.
`, text.String())
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("disk is full") }

func TestAFailedWriteIsTold(t *testing.T) {
	require.ErrorContains(t, sample().Write(full{}), "disk is full")
}
