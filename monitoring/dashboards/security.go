package dashboards

import (
	"net/http"
	"strconv"
	"time"

	"github.com/grafana/grafana-foundation-sdk/go/units"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/monitoring/links"
	q "github.com/script-ohio/platform/monitoring/query"
	"github.com/script-ohio/platform/monitoring/source"
)

func security() Dashboard {
	return Dashboard{
		UID: links.Security, Title: "Security", Range: "24h", Refresh: "1m",
		Summary: "Who is turned away and why, and whether certificates last. For the daily look and for an attack.",
		Rows: []Row{
			{Title: "Turned away", Topic: aboutDenied, Panels: []Panel{
				unauthenticatedNow(), forbiddenNow(), limitedNow(), limitedShareNow(), unknownNow(), badRequests(),
				unauthenticated(), forbidden(), limited(), limitedShare(), adminUse(), unknownRoutes(),
			}},
			{Title: "Certificates and the way in", Topic: aboutRequests, Panels: []Panel{
				certificateLeft(), certificatesLeft(), certificatesReady(), reachable(), tlsVersions(), certificateTable(), probePhases(),
			}},
			{Title: "Denials", Topic: aboutDenied, Panels: []Panel{denialLog()}},
		},
	}
}

func status(codes ...int) q.Matcher {
	texts := make([]string, len(codes))
	for i, c := range codes {
		texts[i] = strconv.Itoa(c)
	}
	return q.OneOf("status", texts...)
}

// denials are the log lines of requests that were turned away.
func denials() Logs {
	return lines([]string{containerServe}, texts("msg", "request"), texts("status", "401|403|429"))
}

// answersOf is how many requests a second end with the status; zero where none
// has yet.
func answersOf(code int) q.Expr { return requests(nil, status(code)).Or(q.Vector(0)) }

func unauthenticatedNow() Panel {
	return Panel{
		Title: "401 a second", View: Figure{}, Unit: units.RequestsPerSecond, Limits: rises(1, 10),
		Tells:   "Requests without a valid key where one is needed.",
		Do:      "Many of few clients: somebody guesses keys, ban the address. Many of many: a key was revoked that is in use.",
		Queries: []Query{ask("401", answersOf(http.StatusUnauthorized))},
	}
}

func forbiddenNow() Panel {
	return Panel{
		Title: "403 a second", View: Figure{}, Unit: units.RequestsPerSecond, Limits: rises(1, 10),
		Tells:   "Requests whose key has too weak a role, and those of banned addresses.",
		Do:      "See which route below; a key that tries admin routes may be stolen: revoke it.",
		Queries: []Query{ask("403", answersOf(http.StatusForbidden))},
	}
}

func limitedNow() Panel {
	return Panel{
		Title: "429 a second", View: Figure{}, Unit: units.RequestsPerSecond, Limits: rises(5, 50),
		Tells:   "Requests beyond the rate of their caller.",
		Do:      "One caller: offer a key with a higher rate, or ban it. All callers: see whether limits are kept in memory.",
		Queries: []Query{ask("429", answersOf(http.StatusTooManyRequests))},
	}
}

func decisions(m ...q.Matcher) q.Expr {
	return q.Sum(q.Rate(q.Of(contract.RateLimited, m...), q.DashboardRate), q.By("class"))
}

func deniedShare() q.Expr { return q.Ratio(decisions(q.Eq("result", "denied")), decisions()) }

func limitedShareNow() Panel {
	return Panel{
		Title: "Most denied class", View: Figure{}, Unit: units.PercentUnit, Limits: rises(.1, .5),
		Tells:   "Share of requests that rate limits denied, of the class where it is largest.",
		Do:      "See the class below and who asks in the log of denials.",
		Queries: []Query{ask("denied", q.Max(deniedShare())).until(Asked)},
	}
}

