package smoke

import (
	"encoding/xml"
	"fmt"
	"io"
)

// The part of JUnit's format that CI systems read.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Skipped  int          `xml:"skipped,attr"`
		Time     string       `xml:"time,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name       string          `xml:"name,attr"`
		Tests      int             `xml:"tests,attr"`
		Failures   int             `xml:"failures,attr"`
		Errors     int             `xml:"errors,attr"`
		Skipped    int             `xml:"skipped,attr"`
		Time       string          `xml:"time,attr"`
		Properties []junitProperty `xml:"properties>property"`
		Cases      []junitCase     `xml:"testcase"`
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitCase struct {
		Class   string     `xml:"classname,attr"`
		Name    string     `xml:"name,attr"`
		Time    string     `xml:"time,attr"`
		Skipped *junitNote `xml:"skipped"`
		Failure *junitNote `xml:"failure"`
		Out     string     `xml:"system-out,omitempty"`
	}
	junitNote struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// WriteJUnit writes the report for CI systems: a test case for every question,
// in a class for every route.
func (r Report) WriteJUnit(w io.Writer) error {
	suite := junitSuite{
		Name: "smoke " + r.URL, Tests: len(r.Results), Failures: r.count(Failed), Skipped: r.count(Skipped), Time: seconds(r.TookMS),
		Properties: []junitProperty{{"version", r.Version}, {"pack_version", r.PackVersion}, {"verdict", r.Verdict}},
	}
	for _, result := range r.Results {
		test := junitCase{Class: "smoke." + result.Route, Name: result.Says, Time: seconds(milliseconds(result.took))}
		note := &junitNote{result.Reason, fmt.Sprintf("%s %s: %s", result.Method, result.Path, result.Reason)}
		switch result.Verdict {
		case Failed:
			test.Failure = note
		case Skipped:
			test.Skipped = note
		case Slow:
			test.Out = "slow: " + note.Text
		}
		suite.Cases = append(suite.Cases, test)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	encoder := xml.NewEncoder(w)
	encoder.Indent("", "  ")
	if err := encoder.Encode(junitSuites{
		Tests: suite.Tests, Failures: suite.Failures, Skipped: suite.Skipped, Time: suite.Time, Suites: []junitSuite{suite},
	}); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func seconds(milliseconds float64) string { return fmt.Sprintf("%.4f", milliseconds/1000) }
