package iamdoc_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/script-ohio/platform/infra/iamdoc"
)

const (
	account = "123456789012"
	bucket  = "arn:aws:s3:::script-ohio-models"
)

func TestCanonicalForm(t *testing.T) {
	doc := iamdoc.New(
		iamdoc.Allow("s3:PutObject", "s3:GetObject", "s3:PutObject").Named("Models").
			On(bucket+"/packs/*").
			When(iamdoc.Equals("aws:PrincipalOrgID", "o-2", "o-1"), iamdoc.IsTrue("aws:SecureTransport")),
		iamdoc.Deny("s3:*").To(iamdoc.Anyone(), iamdoc.Service("b.amazonaws.com"), iamdoc.Service("a.amazonaws.com")).On(bucket),
	)
	text, err := doc.JSON()
	require.NoError(t, err)
	require.Equal(t, `{"Version":"2012-10-17","Statement":[`+
		`{"Sid":"Models","Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":["arn:aws:s3:::script-ohio-models/packs/*"],`+
		`"Condition":{"Bool":{"aws:SecureTransport":["true"]},"StringEquals":{"aws:PrincipalOrgID":["o-1","o-2"]}}},`+
		`{"Effect":"Deny","Principal":{"AWS":["*"],"Service":["a.amazonaws.com","b.amazonaws.com"]},"Action":["s3:*"],"Resource":["arn:aws:s3:::script-ohio-models"]}]}`, text)
}

func TestBuildersDoNotShareLists(t *testing.T) {
	base := iamdoc.Allow("s3:GetObject").On("arn:aws:s3:::a")
	one, two := base.On("arn:aws:s3:::b"), base.On("arn:aws:s3:::c")
	require.Equal(t, []string{"arn:aws:s3:::a", "arn:aws:s3:::b"}, one.Resources)
	require.Equal(t, []string{"arn:aws:s3:::a", "arn:aws:s3:::c"}, two.Resources)
}

func TestOneKeyTestedTwiceIsRefused(t *testing.T) {
	doc := iamdoc.New(iamdoc.Allow("s3:GetObject").On(bucket).When(iamdoc.Equals("k", "a"), iamdoc.Equals("k", "b")))
	_, err := doc.JSON()
	require.ErrorContains(t, err, "statement 1 tests StringEquals of k twice")
	require.ErrorContains(t, doc.Validate(iamdoc.Identity), "twice")
}

func TestParseTakesWhatAWSWrites(t *testing.T) {
	doc, err := iamdoc.Parse(`{"Version":"2012-10-17","Id":"x","Statement":{"Effect":"Allow","Principal":"*",
		"Action":"s3:GetObject","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":true},"NumericLessThan":{"s3:TlsVersion":1.2}}}}`)
	require.NoError(t, err)
	want := iamdoc.New(iamdoc.Allow("s3:GetObject").To(iamdoc.Anyone()).On("*").When(
		iamdoc.IsTrue("aws:SecureTransport"), iamdoc.Condition{Operator: "NumericLessThan", Key: "s3:TlsVersion", Values: []string{"1.2"}}))
	require.Empty(t, cmp.Diff(want, doc))
}

func TestParseOverlooksNothing(t *testing.T) {
	statement := func(inner string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"` + inner + `}]}`
	}
	_, err := iamdoc.Parse(statement(""))
	require.NoError(t, err)
	for name, text := range map[string]string{
		"not JSON":           `{`,
		"trailing text":      statement("") + `{}`,
		"no version":         `{"Statement":[]}`,
		"unknown element":    statement(`,"Actions":["s3:*"]`),
		"NotPrincipal":       statement(`,"NotPrincipal":{"AWS":"x"}`),
		"NotResource":        statement(`,"NotResource":"x"`),
		"condition of lists": statement(`,"Condition":{"Bool":{"k":[["true"]]}}`),
		"null condition":     statement(`,"Condition":{"Bool":{"k":[null]}}`),
		"action of objects":  `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":{},"Resource":"*"}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := iamdoc.Parse(text)
			require.Error(t, err)
		})
	}
}

func TestWritingAndReadingAgree(t *testing.T) {
	words := rapid.SliceOfN(rapid.StringMatching(`[a-z0-9:*/<&"-]{1,12}`), 1, 4)
	rapid.Check(t, func(t *rapid.T) {
		s := iamdoc.Allow(words.Draw(t, "actions")...).
			On(words.Draw(t, "resources")...).
			To(iamdoc.AWS(words.Draw(t, "principal")[0]), iamdoc.Federated("f")).
			When(iamdoc.Like("a", words.Draw(t, "values")...), iamdoc.Equals("b", words.Draw(t, "others")...))
		text, err := iamdoc.New(s).JSON()
		require.NoError(t, err)
		doc, err := iamdoc.Parse(text)
		require.NoError(t, err)
		again, err := doc.JSON()
		require.NoError(t, err)
		require.Equal(t, text, again)
	})
}

func FuzzParse(f *testing.F) {
	f.Add(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":["a:b"],"Resource":"*"}}`)
	f.Add(`{"Version":"2012-10-17","Statement":[{"Condition":{"Bool":{"k":true}}}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		doc, err := iamdoc.Parse(text)
		if err != nil {
			return
		}
		_ = doc.Validate(iamdoc.Identity)
		written, err := doc.JSON()
		require.NoError(t, err)
		again, err := iamdoc.Parse(written)
		require.NoError(t, err)
		require.Empty(t, cmp.Diff(doc, again))
	})
}

func TestARN(t *testing.T) {
	require.Equal(t, "arn:aws:iam::123456789012:role/x", iamdoc.ARN{Service: "iam", Account: account, Resource: "role/x"}.String())
	require.Equal(t, "arn:aws-us-gov:s3:::b", iamdoc.ARN{Partition: "aws-us-gov", Service: "s3", Resource: "b"}.String())
}

func TestTextRefusesWhatIsInvalid(t *testing.T) {
	_, err := iamdoc.New(iamdoc.Allow("*").On("*")).Text(iamdoc.Identity)
	require.ErrorContains(t, err, "it allows * on every resource")
	text, err := iamdoc.New(iamdoc.Allow("s3:GetObject").On(bucket)).Text(iamdoc.Identity)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(text, `{"Version"`))
}