func unknownNow() Panel {
	return Panel{
		Title: "404 a second", View: Figure{}, Unit: units.RequestsPerSecond, Limits: rises(5, 50),
		Tells:   "Requests for what does not exist: a game, a team, or a path that nobody offers.",
		Do:      "A scanner asks for paths that nobody offers: the log names its address.",
		Queries: []Query{ask("404", answersOf(http.StatusNotFound))},
	}
}

func badRequests() Panel {
	return Panel{
		Title: "Bad requests a second", View: Figure{}, Unit: units.RequestsPerSecond, Limits: rises(1, 10),
		Tells:   "Requests that are no valid questions: malformed, too large, or out of range.",
		Do:      "Many of one client: somebody probes for a hole, or a new version of a client is broken.",
		Queries: []Query{ask("bad", requests(nil, status(http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity)).Or(q.Vector(0)))},
	}
}

func byRoute(title, tells, do string, code int, until string) Panel {
	return Panel{
		Title: title, View: Series{Stacked: true}, Unit: units.RequestsPerSecond, Limits: free("see its figure above"), Tells: tells, Do: do,
		Queries: []Query{ask("{{method}} {{route}}", requests([]string{"method", "route"}, status(code))).until(until)},
	}
}

func unauthenticated() Panel {
	return byRoute("401 by route", "Requests without a valid key, by route.",
		"Compare with the log of denials: the field client says who.", http.StatusUnauthorized, Refused401)
}

func forbidden() Panel {
	return byRoute("403 by route", "Requests with too weak a role, by route.",
		"Admin routes: the field key_id in the log says which key tries.", http.StatusForbidden, Refused403)
}

func limited() Panel {
	return Panel{
		Title: "Rate limit decisions", View: Series{Stacked: true}, Unit: units.OpsPerSecond, Limits: free("allowed ones are most of it"), Alert: alertLimitsInMemory,
		Tells:   "Decisions a second, by class, result and backend.",
		Do:      "Denied ones of the class admin: somebody tries operator routes again and again.",
		Queries: []Query{ask("{{class}} {{result}} {{backend}}", q.Sum(q.Rate(q.Of(contract.RateLimited), q.DashboardRate), q.By("class", "result", "backend")))},
	}
}

func limitedShare() Panel {
	return Panel{
		Title: "Share denied, by class", View: Series{}, Unit: units.PercentUnit, Limits: rises(.1, .5),
		Tells:   "Share of requests that rate limits denied, by class.",
		Do:      "A class that is always high: its budget does not fit what callers do with it.",
		Queries: []Query{ask("{{class}}", deniedShare()).until(Asked)},
	}
}

func adminUse() Panel {
	var paths []string
	for _, r := range contract.Routes() {
		if r.Role == contract.Operator {
			paths = append(paths, r.Path)
		}
	}
	return Panel{
		Title: "Operator routes", View: Series{Stacked: true}, Unit: units.RequestsPerSecond, Limits: free("operators act rarely and on purpose"),
		Tells:   "Requests to routes that only operators may use, by route and answer.",
		Do:      "Every one should be known: the audit trail says who did what.",
		Queries: []Query{ask("{{route}} {{status}}", requests([]string{"route", "status"}, q.OneOf("route", paths...)))},
	}
}

func unknownRoutes() Panel {
	var paths []string
	for _, r := range contract.Routes() {
		paths = append(paths, r.Path)
	}
	return Panel{
		Title: "Requests beyond the API", View: Series{Stacked: true}, Unit: units.RequestsPerSecond, Limits: free("the internet scans everything"),
		Tells:   "Requests to anything that is no operation of the API, such as its documents and paths that do not exist.",
		Do:      "Thousands: let the firewall in front stop them before they reach a pod.",
		Queries: []Query{ask("{{route}} {{status}}", requests([]string{"route", "status"}, q.NoneOf("route", paths...)))},
	}
}

const day = 24 * time.Hour

// lasting is until when a certificate should have been renewed.
func lasting() Limits { return falls((21 * day).Seconds(), (3 * day).Seconds()) }

