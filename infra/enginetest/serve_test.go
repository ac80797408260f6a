package enginetest

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// connect is an engine's connection for one provider of a stack.
func connect(t *testing.T, s *Server, config map[string]any) (client pulumirpc.ResourceProviderClient, disconnect func(), refused error) {
	t.Helper()
	_, rest, _ := strings.Cut(s.Providers, "aws:")
	port, _, _ := strings.Cut(rest, ",")
	connection, err := grpc.NewClient("127.0.0.1:"+port, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	client = pulumirpc.NewResourceProviderClient(connection)
	args, err := encode(resource.NewPropertyMapFromMap(config))
	require.NoError(t, err)
	_, refused = client.Configure(t.Context(), &pulumirpc.ConfigureRequest{Args: args})
	return client, func() { require.NoError(t, connection.Close()) }, refused
}

func TestAProviderOverTheWire(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	cloud := New("111122223333", simple)
	server, err := Serve(cloud)
	require.NoError(t, err)
	defer func() { require.NoError(t, server.Stop()) }()
	home, leaveHome, err := connect(t, server, map[string]any{"region": "us-east-2", "allowedAccountIds": `["111122223333"]`})
	require.NoError(t, err)
	defer leaveHome()
	away, leaveAway, err := connect(t, server, map[string]any{"region": "us-west-2"})
	require.NoError(t, err)
	defer leaveAway()

	// Both have a topic of one name, each in its region.
	const typ, urn = "aws:sns/topic:Topic", "urn:pulumi:test::test::aws:sns/topic:Topic::alerts"
	properties, err := encode(resource.NewPropertyMapFromMap(map[string]any{"name": "alerts"}))
	require.NoError(t, err)
	for _, provider := range []pulumirpc.ResourceProviderClient{home, away} {
		expected, err := provider.Create(t.Context(), &pulumirpc.CreateRequest{Urn: urn, Type: typ, Name: "alerts", Properties: properties, Preview: true})
		require.NoError(t, err)
		outputs, err := decode(expected.GetProperties())
		require.NoError(t, err)
		require.True(t, outputs["arn"].IsComputed(), "a preview does not know the ARN")
		_, err = provider.Create(t.Context(), &pulumirpc.CreateRequest{Urn: urn, Type: typ, Name: "alerts", Properties: properties})
		require.NoError(t, err)
	}
	things := cloud.Things()
	require.Len(t, things, 2)
	require.ElementsMatch(t, []string{"us-east-2", "us-west-2"}, []string{things[0].Region, things[1].Region})

	checked, err := home.Check(t.Context(), &pulumirpc.CheckRequest{Type: "aws:kms/alias:Alias", News: properties})
	require.NoError(t, err)
	require.Len(t, checked.GetFailures(), 2, "the name is none of an alias, and it is of no key")

	renamed, err := encode(resource.NewPropertyMapFromMap(map[string]any{"name": "alarms"}))
	require.NoError(t, err)
	diff, err := home.Diff(t.Context(), &pulumirpc.DiffRequest{Type: typ, OldInputs: properties, News: renamed})
	require.NoError(t, err)
	require.Equal(t, []string{"name"}, diff.GetReplaces())
	require.False(t, diff.GetDeleteBeforeReplace(), "the new name is free")

	_, err = home.Delete(t.Context(), &pulumirpc.DeleteRequest{Urn: urn, Type: typ, Id: "alerts"})
	require.NoError(t, err)
	gone, err := home.Read(t.Context(), &pulumirpc.ReadRequest{Urn: urn, Type: typ, Id: "alerts"})
	require.NoError(t, err)
	require.Empty(t, gone.GetId())
	_, err = home.Invoke(t.Context(), &pulumirpc.InvokeRequest{Tok: "aws:ec2/getAmi:getAmi"})
	require.ErrorContains(t, err, "infra/enginetest/provider.go")
}

func TestAnotherAccountIsRefused(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	server, err := Serve(New("111122223333", simple))
	require.NoError(t, err)
	_, leave, err := connect(t, server, map[string]any{"region": "us-east-2", "allowedAccountIds": `["444455556666"]`})
	require.ErrorContains(t, err, "AWS account ID not allowed: 111122223333")
	leave()
	require.NoError(t, server.Stop())
}
