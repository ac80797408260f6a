package token_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/infra/token"
)

type inner struct {
	Text string `pulumi:"text"`
}

type outer struct {
	Zero     int                `pulumi:"zero"`
	Off      bool               `pulumi:"off"`
	Ratio    float64            `pulumi:"ratio"`
	Marker   *struct{}          `pulumi:"marker"`
	Absent   *inner             `pulumi:"absent"`
	Optional *string            `pulumi:"optional"`
	List     []inner            `pulumi:"list"`
	NoList   []string           `pulumi:"noList"`
	Tags     map[string]string  `pulumi:"tags"`
	Known    pulumi.StringInput `pulumi:"known"`
	Unset    pulumi.StringInput `pulumi:"unset"`
	Ours     string
}

func TestInputsSendWhatIsSet(t *testing.T) {
	optional := ""
	got := token.Inputs(&outer{
		Marker: &struct{}{}, Optional: &optional, List: []inner{{"a"}}, Tags: map[string]string{"K": "v"}, Known: pulumi.String("k"), Ours: "x",
	})
	require.Equal(t, pulumi.Map{
		"zero": pulumi.Int(0), "off": pulumi.Bool(false), "ratio": pulumi.Float64(0), "marker": pulumi.Map{}, "optional": pulumi.String(""),
		"list": pulumi.Array{pulumi.Map{"text": pulumi.String("a")}}, "tags": pulumi.Map{"K": pulumi.String("v")}, "known": pulumi.String("k"),
	}, got)
}

func TestAnotherKindIsAMistakeOfTheDeclaration(t *testing.T) {
	require.PanicsWithValue(t, "a complex128 is no input of a resource", func() {
		token.Inputs(struct {
			C complex128 `pulumi:"c"`
		}{})
	})
}
