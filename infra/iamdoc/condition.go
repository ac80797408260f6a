package iamdoc

import "strings"

// Equals holds when the key is one of the values, letter by letter.
func Equals(key string, values ...string) Condition {
	return Condition{"StringEquals", key, values}
}

// Like holds when the key matches one of the patterns with * and ?.
func Like(key string, patterns ...string) Condition {
	return Condition{"StringLike", key, patterns}
}

// NotEquals holds when the key is none of the values, or absent.
func NotEquals(key string, values ...string) Condition {
	return Condition{"StringNotEquals", key, values}
}

// ArnLike holds when the key is an ARN that matches one of the patterns.
func ArnLike(key string, patterns ...string) Condition {
	return Condition{"ArnLike", key, patterns}
}

// IsTrue holds when the key is present and true.
func IsTrue(key string) Condition { return Condition{"Bool", key, []string{"true"}} }

// IsFalse holds when the key is present and false.
func IsFalse(key string) Condition { return Condition{"Bool", key, []string{"false"}} }

// IsAbsent holds when the request carries no such key.
func IsAbsent(key string) Condition { return Condition{"Null", key, []string{"true"}} }

// operator reports whether IAM knows the condition operator.
func operator(name string) bool {
	name = strings.TrimPrefix(name, "ForAnyValue:")
	name = strings.TrimPrefix(name, "ForAllValues:")
	name = strings.TrimSuffix(name, "IfExists")
	switch name {
	case "StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike", "StringNotLike",
		"NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals", "NumericGreaterThan", "NumericGreaterThanEquals",
		"DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals",
		"Bool", "BinaryEquals", "IpAddress", "NotIpAddress",
		"ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike", "Null":
		return true
	}
	return false
}
