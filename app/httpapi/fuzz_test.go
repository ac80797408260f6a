package httpapi_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/httpapi"
)

// FuzzPredictBody sends any body: the answer is never our fault, and the quick
// reader never accepts what the thorough one refuses or reads otherwise.
func FuzzPredictBody(f *testing.F) {
	for _, seed := range []string{
		validGame, ``, `null`, `{}`, `[]`, `{"home_team":"A","away_team":"B"} x`, "\xff", `{"home_team":"\u0000","away_team":"\ud800"}`,
		` { "home_team" : "A" , "away_team":"B","neutral_site":true,"season":2024,"week":14,"season_type":"regular","spread":-7.25,"model":"gbt","explain":false } `,
		`{"home_team":"A","away_team":"B","spread":1e999}`, `{"home_team":"A","away_team":"B","spread":-0.0}`, `{"home_team":"A","away_team":"B","spread":01}`,
		`{"home_team":"A","home_team":"C","away_team":"B"}`, `{"HOME_TEAM":"A","away_team":"B"}`, `{"home_team":"A","away_team":"B","week":0}`,
		`{"home_team":"A","away_team":"B","week":31}`, `{"home_team":"A","away_team":"B","season":99999999999999999999}`, `{"home_team":"A","away_team":"B","spread":null}`,
		`{"home_team":"A","away_team":"B","spread":100.0000000001}`, `{"home_team":"A","away_team":"B","model":"mlp",}`, `{"home_team":"A","away_team":"B","explain":truex}`,
	} {
		f.Add([]byte(seed))
	}
	api := newAPI(f, testDeps(), httpapi.Options{})
	f.Fuzz(func(t *testing.T, body []byte) {
		if w := send(api, http.MethodPost, "/v1/predictions", string(body), "Content-Type: application/json"); w.Code >= 500 && !troubled(body) {
			t.Fatalf("%d for %q: %s", w.Code, body, w.Body)
		}
		quick, ok := httpapi.ScanGame(body)
		if !ok {
			return
		}
		thorough, err := httpapi.ReadGame(api, body)
		require.NoError(t, err)
		require.Empty(t, cmp.Diff(thorough, quick))
	})
}

// troubled says whether the fake predictor was asked for trouble.
func troubled(body []byte) bool {
	g, ok := httpapi.ScanGame(body)
	return ok && (g.HomeTeam == "Panic" || g.HomeTeam == "Broken" || g.HomeTeam == "Away" || g.HomeTeam == "Slow")
}

// The usual bodies must take the quick way.
func TestUsualBodiesAreScanned(t *testing.T) {
	for _, body := range []string{
		validGame,
		`{"home_team": "San José State", "away_team": "Hawai'i", "neutral_site": true, "season": 2024, "week": 14, "season_type": "postseason", "spread": -7.5, "model": "ridge", "explain": true}`,
		"{\n  \"home_team\": \"Ohio State\",\n  \"away_team\": \"Michigan\",\n  \"spread\": 0\n}\n",
	} {
		_, ok := httpapi.ScanGame([]byte(body))
		require.True(t, ok, body)
	}
}
