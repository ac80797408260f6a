package main

import (
	"context"
	"encoding/csv"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/predict/gbt"
)

type modelCmd struct {
	Score modelScoreCmd `cmd:"" help:"Evaluate an XGBoost JSON or UBJ model on rows of features."`
}

type modelScoreCmd struct {
	output
	Model         string `required:"" placeholder:"FILE" help:"XGBoost model, JSON or UBJ."`
	Input         string `required:"" placeholder:"FILE" help:"CSV file with a header that names the model's features; empty means missing. - is standard input."`
	Contributions bool   `help:"Add exact TreeSHAP values, the bias last, and the additivity error."`
}

type scoredRow struct {
	Margin          float64   `json:"margin"` // float32 widened: every digit is exact
	Prediction      float64   `json:"prediction"`
	Leaves          []int32   `json:"leaves"`
	Contributions   []float64 `json:"contributions,omitempty"`
	AdditivityError *float64  `json:"additivity_error,omitempty"`
}

func (c modelScoreCmd) Run(_ context.Context, out *console) error {
	file, err := os.Open(c.Model)
	if err != nil {
		return fault.Wrap(fault.NotFound, err, "the model cannot be opened")
	}
	defer file.Close()
	model, err := gbt.Read(file)
	if err != nil {
		return fmt.Errorf("%s: %w", c.Model, err)
	}
	rows, err := out.readRows(c.Input, model)
	if err != nil {
		return err
	}
	scored := make([]scoredRow, len(rows))
	for i, x := range rows {
		scored[i] = c.score(model, x)
	}
	return c.print(out, map[string]any{"rows": scored}, func(w *tabwriter.Writer) {
		row(w, "ROW", "MARGIN", "PREDICTION", "ADDITIVITY ERROR")
		for i, s := range scored {
			row(w, i+1, strconv.FormatFloat(s.Margin, 'g', -1, 32), strconv.FormatFloat(s.Prediction, 'g', -1, 32), s.AdditivityError)
		}
	})
}

func (c modelScoreCmd) score(model *gbt.Model, x []float32) scoredRow {
	s := scoredRow{Margin: float64(model.Margin(x)), Prediction: float64(model.Predict(x)), Leaves: make([]int32, model.NumTrees())}
	model.Leaves(x, s.Leaves)
	if c.Contributions {
		s.Contributions = make([]float64, model.NumFeatures()+1)
		model.Contributions(x, s.Contributions)
		sum := 0.0
		for _, v := range s.Contributions {
			sum += v
		}
		miss := math.Abs(sum - float64(s.Margin))
		s.AdditivityError = &miss
	}
	return s
}

// readRows reads feature rows. With a header, columns are found by name and
// others ignored; rows without one are in the model's order, and so are those
// of a model whose features have no names of their own.
func (c *console) readRows(path string, model *gbt.Model) ([][]float32, error) {
	input, err := c.input(path)
	if err != nil {
		return nil, fault.Wrap(fault.NotFound, err, "the rows cannot be opened")
	}
	defer input.Close()
	reader := csv.NewReader(input)
	records, err := reader.ReadAll()
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "%s is no CSV file", path)
	}
	if len(records) == 0 {
		return nil, fault.New(fault.Invalid, "%s is empty", path)
	}
	columns, header, err := featureColumns(records[0], model)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	rows := make([][]float32, 0, len(records))
	for i, record := range records[header:] {
		x := make([]float32, len(columns))
		for j, column := range columns {
			if x[j], err = feature(record[column]); err != nil {
				return nil, fault.New(fault.Invalid, "%s:%d: %s %q is no number", path, header+i+1, model.Features()[j], record[column])
			}
		}
		rows = append(rows, x)
	}
	return rows, nil
}

// feature reads a value; empty and nan mean missing.
func feature(text string) (float32, error) {
	text = strings.TrimSpace(text)
	if text == "" || strings.EqualFold(text, "nan") {
		return float32(math.NaN()), nil
	}
	v, err := strconv.ParseFloat(text, 32)
	if err == nil && math.IsInf(v, 0) {
		err = strconv.ErrRange
	}
	return float32(v), err
}

// featureColumns finds the model's features among the columns, and how many
// lines the header takes.
func featureColumns(first []string, model *gbt.Model) (columns []int, header int, err error) {
	names := model.Features()
	if len(first) == len(names) && (numeric(first) || nameless(names) && !slices.Contains(first, names[0])) {
		if !numeric(first) {
			header = 1
		}
		for i := range first {
			columns = append(columns, i)
		}
		return columns, header, nil
	}
	at := map[string]int{}
	for i, name := range first {
		at[strings.TrimSpace(strings.TrimPrefix(name, "\ufeff"))] = i
	}
	var missing []string
	for _, name := range names {
		i, ok := at[name]
		if !ok {
			missing = append(missing, name)
		}
		columns = append(columns, i)
	}
	if len(missing) > 0 {
		return nil, 0, fault.New(fault.Invalid, "the rows lack the features %s", strings.Join(missing, ", "))
	}
	return columns, 1, nil
}

// numeric tells a row of values from a header.
func numeric(record []string) bool {
	return !slices.ContainsFunc(record, func(text string) bool { _, err := feature(text); return err != nil })
}

// nameless tells features that are only numbered, as in a model that was
// saved without names.
func nameless(names []string) bool {
	for i, name := range names {
		if name != "f"+strconv.Itoa(i) {
			return false
		}
	}
	return true
}
