package cache_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/infra/plan"
)

const (
	userType      = "aws:elasticache/user:User"
	userGroupType = "aws:elasticache/userGroup:UserGroup"
	secretType    = "aws:secretsmanager/secret:Secret"
	versionType   = "aws:secretsmanager/secretVersion:SecretVersion"
	passwordType  = "random:index/randomPassword:RandomPassword"
)

func TestOnlyTheServiceGetsIn(t *testing.T) {
	graph := deploy(t, "prod", nil)
	users := map[string]*plan.Resource{}
	var ids []string
	for _, u := range graph.OfType(userType) {
		users[u.Inputs.Text("userName")] = u
		ids = append(ids, u.Inputs.Text("userId"))
		require.Equal(t, "password", u.Inputs.Text("authenticationMode.type"), "Valkey takes no user without a password")
		require.NotEqual(t, "default", u.Inputs.Text("userId"), "that one is AWS's own")
	}
	require.Len(t, users, 2)

	off := users["default"].Inputs.Text("accessString")
	require.Equal(t, "off -@all", off)

	app := strings.Fields(users["app"].Inputs.Text("accessString"))
	require.Equal(t, "on", app[0])
	require.Contains(t, app, "-@dangerous")
	all, dangerous := indexOf(app, "+@all"), indexOf(app, "-@dangerous")
	require.Less(t, all, dangerous, "rules apply from left to right: +@all last would take the rest back")
	require.Greater(t, indexOf(app, "+info"), dangerous)

	group := graph.OfType(userGroupType)[0]
	require.ElementsMatch(t, ids, group.Inputs.Texts("userIds"))
	for _, u := range users {
		require.True(t, graph.DestroyedBefore(group, u))
	}
	require.True(t, graph.DestroyedBefore(graph.OfType(groupType)[0], group))
}

func indexOf(words []string, word string) int {
	for i, w := range words {
		if w == word {
			return i
		}
	}
	return -1
}

func TestThePasswordsAreSecretEverywhere(t *testing.T) {
	graph := deploy(t, "prod", nil)
	marked := map[string]string{}
	for _, r := range graph.Resources {
		for _, leaf := range r.Inputs.Leaves() {
			text, _ := leaf.Value.(string)
			if !strings.Contains(text, plan.GeneratedSecret) {
				continue
			}
			require.True(t, leaf.Secret, "%s %s is plain", r.URN, leaf.Path)
			marked[r.Type+" "+r.Name] = text
		}
	}
	require.Len(t, marked, 3, "two users and the secret")
	require.NotEqual(t, marked[userType+" script-ohio-prod-cache-default"], marked[userType+" script-ohio-prod-cache-app"])
	require.NotContains(t, plain(t, graph), plan.GeneratedSecret)
	require.NotContains(t, plain(t, graph.Outputs), plan.GeneratedSecret)
	require.Equal(t, plan.Output{Value: "arn:aws:secretsmanager:us-east-2:111122223333:secret:script-ohio-prod-cache-app-AbCdEf"}, graph.Outputs["secret"])
}

func TestTheSecretOpensTheCache(t *testing.T) {
	graph := deploy(t, "prod", nil)
	secret, version := graph.OfType(secretType)[0], graph.OfType(versionType)[0]
	require.Equal(t, secretKey, secret.Inputs.Text("kmsKeyId"))
	require.Equal(t, 30.0, secret.Inputs.Number("recoveryWindowInDays"))
	require.True(t, secret.Protect && secret.RetainOnDelete)
	require.True(t, graph.DestroyedBefore(version, secret))
	var got map[string]string
	for _, leaf := range version.Inputs.Leaves() {
		if leaf.Path == "secretString" {
			text, _ := leaf.Value.(string)
			require.NoError(t, json.Unmarshal([]byte(text), &got))
		}
	}
	host, _ := graph.Outputs["host"].Value.(string)
	require.Equal(t, map[string]string{
		"engine": "valkey", "host": host, "port": "6379",
		"username": "app", "password": plan.GeneratedSecret + "script-ohio-prod-cache-app",
	}, got)
}

func TestPasswordsCanBeRotated(t *testing.T) {
	graph := deploy(t, "prod", nil)
	for _, p := range append(graph.OfType(passwordType), graph.OfType(versionType)...) {
		require.False(t, p.Protect, "%s: a protected resource cannot be replaced", p.URN)
	}
	for _, p := range graph.OfType(passwordType) {
		require.GreaterOrEqual(t, p.Inputs.Number("length"), 32.0)
		require.LessOrEqual(t, p.Inputs.Number("length"), 128.0)
		require.Equal(t, false, p.Inputs.At("special"))
	}
}
