package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
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
	Margin          float32   `json:"margin"`
	Prediction      float32   `json:"prediction"`
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
	rows, err := readRows(c.Input, model)
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
			row(w, i+1, strconv.FormatFloat(float64(s.Margin), 'g', -1, 32), strconv.FormatFloat(float64(s.Prediction), 'g', -1, 32), s.AdditivityError)
		}
	})
}

func (c modelScoreCmd) score(model *gbt.Model, x []float32) scoredRow {
	s := scoredRow{Margin: model.Margin(x), Prediction: model.Predict(x), Leaves: make([]int32, model.NumTrees())}
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

// readRows reads feature rows; columns are found by name, others ignored. A
// model without feature names takes the columns in order.
func readRows(path string, model *gbt.Model) ([][]float32, error) {
	var input io.Reader = os.Stdin
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return nil, fault.Wrap(fault.NotFound, err, "the rows cannot be opened")
		}
		defer file.Close()
		input = file
	}
	reader := csv.NewReader(input)
	header, err := reader.Read()
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "%s: no CSV header", path)
	}
	columns, err := featureColumns(header, model)
	if err != nil {
		return nil, err
	}
	var rows [][]float32
	for {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "%s", path)
		}
		x := make([]float32, len(columns))
		for j, column := range columns {
			if x[j], err = feature(record[column]); err != nil {
				line, _ := reader.FieldPos(column)
				return nil, fault.New(fault.Invalid, "%s:%d: %s %q is no number", path, line, header[column], record[column])
			}
		}
		rows = append(rows, x)
	}
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

func featureColumns(header []string, model *gbt.Model) ([]int, error) {
	names := model.Features()
	if len(names) == 0 {
		if len(header) != model.NumFeatures() {
			return nil, fault.New(fault.Invalid, "the rows have %d columns, the model %d features", len(header), model.NumFeatures())
		}
		columns := make([]int, len(header))
		for i := range columns {
			columns[i] = i
		}
		return columns, nil
	}
	at := map[string]int{}
	for i, name := range header {
		at[strings.TrimSpace(strings.TrimPrefix(name, "\ufeff"))] = i
	}
	var columns []int
	var missing []string
	for _, name := range names {
		i, ok := at[name]
		if !ok {
			missing = append(missing, name)
		}
		columns = append(columns, i)
	}
	if len(missing) > 0 {
		return nil, fault.New(fault.Invalid, "the rows lack the features %s", strings.Join(missing, ", "))
	}
	return columns, nil
}
