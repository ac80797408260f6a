package football

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/script-ohio/platform/app/platform/postgres"
)

// Followed is what following a source changed, and where it was not believed.
type Followed struct {
	ImportReport
	Kept      []Game     // whose known result the source does not tell
	Conflicts []Conflict // left as they are
}

// Conflict is an id that means other teams here than in a source.
type Conflict struct{ Stored, Told Game }

// heldSQL keeps what is stored from changing before it has been compared.
var heldSQL = selectGames + " where id = any($1) order by id for no key update"

// Follow is Import of what a source tells that nobody has looked at, such as an
// API. Like a line, a result that is known is not taken back by games without
// one, though it may change. A game that has other teams than the stored one,
// as same tells spellings apart, is not imported: one of the two is wrong, and
// a person must say which, by Import.
func (s *Store) Follow(ctx context.Context, games []Game, same func(a, b string) bool, progress func(sent int)) (Followed, error) {
	var f Followed
	err := postgres.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		stored, err := held(ctx, tx, games)
		if err != nil {
			return err
		}
		var believed []Game
		believed, f.Kept, f.Conflicts = settle(stored, games, same)
		f.ImportReport, err = s.upsert(ctx, tx, believed, progress)
		return err
	})
	if err != nil {
		return Followed{}, notImported(err)
	}
	return f, nil
}

// held gives what is stored of games, by id.
func held(ctx context.Context, tx pgx.Tx, games []Game) (map[int64]Game, error) {
	ids := make([]int64, len(games))
	for i, g := range games {
		ids[i] = g.ID
	}
	rows, err := tx.Query(ctx, heldSQL, ids)
	if err != nil {
		return nil, err
	}
	stored, err := pgx.CollectRows(rows, scanGame)
	byID := make(map[int64]Game, len(stored))
	for _, g := range stored {
		byID[g.ID] = g
	}
	return byID, err
}

// settle says what to import of what is told.
func settle(stored map[int64]Game, told []Game, same func(a, b string) bool) (believed, kept []Game, conflicts []Conflict) {
	for _, g := range told {
		known, ok := stored[g.ID]
		if ok && (!same(known.Home.Team, g.Home.Team) || !same(known.Away.Team, g.Away.Team)) {
			conflicts = append(conflicts, Conflict{known, g})
			continue
		}
		if ok && known.Score != nil && g.Score == nil {
			g.Score = known.Score
			kept = append(kept, g)
		}
		believed = append(believed, g)
	}
	return believed, kept, conflicts
}