func certificateLeft() Panel {
	return Panel{
		Title: "Certificate lasts", View: Figure{}, Unit: units.DurationSeconds, Limits: lasting(), Alert: alertCertificate,
		Tells:   "Time until the first certificate ends that callers are shown.",
		Do:      "Orange: see why ACM does not renew it; its record of validation must stay in DNS.",
		Queries: []Query{ask("left", q.Min(q.Of(source.ProbeCertExpiry)).Sub(q.Time()))},
	}
}

func certificatesLeft() Panel {
	return Panel{
		Title: "Cluster's certificates last", View: Figure{}, Unit: units.DurationSeconds, Limits: falls((21 * day).Seconds(), (7 * day).Seconds()), Alert: alertRenewal,
		Tells:   "Time until the first certificate of cert-manager ends.",
		Do:      "Read the events of the certificate and of its order.",
		Queries: []Query{ask("left", q.Min(q.Of(source.CertExpiry).Gt(q.Num(0))).Sub(q.Time()))},
	}
}

func certificatesReady() Panel {
	return Panel{
		Title: "Certificates not ready", View: Figure{}, Unit: units.Short, Limits: atMost(1), Alert: alertRenewal,
		Tells:   "Certificates of cert-manager that cannot be used.",
		Do:      "Read the events of the certificate and of its order.",
		Queries: []Query{ask("not ready", q.Sum(q.Of(source.CertReady, q.Eq("condition", "False"))))},
	}
}

func reachable() Panel {
	return Panel{
		Title: "Reachable from outside", View: Figure{}, Unit: units.PercentUnit, Limits: atLeast(1), Alert: alertEndpoint,
		Tells:   "Share of probes through the load balancer that succeed.",
		Do:      "Pods ready and this red: DNS, the certificate, the firewall or the load balancer.",
		Queries: []Query{ask("reachable", q.Avg(q.Of(source.ProbeSuccess)))},
	}
}

func tlsVersions() Panel {
	return Panel{
		Title: "TLS spoken", Unit: units.Short, Limits: free("it is a list"), Width: 8, Height: 4,
		View:    Table{Heads: map[string]string{"instance": "Address", "version": "Version"}},
		Tells:   "Version of TLS that the load balancer agrees on with the probe.",
		Do:      "Below 1.2: the TLS policy of the listener was changed.",
		Queries: []Query{now("Probes", q.Count(q.Of(source.ProbeTLSVersion), q.By("instance", "version")))},
	}
}

func certificateTable() Panel {
	return Panel{
		Title: "Certificates", Unit: units.DurationSeconds, Limits: lasting(), Alert: alertRenewal,
		View:  Table{Heads: map[string]string{"namespace": "Namespace", "name": "Certificate"}},
		Tells: "When each certificate of cert-manager ends, and when it is to be renewed.",
		Do:    "Renewal in the past: read the events of the certificate.",
		Queries: []Query{
			now("Ends in", q.Min(q.Of(source.CertExpiry), q.By("namespace", "name")).Sub(q.Time())),
			now("Renewed in", q.Min(q.Of(source.CertRenewalTime), q.By("namespace", "name")).Sub(q.Time())).as(units.DurationSeconds, atLeast(0)),
		},
	}
}

func probePhases() Panel {
	return Panel{
		Title: "Time of a probe", View: Series{Stacked: true}, Unit: units.Seconds, Limits: free("see the time to answer inside"), Alert: alertEndpoint,
		Tells:   "Time of a probe through the load balancer, by phase.",
		Do:      "Resolve: DNS. Connect and tls: the load balancer or the network. Processing: the app.",
		Queries: []Query{ask("{{phase}}", q.Max(q.Of(source.ProbePhase), q.By("phase")))},
	}
}

func denialLog() Panel {
	return Panel{
		Title: "Log of denials", View: Lines{}, Unit: units.NoUnit, Limits: free("it is a log"), Log: denials(),
		Tells: "Requests that were turned away with 401, 403 or 429: client, key, route and request id.",
		Do:    "Many lines of one client: ban it by ohio security. A request id leads to its trace.",
	}
}
