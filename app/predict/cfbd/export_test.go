package cfbd

// Queries are all that is sent to PostgreSQL.
func Queries() []string { return []string{reserveSQL, spentSQL, findSQL, keepSQL, sweepSQL} }
