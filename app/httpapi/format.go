package httpapi

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"github.com/script-ohio/platform/app/predict/serving"
)

// maxPooled is the largest buffer worth keeping for later, in bytes.
const maxPooled = 64 << 10

// countedByHTTP is the size from which net/http sends chunks unless told the
// length; below, telling it only makes the header map grow.
const countedByHTTP = 2048

// newJSONFormat reads JSON with encoding/json and writes it alike. An answer is encoded
// before any of it is sent, so that it has a length and a failure is a clean
// 500.
func newJSONFormat() huma.Format {
	buffers := sync.Pool{New: func() any { return new(bytes.Buffer) }}
	return huma.Format{
		Unmarshal: json.Unmarshal,
		Marshal: func(w io.Writer, v any) error {
			buf := buffers.Get().(*bytes.Buffer)
			defer func() {
				if buf.Cap() <= maxPooled {
					buf.Reset()
					buffers.Put(buf)
				}
			}()
			if !appendHot(buf, v) {
				enc := json.NewEncoder(buf)
				enc.SetEscapeHTML(false)
				if err := enc.Encode(v); err != nil {
					panic(err) // Huma would answer 200 with half a body
				}
			}
			if rw, ok := w.(http.ResponseWriter); ok && buf.Len() >= countedByHTTP {
				rw.Header()["Content-Length"] = []string{strconv.Itoa(buf.Len())}
			}
			_, _ = w.Write(buf.Bytes()) // fails when the caller has gone
			return nil
		},
	}
}

// appendHot writes the answer that is asked for most without reflection.
func appendHot(buf *bytes.Buffer, v any) bool {
	p, ok := v.(*serving.Prediction)
	if !ok {
		return false
	}
	buf.Grow(2 << 10)
	encoded, ok := appendPrediction(buf.AvailableBuffer(), p)
	if ok {
		buf.Write(append(encoded, '\n'))
	}
	return ok
}
