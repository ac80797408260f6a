package backup

import (
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/fault"
)

// as runs a child as a visitor, and gives the code of its fault and what it
// said.
func (w *world) as(v visitor, what string) (code fault.Code, said string) {
	w.t.Helper()
	cmd := w.child(what, v.environ...)
	if v.user != nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: v.user}
	}
	out, err := cmd.CombinedOutput()
	if err == nil {
		return "", string(out)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	first, _, _ := strings.Cut(lines[len(lines)-1], ":")
	return fault.Code(first), string(out)
}

// A bucket that lets somebody not in, or only read, says so, whatever is
// asked, and no secret is told.
func TestDeniedBucket(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		w.writeAll("backup-20200101-000000/database.dump.zst", []byte("left by a crash"))
		m := w.created()
		before := w.keys()
		ask := func(v visitor, want map[string]fault.Code) {
			t.Helper()
			for what, code := range want {
				got, said := w.as(v, what)
				require.Equal(t, code, got, "%s: %s", what, said)
				for _, secret := range []string{"not-the-secret", "-secret-", w.keyring.identity} {
					if secret != "" {
						require.NotContains(t, said, secret)
					}
				}
			}
			v.leaves()
			require.Empty(t, w.scratches())
			require.Equal(t, before, w.keys(), "nothing changed")
		}
		nothing := map[string]fault.Code{
			"create": fault.Forbidden, "list": fault.Forbidden, "show " + m.Name: fault.Forbidden, "verify " + m.Name: fault.Forbidden,
			"drill": fault.Forbidden, "restore " + m.Name: fault.Forbidden, "prune": fault.Forbidden, "mark " + m.Name: fault.Forbidden,
		}
		ask(w.reader(), map[string]fault.Code{
			"create": fault.Forbidden, "list": "", "show " + m.Name: "", "verify " + m.Name: fault.Forbidden,
			"drill": "", "restore " + m.Name: "", "prune": fault.Forbidden, "mark " + m.Name: fault.Forbidden,
		})
		ask(w.stranger(), nothing)
		if w.s3 != nil {
			ask(visitor{environ: []string{"AWS_SECRET_ACCESS_KEY=not-the-secret"}, leaves: func() {}}, nothing)
		}
	})
}
