package httpapi

import "net/http"

// setSecurityHeaders forbids browsers to guess types, to frame answers and to
// leak addresses. Strict transport security belongs to whoever terminates TLS.
// The keys are in the canonical spelling, which Set would work out anew for
// every request.
func setSecurityHeaders(h http.Header) {
	values := [...]string{"nosniff", "DENY", "no-referrer"}
	h["X-Content-Type-Options"] = values[0:1:1]
	h["X-Frame-Options"] = values[1:2:2]
	h["Referrer-Policy"] = values[2:3:3]
}
