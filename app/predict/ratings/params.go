package ratings

// filterParams are the constants of one Kalman filter. Points and sd in
// points; factors without unit. They were tuned on walk-forward predictions
// of seasons 2007-2019.
type filterParams struct {
	keepForm, keepLevel, keepFormWeek float64 // shares kept per season, season, week
	newForm, newLevel, newConf        float64 // sd added with a new season
	weekForm                          float64 // sd added per square root of a week
	form0, level0, conf0              float64 // first sd
	general0, generalSD, newGeneral   float64 // home field or half-free league mean of the total
	noise                             float64 // sd of one game around its expectation
	poolMean                          float64 // first mean of the pooled lower division
	poolForm, poolLevel               float64 // its multipliers of the form's and level's sd
	newcomer                          float64 // shift of the level of an FBS team that first appears
	awaySign                          float64 // -1: difference of strengths, +1: their sum
	homeOnly                          bool    // the general term counts only with a home side
}

var marginParams = filterParams{
	keepForm: 0.55, keepLevel: 0.99, keepFormWeek: 0.99,
	newForm: 6.0, newLevel: 1.45, newConf: 0.45, weekForm: 1.65,
	form0: 7.7, level0: 5.0, conf0: 5.5,
	general0: 3.5, generalSD: 1.0, newGeneral: 0.2,
	noise: 14.0, poolMean: -10, poolForm: 1.5, poolLevel: 1.4, newcomer: -12,
	awaySign: -1, homeOnly: true,
}

var totalParams = filterParams{
	keepForm: 0.45, keepLevel: 1, keepFormWeek: 1,
	newForm: 4.3, newLevel: 0.6, newConf: 0.001, weekForm: 1.3,
	form0: 6.0, level0: 5.0, conf0: 0.01,
	general0: 50, generalSD: 3.0, newGeneral: 2.0,
	noise: 15.4, poolForm: 1, poolLevel: 1,
	awaySign: 1,
}

// linesParams are those of the margin filter that also learns from closing
// lines: form may move faster, for a line shows it within a week. Tuned on
// walk-forward predictions of 2016-2023.
func linesParams() *filterParams {
	p := marginParams
	p.newForm, p.weekForm, p.noise = 7, 3, 13
	return &p
}

const (
	// lineNoise is the standard deviation in points of a closing line around
	// the difference of strengths: injuries, weather, the market's own mind.
	lineNoise = 7.0
	// poolVariance is the first variance of the pooled lower division's level.
	poolVariance = 25.0
	// newcomerAfter is the last season whose first appearances say nothing:
	// the data begin there.
	newcomerAfter = 2001
)
