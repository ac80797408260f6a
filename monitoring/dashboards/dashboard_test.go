package dashboards_test

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/grafana/grafana-foundation-sdk/go/cog/plugins"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/monitoring/dashboards"
	"github.com/script-ohio/platform/monitoring/links"
)

func TestEveryDashboardIsThereOnce(t *testing.T) {
	var uids []links.Dashboard
	titles := map[string]bool{}
	for _, d := range dashboards.All() {
		uids = append(uids, d.UID)
		require.Equal(t, dashboards.Folder, d.Folder)
		require.False(t, titles[d.Title], d.Title)
		titles[d.Title] = true
		require.NotEmpty(t, d.Summary)
	}
	require.Equal(t, links.Dashboards(), uids)
}

func TestTheSameDashboardGivesTheSameBytes(t *testing.T) {
	first, second := dashboards.All(), dashboards.All()
	for i, d := range first {
		a, err := d.JSON()
		require.NoError(t, err)
		b, err := second[i].JSON()
		require.NoError(t, err)
		require.Equal(t, string(a), string(b))
		require.True(t, bytes.HasPrefix(a, []byte("{\n  \"")), "indented")
		require.True(t, bytes.HasSuffix(a, []byte("}\n")))
	}
}

// object is JSON as it comes, to be looked into.
type object = map[string]any

// written gives each dashboard as Grafana reads it.
func written(t *testing.T) map[links.Dashboard]object {
	t.Helper()
	all := map[links.Dashboard]object{}
	for _, d := range dashboards.All() {
		text, err := d.JSON()
		require.NoError(t, err)
		var o object
		require.NoError(t, json.Unmarshal(text, &o))
		all[d.UID] = o
	}
	return all
}

func TestTheSDKReadsBackWhatIsWritten(t *testing.T) {
	plugins.RegisterDefaultPlugins()
	for uid, o := range written(t) {
		// What the data source reads of a mark is unknown to the SDK.
		for _, a := range o["annotations"].(object)["list"].([]any) {
			for _, field := range []string{"titleFormat", "textFormat", "step"} {
				require.NotEmpty(t, a.(object)[field])
				delete(a.(object), field)
			}
		}
		text, err := json.Marshal(o)
		require.NoError(t, err)
		var back dashboard.Dashboard
		require.NoError(t, back.UnmarshalJSONStrict(text), uid)
		require.NoError(t, back.Validate(), uid)
		again, err := json.Marshal(back)
		require.NoError(t, err)
		var read object
		require.NoError(t, json.Unmarshal(again, &read))
		for _, p := range read["panels"].([]any) {
			if p.(object)["type"] == "row" { // the SDK reads an empty list as none
				p.(object)["panels"] = []any{}
			}
		}
		require.Empty(t, cmp.Diff(o, read), uid)
	}
}

func TestDashboardsAgreeOnTheirFrame(t *testing.T) {
	for uid, o := range written(t) {
		require.Equal(t, string(uid), o["uid"])
		require.GreaterOrEqual(t, o["schemaVersion"], 39.0)
		require.Equal(t, []any{contract.ServiceName}, o["tags"])
		require.Equal(t, "utc", o["timezone"])
		require.Equal(t, false, o["editable"])
		require.Regexp(t, `^\d+[smh]$`, o["refresh"])
		require.Regexp(t, `^now-\d+[hd]$`, o["time"].(object)["from"])
		require.NotContains(t, o, "id", "Grafana gives it")

		marks := o["annotations"].(object)["list"].([]any)
		require.Len(t, marks, len(dashboards.Marks()))
		for i, m := range dashboards.Marks() {
			require.Equal(t, m.Expr.String(), marks[i].(object)["expr"])
		}
	}
}

func TestVariablesWorkOutsideOfKubernetes(t *testing.T) {
	for uid, o := range written(t) {
		kinds := map[string]object{}
		for _, v := range o["templating"].(object)["list"].([]any) {
			kinds[v.(object)["name"].(string)] = v.(object)
		}
		require.Len(t, kinds, 4, uid)
		require.Equal(t, "prometheus", kinds["environment"]["query"])
		require.Equal(t, "loki", kinds["logs"]["query"])
		require.Equal(t, "tempo", kinds["traces"]["query"])
		namespace := kinds["namespace"]
		require.Equal(t, ".*", namespace["allValue"])
		require.Equal(t, true, namespace["includeAll"])
		chosen := "$__all"
		if uid == links.Overview {
			chosen = contract.ServiceName
		}
		require.Equal(t, []any{chosen}, namespace["current"].(object)["value"])
	}
}

func TestEveryPanelLeadsOn(t *testing.T) {
	for _, d := range dashboards.New(dashboards.Options{Runbooks: "https://example.org/runbooks"}) {
		text, err := d.JSON()
		require.NoError(t, err)
		var o struct {
			Links  []link
			Panels []struct {
				Type, Title string
				Links       []link
			}
		}
		require.NoError(t, json.Unmarshal(text, &o))
		require.Len(t, o.Links, 2)
		require.Equal(t, "dashboards", o.Links[0].Type)
		require.Equal(t, "https://example.org/runbooks", o.Links[1].URL)
		panels := 0
		for _, p := range o.Panels {
			if p.Type == "row" {
				continue
			}
			panels++
			require.Len(t, p.Links, 3, p.Title)
			require.True(t, strings.HasPrefix(p.Links[0].URL, "https://example.org/runbooks"), p.Links[0].URL)
			require.Contains(t, p.Links[1].explored(t), `{namespace=~"${namespace:regex}"`)
			require.Contains(t, p.Links[2].explored(t), `resource.service.name = "script-ohio"`)
		}
		n := 0
		for range d.Panels() {
			n++
		}
		require.Equal(t, n, panels)
	}
}

type link struct{ Type, Title, URL string }

// explored is the query that a link to Explore asks.
func (l link) explored(t *testing.T) string {
	t.Helper()
	u, err := url.Parse(l.URL)
	require.NoError(t, err)
	require.Equal(t, "/explore", u.Path)
	var panes map[string]struct {
		Datasource string
		Queries    []struct{ Expr, Query string }
		Range      struct{ From, To string }
	}
	require.NoError(t, json.Unmarshal([]byte(u.Query().Get("panes")), &panes))
	p := panes["a"]
	require.Regexp(t, `^\$\{(logs|traces)\}$`, p.Datasource)
	require.Equal(t, "${__from}", p.Range.From)
	require.Len(t, p.Queries, 1)
	return p.Queries[0].Expr + p.Queries[0].Query
}
