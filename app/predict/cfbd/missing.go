package cfbd

import (
	"context"
	"fmt"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/predict/football"
)

// lost finds stored games to be played that the answers should have held and
// did not: moved to another week or cancelled. They stay, for an answer may
// also be wrong, but somebody is told. It looks once all parts are imported,
// so that a game moved between them is not missed.
func (s *Syncer) lost(ctx context.Context, asked []Query, told map[int64]bool, report *Report) error {
	if ctx.Err() != nil {
		return nil // given up, which the caller knows
	}
	unplayed := false
	for i, q := range asked {
		games, err := s.store.Games(ctx, football.GameFilter{Season: q.Season, Week: q.Week, SeasonType: q.SeasonType, Played: &unplayed})
		if err != nil {
			return fmt.Errorf("%s: %w", q, err)
		}
		var missing []string
		for _, g := range games {
			// Only games of the FBS are asked for.
			if told[g.ID] || g.Home.Division != football.FBS && g.Away.Division != football.FBS {
				continue
			}
			missing = append(missing, fmt.Sprintf("game %d (%s)", g.ID, teams(g)))
		}
		if report.Parts[i].Missing = len(missing); len(missing) > 0 {
			report.Issues = append(report.Issues, Issue{contract.Warning, missingText(q, missing)})
		}
	}
	return nil
}

func missingText(q Query, missing []string) string {
	text := fmt.Sprintf("%s: the API no longer tells of %d games to be played: %s", q, len(missing), some(missing))
	if q.Week == 0 && q.SeasonType == "" {
		return text + ". They may be cancelled; they are kept"
	}
	return fmt.Sprintf("%s. They are kept; `ohio games sync --season %d` brings those that were moved, the others may be cancelled", text, q.Season)
}
