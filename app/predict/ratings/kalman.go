package ratings

import (
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
)

// filter is a linear Kalman filter over every team's strength (Kalman 1960).
// A team's strength is form + level + its conference; one more term is
// general to all games. States are appended as teams and conferences appear;
// index 0 is the general term, 1 the pooled conference.
//
// Memory: 8 stride^2 bytes, of which the upper triangle is used (2.5 MB for
// 270 teams). One game costs one rank-1 update, n^2/2 multiply-adds.
type filter struct {
	params *filterParams
	x      []float64 // means
	p      []float64 // covariance, row-major with the stride, upper triangle
	kinds  []kind
	stride int

	// Variances that a newcomer starts with: those of a team that was there
	// from the beginning and never played.
	formVar, levelVar         float64
	poolFormVar, poolLevelVar float64
	confVar                   float64

	row []float64 // scratch
}

type kind uint8

const (
	kindGeneral kind = iota
	kindConf
	kindForm
	kindLevel
	kindPoolForm
	kindPoolLevel
)

const (
	generalIndex  = 0
	poolConfIndex = 1
)

func newFilter(params *filterParams) *filter {
	p := params
	f := &filter{
		params: p, stride: 64, p: make([]float64, 64*64),
		formVar: sq(p.form0), levelVar: sq(p.level0),
		poolFormVar: sq(p.form0 * p.poolForm), poolLevelVar: sq(p.level0 * p.poolLevel),
		confVar: sq(p.conf0),
	}
	f.append(kindGeneral, p.general0, sq(p.generalSD))
	f.append(kindConf, p.poolMean, poolVariance)
	return f
}

func sq(x float64) float64 { return x * x }

// append adds an independent state and gives its index.
func (f *filter) append(k kind, mean, variance float64) int {
	i := len(f.x)
	if i == f.stride {
		wider := make([]float64, sqInt(f.stride+f.stride/2))
		stride := f.stride + f.stride/2
		for r := range i {
			copy(wider[r*stride:], f.p[r*f.stride:r*f.stride+i])
		}
		f.p, f.stride = wider, stride
	}
	f.x, f.kinds = append(f.x, mean), append(f.kinds, k)
	f.p[i*f.stride+i] = variance
	return i
}

func sqInt(x int) int { return x * x }

// addTeam appends form and level (in this order) and gives the form's index.
func (f *filter) addTeam(pooled bool) int {
	if pooled {
		i := f.append(kindPoolForm, 0, f.poolFormVar)
		f.append(kindPoolLevel, 0, f.poolLevelVar)
		return i
	}
	i := f.append(kindForm, 0, f.formVar)
	f.append(kindLevel, 0, f.levelVar)
	return i
}

func (f *filter) addConference() int { return f.append(kindConf, 0, f.confVar) }

// at reads the covariance of two states.
func (f *filter) at(i, j int) float64 {
	if i > j {
		i, j = j, i
	}
	return f.p[i*f.stride+j]
}

// design is a game's row of the observation matrix, 7 entries at most; the
// same index may appear twice.
type design struct {
	index [7]int
	coef  [7]float64
	n     int
}

func (d *design) add(index int, coef float64) {
	d.index[d.n], d.coef[d.n] = index, coef
	d.n++
}

// place is where a team's states are.
type place struct{ form, conf int }

func (f *filter) design(home, away place, neutral bool) design {
	var d design
	d.add(home.form, 1)
	d.add(home.form+1, 1)
	d.add(home.conf, 1)
	d.add(away.form, f.params.awaySign)
	d.add(away.form+1, f.params.awaySign)
	d.add(away.conf, f.params.awaySign)
	if !f.params.homeOnly || !neutral {
		d.add(generalIndex, 1)
	}
	return d
}

// mean is the expectation of a game, in points. O(1).
func (f *filter) mean(d *design) float64 {
	sum := 0.0
	for k := range d.n {
		sum += d.coef[k] * f.x[d.index[k]]
	}
	return sum
}

// variance is the uncertainty of that expectation, without the game's own
// noise, in points squared. O(1).
func (f *filter) variance(d *design) float64 {
	sum := 0.0
	for a := range d.n {
		for b := range d.n {
			sum += d.coef[a] * d.coef[b] * f.at(d.index[a], d.index[b])
		}
	}
	return sum
}

