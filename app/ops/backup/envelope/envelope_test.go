package envelope

import (
	"bytes"
	"io"
	"math/rand/v2"
	"testing"

	"filippo.io/age"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/script-ohio/platform/app/fault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func pair(t require.TestingT) (recipient, identity string) {
	i, err := age.GenerateX25519Identity()
	require.NoError(t, err)
	return i.Recipient().String(), i.String()
}

func keys(t require.TestingT, recipient, identity string) Keys {
	k, err := ParseKeys(recipient, identity)
	require.NoError(t, err)
	return k
}

func sealed(t require.TestingT, k Keys, plain []byte) []byte {
	var stored bytes.Buffer
	w, err := Seal(&stored, k)
	require.NoError(t, err)
	_, err = w.Write(plain)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return stored.Bytes()
}

func opened(stored []byte, encryption string, k Keys) ([]byte, error) {
	r, err := Open(bytes.NewReader(stored), Zstd, encryption, k)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

// What is sealed opens as it was; with a single change or cut it does not.
func TestSealedOpensOnlyWhole(t *testing.T) {
	ring := map[string]Keys{"": {}}
	recipient, identity := pair(t)
	ring[Age] = keys(t, recipient, identity)
	rapid.Check(t, func(t *rapid.T) {
		encryption := rapid.SampledFrom([]string{"", Age}).Draw(t, "encryption")
		plain := make([]byte, rapid.IntRange(0, 200_000).Draw(t, "size"))
		noise := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		for i := range plain {
			plain[i] = byte(noise.IntN(16))
		}
		k := ring[encryption]
		require.Equal(t, encryption, k.Encryption())
		stored := sealed(t, k, plain)
		got, err := opened(stored, encryption, k)
		require.NoError(t, err)
		require.Equal(t, len(plain), len(got))
		require.True(t, bytes.Equal(plain, got))

		cut := rapid.IntRange(0, len(stored)-1).Draw(t, "cut")
		if got, err := opened(stored[:cut], encryption, k); err == nil {
			require.Less(t, len(got), max(1, len(plain)), "nothing at all is the one thing that opens")
			require.Empty(t, stored[:cut])
		}
		if encryption == Age {
			spoilt := bytes.Clone(stored)
			spoilt[rapid.IntRange(0, len(spoilt)-1).Draw(t, "at")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
			_, err = opened(spoilt, encryption, k)
			require.Error(t, err)
		}
	})
}

// Every cut, also between two layers.
func TestEveryCutIsFound(t *testing.T) {
	recipient, identity := pair(t)
	for encryption, k := range map[string]Keys{"": {}, Age: keys(t, recipient, identity)} {
		for _, plain := range []string{"", "x", "a few words, a few words, a few words"} {
			stored := sealed(t, k, []byte(plain))
			for cut := range stored {
				if cut == 0 && encryption == "" {
					continue // what nobody wrote opens as nothing
				}
				_, err := opened(stored[:cut], encryption, k)
				require.Error(t, err, "%q in %q, cut at %d of %d", plain, encryption, cut, len(stored))
			}
		}
	}
}

func TestSeveralRecipients(t *testing.T) {
	oneFor, one := pair(t)
	twoFor, two := pair(t)
	stored := sealed(t, keys(t, oneFor+", "+twoFor, ""), []byte("both"))
	for _, identity := range []string{one, two, "# a comment\n" + one + "\n" + two + "\n"} {
		got, err := opened(stored, Age, keys(t, "", identity))
		require.NoError(t, err)
		require.Equal(t, "both", string(got))
	}
}

func TestKeysThatDoNotOpen(t *testing.T) {
	recipient, _ := pair(t)
	_, other := pair(t)
	stored := sealed(t, keys(t, recipient, ""), []byte("x"))
	for says, k := range map[string]Keys{"for another key": keys(t, "", other), "set BACKUP_IDENTITY": {}} {
		_, err := opened(stored, Age, k)
		require.Equal(t, fault.Invalid, fault.CodeOf(err))
		require.ErrorContains(t, err, says)
	}
	_, err := Open(bytes.NewReader(stored), Zstd, "rot13", Keys{})
	require.ErrorContains(t, err, "newer ohio")
	_, err = Open(bytes.NewReader(stored), "lz4", "", Keys{})
	require.ErrorContains(t, err, "newer ohio")
}

func TestBadKeysAreNotTold(t *testing.T) {
	_, err := ParseKeys("", "AGE-SECRET-KEY-HUNTER2")
	require.Equal(t, fault.Invalid, fault.CodeOf(err))
	require.NotContains(t, err.Error(), "HUNTER2")
	_, err = ParseKeys("nobody", "")
	require.Equal(t, fault.Invalid, fault.CodeOf(err))
	require.ErrorContains(t, err, "BACKUP_RECIPIENT")
}
