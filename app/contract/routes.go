package contract

import (
	"net/http"
	"time"
)

// SLOClass groups routes by the latency that users expect of them.
type SLOClass string

// The SLO classes.
const (
	SLONone       SLOClass = "none"       // probes and operator actions
	SLOPrediction SLOClass = "prediction" // resident models
	SLOBrowse     SLOClass = "browse"     // reads that may reach the database
)

// LatencyTarget is the upper bound that 99 % of a class's requests should
// meet; zero for SLONone.
func LatencyTarget(class SLOClass) time.Duration {
	switch class {
	case SLOPrediction:
		return 300 * time.Millisecond
	case SLOBrowse:
		return 2 * time.Second
	}
	return 0
}

// Route is one operation of the public API. Path uses OpenAPI's {name} form.
type Route struct {
	ID      string
	Method  string
	Path    string
	Summary string
	Role    Role // least role
	Rate    RateClass
	SLO     SLOClass
}

// The operations. The router, the OpenAPI document, the smoke test, the
// ingress and the latency objectives all come from these.
var (
	RouteHealth        = Route{"health", http.MethodGet, HealthPath, "Whether the process lives", Anonymous, RateNone, SLONone}
	RouteReady         = Route{"ready", http.MethodGet, ReadyPath, "Whether the process may take traffic", Anonymous, RateNone, SLONone}
	RoutePredict       = Route{"predict", http.MethodPost, "/v1/predictions", "Predict one game", Anonymous, RatePredict, SLOPrediction}
	RoutePredictBatch  = Route{"predict-batch", http.MethodPost, "/v1/predictions/batch", "Predict up to 1,000 games", ReadOnly, RateBatch, SLOBrowse}
	RouteSlate         = Route{"predict-week", http.MethodGet, "/v1/predictions/{season}/{week}", "Predict the games of a week", Anonymous, RatePredict, SLOBrowse}
	RouteGames         = Route{"list-games", http.MethodGet, "/v1/games", "Browse games", Anonymous, RateBrowse, SLOBrowse}
	RouteGame          = Route{"get-game", http.MethodGet, "/v1/games/{id}", "One game", Anonymous, RateBrowse, SLOBrowse}
	RouteTeams         = Route{"list-teams", http.MethodGet, "/v1/teams", "Browse teams", Anonymous, RateBrowse, SLOBrowse}
	RouteTeam          = Route{"get-team", http.MethodGet, "/v1/teams/{team}", "One team and the history of its rating", Anonymous, RateBrowse, SLOBrowse}
	RouteRankings      = Route{"rankings", http.MethodGet, "/v1/rankings", "Power ranking with offence and defence", Anonymous, RateBrowse, SLOBrowse}
	RouteModels        = Route{"list-models", http.MethodGet, "/v1/models", "The models of the active pack", Anonymous, RateBrowse, SLOBrowse}
	RouteModel         = Route{"get-model", http.MethodGet, "/v1/models/{name}", "A model card with backtest metrics", Anonymous, RateBrowse, SLOBrowse}
	RouteJobs          = Route{"list-jobs", http.MethodGet, "/v1/ops/jobs", "The scheduled jobs and how they are doing", ReadOnly, RateBrowse, SLONone}
	RouteJobRun        = Route{"run-job", http.MethodPost, "/v1/ops/jobs/{name}/run", "Run a job, or all of a maintenance run, now", Operator, RateAdmin, SLONone}
	RouteRuns          = Route{"list-runs", http.MethodGet, "/v1/ops/runs", "Browse runs of jobs", ReadOnly, RateBrowse, SLONone}
	RouteRun           = Route{"get-run", http.MethodGet, "/v1/ops/runs/{id}", "One run of a job and its report", ReadOnly, RateBrowse, SLONone}
	RouteRunEvents     = Route{"run-events", http.MethodGet, "/v1/ops/runs/{id}/events", "Follow a run as server-sent events", ReadOnly, RateBrowse, SLONone}
	RouteBackups       = Route{"list-backups", http.MethodGet, "/v1/ops/backups", "The backups as the worker last saw them, newest first", ReadOnly, RateBrowse, SLONone}
	RouteBackup        = Route{"get-backup", http.MethodGet, "/v1/ops/backups/{name}", "One backup and its manifest", ReadOnly, RateBrowse, SLONone}
	RouteOutcomes      = Route{"list-backup-outcomes", http.MethodGet, "/v1/ops/backup-outcomes", "What became of backups, verifications, drills and restores", ReadOnly, RateBrowse, SLONone}
	RouteBackupCreate  = Route{"create-backup", http.MethodPost, "/v1/ops/backups", "Make a backup, verify it and retire old ones", Operator, RateAdmin, SLONone}
	RouteBackupVerify  = Route{"verify-backup", http.MethodPost, "/v1/ops/backups/{name}/verify", "Read a backup in full", Operator, RateAdmin, SLONone}
	RouteBackupRestore = Route{"restore-backup", http.MethodPost, "/v1/ops/backups/{name}/restore", "Restore a backup, into a fresh database unless told otherwise", Operator, RateAdmin, SLONone}
	RouteBackupMark    = Route{"mark-backup", http.MethodPost, "/v1/ops/backups/{name}/mark", "Keep a backup whatever its age, or no longer", Operator, RateAdmin, SLONone}
	RouteBackupDrill   = Route{"drill-backup", http.MethodPost, "/v1/ops/backup-drill", "Restore the newest backup for practice and compare it", Operator, RateAdmin, SLONone}
	RouteBackupPrune   = Route{"prune-backups", http.MethodPost, "/v1/ops/backup-prune", "Delete the backups that are past their retention, or show what would go", Operator, RateAdmin, SLONone}
	RouteAlertList     = Route{"list-alerts", http.MethodGet, "/v1/ops/alerts", "Browse alerts", ReadOnly, RateBrowse, SLONone}
	RouteAlerts        = Route{"receive-alerts", http.MethodPost, "/v1/ops/alerts", "Take alerts from Alertmanager, with a token of its own", Anonymous, RateAlerts, SLONone}
	RouteAudit         = Route{"list-audit", http.MethodGet, "/v1/ops/audit", "Who changed or read what, newest first", Operator, RateAdmin, SLONone}
	RoutePack          = Route{"activate-pack", http.MethodPost, "/v1/admin/pack", "Activate a model pack, or roll back to the previous one", Operator, RateAdmin, SLONone}
)

// Routes lists every operation.
func Routes() []Route {
	return []Route{
		RouteHealth, RouteReady,
		RoutePredict, RoutePredictBatch, RouteSlate,
		RouteGames, RouteGame, RouteTeams, RouteTeam, RouteRankings,
		RouteModels, RouteModel, RoutePack,
		RouteJobs, RouteJobRun, RouteRuns, RouteRun, RouteRunEvents, RouteAlertList, RouteAlerts,
		RouteBackups, RouteBackup, RouteOutcomes,
		RouteBackupCreate, RouteBackupVerify, RouteBackupRestore, RouteBackupMark, RouteBackupDrill, RouteBackupPrune,
		RouteAudit,
	}
}