// addRow adds coef times row i of the symmetric covariance to dst.
func (f *filter) addRow(dst []float64, i int, coef float64) {
	for j := range i {
		dst[j] += coef * f.p[j*f.stride+i]
	}
	tail := f.p[i*f.stride+i : i*f.stride+len(f.x)]
	for j, v := range tail {
		dst[i+j] += coef * v
	}
}

// update learns one observation y of the design, whose own standard deviation
// is noise. O(n^2).
func (f *filter) update(d *design, y, noise float64) {
	n := len(f.x)
	if cap(f.row) < n {
		f.row = make([]float64, f.stride)
	}
	ph := f.row[:n]
	clear(ph)
	for k := range d.n {
		f.addRow(ph, d.index[k], d.coef[k])
	}
	s := sq(noise)
	for k := range d.n {
		s += d.coef[k] * ph[d.index[k]]
	}
	gain := (y - f.mean(d)) / s
	for i, v := range ph {
		f.x[i] += v * gain
	}
	blas64.Syr(-1/s, blas64.Vector{N: n, Inc: 1, Data: ph}, blas64.Symmetric{Uplo: blas.Upper, N: n, Stride: f.stride, Data: f.p})
}

// newSeason lets everything regress and drift over a winter.
func (f *filter) newSeason() {
	p := f.params
	f.decay(p.keepForm, p.keepLevel)
	f.diffuse(sq(p.newForm), sq(p.newLevel), sq(p.newConf), sq(p.newGeneral))
}

// elapse lets form regress and drift over a number of weeks.
func (f *filter) elapse(weeks float64) {
	f.decay(math.Pow(f.params.keepFormWeek, weeks), 1)
	f.diffuse(sq(f.params.weekForm)*weeks, 0, 0, 0)
}

func (f *filter) decay(form, level float64) {
	factor := func(k kind) float64 {
		switch k {
		case kindForm, kindPoolForm:
			return form
		case kindLevel, kindPoolLevel:
			return level
		}
		return 1
	}
	f.formVar, f.poolFormVar = f.formVar*sq(form), f.poolFormVar*sq(form)
	f.levelVar, f.poolLevelVar = f.levelVar*sq(level), f.poolLevelVar*sq(level)
	if form == 1 && level == 1 {
		return
	}
	n := len(f.x)
	factors := make([]float64, n)
	for i, k := range f.kinds {
		factors[i] = factor(k)
		f.x[i] *= factors[i]
	}
	for i := range n {
		row := f.p[i*f.stride : i*f.stride+n]
		for j := i; j < n; j++ {
			row[j] *= factors[i] * factors[j]
		}
	}
}

func (f *filter) diffuse(form, level, conf, general float64) {
	poolForm, poolLevel := form*sq(f.params.poolForm), level*sq(f.params.poolLevel)
	f.formVar, f.poolFormVar = f.formVar+form, f.poolFormVar+poolForm
	f.levelVar, f.poolLevelVar = f.levelVar+level, f.poolLevelVar+poolLevel
	f.confVar += conf
	add := [...]float64{kindGeneral: general, kindConf: conf, kindForm: form, kindLevel: level, kindPoolForm: poolForm, kindPoolLevel: poolLevel}
	for i, k := range f.kinds {
		f.p[i*f.stride+i] += add[k]
	}
}

// moveConference keeps a team's rating when it changes conference: its level
// takes up the difference. level is the index of the team's level.
func (f *filter) moveConference(level, from, to int) {
	n := len(f.x)
	f.x[level] += f.x[from] - f.x[to]
	row := make([]float64, n)
	f.addRow(row, level, 1)
	f.addRow(row, from, 1)
	f.addRow(row, to, -1)
	row[level] += row[from] - row[to]
	for j, v := range row {
		i, k := level, j
		if i > k {
			i, k = k, i
		}
		f.p[i*f.stride+k] = v
	}
}

func (f *filter) clone() *filter {
	c := *f
	c.x = append([]float64(nil), f.x...)
	c.p = append([]float64(nil), f.p...)
	c.kinds = append([]kind(nil), f.kinds...)
	c.row = nil
	return &c
}
